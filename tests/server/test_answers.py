"""What the server says of projects and runs, to whom, and what it costs to ask again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.panels.recorded import NASTY
from tests.store.logbook import wait_for

import tracker
from tracker.figures.formats import format_number
from tracker.panels.sweep_source import SweepSource
from tracker.store.store import open_store
from tracker.sweep.controller import Controller
from tracker.sweep.creation import create

QUIET = {"panel": False, "silent": True, "console": False, "system_interval_s": 0}
KILLED = """
import os, signal, sys, tracker
run = tracker.init(project="killed", dir=sys.argv[1], settings={"panel": False})
run.log({"loss": 1.0}, commit=True)
print(run.id, flush=True)
sys.stdin.read()
"""


def log(root: Path, project: str, *rows: dict, **options):
    """Log a run into a store and finish it."""
    run = tracker.init(project=project, dir=root, settings=QUIET, **options)
    for row in rows:
        run.log(row)
    run.finish()
    return run


# --- who may ask


@pytest.mark.parametrize("name", ["projects", "runs", "loader", "report"])
def test_nobody_is_answered_without_a_token(server, name):
    reply = server.get(name, token="", project="digits")
    assert reply.status == 403
    assert b"digits" not in reply.body


@pytest.mark.parametrize("name", ["projects", "runs", "loader", "report"])
def test_who_may_not_read_is_refused(server, name):
    assert server.get(name, may="write", project="digits").status == 403


@pytest.mark.parametrize("name", ["projects", "runs", "report"])
@pytest.mark.parametrize("folder", ["..", "../../etc", "..\\..", "x" * 300])
def test_no_folder_outside_the_root(server, name, folder):
    reply = server.get(name, dir=folder, project="digits")
    assert reply.status == 404
    assert "is no folder of this server" in reply.content["message"]


def test_a_refusal_says_what_was_given(server):
    reply = server.get("projects", dir="../100%")
    assert reply.content["message"] == "'../100%' is no folder of this server."


def test_arguments_that_make_no_sense_are_refused(server):
    assert server.get("runs", limit="-1").status == 400
    assert server.get("runs", limit="²").status == 400
    assert server.get("runs", search="x" * 1001).status == 400


# --- projects


def test_projects_of_a_folder(server):
    found = server.get("projects").content
    assert found["store"].endswith("/notebooks/.tracker")
    assert [(p["name"], p["runs"], p["running"]) for p in found["projects"]] == [("digits", 3, 0)]
    assert found["running"] == []
    assert server.get("projects", dir="other").content["projects"][0]["runs"] == 1


def test_where_nothing_was_logged_there_is_nothing_and_nothing_is_made(server):
    place = server.root / "nothing" / ".tracker"
    place.mkdir(parents=True)
    assert server.get("projects", dir="nothing").content["projects"] == []
    found = server.get("runs", dir="nothing").content
    assert found == {"runs": [], "more": False, "metrics": {}, "sweeps": [], "more_sweeps": False}
    assert list(place.iterdir()) == []


def test_a_running_run_is_counted_until_it_ends(server):
    root = server.root / "live"
    run = tracker.init(project="p", name="slow", dir=root, settings=QUIET)
    run.log({"loss": 1.0})
    wait_for(lambda: server.get("projects", dir="live").content["running"])
    found = server.get("projects", dir="live").content
    assert found["running"] == [{"project": "p", "id": run.id, "name": "slow"}]
    assert found["projects"][0]["running"] == 1
    run.finish()
    assert server.get("projects", dir="live").content["running"] == []


def test_alerts_are_told_from_a_time_on(server):
    run = tracker.init(project="p", name=NASTY, dir=server.root / "alerts", settings=QUIET)
    run.alert("old")
    run.flush()
    first = server.get("projects", dir="alerts").content
    assert first["alerts"] == []
    since = first["now_ms"]
    run.alert(NASTY, "x" * 1000, "WARN")
    run.alert("new")
    run.flush()
    reply = server.get("projects", dir="alerts", since=since)
    newest, alert = reply.content["alerts"]
    assert newest["title"] == "new"
    assert alert.pop("time_ms") >= since
    assert alert == {
        "project": "p", "id": run.id, "name": NASTY, "level": "WARN", "title": NASTY,
        "text": "x" * 300,
    }  # fmt: skip
    etag = reply.headers["ETag"]
    assert server.get("projects", dir="alerts", since=since, etag=etag).status == 304
    run.finish()
    assert len(server.get("projects", dir="alerts", since=1).content["alerts"]) == 3
    assert server.get("projects", dir="alerts", since="9" * 15).content["alerts"] == []


def test_the_run_of_a_killed_process_is_crashed(server):
    root = server.root / "killed"
    root.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    # A child that was just being started, such as git, holds its parent's files for an instant.
    def state() -> str:
        server.get("projects", dir="killed")
        (run,) = server.get("runs", dir="killed").content["runs"] or [{"state": "not there"}]
        return run["state"]

    wait_for(lambda: state() == "crashed")


# --- runs


def test_runs_come_with_value_and_curve(server):
    found = server.get("runs", project="digits").content
    assert [run["id"] for run in found["runs"]] == ["run2", "run1", "run0"]
    first = found["runs"][-1]
    assert first["value"] == "1"
    assert first["spark"].startswith("M1.5 1.5L")
    assert first["state"] == "finished"
    assert first["runtime_s"] == pytest.approx(20, abs=1)
    assert found["metrics"]["digits"] == {"chosen": "loss", "keys": ["loss"]}
    assert not found["more"]


def test_names_are_text_and_stay_as_they_are(server):
    names = {run["name"] for run in server.get("runs", project="digits").content["runs"]}
    assert NASTY in names


def test_few_are_asked_for(server):
    found = server.get("runs", project="digits", limit=2).content
    assert [run["id"] for run in found["runs"]] == ["run2", "run1"]
    assert found["more"]


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("RUN2", ["run2"]),
        ("onerror", ["run1"]),
        ("digits", ["run2", "run1", "run0"]),
        ("(", ["run1"]),
        ("finished", ["run2", "run1", "run0"]),
        ("' OR 1=1 --", []),
    ],
)
def test_runs_are_searched(server, search, ids):
    found = server.get("runs", search=search).content["runs"]
    assert [run["id"] for run in found] == ids


def test_the_metric_that_is_asked_for_else_one_with_a_goal_else_the_first(server):
    root = server.root / "metrics"
    log(root, "plain", {"b": 1.0, "a": 2.0})
    run = tracker.init(project="goal", dir=root, settings=QUIET)
    run.define_metric("acc", summary="max", goal="maximize")
    run.log({"loss": 0.5, "acc": 0.7})
    run.log({"acc": 0.6})
    run.finish()
    ask = {"dir": "metrics"}
    assert server.get("runs", project="plain", **ask).content["runs"][0]["value"] == "1"
    wanted = server.get("runs", project="plain", metric="a", **ask).content
    assert (wanted["metrics"]["plain"]["chosen"], wanted["runs"][0]["value"]) == ("a", "2")
    assert server.get("runs", metric="a", **ask).content["metrics"]["goal"]["chosen"] == "acc"
    assert server.get("runs", project="goal", **ask).content["runs"][0]["value"] == "0.6"


def test_a_hidden_metric_is_shown_where_it_is_asked_for(server):
    root = server.root / "hidden"
    run = tracker.init(project="p", dir=root, settings=QUIET)
    run.define_metric("step/*", hidden=True)
    run.log({"step/train": 3, "loss": 0.5})
    run.finish()
    found = server.get("runs", dir="hidden").content
    assert found["metrics"]["p"] == {"chosen": "loss", "keys": ["loss", "step/train"]}
    found = server.get("runs", dir="hidden", metric="step/train").content
    assert (found["metrics"]["p"]["chosen"], found["runs"][0]["value"]) == ("step/train", "3")


def test_a_run_without_numbers_has_no_curve(server):
    log(server.root / "empty", "p")
    (run,) = server.get("runs", dir="empty").content["runs"]
    assert (run["value"], run["spark"]) == ("", "")


# --- sweeps


def search(root: Path, project: str, values: list[float], **more: Any) -> Controller:
    """Make a sweep and run a trial for each value; NaN and failures are none that is best."""
    config = {
        "method": "random", "metric": {"name": "loss"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
    }  # fmt: skip
    made = create(open_store(root / ".tracker"), config | more, project, seed=1)
    agent = made.ledger.attend("agent")
    for value in values:
        trial = made.claim("agent", "batch").trial
        assert trial is not None
        made.set_value(trial.number, 1, value)
        made.end(trial.number, 1, "failed" if value < 0 else "finished")
    made.ledger.leave("agent", agent)
    made.publish()
    return made


def test_sweeps_come_with_how_far_they_are(server):
    root, values = server.root / "sweeps", [0.5, 0.25, float("nan"), -1.0]
    first = search(root, "p", values, name=NASTY, run_cap=6)
    most = {"name": "acc", "goal": "Maximize"}
    second = search(root, "p", values, method="bayes", metric=most)
    second.turn("paused")
    search(root, "other", [])
    newest, oldest = server.get("runs", dir="sweeps", project="p").content["sweeps"]
    assert oldest.pop("created_ms") < newest.pop("created_ms")
    assert oldest == {
        "project": "p", "id": first.sweep_id, "name": NASTY, "method": "random",
        "state": "running", "metric": "loss", "goal": "minimize", "done": 4, "running": 0,
        "expected": 6, "best": "0.25",
    }  # fmt: skip
    assert newest == {
        "project": "p", "id": second.sweep_id, "name": second.sweep_id, "method": "bayes",
        "state": "paused", "metric": "acc", "goal": "maximize", "done": 4, "running": 0,
        "expected": None, "best": "0.5",
    }  # fmt: skip


def test_a_sweep_that_has_not_begun_has_nothing_yet(server):
    root = server.root / "begun"
    log(root, "older", {"x": 1.0})
    search(root, "p", [], metric=None)
    projects = server.get("projects", dir="begun").content["projects"]
    assert [(project["name"], project["runs"]) for project in projects] == [("p", 0), ("older", 1)]
    (found,) = server.get("runs", dir="begun", project="p").content["sweeps"]
    assert (found["done"], found["best"], found["metric"]) == (0, "", "")


def test_sweeps_say_what_their_panel_says(server):
    made = search(server.root / "same", "p", [0.5, 0.25, float("inf"), -1.0], name="s", run_cap=9)
    made.enqueue({"x": 0.5})
    source = SweepSource(made)
    with made.store.reading() as db:
        source.read(db)
    head = source.head()
    (found,) = server.get("runs", dir="same", project="p").content["sweeps"]
    same = ("project", "id", "name", "method", "metric", "goal", "done", "expected")
    assert {name: found[name] for name in same} == {name: head[name] for name in same}
    assert found["best"] == format_number(head["best"]["value"])


@pytest.mark.parametrize(
    ("text", "count"),
    [("SHRINK", 1), ("random", 2), ("running", 2), ("found", 2), ("%", 0), ("' OR 1=1 --", 0)],
)
def test_sweeps_are_searched(server, text, count):
    root = server.root / "found"
    if not root.exists():
        search(root, "found", [], name="Shrink it")
        search(root, "found", [])
    assert len(server.get("runs", dir="found", search=text).content["sweeps"]) == count


def test_few_sweeps_are_asked_for(server):
    store = open_store(server.root / "many" / ".tracker")
    config = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
    ids = [create(store, config, "p").sweep_id for _ in range(3)]
    found = server.get("runs", dir="many", project="p", sweeps=2).content
    assert [sweep["id"] for sweep in found["sweeps"]] == ids[:0:-1]
    assert found["more_sweeps"] is True
    found = server.get("runs", dir="many", project="p", sweeps=3).content
    assert (len(found["sweeps"]), found["more_sweeps"]) == (3, False)


def test_news_of_a_sweep_are_sent(server):
    made = search(server.root / "turning", "p", [1.0])
    first = server.get("runs", dir="turning")
    made.turn("paused")
    again = server.get("runs", etag=first.headers["ETag"], dir="turning")
    assert [sweep["state"] for sweep in again.content["sweeps"]] == ["paused"]


# --- asking again


def test_what_a_page_has_is_not_sent_again(server):
    for name in ("projects", "runs"):
        # JupyterLab puts the time into each address, so that browsers keep no answer.
        first = server.get(name, project="digits", **{"1795674310600": ""})
        again = server.get(name, etag=first.headers["ETag"], project="digits")
        assert (again.status, again.body) == (304, b"")
        other = server.get(name, etag=first.headers["ETag"], project="digits", dir="other")
        assert other.status == 200


def test_news_are_sent(server):
    root = server.root / "news"
    log(root, "p", {"x": 1.0})
    first = server.get("runs", dir="news")
    log(root, "p", {"x": 2.0})
    again = server.get("runs", etag=first.headers["ETag"], dir="news")
    assert [run["value"] for run in again.content["runs"]] == ["2", "1"]


def test_looking_keeps_no_idle_server_awake(server):
    def last_activity() -> str:
        return server.get("api/status", no_track_activity=1).content["last_activity"]

    before = last_activity()
    server.get("projects")
    assert last_activity() == before


# --- trouble is told in a sentence


def test_a_damaged_store_is_said(server):
    root = server.root / "damaged" / ".tracker"
    root.mkdir(parents=True)
    (root / "tracker.duckdb").write_bytes(b"no database" * 1000)
    reply = server.get("projects", dir="damaged")
    assert reply.status == 503
    assert "`tracker doctor --rebuild` makes a new one" in reply.content["message"]


# --- what else there is


def test_the_loader_is_the_one_of_the_notebooks(server):
    from tracker.panels.page import bundle

    found = server.get("loader").content
    assert found == {"script": bundle.loader(), "version": bundle.app_version()}


def test_a_report_is_one_file_in_a_sandbox(server):
    reply = server.get("report", project="digits", run="run1")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert reply.headers["Content-Security-Policy"].startswith("sandbox allow-scripts;")
    assert reply.headers["Content-Disposition"] == ("attachment; filename*=UTF-8''digits-run1.html")
    assert NASTY.encode() not in reply.body
    assert b"&lt;img src=x onerror" in reply.body


def test_a_report_of_a_sweep(server):
    made = search(server.root / "reported", "p", [0.5, 0.25])
    with tracker.init(project="p", dir=server.root / "reported", settings=QUIET) as run:
        run.log({"loss": 0.5})
    reply = server.get("report", dir="reported", project="p", sweep=made.sweep_id)
    assert reply.status == 400
    assert "has no runs to report on yet" in reply.content["message"]
    sweep = tracker.Sweep(made.sweep_id, dir=server.root / "reported")

    def train() -> None:
        run = tracker.init(settings=QUIET)
        run.log({"loss": run.config["x"]})

    sweep.run(train, count=1)
    reply = server.get("report", dir="reported", project="p", sweep=made.sweep_id)
    assert reply.status == 200
    name = f"filename*=UTF-8''p-{made.sweep_id}.html"
    assert reply.headers["Content-Disposition"] == f"attachment; {name}"
    assert b"random search" in reply.body


def test_a_report_of_nothing_is_refused(server):
    reply = server.get("report", project="--output=/tmp/x")
    assert reply.status == 400
    assert "The report could not be written: " in reply.content["message"]
