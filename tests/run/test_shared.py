"""Several processes that write one run: ``mode="shared"``."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import TrackerWarning, UsageError

Start = Callable[..., tracker.Run]

HEAD = """
import os, signal, sys, tracker
rank = int(sys.argv[1])
def init(**options):
    return tracker.init(project="p", dir=".", id="both", mode="shared", settings={
        "silent": True, "console": False, "save_code": False, "system_interval_s": 0,
        "flush_interval_s": 0.05, "x_primary": rank == 0, "x_label": f"rank_{rank}"}, **options)
"""


def process(folder: Path, code: str, rank: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + code, str(rank)],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def join(start: Start, **options: Any) -> tracker.Run:
    """Join the run in this process, beside those that it has."""
    return start(id="both", mode="shared", reinit="create_new", **options)


SECONDARY = {"x_primary": False}
MANY = """
run = init(config={f"rank{rank}": rank})
run.define_metric("loss", summary="min,max,mean")
sys.stdin.readline()
for number in range(200):
    run.log({"loss": 1000 * rank + number, f"own/{rank}": number})
run.finish()
"""


def test_no_row_of_eight_processes_is_lost_and_none_has_the_step_of_another(alone, stored):
    processes = [process(alone, MANY, rank) for rank in range(8)]
    for each in processes:
        each.stdin.write("\n")
        each.stdin.flush()
    for each in processes:
        each.communicate(timeout=120)
        assert each.returncode == 0
    run = tracker.Api(dir=alone).run("p/both")
    points = [(step, value) for key, step, value in stored.points(run) if key == "loss"]
    assert sorted(step for step, _ in points) == list(range(1600))
    expected = [1000 * rank + number for rank in range(8) for number in range(200)]
    assert sorted(value for _, value in points) == expected
    for rank in range(8):  # the rows of a process are in its order
        assert stored.values(run, f"own/{rank}") == list(range(200))
    loss = run.summary["loss"]
    assert (loss["min"], loss["max"], loss["mean"]) == (0, 7199, np.mean(expected))
    assert run.config == {f"rank{rank}": rank for rank in range(8)}
    assert run.state == "finished"
    assert stored.run(run).last_step == 1599


def test_the_primary_says_how_it_is_called_and_how_it_ends(start, stored):
    second = join(start, settings=SECONDARY, name="ignored", tags=["ignored"])
    first = join(start, name="both of us", tags=["shared"])
    second.finish(exit_code=3)
    assert stored.run(first).state == "running"
    first.log({"x": 1})
    first.finish()
    record = stored.run(first)
    assert (record.name, record.tags) == ("both of us", ("shared",))
    assert (record.state, record.exit_code) == ("finished", 0)


def test_without_a_name_all_of_them_have_the_same(start):
    runs = [join(start, settings=SECONDARY) for _ in range(3)]
    assert len({run.name for run in runs}) == 1


def test_steps_are_counted_in_common(start, stored):
    first, second = join(start), join(start, settings=SECONDARY)
    first.log({"a": 0})
    second.log({"b": 1}, commit=False)
    first.log({"a": 2})
    second.log({"b": 3, "c": 3})  # replaces what its open step has
    with pytest.warns(TrackerWarning, match="define_metric"):
        first.log({"a": 4}, step=100)
    second.finish()
    first.finish()
    assert stored.rows(first) == {
        0: {"a": 0}, 1: {"b": 3, "c": 3}, 2: {"a": 2}, 3: {"a": 4}
    }  # fmt: skip
    assert dict(first.summary) == {"a": 4, "b": 3, "c": 3}


def test_each_may_change_the_config(start, stored):
    first = join(start, config={"lr": 1, "nested": {"a": 1}})
    second = join(start, settings=SECONDARY, config={"shards": 2})
    first.config.update({"lr": 2}, allow_val_change=True)
    second.config["late"] = True
    for run in (first, second):
        run.finish()
    expected = {"lr": 2, "nested": {"a": 1}, "shards": 2, "late": True}
    assert stored.run(first).config == expected


def test_it_goes_on_where_it_was_the_next_time(start, stored):
    for attempt in range(2):
        labels = {} if attempt else {"tags": ["kept"], "notes": "kept"}
        first, second = join(start, **labels), join(start, settings=SECONDARY)
        assert first.resumed == bool(attempt)
        first.log({"a": attempt})
        second.log({"b": attempt})
        first.finish()
        assert stored.run(first).state == "finished"
        second.finish()
    assert stored.rows(first) == {0: {"a": 0}, 1: {"b": 0}, 2: {"a": 1}, 3: {"b": 1}}
    assert (stored.run(first).tags, stored.run(first).notes) == (("kept",), "kept")


def test_a_run_that_was_deleted_begins_anew(start, stored):
    first = join(start)
    first.log({"a": 0})
    first.finish()
    tracker.Api(dir=stored.root).run("p/both").delete()
    with join(start) as again:
        again.log({"a": 1})
    assert stored.rows(again) == {0: {"a": 1}}


def test_what_comes_after_the_end_of_the_primary_is_seen(start, stored):
    first, second = join(start), join(start, settings=SECONDARY)
    for number in range(6000):
        first.log({"x": number})
    first.finish()  # its curve is kept in buckets from now on
    second.log({"x": -1.0})
    second.finish()
    history = tracker.Api(dir=stored.root).run("p/both").history(samples=None)
    assert history["x"].iloc[-1] == -1
    curve = tracker.Api(dir=stored.root).run("p/both").history(samples=100)
    assert curve["_step"].iloc[-1] == 6000
    assert stored.run(first).state == "finished"


DIES = """
run = init()
run.log({f"x{rank}": 1})
print("ready", flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(("dead", "state"), [(0, "crashed"), (1, "finished")])
def test_the_death_of_one_of_them(alone, stored, start, dead, state):
    processes = [process(alone, DIES, rank) for rank in range(2)]
    for each in processes:
        assert each.stdout.readline() == "ready\n"
    dying, living = processes[dead], processes[1 - dead]
    dying.communicate("\n", timeout=60)
    assert dying.returncode == -signal.SIGKILL
    start().finish()  # takes in what the dead one left
    run = tracker.Api(dir=alone).run("p/both")
    assert run.state == ("crashed" if dead == 0 else "running")
    living.kill()
    living.communicate()
    with join(start) if dead == 1 else join(start, settings=SECONDARY) as last:
        last.log({"last": 1})
    run = tracker.Api(dir=alone).run("p/both")
    assert run.state == state
    assert {"x0", "x1", "last"} <= set(run.summary)


def test_a_traceback_of_any_of_them_is_kept(start, stored):
    first = join(start)
    with pytest.raises(ZeroDivisionError), join(start, settings=SECONDARY):
        _ = 1 / 0
    first.finish()
    (event,) = stored.events(first, "error")
    assert event.payload["type"] == "ZeroDivisionError"
    assert stored.run(first).state == "finished"


def test_a_failed_end_stays(start, stored):
    several = [join(start) for _ in range(2)]  # all of them primary
    several[0].finish(exit_code=1)
    several[1].finish()
    assert stored.run(several[0]).state == "failed"


def test_where_steps_cannot_be_counted_training_goes_on(start, stored):
    run = join(start)
    run.log({"x": 0})
    shutil.rmtree(stored.root / "shared")
    with pytest.warns(TrackerWarning, match="cannot be counted in common"):
        run.log({"x": 1})
    run.log({"x": 2})
    run.finish()
    assert stored.rows(run) == {0: {"x": 0}, 1: {"x": 1}, 2: {"x": 2}}


def test_it_can_be_rebuilt(start, stored):
    first, second = join(start), join(start, settings=SECONDARY)
    for number in range(10):
        first.log({"x": number})
        second.log({"y": number})
    second.finish()
    first.finish()
    before = stored.rows(first), stored.run(first).config, stored.run(first).state
    (stored.root / "tracker.duckdb").write_bytes(b"no database")
    with pytest.warns(TrackerWarning, match="rebuilt"):
        start().finish()
    assert (stored.rows(first), stored.run(first).config, stored.run(first).state) == before


def test_a_shared_run_is_not_forked(start):
    with pytest.raises(UsageError, match="cannot be forked"):
        start(mode="shared", fork_from="other?_step=1")
