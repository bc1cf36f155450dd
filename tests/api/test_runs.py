"""Runs are found by what is known of them."""

from __future__ import annotations

import math
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tracker
from tracker.api import Run
from tracker.errors import NotFoundError, QueryError, UsageError

from .logged import Start, ids, log

# --- finding runs ---------------------------------------------------------------------------------


def test_a_new_store_is_empty(api: tracker.Api, tmp_path: Path) -> None:
    assert list(api.runs()) == []
    assert api.projects() == []
    assert api.default_entity == ""
    assert isinstance(api.viewer.username, str)
    assert str(tmp_path) in repr(api)
    with pytest.raises(NotFoundError, match="There is no run 'x' in"):
        api.run("x")


def test_runs_have_a_length_indexes_slices_and_iteration(api: tracker.Api, start: Start) -> None:
    runs = api.runs("digits")
    assert repr(runs) == "<Runs of 'digits': not read yet>"
    made = [log(start(config={"lr": lr}), [{"loss": lr * 2}]) for lr in (0.3, 0.1, 0.2)]
    assert len(runs) == 3
    assert repr(runs) == "<Runs of 'digits': 3 runs>"
    assert ids(runs) == made
    assert (runs[0].id, runs[-1].id) == (made[0], made[2])
    assert ids(runs[1:]) == made[1:]
    assert isinstance(runs[0], Run)
    with pytest.raises(IndexError):
        runs[3]
    assert ids(api.runs("digits", {"config.lr": {"$lt": 0.25}})) == made[1:]
    assert ids(api.runs("digits", "config.lr < 0.25 and summary.loss > 0.3")) == made[2:]
    with pytest.raises(QueryError, match="At character 13 of the filter: the end stands where"):
        api.runs("digits", "config.lr < ")
    assert ids(api.runs("digits", order="-summary_metrics.loss")) == [made[0], made[2], made[1]]


def test_runs_are_found_by_project_with_or_without_an_entity(
    api: tracker.Api, start: Start
) -> None:
    one, two = log(start("digits"), []), log(start("faces"), [])
    assert ids(api.runs()) == [one, two]
    assert ids(api.runs("faces")) == ids(api.runs("me/faces")) == [two]
    assert ids(api.project("digits").runs(order="-created_at")) == [one]


def test_a_run_is_found_by_every_spelling_of_its_path(api: tracker.Api, start: Start) -> None:
    run_id = log(start(name="misty/glade one"), [])
    for path in (
        run_id, f"digits/{run_id}", f"/digits/{run_id}", f"me/digits/{run_id}",
        f"digits/runs/{run_id}", f"/me/digits/runs/{run_id}", "misty/glade one",
    ):  # fmt: skip
        assert api.run(path).id == run_id
    assert api.run("/".join(api.run(run_id).path)).id == run_id
    assert api.from_path(f"digits/{run_id}").id == run_id
    assert api.from_path(run_id).id == run_id
    assert api.from_path("digits").name == "digits"


def test_what_is_missing_is_answered_with_what_is_close(api: tracker.Api, start: Start) -> None:
    log(start(id="abcd1234", name="misty-glade-1"), [])
    for call, sentence in (
        (lambda: api.run("digits/abcd1235"), "There is no run 'abcd1235' in project 'digits'. Did"),
        (lambda: api.run("Misty-Glade"), "Did you mean 'misty-glade-1'?"),
        (lambda: api.run("digitz/abcd1234"), "There is no project 'digitz'"),
        (lambda: len(api.runs("digit")), "Did you mean 'digits'?"),
        (lambda: api.project("faces"), "There is digits."),
        (lambda: api.from_path("faces"), "There is no run 'faces'"),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert sentence in str(caught.value)
    with pytest.raises(UsageError, match="expected 'project/id' or an id"):
        api.run("/")
    with pytest.raises(QueryError, match="There is no field 'lr'"):
        api.runs("digits", {"lr": 1})
    with pytest.raises(QueryError, match="There is no field 'loss'"):
        api.runs("digits", order="-loss")
    with pytest.raises(UsageError, match="per_page is 0"):
        api.runs("digits", per_page=0)
    assert list(api.runs("digits", {"state": "crashed"})) == []


def test_a_name_that_several_runs_share_needs_an_id(api: tracker.Api, start: Start) -> None:
    twins = [log(start(name="twin"), []) for _ in range(2)]
    with pytest.raises(NotFoundError, match=f"2 runs are named 'twin': .* {', '.join(twins)}"):
        api.run("twin")


def test_projects_are_counted(api: tracker.Api, start: Start) -> None:
    log(start("digits"), [])
    log(start("faces"), [])
    log(start("digits"), [])
    found = api.projects()
    assert [(p.name, p.number_of_runs) for p in found] == [("digits", 2), ("faces", 1)]
    assert found[0] == api.project("digits")
    assert found[0].path == ["", "digits"]
    assert datetime.now(UTC) - found[0].updated_at < timedelta(minutes=1)


# --- what a run is --------------------------------------------------------------------------------


def test_a_run_is_what_it_was_given(api: tracker.Api, start: Start, tmp_path: Path) -> None:
    logged = start(
        name="one", group="g", job_type="train", tags=["a", "b"], notes="n",
        config={"lr": 0.1, "model": {"depth": 3}},
    )  # fmt: skip
    logged.log({"loss": 1.0})
    logged.log({"loss": math.inf, "done": True})
    logged.finish()
    run = api.run(logged.id)
    assert (run.name, run.display_name, run.project, run.entity) == ("one", "one", "digits", "")
    assert (run.group, run.job_type, run.notes, run.tags) == ("g", "train", "n", ["a", "b"])
    assert (run.state, run.lastHistoryStep) == ("finished", 1)
    assert run.config == {"lr": 0.1, "model": {"depth": 3}}
    assert run.summary == {"loss": math.inf, "done": True}
    assert run.summary_metrics == dict(run.summary)
    plain = run.summary._json_dict  # noqa: SLF001 - W&B's name
    assert {k: v for k, v in plain.items() if not k.startswith("_")} == run.summary_metrics
    assert (run.summary.loss, run.summary["done"], run.summary.get("x")) == (math.inf, True, None)
    with pytest.raises(AttributeError, match="The summary has no 'lss': it has 'loss', 'done'"):
        _ = run.summary.lss
    assert timedelta(0) <= run.heartbeat_at - run.created_at < timedelta(minutes=1)
    assert run.created_at.tzinfo is UTC
    assert run.user.username == run.metadata["username"]
    assert run.metadata["python"].startswith("3.")
    assert str(tmp_path) in run.url
    assert repr(run) == f"<Run digits/{run.id} (finished)>"


def test_alerts_events_and_printed_lines_are_there(api: tracker.Api, start: Start) -> None:
    logged = start(settings={"console": True})
    print("one line")
    print("another", file=sys.stderr)
    logged.alert("late", "the loss rises")
    logged.finish(exit_code=1)
    run = api.run(logged.id)
    assert run.state == "failed"
    assert [line.text for line in run.console_logs()] == ["one line", "another"]
    assert [line.stream for line in run.console_logs(last=1)] == ["stderr"]
    assert [alert.payload["title"] for alert in run.alerts] == ["late"]
    assert run.alerts == run.events("alert")
    assert run.cells() == []


def test_readings_of_the_machine_are_a_stream_of_their_own(api: tracker.Api, start: Start) -> None:
    logged = start(settings={"system_interval_s": 0.05})
    is_there = threading.Event()
    logged.subscribe(lambda keys: is_there.set() if api.run(logged.id).system_metrics else None)
    assert is_there.wait(30)
    logged.finish()
    run = api.run(logged.id)
    latest = run.system_metrics
    assert latest
    frame = run.history(stream="system")
    assert set(latest) <= set(frame.columns)
    key = next(iter(latest))
    assert frame[key].dropna().iloc[-1] == latest[key]
    assert run.history()["_step"].tolist() == []
