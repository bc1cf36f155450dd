"""The panel that shows what led to an artifact or to runs, and what came of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tracker
from tracker.errors import NotFoundError, UsageError
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import view_of
from tracker.store.store import Store


@pytest.fixture
def root(start, alone: Path) -> Path:
    (alone / "data").write_text("1")
    with start(name="prepare") as run:
        run.log_artifact("data", "set", "dataset", aliases=["good"])
    with start(name="fit") as run:
        run.use_artifact("set:good")
        run.log_artifact("data", "net", "model").link("shelf/nets")
    with start(name="idle"):
        pass
    return alone / ".tracker"


def read(root: Path, ask=None, **spec):
    view = view_of("lineage")
    runset = RunSet("p")
    with Store(root).reading() as db:
        runset.read(db, {})
        spec = view.defaults(runset) | spec
        assert view.keys(spec) is None
        return view.read(db, spec, runset, ask or {})


def labels(message):
    assert message.renderer == "lineage"
    figure = json.loads(message.content["figure"])
    points = figure["data"][-1]
    assert set(points["customdata"]) == set(message.content["cards"])
    return set(points["text"])


def test_the_runs_that_are_drawn(root):
    assert labels(read(root)) == {"prepare", "set:v0", "fit", "net:v0", "idle"}


def test_one_artifact_and_one_way(root):
    assert labels(read(root, artifact="net")) == {"prepare", "set:v0", "fit", "net:v0"}
    assert labels(read(root, artifact="shelf/nets:latest", down=False)) == labels(
        read(root, artifact="net")
    )
    assert labels(read(root, artifact="set:good", down=False)) == {"prepare", "set:v0"}


def test_a_card_says_what_it_is(root, start):
    for number in range(7):
        with start(name=f"try-{number}") as run:
            run.use_artifact("set:good")
    said = {card["title"]: card for card in read(root).content["cards"].values()}
    rows = dict(said["net:v0"]["rows"])
    assert rows["size"] == "1 byte in 1 file"
    assert rows["aliases"] == "latest"
    assert said["net:v0"]["code"] == 'run.use_artifact("p/net:v0")'
    assert said["fit"]["kind"] == "run"
    assert dict(said["fit"]["rows"])["state"] == "finished"
    assert tracker.Api(root.parent).run(f"p/{said['fit']['run']}").name == "fit"
    assert next(name for _, name in said["7 that are alike"]["rows"]) == "try-0"
    tracker.Api(root.parent).artifact("p/net:v0").delete(delete_aliases=True)
    said = {card["title"]: card for card in read(root).content["cards"].values()}
    assert dict(said["net:v0"]["rows"])["state"] == "deleted"
    assert "code" not in said["net:v0"]


def test_the_page_may_start_elsewhere(root):
    message = read(root, ask={"start": "p/set:v0"}, artifact="net")
    assert message.content["start"] == "p/set:v0"
    assert labels(message) == {"prepare", "set:v0", "fit", "net:v0"}
    (said,) = (each["text"] for each in json.loads(message.content["figure"])["data"]
               if each["mode"] == "text")  # fmt: skip
    assert sum("<b>set:v0</b>" in text for text in said) == 1


def test_what_cannot_be_shown_is_said(root, start):
    with pytest.raises(NotFoundError, match="There is no artifact 'none' in project 'p'"):
        read(root, artifact="none")
    with pytest.raises(UsageError, match="cannot be used"):
        read(root, artifact="a/b/c/d")
    tracker.Api(root).artifact("p/net").delete(delete_aliases=True)
    assert read(root, artifact="set:good", down=False).renderer == "lineage"
