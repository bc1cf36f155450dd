"""Panels without a kernel: what they are in a notebook's file, and what they leave behind."""

from __future__ import annotations

import gc
import json
import threading
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import comm
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from tracker.api import Api
from tracker.errors import NotFoundError, UsageError
from tracker.panels.live import show_live
from tracker.panels.page.panel import PANEL_MIMETYPE, WIDGET_MIMETYPE
from tracker.panels.run_panel import RunPanel
from tracker.panels.show import show
from tracker.panels.workspace.project_panel import ProjectPanel
from tracker.sweeps import sweep

from .conftest import Page

HAS_ALL = {"app": True, "plotly": True}


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    """After each test no thread, comm or comm target is left."""
    before = leftovers()
    yield
    gc.collect()
    wait_for(lambda: leftovers() == before)


def leftovers() -> tuple[list[str], int, bool]:
    manager = comm.get_comm_manager()
    names = [t.name for t in threading.enumerate() if t.name.startswith("tracker-panels")]
    return names, len(manager.comms), "tracker" in manager.targets


@pytest.fixture
def shell():
    """An IPython without a notebook, which is what ``publish_display_data`` needs."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def wait_for(condition: Callable[[], Any]) -> None:
    """Wait until it is so, at most a minute: longer than the thread's rest between two looks."""
    until_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until_s, "it did not happen in time"
        time.sleep(0.02)


def view(panel) -> Page:
    """Look at a panel as a page does, over the comm target."""
    page = Page()
    panel._board.greet("page", page.client, HAS_ALL)  # noqa: SLF001
    return page


def test_a_panel_comes_in_all_forms_that_a_front_end_may_choose(root: Path, begin) -> None:
    run = begin()
    run.log({"loss": 0.25})
    run.flush()
    panel = RunPanel(root, run.project, run.id)
    bundle = panel._repr_mimebundle_()
    assert list(bundle) == [PANEL_MIMETYPE, WIDGET_MIMETYPE, "text/html", "text/plain"]
    own = bundle[PANEL_MIMETYPE]
    assert own == {
        "model_id": panel.model_id,
        "panel": own["panel"],
        "run": f"digits/{run.id}",
        "version": 1,
    }
    assert own["panel"].endswith("/run")
    assert bundle[WIDGET_MIMETYPE]["model_id"] == panel.model_id
    assert "0.25" in bundle["text/html"]
    assert bundle["text/plain"] == f"<run digits/{run.id}>"
    json.dumps(bundle)
    panel.close()


def test_the_saved_form_is_small_whatever_was_logged(root: Path, begin) -> None:
    run = begin(config={f"k{i}": "v" * 400 for i in range(300)})
    rng = np.random.default_rng(0)
    for row in rng.normal(size=(1500, 60)).tolist():
        run.log({f"layer/{i}": value for i, value in enumerate(row)})
    run.finish()
    panel = RunPanel(root, run.project, run.id, live=False)
    assert len(json.dumps(panel.bundle())) <= 110_000
    assert len(panel.static_html().encode()) <= 100_000
    HTMLParser().feed(panel.static_html())
    panel.close()


def test_the_state_of_the_widget_is_small(root: Path, begin) -> None:
    run = begin(name="x" * 1000)
    for step in range(100):
        run.log({f"m{i}": step for i in range(50)})
    run.flush()
    panel = RunPanel(root, run.project, run.id)
    view(panel)
    state = panel._host.get_state()  # noqa: SLF001
    assert len(json.dumps(state)) < 2000
    panel.close()


def test_news_reach_the_page_without_asking(root: Path, begin) -> None:
    run = begin()
    panel = RunPanel(root, run.project, run.id)
    unsubscribe = run.subscribe(panel.on_flush)
    page = view(panel)
    arrived = threading.Event()
    send = page.client.send
    page.client.send = lambda content, buffers: (
        send(content, buffers),
        content["type"] == "data" and arrived.set(),
    )
    page.client.visible = {"metric/a"}
    run.log({"a": 1.0})
    assert arrived.wait(60)
    unsubscribe()
    panel.close()


def test_runs_of_other_processes_are_noticed_by_the_file(root: Path, begin) -> None:
    run = begin()
    panel = RunPanel(root, run.project, run.id)
    page = view(panel)
    page.client.visible = {"metric/a"}
    panel.has_news()
    run.log({"a": 1.0})
    run.flush()
    wait_for(lambda: page.of("data"))
    panel.close()


def test_the_end_stops_the_thread_and_leaves_the_panel_usable(root: Path, begin) -> None:
    run = begin()
    run.log({"a": 1.0})
    panel = RunPanel(root, run.project, run.id)
    page = view(panel)
    run.finish()
    panel.finish()
    panel.finish()
    assert page.of("head")[-1]["head"]["state"] == "finished"
    wait_for(lambda: not leftovers()[0])
    page.take()
    look = {"type": "view", "visible": ["metric/a"], "request": 1}
    panel._board.hear(page.client, look)  # noqa: SLF001
    assert page.take() == ["data", "reply"]
    panel.close()
    panel.close()
    assert page.is_closed


def test_a_run_that_ends_elsewhere_is_followed_no_more(root: Path, begin) -> None:
    run = begin()
    panel = RunPanel(root, run.project, run.id)
    view(panel)
    run.finish()
    panel.on_flush(set())
    wait_for(lambda: not leftovers()[0])
    panel.close()


def test_a_run_is_shown_where_it_began_and_updated_when_it_ends(root: Path, begin, shell) -> None:
    run = begin()
    run.flush()
    with capture_output() as shown:
        live = show_live(root, run.project, run.id)
        unsubscribe = run.subscribe(live.on_flush)
        run.log({"loss": 0.125})
        run.finish()
        unsubscribe()
        live.finish()
    first, last = shown.outputs
    first_data, last_data = first.data, last.data
    assert first_data[WIDGET_MIMETYPE] == last_data[WIDGET_MIMETYPE]
    assert "running" in first_data["text/html"]
    assert "0.125" in last_data["text/html"]
    assert "finished" in last_data["text/html"]
    live.close()


def test_show_finds_runs_and_projects(root: Path, tmp_path: Path, begin) -> None:
    first, second = begin("digits", name="alpha"), begin("other", name="beta")
    for run in (first, second):
        run.log({"a": 1})
        run.finish()
    cases = {
        None: f"<run other/{second.id}>",
        "digits": "<project digits>",
        first.id: f"<run digits/{first.id}>",
        "alpha": f"<run digits/{first.id}>",
        f"digits/{first.id}": f"<run digits/{first.id}>",
        f"entity/digits/{first.id}": f"<run digits/{first.id}>",
        "digits/alpha": f"<run digits/{first.id}>",
    }
    for target, text in cases.items():
        panel = show(target, dir=tmp_path)
        assert panel.as_text() == text
        panel.close()


def test_show_takes_runs_and_sweeps(root: Path, tmp_path: Path, begin) -> None:
    runs = [begin("digits", name=name) for name in ("alpha", "beta", "gamma")]
    other = begin("other", name="delta")
    for run in (*runs, other):
        run.finish()
    found = Api(dir=tmp_path).runs("digits", "name != beta")
    panel = show(found, dir=tmp_path)
    (head,) = view(panel).of("head")
    assert head["head"]["matched"] == 2
    assert head["head"]["workspace"]["is_newer_elsewhere"] is False
    panel.close()
    panel = show(found[0], dir=tmp_path)
    assert panel.as_text() == f"<run digits/{runs[0].id}>"
    panel.close()
    handle = sweep(
        {"method": "random", "parameters": {"a": {"value": 1}}}, project="digits", dir=tmp_path
    )
    panel = show(handle, dir=tmp_path)
    assert panel.as_text() == f"<sweep digits/{handle}>"
    panel.close()
    for wrong in ([], Api(dir=tmp_path).runs()):
        with pytest.raises(UsageError, match="expected runs of one"):
            show(wrong, dir=tmp_path)


@pytest.mark.parametrize("target", ["gone", "digits/gone", "gone/alpha", "", "/", "<b>"])
def test_show_says_what_there_is_when_it_finds_nothing(tmp_path: Path, begin, target: str) -> None:
    begin("digits", name="alpha").finish()
    with pytest.raises(NotFoundError, match="Its projects: digits"):
        show(target, dir=tmp_path)


def test_show_in_an_empty_store_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"start one with tracker\.init\(\)"):
        show(dir=tmp_path)


def test_a_project_draws_its_newest_runs_and_those_chosen(root: Path, begin) -> None:
    runs = []
    for number in range(12):
        run = begin(name=f"run {number}")
        for step in range(5):
            run.log({"loss": number + step, "only": 1} if number == 3 else {"loss": number + step})
        run.finish()
        runs.append(run)
    panel = ProjectPanel(root, "digits")
    page = view(panel)
    board = panel._board  # noqa: SLF001
    board.hear(page.client, {"type": "rows", "from": 0, "to": 50, "columns": ["summary.only"]})
    (rows,) = page.of("rows")
    assert [row["name"] for row in rows["rows"]] == [f"run {i}" for i in range(11, -1, -1)]
    assert [row["cells"] for row in rows["rows"]] == [[None]] * 8 + [[1]] + [[None]] * 3
    assert [row["eye"] for row in rows["rows"]] == [True] * 10 + [False] * 2
    assert len({row["colour"] for row in rows["rows"][:10]}) == 10
    board.hear(page.client, {"type": "view", "visible": ["metric/loss"]})
    lines = page.charts()["metric/loss"]["lines"]
    assert [line["run"] for line in lines] == [run.id for run in runs[2:]]
    page.take()
    patch = {"runset": {"only": [runs[0].id, runs[1].id]}}
    board.hear(page.client, {"type": "workspace", "patch": patch})
    loss = page.charts()["metric/loss"]
    assert [line["label"] for line in loss["lines"]] == ["run 0", "run 1"]
    assert loss["parts"][1, "line"][1].tolist() == [1, 2, 3, 4, 5]
    assert panel.identity()["project"] == "digits"
    assert "run 11" in panel.bundle()["text/html"]
    panel.close()
