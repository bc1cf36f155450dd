"""The panel that shows what led to an artifact or to runs, and what came of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tracker
from tracker.errors import NotFoundError, UsageError
from tracker.panels.runset import RunSet
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


def read(root: Path, **spec):
    view = view_of("lineage")
    runset = RunSet("p")
    with Store(root).reading() as db:
        runset.read(db, {})
        spec = view.defaults(runset) | spec
        assert view.keys(spec) is None
        return view.read(db, spec, runset, {})


def labels(message):
    figure = json.loads(message.content["figure"])
    assert "width" not in figure["layout"]
    return {text for trace in figure["data"] for text in trace.get("text", ())}


def test_the_runs_that_are_drawn(root):
    assert labels(read(root)) == {"prepare", "set:v0", "fit", "net:v0", "idle"}


def test_one_artifact_and_one_way(root):
    assert labels(read(root, artifact="net")) == {"prepare", "set:v0", "fit", "net:v0"}
    assert labels(read(root, artifact="shelf/nets:latest", down=False)) == labels(
        read(root, artifact="net")
    )
    assert labels(read(root, artifact="set:good", down=False)) == {"prepare", "set:v0"}


def test_what_cannot_be_shown_is_said(root, start):
    with pytest.raises(NotFoundError, match="There is no artifact 'none' in project 'p'"):
        read(root, artifact="none")
    with pytest.raises(UsageError, match="cannot be used"):
        read(root, artifact="a/b/c/d")
    tracker.Api(root).artifact("p/net").delete(delete_aliases=True)
    assert read(root, artifact="set:good", down=False).renderer == "plotly"
