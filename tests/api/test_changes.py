"""Corrections of stored runs, and runs that are not over or ended badly."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import tracker
from tracker.errors import NotFoundError, TrackerWarning, UsageError

from .logged import Start, ids, log

# --- changing -------------------------------------------------------------------------------------


def test_changes_are_stored_by_update(api: tracker.Api, start: Start, tmp_path: Path) -> None:
    run = api.run(log(start(name="one", config={"lr": 0.1, "deep": {"er": 1}}), [{"loss": 1.0}]))
    run.name = "two"
    run.tags.append("best")
    run.notes = "looks good"
    run.group, run.job_type = "g", "eval"
    run.config["lr"] = np.float32(0.5)
    run.config["deep"]["er"] = math.nan
    run.summary["acc"] = 0.9
    assert tracker.Api(tmp_path).run(run.id).name == "one"
    run.update()
    for found in (run, tracker.Api(tmp_path).run(run.id)):
        assert (found.name, found.tags, found.notes) == ("two", ["best"], "looks good")
        assert (found.group, found.job_type) == ("g", "eval")
        assert found.config["lr"] == 0.5
        assert math.isnan(found.config["deep"]["er"])
        assert found.summary == {"loss": 1.0, "acc": 0.9}
        assert found.state == "finished"
    assert api.run("two").history()["loss"].tolist() == [1.0]


def test_a_summary_may_be_updated_by_itself(api: tracker.Api, start: Start) -> None:
    run = api.run(log(start(), [{"loss": 1.0, "old": 2}]))
    del run.summary["old"]
    run.summary.best = 3
    run.summary.update({"acc": 0.9})
    assert run.summary == {"loss": 1.0, "best": 3, "acc": 0.9}
    assert api.run(run.id).summary == {"loss": 1.0, "best": 3, "acc": 0.9}
    del run.summary.best
    run.config = {"new": 1}
    run.save()
    assert (api.run(run.id).config, "best" in api.run(run.id).summary) == ({"new": 1}, False)


def test_an_update_without_changes_writes_nothing(
    api: tracker.Api, start: Start, tmp_path: Path
) -> None:
    run = api.run(log(start(config={"x": math.nan}, tags=["a"]), [{"loss": math.inf}]))
    database = tmp_path / ".tracker" / "tracker.duckdb"
    before = database.stat().st_mtime_ns
    assert run.config.keys() == {"x"}
    assert run.summary.keys() == {"loss"}
    run.update()
    assert database.stat().st_mtime_ns == before


def test_changes_that_make_no_sense_are_refused(api: tracker.Api, start: Start) -> None:
    run = api.run(log(start(), []))
    run.name = "  "
    with pytest.raises(UsageError, match="name is '  ': expected text"):
        run.update()
    assert isinstance(run.load(), dict)
    run.tags.append("x" * 65)
    with pytest.raises(UsageError, match="expected a string of 1 to 64 characters"):
        run.update()


def test_loading_forgets_what_was_not_stored(api: tracker.Api, start: Start) -> None:
    run = api.run(log(start(name="one"), [{"loss": 1.0}]))
    run.name = "two"
    run.summary["loss"] = 5
    run.load(force=True)
    assert (run.name, run.summary.loss) == ("one", 1.0)


def test_a_deleted_run_is_gone(api: tracker.Api, start: Start) -> None:
    run, other = (api.run(log(start(), [{"loss": 1.0}])) for _ in range(2))
    run.delete()
    assert ids(api.runs()) == [other.id]
    assert len(other.history()) == 1
    with pytest.raises(NotFoundError):
        run.load()
    with pytest.raises(NotFoundError):
        run.delete()


def test_a_deleted_run_is_not_taken_for_one_of_that_name(api: tracker.Api, start: Start) -> None:
    run = api.run(log(start(id="one"), []))
    log(start(id="two", name="one"), [])
    run.delete()
    with pytest.raises(NotFoundError, match="Run 'one' of project 'digits' was deleted"):
        run.load()


def test_a_run_being_logged_cannot_be_deleted(api: tracker.Api, start: Start) -> None:
    logged = start()
    logged.log({"loss": 1.0})
    flushed = threading.Event()
    logged.subscribe(lambda keys: flushed.set())
    assert flushed.wait(30)
    with pytest.raises(UsageError, match="still running"):
        api.run(logged.id).delete()


# --- runs that are not over, or ended badly -------------------------------------------------------


def test_a_run_can_be_waited_for(api: tracker.Api, start: Start) -> None:
    logged = start()
    flushed = threading.Event()
    logged.subscribe(lambda keys: flushed.set())
    logged.log({"loss": 1.0})
    assert flushed.wait(30)
    run = api.run(logged.id)
    assert run.state == "running"
    worker = threading.Thread(target=lambda: logged.log({"loss": 2.0}) or logged.finish())
    worker.start()
    run.wait_until_finished()
    worker.join()
    assert run.state == "finished"
    assert run.history()["loss"].tolist() == [1.0, 2.0]


_KILLED = """
import os, signal, sys, tracker
run = tracker.init(project="digits", dir=sys.argv[1], id="victim", settings={"silent": True})
for step in range(1000):
    run.log({"loss": float(step)})
print("logged", flush=True)
sys.stdin.read()
"""


def test_a_killed_run_is_whole_and_marked(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "logged\n"
        os.kill(process.pid, signal.SIGKILL)
    run = tracker.Api(tmp_path).run("victim")
    # A program that the victim was just starting may hold its journal for a moment longer.
    run.wait_until_finished()
    assert run.state == "crashed"
    assert run.history(samples=None)["loss"].tolist() == [float(step) for step in range(1000)]


def test_what_cannot_be_taken_in_does_not_stop_reading(
    api: tracker.Api, start: Start, tmp_path: Path
) -> None:
    run_id = log(start(), [{"loss": 1.0}])
    journals = tmp_path / ".tracker" / "journal"
    journals.rename(tmp_path / "away")
    journals.write_text("a file where a folder should be")
    with pytest.warns(TrackerWarning, match="What crashed runs left could not be taken in yet"):
        blocked = tracker.Api(tmp_path)
    assert ids(blocked.runs()) == [run_id]
    journals.unlink()
    (tmp_path / "away").rename(journals)
