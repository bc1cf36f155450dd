"""A disabled run accepts everything and does nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import numpy as np
import pytest

import tracker
from tracker.errors import RunFinishedError, UsageError


@pytest.fixture
def run(alone):
    return tracker.init(project="p", name="n", config={"lr": 0.1}, tags=["t"], mode="disabled")


def test_it_takes_everything_and_touches_no_disk(run, alone):
    run.log({"x": 1, "n": {"m": 2}, "image": tracker.Image(np.zeros((2, 2), np.uint8))})
    run.log({"x": object()}, step=3, commit=True)
    run.define_metric("x", summary="min")
    run.alert("title", "text")
    run.write_logs("text")
    run.mark_preempting()
    run.config.update({"lr": 0.2, "y": [1]})
    run.summary["best"] = 3
    run.name, run.notes, run.tags = "m", "text", ["u"]
    run.flush()
    (alone / "file").write_text("1")
    artifact = run.log_artifact(str(alone / "file"), name="a", type="t")
    assert artifact.name == "a"
    assert run.subscribe(lambda keys: None)() is None
    assert (run.config.lr, run.config["y"], run.summary["best"]) == (0.2, [1], 3)
    assert (run.name, run.tags, run.disabled, run.url) == ("m", ("u",), True, "")
    assert run.dir == tempfile.gettempdir()
    assert tracker.run is run
    assert dict(tracker.config) == {"lr": 0.2, "y": [1]}
    run.finish()
    assert tracker.run is None
    assert run.state == "finished"
    assert [path.name for path in alone.iterdir()] == ["file"]


def test_what_was_logged_is_the_summary_as_in_wandb(run):
    run.log({"x": 1})
    run.log({"x": 2, "y": 3})
    assert run.summary["x"] == 2
    assert dict(run.summary) == {"x": 2, "y": 3}
    assert run.step == 2


def test_what_cannot_be_had_is_told(run):
    with pytest.raises(UsageError, match="disabled and has no artifacts"):
        run.use_artifact("a:latest")
    with pytest.raises(UsageError, match="mode is 'off'"):
        tracker.init(mode="off", reinit="create_new")


def test_it_ends_like_any_other(run):
    with pytest.raises(ZeroDivisionError), run:
        1 / 0  # noqa: B018
    assert run.state == "failed"
    with pytest.raises(RunFinishedError):
        run.log({"x": 1})
    with pytest.raises(RunFinishedError):
        run.config.x = 1


def test_the_environment_can_disable(alone, monkeypatch):
    for name in ("TRACKER_MODE", "WANDB_MODE"):
        monkeypatch.setenv(name, "disabled")
        with tracker.init() as run:
            assert run.disabled
        monkeypatch.delenv(name)
    assert list(alone.iterdir()) == []


def test_it_costs_nothing(alone):
    code = (
        "import sys, tracker\n"
        "run = tracker.init(mode='disabled')\n"
        "for n in range(1000): run.log({'x': n})\n"
        "run.finish()\n"
        "import threading; assert threading.active_count() == 1\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=alone, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert not {"IPython", "ipywidgets", "plotly", "pandas", "psutil"} & set(done.stdout.split())
    assert list(alone.iterdir()) == []
