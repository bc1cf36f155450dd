"""Forked and spawned children: they neither hang, nor write, nor end what is their parent's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tracker.store.store import Store

HEAD = """
import multiprocessing, os, signal, sys, threading, time, warnings
import tracker
SETTINGS = {"silent": True, "console": True, "save_code": False, "system_interval_s": 0.1,
            "flush_interval_s": 0.05}
def init(**options):
    return tracker.init(project="p", dir=".", settings=SETTINGS, **options)
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


class Named:
    def __init__(self, run_id, project="p"):
        self.id, self.project = run_id, project


def script(folder, code, timeout_s=240):
    """Run a script to its end; whatever it leaves behind hanging fails the test."""
    path = folder / "script.py"
    path.write_text(HEAD + code)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(path)],
        cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


CHILD = """
run = init(id="parent", config={"a": {"b": 1}})
run.log({"x": 0})
assert run.summary["x"] == 0
before = {path.name: path.stat().st_size for path in Path(".tracker/journal").iterdir()}
if (child := os.fork()) == 0:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in range(100):
            run.log({"x": 100 + number})
            tracker.log({"y": 1})
        run.config.c = 2
        run.config["a"]["b"] = 2
        run.summary["z"] = 3
        run.define_metric("x", summary="max")
        run.alert("no")
        print("from the child")
        run.name = "other"
        run.flush()
        assert run.summary["x"] == 0
        assert run.state == "running"
        run.finish()
    assert len(caught) == 1, caught
    assert "forked process logs to run parent" in str(caught[0].message)
    sys.exit(ENDING)
_, status = os.waitpid(child, 0)  # any other child is a command of the tracker's
assert os.waitstatus_to_exitcode(status) == ENDING, status
assert {path.name for path in Path(".tracker/journal").iterdir()} == before.keys()
run.log({"x": 1})
"""


@pytest.mark.parametrize("ending", [0, 3])
def test_a_child_leaves_its_parents_run_alone(alone, stored, ending):
    script(alone, "from pathlib import Path\n" + CHILD.replace("ENDING", str(ending)))
    run = Named("parent")
    record = stored.run(run)
    assert (record.state, record.config) == ("finished", {"a": {"b": 1}})
    assert record.summary == {"x": 1}
    assert stored.rows(run) == {0: {"x": 0}, 1: {"x": 1}}
    assert stored.events(run) == []


OWN = """
parent = init(id="parent")
parent.log({"x": 0})
if (pid := os.fork()) == 0:
    child = init(id="child")
    assert child is not parent and tracker.run is child
    child.log({"x": 10})
    tracker.log({"x": 11})
    ENDING
os.waitpid(pid, 0)
parent.log({"x": 1})
"""


@pytest.mark.parametrize(
    ("ending", "state"),
    [("sys.exit(0)", "finished"), ("sys.exit(4)", "failed"), ("child.finish(); os._exit(0)",
     "finished"), ("os._exit(0)", "crashed")],
)  # fmt: skip
def test_a_child_has_a_run_of_its_own(alone, stored, ending, state):
    script(alone, OWN.replace("ENDING", ending))
    Store(stored.root).recover()
    assert stored.values(Named("parent"), "x") == [0, 1]
    assert stored.values(Named("child"), "x") == [10, 11]
    assert stored.run(Named("parent")).state == "finished"
    assert stored.run(Named("child")).state == state


FIFTY = """
run = init(id="parent")
is_over = threading.Event()
counts = [0, 0]

def work(number):
    while not is_over.is_set():
        run.log({f"x{number}": counts[number]})
        counts[number] += 1
        if counts[number] % 50 == 0:
            run.summary["s"]
            run.flush()

run.summary["s"] = 1
threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(2)]
for thread in threads:
    thread.start()
for number in range(50):
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        warnings.simplefilter("ignore")
        run.log({"x0": -1})
        run.summary.get("s")
        run.config.a = 1
        if number % 5 == 0:
            child = init(id=f"child{number}")
            child.log({"x": number})
            child.finish()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7, number
is_over.set()
for thread in threads:
    thread.join()
run.finish()
print(*counts)
"""


def test_fifty_forks_while_other_threads_log_and_flush(alone, stored):
    counts = list(map(int, script(alone, FIFTY).stdout.split()))
    for number, count in enumerate(counts):
        assert stored.values(Named("parent"), f"x{number}") == list(range(count))
    assert stored.run(Named("parent")).state == "finished"
    for number in range(0, 50, 5):
        assert stored.values(Named(f"child{number}"), "x") == [number]
        assert stored.run(Named(f"child{number}")).state == "finished"


LONG_LIVED = """
run = init(id="parent")
is_over = threading.Event()
def work():
    while not is_over.is_set():
        run.log({"x": 1})
        run.flush()
thread = threading.Thread(target=work, daemon=True)
thread.start()
children = []
for _ in range(8):
    if (pid := os.fork()) == 0:
        signal.pause()
    children.append(pid)
is_over.set()
thread.join()
run.finish()
second = init(id="second")
second.log({"x": 2})
second.finish()
for pid in children:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
"""


def test_children_that_live_on_hold_no_lock(alone, stored):
    script(alone, LONG_LIVED, timeout_s=60)
    assert stored.run(Named("parent")).state == "finished"
    assert stored.values(Named("second"), "x") == [2]


WORKERS = """
def load(number):
    warnings.simplefilter("ignore")
    print("loading", number)
    tracker.log({"x": -1}) if tracker.run is not None else None
    return number

if __name__ == "__main__":
    multiprocessing.set_start_method("START")
    with init(id="parent") as run:
        for epoch in range(3):
            with multiprocessing.Pool(3) as pool:
                for number in pool.imap(load, range(20)):
                    run.log({"x": number})
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_data_loaders(alone, stored, method):
    script(alone, WORKERS.replace("START", method))
    assert stored.values(Named("parent"), "x") == list(range(20)) * 3
    assert stored.run(Named("parent")).state == "finished"


TRIALS = """
def train(number):
    run = init(id=f"trial{number}")
    run.log({"x": number})
    if number == 1:
        raise ValueError("diverged")
    if number == 2:
        sys.exit(3)

if __name__ == "__main__":
    multiprocessing.set_start_method("START")
    if "START" == "fork":
        init(id="parent").log({"x": 9})
    processes = [multiprocessing.Process(target=train, args=(number,)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 1, 3, 0]
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_with_runs_of_their_own(alone, stored, method):
    script(alone, TRIALS.replace("START", method))
    runs = [Named(f"trial{number}") for number in range(4)]
    assert [stored.values(run, "x") for run in runs] == [[0], [1], [2], [3]]
    assert [stored.run(run).state for run in runs] == ["finished", "failed", "failed", "finished"]
    assert [stored.run(run).exit_code for run in runs] == [0, 1, 3, 0]
    (event,) = stored.events(runs[1], "error")
    assert event.payload["message"] == "diverged"
    if method == "fork":
        assert stored.values(Named("parent"), "x") == [9]
