"""How runs end: by their user, by an exception, with the process, or not at all."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest

import tracker
from tracker.errors import RunFinishedError, TrackerWarning, UsageError
from tracker.store.store import Store

INIT = """
import os, sys, threading, time, tracker
run = tracker.init(project="p", id="r", dir=".", settings={"silent": True, "console": False,
                   "save_code": False, "system_interval_s": 0})
run.log({"x": 1})
"""


class Named:
    """Stands for the run of another process."""

    project, id = "p", "r"


def script(folder, code, *, options=()):
    return subprocess.run(
        [sys.executable, *options, "-c", INIT + code],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# --- by its user


@pytest.mark.parametrize(
    ("code", "state", "exit_code"),
    [(None, "finished", 0), (0, "finished", 0), (3, "failed", 3), (True, "failed", 1),
     ("x", "failed", 1)],
)  # fmt: skip
def test_finish(start, stored, code, state, exit_code):
    run = start()
    run.log({"x": 1})
    assert run.state == "running"
    assert stored.root.joinpath("journal").is_dir()
    run.finish(code)
    assert run.state == state
    record = stored.run(run)
    assert (record.state, record.exit_code) == (state, exit_code)
    assert record.ended_at >= record.created_at
    assert stored.values(run, "x") == [1]
    assert tracker.run is None


def test_finish_again_does_nothing(start, stored):
    run = start()
    run.finish()
    run.finish(exit_code=1)
    run.mark_failed(ValueError())
    assert run.state == stored.run(run).state == "finished"
    assert stored.events(run) == []


def test_finish_from_another_thread(start, stored):
    run = start()
    run.log({"x": 1})
    threads = [threading.Thread(target=run.finish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored.run(run).state == "finished"
    assert stored.values(run, "x") == [1]


CALLS = {
    "alert": lambda run: run.alert("title", "text"),
    "define_metric": lambda run: run.define_metric("x"),
    "flush": lambda run: run.flush(),
    "log": lambda run: run.log({"x": 2}),
    "log of no dict": lambda run: run.log(5),
    "log_artifact": lambda run: run.log_artifact("x"),
    "log_code": lambda run: run.log_code(),
    "mark_preempting": lambda run: run.mark_preempting(),
    "pin_config_keys": lambda run: run.pin_config_keys(["x"]),
    "save": lambda run: run.save("x"),
    "use_artifact": lambda run: run.use_artifact("x"),
    "write_logs": lambda run: run.write_logs("x"),
    "name": lambda run: setattr(run, "name", "x"),
    "notes": lambda run: setattr(run, "notes", "x"),
    "tags": lambda run: setattr(run, "tags", ["x"]),
    "config": lambda run: run.config.update({"x": 2}),
    "summary": lambda run: run.summary.update({"x": 2}),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, plain_settings):
    folder = tmp_path_factory.mktemp("finished")
    run = tracker.init(
        project="p", dir=folder, reinit="create_new", settings=plain_settings, name="n"
    )
    run.log({"x": 1})
    run.finish()
    return run


@pytest.mark.parametrize("call", CALLS)
def test_what_raises_afterwards(finished, look_into, call):
    before = look_into(finished.settings.root).run(finished)
    with pytest.raises(RunFinishedError, match=rf"Run \({finished.id}\) is finished. The call to "
                       rf"`{call.split()[0]}` will be ignored.*tracker\.init\(\)"):  # fmt: skip
        CALLS[call](finished)
    assert look_into(finished.settings.root).run(finished) == before


def test_the_error_is_the_one_that_scripts_catch():
    assert issubclass(RunFinishedError, tracker.UsageError)
    assert issubclass(tracker.UsageError, tracker.Error)


def test_what_can_be_read_afterwards(finished):
    assert (finished.name, finished.state, finished.step) == ("n", "finished", 1)
    assert finished.url.startswith("file://")
    assert finished.path == f"p/{finished.id}"
    assert repr(finished) == f"<tracker.Run p/{finished.id} (n, finished)>"


# --- by an exception


def test_an_exception_in_the_block_marks_the_run_failed(start, stored):
    run = start()
    run.log({"x": 1})
    with pytest.raises(ZeroDivisionError), run:
        1 / 0  # noqa: B018
    record = stored.run(run)
    assert (record.state, record.exit_code) == ("failed", 1)
    (event,) = stored.events(run, "error")
    assert event.payload["type"] == "ZeroDivisionError"
    assert event.payload["message"] == "division by zero"
    assert "1 / 0" in event.payload["traceback"]
    assert stored.values(run, "x") == [1]


@pytest.mark.parametrize(
    ("error", "state", "exit_code", "events"),
    [
        (KeyboardInterrupt(), "failed", 255, 1),
        (SystemExit(), "finished", 0, 0),
        (SystemExit(0), "finished", 0, 0),
        (SystemExit(3), "failed", 3, 0),
        (SystemExit("message"), "failed", 1, 0),
        (GeneratorExit(), "failed", 1, 1),
    ],
    ids=repr,
)
def test_other_ends_of_the_block(start, stored, error, state, exit_code, events):
    with pytest.raises(type(error)), start() as run:
        raise error
    record = stored.run(run)
    assert (record.state, record.exit_code) == (state, exit_code)
    assert len(stored.events(run, "error")) == events


def test_an_exception_that_cannot_be_shown(start, stored):
    class NastyError(Exception):
        def __str__(self):
            raise RuntimeError("no")

    run = start()
    with pytest.warns(TrackerWarning, match="could not be read"), pytest.raises(NastyError), run:
        raise NastyError
    assert stored.run(run).state == "failed"


# --- with the process


@pytest.mark.parametrize(
    ("code", "state", "exit_code", "message"),
    [
        ("", "finished", 0, None),
        ("sys.exit()", "finished", 0, None),
        ("sys.exit(3)", "failed", 3, None),
        ("sys.exit('bad')", "failed", 1, None),
        ("raise ValueError('boom')", "failed", 1, "boom"),
        ("raise KeyboardInterrupt", "failed", 255, ""),
        ("with run: sys.exit(4)", "failed", 4, None),
        ("t = threading.Thread(target=sys.exit, args=(5,)); t.start(); t.join()", "finished", 0,
         None),
        ("import rich_like; rich_like", "failed", 1, "No module named 'rich_like'"),
        ("del run; tracker.log({'x': 2})", "finished", 0, None),
        ("os.close(2); os.close(1)", "finished", 0, None),
    ],
)  # fmt: skip
def test_the_end_of_a_script(alone, stored, code, state, exit_code, message):
    done = script(alone, code)
    record = stored.run(Named)
    assert (record.state, record.exit_code) == (state, exit_code), done.stderr
    assert stored.values(Named, "x")[0] == 1
    found = [event.payload["message"] for event in stored.events(Named, "error")]
    assert found == ([] if message is None else [message])


def test_warnings_that_are_errors_do_not_lose_the_end(alone, stored):
    script(alone, "run.log({'y': object()})", options=["-W", "error"])
    assert stored.run(Named).state == "failed"
    assert stored.values(Named, "x") == [1]


@pytest.mark.parametrize(
    "code",
    [
        "os._exit(0)",
        "os.kill(os.getpid(), 9)",
        f"os.kill(os.getpid(), {int(signal.SIGTERM)}); time.sleep(60)",
    ],
)
def test_a_process_that_cannot_end_its_run_leaves_it_crashed(alone, stored, code):
    script(alone, code)
    # A program that it was just starting may hold its journal for a moment longer.
    until = time.monotonic() + 30
    while not Store(stored.root).recover() and time.monotonic() < until:
        time.sleep(0.05)
    assert stored.run(Named).state == "crashed"
    assert stored.values(Named, "x") == [1]


# --- several at once, and threads


def test_several_runs_at_once(start, stored):
    first = start()
    others = [start(reinit="create_new") for _ in range(3)]
    assert tracker.run is first
    for number, run in enumerate([first, *others]):
        run.log({"x": number})
        run.config.n = number
    tracker.log({"y": 1})
    others[1].finish()
    tracker.finish()
    assert [run.state for run in (first, *others)] == ["finished", "running", "finished", "running"]
    for run in others:
        run.finish()
    assert [stored.values(run, "x") for run in (first, *others)] == [[0], [1], [2], [3]]
    assert stored.values(first, "y") == [1]
    assert [stored.run(run).config for run in others] == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_eight_threads_lose_nothing(start, stored):
    def work(number):
        for index in range(500):
            run.log({"x": number * 1000 + index})
            if index % 100 == 0:
                run.summary[f"s{number}"] = index
                run.define_metric(f"m{number}", summary="max")

    with start(settings={"flush_interval_s": 0.05}) as run:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert run.step == 4000
    points = stored.points(run)
    assert sorted(step for _, step, _ in points) == list(range(4000))
    assert sorted(value for *_, value in points) == [
        number * 1000 + index for number in range(8) for index in range(500)
    ]
    assert {stored.run(run).summary[f"s{number}"] for number in range(8)} == {400}


def test_what_a_thread_logs_too_late_raises_and_is_not_half_stored(start, stored):
    run = start(settings={"flush_interval_s": 0.05})
    logged, refused = [], []
    has_begun = threading.Event()

    def work():
        for number in range(10**9):
            try:
                run.log({"x": number})
            except RunFinishedError:
                refused.append(number)
                return
            logged.append(number)
            has_begun.set()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    has_begun.wait()
    run.finish()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    assert sorted(stored.values(run, "x")) == sorted(logged)


def test_an_ended_run_is_let_go(start):
    run = start(settings={"console": True, "save_code": True, "system_interval_s": 2})
    run.log({"x": 1})
    reference = weakref.ref(run)
    run.finish()
    del run
    own = [each for each in threading.enumerate() if each.name.startswith("tracker")]
    for thread in own:  # on a busy machine one may be at its last reading
        thread.join(60)
    assert not [each.name for each in own if each.is_alive()]
    gc.collect()
    assert reference() is None


def test_a_listener_that_fails_stops_nothing(start, stored, warns_once):
    told = []
    run = start()
    run.before_end(lambda ended: 1 / 0)
    run.before_end(told.append)
    run.after_end(told.append)
    run.log({"x": 1})
    with warns_once("Something failed at the end of a run: ZeroDivisionError"):
        run.finish()
    assert told == [run, run]
    assert stored.run(run).state == "finished"


def test_a_run_cannot_be_pickled(start):
    import pickle

    with start() as run, pytest.raises(TypeError, match="cannot be pickled: pass its id"):
        pickle.dumps(run)


def test_before_init(alone):
    assert tracker.run is None
    tracker.finish()
    for name, call in {
        "log()": lambda: tracker.log({"x": 1}),
        "define_metric()": lambda: tracker.define_metric("x"),
        "alert()": lambda: tracker.alert("x"),
        "log_artifact()": lambda: tracker.log_artifact("x"),
        "use_artifact()": lambda: tracker.use_artifact("x"),
        "config": lambda: tracker.config["x"],
        "summary": lambda: tracker.summary.update({}),
    }.items():
        with pytest.raises(UsageError) as error:
            call()
        assert str(error.value) == f"You must call tracker.init() before tracker.{name}"
    with pytest.raises(UsageError):
        tracker.config.lr = 1
    with pytest.raises(UsageError):
        dict(tracker.config)
