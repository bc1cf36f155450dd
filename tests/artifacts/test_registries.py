"""Registries, their collections and the versions in them, looked for as W&B has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tracker
from tracker.errors import NotFoundError, QueryError, UsageError


@pytest.fixture
def linked(start, alone):
    """Two registries: models with two collections, data with one."""
    with start() as run:
        for number, target in enumerate(
            [
                "wandb-registry-models/digits",
                "wandb-registry-models/cats",
                "wandb-registry-data/raw",
            ]
        ):
            for turn in range(2):
                artifact = tracker.Artifact(
                    f"a{number}", "dataset" if "data" in target else "model",
                    metadata={"accuracy": turn + number / 10, "net": {"layers": number}},
                )  # fmt: skip
                with artifact.new_file("x") as file:
                    file.write(f"{number} {turn}")
                run.log_artifact(artifact, tags=["checked"] if turn else None)
                artifact.link(target, ["production"] if turn == 0 else None)
    return alone


def names(found):
    return [each.name for each in found]


def test_registries(linked, api):
    assert names(api.registries()) == ["data", "models"]
    assert names(api.registries(filter={"name": {"$regex": "^mod"}})) == ["models"]
    assert names(api.registries(filter={"name": "wandb-registry-data"})) == ["data"]
    assert names(api.registries(order="-name")) == ["models", "data"]
    assert names(api.registries("org", order="created_at", per_page=5)) == ["models", "data"]
    models = api.registry("models")
    assert (models.full_name, models.artifact_types) == ("wandb-registry-models", ["model"])
    assert models.created_at <= models.updated_at
    assert names(models.collections()) == ["cats", "digits"]
    with pytest.raises(NotFoundError, match="There is no registry 'model': the store has data, mo"):
        api.registry("model")


def test_a_registry_is_described(linked, api):
    models = api.registry("wandb-registry-models")
    assert models.description == ""
    models.description = "What may be deployed"
    models.save()
    assert names(api.registries(filter={"description": {"$regex": "deployed"}})) == ["models"]
    assert api.registry("models").description == "What may be deployed"


def test_collections(linked, api):
    cats = api.artifact_collection("model", "wandb-registry-models/cats")
    cats.tags, cats.description = ["vision"], "Cats or not"
    cats.save()
    found = api.registries().collections(filter={"tag": "vision"})
    assert [each.description for each in found] == ["Cats or not"]
    assert names(api.registries().collections({"name": {"$in": ["raw", "digits"]}})) == [
        "raw", "digits",
    ]  # fmt: skip
    assert names(api.registries().collections(order="-name")) == ["raw", "digits", "cats"]


def test_versions(linked, api):
    everything = api.registries().collections().versions()
    assert names(everything) == [
        "raw:v1", "raw:v0", "cats:v1", "cats:v0", "digits:v1", "digits:v0",
    ]  # fmt: skip
    models = api.registries(filter={"name": {"$regex": "model"}})
    wanted = {"$or": [{"tag": "checked"}, {"alias": "production"}]}
    assert len(models.versions(filter=wanted)) == 4
    assert names(models.versions(filter={"alias": "production"})) == ["cats:v0", "digits:v0"]
    assert names(models.versions({"alias": "latest", "tag": "checked"})) == ["cats:v1", "digits:v1"]
    assert names(models.versions({"metadata.accuracy": {"$gt": 1}})) == ["cats:v1"]
    assert names(api.registries().versions({"metadata.net.layers": 2})) == ["raw:v1", "raw:v0"]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert not api.registries().versions({"created_at": {"$gt": later}})
    assert len(api.registry("data").versions({"created_at": {"$lte": later.isoformat()}})) == 2
    assert names(api.registry("data").versions({"tag": {"$exists": True}})) == ["raw:v1", "raw:v0"]


def test_what_cannot_be_looked_for(linked, api):
    with pytest.raises(
        QueryError, match=r"There is no field 'alias'\. Fields: name, description, cr"
    ):
        api.registries(filter={"alias": "x"})
    with pytest.raises(
        QueryError, match=r"Fields: tag, alias, created_at, updated_at, metadata\.K"
    ):
        api.registries().versions({"metadata": 1})
    with pytest.raises(QueryError, match="There is no operator"):
        api.registries().collections({"name": {"$near": 1}})
    with pytest.raises(QueryError, match="not a regular expression"):
        api.registries(filter={"name": {"$regex": "("}})
    with pytest.raises(UsageError, match="order is 'size': expected name, created_at, updated_at"):
        api.registries(order="size")


def test_a_store_without_registries(start, api, folder):
    with start() as run:
        run.log_artifact(folder, name="set", type="dataset")
    assert api.registries() == []
    assert (
        api.registries(filter={"name": "x"}).collections({"tag": "y"}).versions({"tag": "z"}) == []
    )


def test_what_is_linked_by_link_model(start, api, alone):
    (alone / "m.pt").write_text("m")
    with start() as run:
        run.link_model("m.pt", "digits", aliases=["prod"])
    assert names(api.registries().versions({"alias": "prod"})) == ["digits:v0"]
