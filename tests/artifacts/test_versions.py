"""Versions after they were logged: changed, linked, deleted, continued; a rebuild knows it all."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

import tracker
from tracker.errors import ArtifactNotLoggedError, ConflictError, NotFoundError, UsageError
from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter
from tracker.store.store import Store


def log(run, text, name="net", **options):
    artifact = tracker.Artifact(name, "model")
    with artifact.new_file("model.bin") as file:
        file.write(text)
    return run.log_artifact(artifact, **options)


def aliases(api, name="net"):
    return {version.version: sorted(version.aliases) for version in api.artifacts(name=f"p/{name}")}


def test_changes_are_saved_when_the_run_is_over(start, api, rebuilds_alike):
    with start() as run:
        log(run, "1", aliases=["best"])
        log(run, "2")
    version = api.artifact("net:v0")
    version.description = "text"
    version.metadata["accuracy"] = 0.9
    version.metadata = {**version.metadata, "nan": float("nan")}
    version.tags = ["small net", "old", "old"]
    version.ttl = timedelta(days=2)
    version.aliases = ["gold"]
    assert api.artifact("net:v0").description is None
    version.save()
    version.save()
    again = api.artifact("p/net:gold")
    assert (again.description, again.metadata["accuracy"]) == ("text", 0.9)
    assert again.tags == ["small net", "old"]
    assert again.ttl == timedelta(days=2)
    assert again.updated_at > again.created_at
    assert aliases(api) == {"v0": ["gold"], "v1": ["latest"]}
    with pytest.raises(NotFoundError, match=r"'net' with the alias 'best' .* v0, v1, gold, latest"):
        api.artifact("p/net:best")
    rebuilds_alike()


def test_an_alias_is_taken_from_the_version_that_had_it(start, api, rebuilds_alike):
    with start() as run:
        log(run, "1", aliases=["best"])
        newer = log(run, "2")
        newer.aliases.append("best")
        newer.save()
        assert aliases(api) == {"v0": [], "v1": ["best", "latest"]}
        old = api.artifact("net:v0")
        old.aliases += ["latest"]
        old.save()
    assert aliases(api) == {"v0": ["latest"], "v1": ["best"]}
    rebuilds_alike()


def test_two_that_change_different_words_lose_nothing(start, api):
    with start() as run:
        log(run, "1", tags=["one"])
    mine, yours = api.artifact("net"), api.artifact("net")
    mine.aliases.append("mine")
    yours.aliases.append("yours")
    yours.tags = ["two"]
    mine.description = "mine"
    mine.save()
    yours.save()
    both = api.artifact("net")
    assert sorted(both.aliases) == ["latest", "mine", "yours"]
    assert (both.tags, both.description) == (["two"], "mine")


def test_a_deleted_version_leaves_its_number_and_its_lineage(start, api, rebuilds_alike):
    with start() as run:
        log(run, "1")
        log(run, "2", aliases=["best"])
    with start(id="user") as run:
        used = run.use_artifact("net:v1")
        with pytest.raises(UsageError, match=r"net:v1 has the aliases best, latest: move them"):
            used.delete()
        used.delete(delete_aliases=True)
        assert used.state == "DELETED"
        with pytest.raises(NotFoundError, match=r"net:v1 of project 'p' was deleted at .* UTC"):
            run.use_artifact("net:v1")
        assert run.use_artifact("net").version == "v0"  # latest has moved
        assert log(run, "2").version == "v2"  # though its content is that of v1
    assert [each.name for each in api.run("p/user").used_artifacts()] == ["net:v1", "net:v0"]
    rebuilds_alike()
    assert aliases(api) == {"v0": [], "v2": ["latest"]}


def test_a_version_outlives_its_run_with_everything_that_was_changed(start, api, rebuilds_alike):
    with start(id="one") as run:
        log(run, "1", aliases=["first"])
    with start(id="two") as run:
        log(run, "2")
    version = api.artifact("net:v0")
    version.description = "kept"
    version.save()
    api.run("p/one").delete()
    version = api.artifact("net:first")
    assert (version.logged_by(), version.description) == (None, "kept")
    assert aliases(api) == {"v0": ["first"], "v1": ["latest"]}
    version.aliases.append("later")
    version.save()
    rebuilds_alike()
    assert api.artifact("net:later").version == "v0"


def test_links_are_versions_of_another_collection(start, api, rebuilds_alike):
    with start() as run:
        log(run, "1")
        source = log(run, "2")
        linked = source.link("wandb-registry-model/digits", aliases=["production"])
        assert (linked.name, linked.is_link, linked.source_name) == ("digits:v0", True, "net:v1")
        assert sorted(linked.aliases) == ["latest", "production"]
        assert source.link("wandb-registry-model/digits").version == "v0"
        assert run.link_artifact(api.artifact("net:v0"), "shelf").qualified_name == "p/shelf:v0"
    with start(id="user") as run:
        used = run.use_artifact("wandb-registry-model/digits:production")
        assert used.get_entry("model.bin").sha256 == source.get_entry("model.bin").sha256
    assert [run.id for run in api.artifact("net:v1").used_by()] == ["user"]
    assert [each.qualified_name for each in source.linked_artifacts] == [
        "wandb-registry-model/digits:v0"
    ]
    assert used.source_artifact.qualified_name == source.qualified_name
    used.description = "said of the link"
    used.save()
    assert api.artifact("net:v1").description == "said of the link"
    with pytest.raises(UsageError, match="Cannot set TTL for link artifact"):
        used.ttl = timedelta(days=1)
    rebuilds_alike()
    used.unlink()
    assert api.artifact("net:v1").linked_artifacts == []
    with pytest.raises(UsageError, match="is not a linked artifact and cannot be unlinked"):
        source.unlink()
    api.artifact("p/net:v0").delete()
    assert not api.artifact_exists("p/shelf")  # the link goes with its source
    rebuilds_alike()


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("net", "is where net was logged"),
        ("p/other", "Versions are logged to p/other"),
        ("a/b:c", "expected 'project/collection'"),
        ("../x", r"'\.\.' is no project"),
        ("", "expected 'name:alias'"),
    ],
)
def test_links_to_what_is_no_collection(start, target, sentence):
    with start() as run:
        log(run, "1", name="other")
        with pytest.raises(UsageError, match=sentence):
            log(run, "1").link(target)


def test_a_model_is_linked_and_used(start, alone):
    (alone / "m.pt").write_text("weights")
    with start() as run:
        linked = run.link_model("m.pt", "digits", "net", aliases=["prod"])
        assert linked.qualified_name == "model-registry/digits:v0"
        assert run.use_model("model-registry/digits:prod").endswith("m.pt")
        tracker.log_model("m.pt")
        assert tracker.use_model(f"run-{run.id}-m.pt").endswith("m.pt")
        run.log_artifact("m.pt", "data", "dataset")
        with pytest.raises(UsageError, match=r"data:v0 is of the type 'dataset': expected"):
            run.use_model("data")
        with pytest.raises(UsageError, match="only the name of the registered model"):
            run.link_model("m.pt", "a/b")


def test_one_content_logged_twice_whose_journals_come_in_the_other_order(
    start, api, stored, rebuilds_alike
):
    with start(id="other") as run:
        log(run, "x", name="before")
    for run_id, time_us in (("second", 2_000_000), ("first", 1_000_000)):
        writer = JournalWriter(stored.root / "journal")
        writer.open_segment(facts.Begin("p", run_id, time_us))
        writer.append(facts.Version("output", "p", "net", "model", "d" * 64, time_us))
        if run_id == "second":
            number = {"version": 0}
            writer.append(facts.VersionChange("p", "net", "d" * 64, time_us + 1, number))
        writer.close()
        Store(stored.root).recover()
    version = api.artifact("p/net")
    assert version.logged_by().id == "first"
    version.aliases.append("kept")
    version.save()
    rebuilds_alike()
    assert aliases(api) == {"v0": ["kept", "latest"]}


def test_protected_aliases_do_not_move(start, api, rebuilds_alike):
    with start() as run:
        source = log(run, "1")
        linked = source.link("reg/digits", aliases=["production"])
        shelf = linked.collection
        shelf.protected_aliases, shelf.description, shelf.tags = ["production"], "d", ["t"]
        shelf.save()
        newer = log(run, "2")
        with pytest.raises(ConflictError, match="'production' of reg/digits is protected"):
            newer.link("reg/digits", aliases=["production"])
        with pytest.raises(ConflictError, match="is protected"):
            linked.unlink()
        linked.aliases = []
        with pytest.raises(ConflictError, match="is protected"):
            linked.save()
        shelf = api.artifact_collection("model", "reg/digits")
        assert (shelf.description, shelf.tags) == ("d", ["t"])
        assert not shelf.is_sequence()
        shelf.protected_aliases = []
        shelf.save()
        assert "production" in newer.link("reg/digits", aliases=["production"]).aliases
    rebuilds_alike()


def test_a_rebuild_while_a_run_is_alive_loses_no_change(start, api, stored, rebuilds_alike):
    with start() as run:
        log(run, "1", aliases=["best"], tags=["t"])
        log(run, "2")
        version = api.artifact("net:v0")
        version.aliases, version.description, version.tags = ["gold"], "kept", []
        version.save()
        version.link("reg/digits")
        Store(stored.root).rebuild()
        assert aliases(api) == {"v0": ["gold"], "v1": ["latest"]}
        run.log({"x": 1})
    assert aliases(api) == {"v0": ["gold"], "v1": ["latest"]}
    assert (api.artifact("net:v0").description, api.artifact("net:v0").logged_by().id) == (
        "kept", run.id,
    )  # fmt: skip
    assert api.artifact("reg/digits").source_name == "net:v0"
    rebuilds_alike()


def test_a_late_journal_takes_no_alias_from_a_newer_version(start, api, stored, rebuilds_alike):
    """A process is killed, and what it had logged is taken in after others have logged more."""
    with start(id="newer") as run:
        log(run, "newer", aliases=["best"])
    writer = JournalWriter(stored.root / "journal")
    writer.open_segment(facts.Begin("p", "late", 1_000_000))
    writer.append(
        facts.Version("output", "p", "net", "model", "d" * 64, 2_000_000, aliases=["best"])
    )
    writer.close()
    Store(stored.root).recover()
    assert aliases(api) == {"v0": ["best", "latest"], "v1": []}
    rebuilds_alike()


def test_collections_are_renamed_and_given_another_type(start, api, rebuilds_alike):
    with start() as run:
        log(run, "1")
        log(run, "2")
        log(run, "1", name="taken")
    (first, _) = api.artifact_collections("p")
    first.name, first.description = "better", "text"
    first.save()
    first.change_type("network")
    first.name = "taken"
    with pytest.raises(UsageError, match="There are, or were, versions named 'taken'"):
        first.save()
    found = api.artifact_collection("network", "p/better")
    assert (found.description, found.aliases) == ("text", ["latest"])
    assert [version.name for version in found.artifacts()] == ["better:v1", "better:v0"]
    assert [each.name for each in api.artifact_types("p")] == ["model", "network"]
    rebuilds_alike()
    found.delete()
    assert [each.name for each in api.artifact_collections("p")] == ["taken"]
    assert not api.artifact_collection_exists("p/better", "network")
    rebuilds_alike()


def test_drafts_go_on_from_a_version(start, folder):
    with start() as run:
        first = tracker.Artifact("set", "dataset", metadata={"k": 1})
        first.add_dir(folder)
        run.log_artifact(first)
        draft = first.new_draft()
        draft.remove("inner")
        with draft.new_file("new") as file:
            file.write("new")
        second = run.log_artifact(draft)
        assert (second.name, second.metadata) == ("set:v1", {"k": 1})
        assert sorted(second.entries) == ["a.txt", "b.txt", "new"]
        more = tracker.Artifact("set", "dataset", incremental=True)
        more.add_file(folder / "inner" / "c.txt", name="a.txt")
        third = run.log_artifact(more)
        assert sorted(third.entries) == ["a.txt", "b.txt", "new"]
        assert third.get_entry("a.txt").sha256 != second.get_entry("a.txt").sha256
        third.verify()


def test_several_runs_make_one_version(start, folder, rebuilds_alike):
    names = ("a.txt", "b.txt")
    for name in names:
        with start(group="workers", id=name[0], reinit="create_new") as run:
            artifact = tracker.Artifact("shared", "dataset")
            artifact.add_file(folder / name)
            run.upsert_artifact(artifact, aliases=["together"])
            assert artifact.is_draft()
    with start(id="c") as run:
        with pytest.raises(NotFoundError):
            run.use_artifact("shared")
        with pytest.raises(UsageError, match="Cannot finish artifact unless run is in a group"):
            run.finish_artifact(folder, name="shared", type="dataset")
        whole = run.finish_artifact(
            folder / "inner" / "c.txt", "shared", "dataset", distributed_id="workers"
        )
        assert sorted(whole.entries) == ["a.txt", "b.txt", "c.txt"]
        assert sorted(whole.aliases) == ["latest", "together"]
    assert {node.run_id for node in whole.lineage().before(whole.lineage().starts[0])} == {
        "a", "b", "c",
    }  # fmt: skip
    rebuilds_alike()


def test_an_artifact_is_saved_without_a_run(start, alone, api):
    artifact = tracker.Artifact("loose", "dataset")
    artifact.save("q", settings={"silent": True, "root": str(alone / ".tracker")})
    assert artifact.qualified_name == "q/loose:v0"
    assert artifact.logged_by().job_type == "auto"
    with start() as run:
        other = tracker.Artifact("loose", "dataset")
        other.save()
        assert other.logged_by().id == run.id


def test_stored_runs_say_what_they_made_and_used(start, api):
    with start(id="maker") as run:
        version = log(run, "1")
        assert [each.name for each in run.logged_artifacts()] == ["net:v0"]
    with start(id="other") as run:
        pass
    other = api.run("p/other")
    other.use_artifact(version)
    other.log_artifact(log_of(api), aliases=["seen"], tags=["t"])
    assert [each.name for each in other.used_artifacts()] == ["net:v0"]
    assert [each.name for each in other.logged_artifacts()] == ["net:v0"]
    assert (api.artifact("net:seen").tags, version.used_by()[0].id) == (["t"], "other")
    assert len(other.lineage().edges) == 3
    with pytest.raises(UsageError, match="is not logged: log it in a run"):
        other.use_artifact(tracker.Artifact("n", "t"))


def log_of(api):
    return api.artifact("net")


def test_a_run_is_deleted_with_what_it_made(start, api, rebuilds_alike):
    with start(id="first") as run:
        log(run, "1")
    with start(id="second") as run:
        log(run, "2")
    api.run("p/second").delete(delete_artifacts=True)
    assert aliases(api) == {"v0": ["latest"]}
    rebuilds_alike()


def test_lists_of_versions(start, api):
    with start() as run:
        log(run, "1", tags=["a b"])
        log(run, "2")
        log(run, "1", name="other")
    with start(project="q") as run:
        log(run, "1")
    assert [each.name for each in api.artifacts("model", "p/net")] == ["net:v1", "net:v0"]
    assert [each.name for each in api.artifacts(name="p/net", tags="a b")] == ["net:v0"]
    assert api.artifacts(name="p/net", order="+created_at")[0].name == "net:v0"
    assert len(api.artifacts()) == 4
    assert api.artifacts("dataset") == []
    with pytest.raises(UsageError, match=r"'net' in several projects: give p/net or q/net"):
        api.artifact("net")
    with pytest.raises(NotFoundError, match=r"There is no artifact 'nets' .* Did you mean 'net'"):
        api.artifact("nets")
    with pytest.raises(UsageError, match="Artifact 'net' is a 'model', not a 'dataset'"):
        api.artifact("p/net", "dataset")
    with pytest.raises(UsageError, match="order is 'x'"):
        api.artifacts(order="x")
    assert api.sql("select count(*) as n from artifact_files").n[0] == 4


@pytest.mark.parametrize(
    ("attribute", "value", "sentence"),
    [
        ("ttl", 3, "ttl is 3: expected a timedelta"),
        ("ttl", timedelta(seconds=-1), "expected a timedelta of at least a second"),
        ("aliases", ["a/b"], "Alias 'a/b'"),
        ("tags", ["a,b"], "tag 'a,b'"),
        ("metadata", 3, "metadata is 3"),
    ],
)
def test_words_that_cannot_be_used(start, attribute, value, sentence):
    with start() as run:
        version = log(run, "1")
        with pytest.raises(UsageError, match=sentence):
            setattr(version, attribute, value)


@pytest.mark.parametrize(
    "question",
    ["version", "created_at", "history_step", "source_version", "collection", "linked_artifacts"],
)
def test_what_a_draft_cannot_say(question):
    with pytest.raises(ArtifactNotLoggedError, match=f"before you use 'Artifact.{question}'"):
        getattr(tracker.Artifact("n", "t"), question)


TWO_AT_ONCE = """
import sys, tracker
run = tracker.init(project="p", dir=".", settings={"silent": True, "console": False,
                   "save_code": False, "system_interval_s": 0})
artifact = tracker.Artifact("net", "model")
with artifact.new_file("file") as file:
    file.write(sys.argv[1])
sys.stdin.read(1)
print(run.log_artifact(artifact).version)
"""


def test_processes_log_at_once(alone, stored, api):
    """Three contents by six processes: three versions, each whole, and after a rebuild too."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_AT_ONCE, str(number % 3)],
            cwd=alone, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(6)
    ]  # fmt: skip
    for process in started:
        process.stdin.write("x")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0].strip() for process in started]
    assert sorted(said) == ["v0", "v0", "v1", "v1", "v2", "v2"]
    assert all(said[number] == said[number + 3] for number in range(3))
    for version in api.artifacts():
        version.verify()
    numbers = {version.digest: version.version for version in api.artifacts()}
    Store(stored.root).rebuild()
    assert {version.digest: version.version for version in api.artifacts()} == numbers
