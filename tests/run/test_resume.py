"""Going on with a run, rewinding it, forking it; ids, and what is taken over."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
import unicodedata

import pytest

import tracker
from tracker.errors import NotFoundError, RunFinishedError, UsageError
from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter
from tracker.store.store import open_store


def script(folder, code):
    """Run Python code in `folder` to its end."""
    subprocess.run([sys.executable, "-c", code], cwd=folder, timeout=60, check=False)


@contextlib.contextmanager
def holder(folder, code):
    """Run Python code in `folder` until it prints "ready"; give the process."""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


INIT = """
import os, sys, tracker
def init(**options):
    return tracker.init(project="p", dir=".", settings={"silent": True, "console": False,
                        "save_code": False, "system_interval_s": 0}, **options)
"""


def test_a_run_goes_on_where_it_was(start, stored):
    with start(id="r", name="first", config={"lr": 1, "n": 2}, tags=["a"], notes="text",
               group="g", job_type="train") as run:  # fmt: skip
        assert not run.resumed
        run.log({"x": 1})
        run.log({"x": 2})
    before = stored.run(run)
    with start(id="r", resume="allow", config={"n": 3}) as run:
        assert run.resumed
        assert run.starting_step == run.step == 2
        assert (run.name, run.notes, run.tags) == ("first", "text", ("a",))
        assert (run.group, run.job_type) == ("g", "train")
        assert dict(run.config) == {"lr": 1, "n": 3}
        assert run.runtime_s >= before.runtime_s
        run.log({"x": 3})
    assert stored.points(run) == [("x", 0, 1), ("x", 1, 2), ("x", 2, 3)]
    record = stored.run(run)
    assert (record.run_key, record.created_at) == (before.run_key, before.created_at)
    assert (record.name, record.notes, record.tags) == ("first", "text", ("a",))
    assert (record.group, record.job_type, record.config) == ("g", "train", {"lr": 1, "n": 3})
    assert record.state == "finished"
    assert record.runtime_s > before.runtime_s


def test_new_labels_replace_the_old_ones(start, stored):
    start(id="r", name="old", tags=["a"], notes="n").finish()
    with start(id="r", resume="must", name="new", tags=["b", "c"]) as run:
        assert (run.name, run.tags, run.notes) == ("new", ("b", "c"), "n")
    record = stored.run(run)
    assert (record.name, record.tags, record.notes) == ("new", ("b", "c"), "n")


def test_the_words(start, stored):
    start(id="r").finish()
    with pytest.raises(UsageError, match="'r' exists already in project 'p' and resume='never'"):
        start(id="r", resume="never")
    with pytest.raises(UsageError, match="resume='must' and there is no run 'q' in project 'p'"):
        start(id="q", resume="must")
    with pytest.raises(UsageError, match="resume is 'maybe'"):
        start(id="r", resume="maybe")
    with start(id="q", resume="allow") as run:
        assert not run.resumed
    with start(id="w", resume="never") as run:
        assert not run.resumed
    with start(id="r", resume="allow") as run:
        assert run.resumed


def test_without_resume_the_run_is_replaced(start, stored):
    with start(id="r", config={"a": 1}) as run:
        run.log({"x": 1, "y": 1})
    with start(id="r", config={"b": 1}) as run:
        assert not run.resumed
        run.log({"x": 2})
    assert stored.points(run) == [("x", 0, 2)]
    assert stored.run(run).config == {"b": 1}


def test_the_same_id_in_two_projects(start, stored):
    for project in ("one", "two"):
        with start(id="r", project=project) as run:
            run.log({"x": project})
    with start(id="r", project="one", resume="must") as run:
        run.log({"x": "again"})
    assert stored.values(run, "x") == ["one", "again"]
    with start(id="r", project="two", resume="must") as run:
        assert run.step == 1
    assert stored.values(run, "x") == ["two"]


def test_the_console_goes_on(start, stored):
    with start(id="r") as run:
        run.write_logs("one\ntwo")
    with start(id="r", resume="must") as run:
        run.write_logs("three\n")
    lines = tracker.Api(stored.root.parent).run("p/r").console_logs()
    assert [line.text for line in lines] == ["one", "two", "three"]


# --- automatically


def test_auto_goes_on_after_a_crash_only(start, stored, alone):
    script(alone, INIT + "run = init(resume='auto'); run.log({'x': 1}); os._exit(1)")
    with start(resume="auto") as run:
        assert run.resumed
        assert run.step == 1
        crashed = run.id
    with start(resume=True) as run:
        assert not run.resumed
        assert run.id != crashed


def test_auto_goes_on_after_a_failure(start):
    run = start(resume="auto")
    run.finish(exit_code=1)
    with start(resume="auto") as again:
        assert again.id == run.id


def test_auto_minds_neither_other_runs_nor_other_projects(start, alone):
    script(alone, INIT + "init(resume='auto', id='lost'); os._exit(1)")
    start(id="other").finish()
    start(id="elsewhere", project="q", resume="auto").finish()
    with start(resume="auto") as run:
        assert run.id == "lost"


def test_an_id_beats_auto(start, alone, warns_once):
    script(alone, INIT + "init(resume='auto', id='lost'); os._exit(1)")
    with warns_once("would go on with run 'lost': id='mine' is used"):
        run = start(resume="auto", id="mine")
    assert run.id == "mine"


# --- a run that is alive


def test_a_run_of_another_process_is_not_taken_over(start, stored, alone):
    code = INIT + "init(id='r').log({'x': 1}); print('ready', flush=True); input()"
    with holder(alone, code) as process:
        for options in ({"resume": "allow"}, {}):
            with pytest.raises(UsageError, match="'r' is still being written"):
                start(**{"id": "r", **options})
        process.kill()
        process.wait()
        with start(id="r", resume="allow") as run:
            assert run.resumed
            assert run.step == 1


def test_a_run_whose_process_is_about_to_end_is_waited_for(start, stored, alone):
    code = INIT + (
        "run = init(id='r'); run.log({'x': 1}); run.flush(); print('ready', flush=True); input();"
        "run.log({'x': 2}); run.finish()"
    )
    with holder(alone, code) as process:
        process.stdin.write("\n")
        process.stdin.flush()
        with start(id="r", resume="must") as run:
            assert run.step == 2


def test_a_run_of_this_process_is_not_taken_over(start):
    run = start(id="r")
    with pytest.raises(UsageError, match="still being written, by this process"):
        start(id="r", resume="allow", reinit="create_new")
    run.log({"x": 1})
    run.finish()


# --- back in time, and into another run


def logged(start, **options):
    with start(config={"lr": 1}, tags=["t"], notes="n", group="g", **options) as run:
        run.define_metric("x", summary="max")
        for value in range(10):
            run.log({"x": 10 - value, "text": f"t{value}"})
    return run


def test_rewinding(start, stored):
    logged(start, id="r")
    with start(resume_from="r?_step=3") as run:
        assert (run.id, run.resumed, run.step) == ("r", True, 4)
        assert run.summary["text"] == "t3"
        run.log({"x": 99})
    assert stored.values(run, "x") == [10, 9, 8, 7, 99]
    assert stored.values(run, "text") == ["t0", "t1", "t2", "t3"]
    assert stored.run(run).summary == {"x": {"max": 99.0}, "text": "t3"}


def test_forking(start, stored):
    parent = logged(start, id="r")
    with start(fork_from="r?_step=3") as run:
        before_s, runtime_s, after_s = time.time(), run.runtime_s, time.time()
        begun_s = run.start_time
        assert before_s - begun_s < runtime_s < after_s - begun_s + stored.run(parent).runtime_s
        assert run.id != "r"
        assert not run.resumed
        assert (run.step, dict(run.config)) == (4, {"lr": 1})
        assert (run.tags, run.notes, run.group) == (("t",), "n", "g")
        run.log({"x": 99})
    assert stored.values(run, "x") == [10, 9, 8, 7, 99]
    assert len(stored.values(parent, "x")) == 10
    record = stored.run(run)
    assert record.parent == {"run_id": "r", "step": 3}
    assert (record.tags, record.notes, record.group) == (("t",), "n", "g")
    assert record.summary["x"] == {"max": 99.0}
    assert record.name != stored.run(parent).name


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"fork_from": "r"}, UsageError, r"fork_from is 'r': expected '<run id>\?_step=<number>'"),
        ({"fork_from": "r?_step=x"}, UsageError, "fork_from is"),
        ({"resume_from": 3}, UsageError, "resume_from is 3"),
        ({"fork_from": "q?_step=1"}, NotFoundError, "there is no run 'q'"),
        ({"resume_from": "q?_step=1"}, NotFoundError, "there is no run 'q'"),
        ({"fork_from": "r?_step=10"}, UsageError, "the last step of that run is 9"),
        ({"resume_from": "r?_step=99"}, UsageError, "the last step of that run is 9"),
        ({"fork_from": "r?_step=1", "id": "r"}, UsageError, "exists already"),
        ({"resume_from": "r?_step=1", "id": "q"}, UsageError, "give one"),
        ({"fork_from": "r?_step=1", "resume": "allow"}, UsageError, "exclude each other"),
        ({"fork_from": "r?_step=1", "resume_from": "r?_step=1"}, UsageError, "exclude each other"),
    ],
)
def test_what_cannot_be_gone_on_from_is_told(start, stored, options, error, sentence):
    run = logged(start, id="r")
    with pytest.raises(error, match=sentence):
        start(**options)
    assert len(stored.values(run, "x")) == 10
    assert stored.run(run).state == "finished"


# --- runs that their process has begun and not stored yet


@pytest.fixture
def newborn(alone):
    """The journal of a living process that has begun run "r", of one step, and stored nothing."""
    writer = JournalWriter(open_store(alone / ".tracker").journal_dir)
    writer.open_segment(facts.Begin("p", "r", time.time_ns() // 1000, fields={"name": "first"}))
    writer.append_many(
        [facts.Keys(1, "default", ["x"]), facts.Row(1, 0, time.time_ns() // 1000, [5])]
    )
    yield writer
    writer.close()


@pytest.mark.parametrize(
    "options",
    [
        {"id": "r"}, {"id": "r", "resume": "must"}, {"id": "r", "resume": "allow"},
        {"id": "r", "resume": "never"}, {"resume_from": "r?_step=0"}, {"fork_from": "r?_step=0"},
    ],
)  # fmt: skip
def test_a_run_that_is_not_stored_yet_is_no_free_id(start, newborn, options):
    with pytest.raises(UsageError, match="begun by another process, which has not stored it yet"):
        start(**options)


def test_a_run_that_is_not_stored_yet_keeps_no_other_id_waiting(start, stored, newborn):
    for options in ({"id": "q"}, {"id": "r", "project": "another"}, {}):
        with start(**options, reinit="create_new") as run:
            run.log({"x": 1})
        assert stored.values(run, "x") == [1]


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"id": "r", "resume": "must"}, [5, 6]), ({"fork_from": "r?_step=0"}, [5, 6]),
        ({"id": "r"}, [6]),
    ],
)  # fmt: skip
def test_a_process_that_ends_without_having_stored_its_run(start, stored, newborn, options, steps):
    end = threading.Timer(0.3, newborn.close)
    end.start()
    with start(**options) as run:
        run.log({"x": 6})
    end.join()
    assert stored.values(run, "x") == steps


def test_forking_a_run_of_this_process_where_it_is_now(start, stored):
    with start() as run:
        for value in range(3):
            run.log({"x": value})
        with start(fork_from=f"{run.id}?_step=2", reinit="create_new") as fork:
            fork.log({"x": 9})
    assert stored.values(fork, "x") == [0, 1, 2, 9]


# --- ids and projects


@pytest.mark.parametrize("name", ["a", "Ünïcode 🧪", "x" * 128, "a.b-c_d", 7, "CON", "\u202eabc"])
def test_names_that_can_be_used(start, stored, name):
    with start(id=name, project=name) as run:
        run.log({"x": 1})
    assert stored.run(run).run_id == run.id == str(name)
    assert stored.values(run, "x") == [1]


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "../x", "a/b", "a\\b", "C:x", "a#b", "a?b", "50%", "%2e%2e%2f", "a\nb",
     "a\0b", "x" * 129, "\ud800", True, 1.5, ["a"]],
)  # fmt: skip
def test_names_that_cannot_be_used(start, name):
    for argument in ("id", "project"):
        if argument == "project" and not name:
            continue  # as if it were not given
        with pytest.raises(UsageError, match=f"{argument} is .*expected 1 to 128 characters"):
            start(**{argument: name})


def test_one_word_in_two_encodings_is_one_run(start, stored):
    name = "caf\u00e9"
    start(id=name).finish()
    with start(id=unicodedata.normalize("NFD", name), resume="must") as run:
        assert run.resumed


def test_ids_and_names_are_given(start, stored):
    runs = [start(reinit="create_new") for _ in range(3)]
    for run in runs:
        run.finish()
    assert all(len(run.id) == 8 and run.id.isalnum() for run in runs)
    assert [run.name.rsplit("-", 1)[1] for run in runs] == ["1", "2", "3"]


def test_the_runtime_accumulates(start, stored):
    for number in range(2):
        with start(id="r", resume="allow") as run:
            assert run.runtime_s > 0.29 * number
            time.sleep(0.3)  # what is measured
    assert 0.59 < stored.run(run).runtime_s < 60
    with pytest.raises(RunFinishedError):
        run.log({})
