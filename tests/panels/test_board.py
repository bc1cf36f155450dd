from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tracker.figures import colour_of, curve_figure
from tracker.panels.curves.charts import Ask
from tracker.panels.page.board import Board
from tracker.panels.run_source import RunSource
from tracker.panels.workspace.project_source import ProjectSource
from tracker.store.store import open_store

from .conftest import Page

SEES = {"type": "view", "x": "step", "width": 300, "hidden": False}
HAS_ALL = {"app": True, "plotly": True}


def a_board(root: Path, run) -> Board:
    return Board(root, RunSource(run.project, run.id), lambda: None)


def test_a_page_gets_the_panel_the_run_and_then_the_library(root: Path, begin, page: Page) -> None:
    run = begin(name="calm-lake-3", config={"lr": 0.1, "<b>": {"deep": [1, 2]}}, tags=["a"])
    run.log({"train/loss": 1.0, "epoch": 1})
    run.flush()
    a_board(root, run).greet("p", page.client, {})
    assert [c["type"] for c, _ in page.messages] == ["app", "head", "about", "charts", "plotly"]
    (head,) = page.of("head")
    assert head["head"]["name"] == "calm-lake-3"
    assert head["head"]["state"] == "running"
    assert head["head"]["tags"] == ["a"]
    (about,) = page.of("about")
    assert about["about"]["config"] == [["lr", "0.1"], ["<b>.deep", "[1, 2]"]]
    (listed,) = page.of("charts")
    shown = [(c["name"], c["section"], c["title"]) for c in listed["charts"]]
    assert shown == [("metric/train/loss", "train", "loss"), ("metric/epoch", "Charts", "epoch")]


def test_a_page_that_has_all_gets_only_what_it_lacks(root: Path, begin, page: Page) -> None:
    run = begin()
    run.flush()
    a_board(root, run).greet("p", page.client, HAS_ALL)
    assert page.take() == ["head", "about", "charts"]


@pytest.mark.parametrize("x", ["step", "relative", "time"])
def test_a_patch_holds_what_the_figure_draws(root: Path, begin, page: Page, x: str) -> None:
    run = begin()
    for step in range(3000):
        wild = {500: math.nan, 900: math.inf, 901: -math.inf}.get(step, math.sin(step / 50))
        run.log({"wild": wild, "few": step} if step % 300 == 0 else {"wild": wild})
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, {**SEES, "x": x, "visible": ["metric/wild", "metric/few"]})
    source = RunSource(run.project, run.id)
    with open_store(root).reading() as db:
        source.read(db)
        drawings = source.drawings(db, source.charts(), Ask(x, 300))
    for key in ("wild", "few"):
        (read_,) = drawings[f"metric/{key}"].lines
        assert read_.curve.total == {"wild": 3000, "few": 10}[key]
        line = (key, colour_of(source.record.run_key), read_.curve)
        figure = curve_figure("", [line], x=x)
        chart = page.charts()[f"metric/{key}"]
        drawn = {role: data for (_, role), data in chart["parts"].items() if role != "base"}
        assert list(drawn) == [trace.meta["role"] for trace in figure.data]
        for trace in figure.data:
            np.testing.assert_array_equal(drawn[trace.meta["role"]], (trace.x, trace.y))
            style = chart["styles"][0][trace.meta["role"]]
            assert trace.mode == style["mode"]
            assert trace.marker.color == style.get("marker", {}).get("color")
        assert figure.layout.xaxis.title.text == chart["layout"]["xaxis"]["title"]["text"]
    assert not page.charts()["metric/wild"]["exact"]
    assert page.charts()["metric/few"]["exact"]


@pytest.mark.parametrize("x", ["step", "relative", "time"])
@pytest.mark.parametrize("span", [None, (700.0, 900.0)])
def test_a_run_is_drawn_as_in_the_workspace_of_its_project(
    root: Path, begin, x: str, span: tuple[float, float] | None
) -> None:
    run = begin()
    for step in range(5000):
        run.log({"a": math.sin(step / 9) if step != 800 else math.nan, "b": step // 7})
    run.define_metric("b", step_metric="nothing")
    run.flush()
    for _ in range(2):
        found = []
        for source in (RunSource(run.project, run.id), ProjectSource(run.project)):
            with open_store(root).reading() as db:
                source.read(db)
                drawings = source.drawings(db, source.charts(), Ask(x, 200, span))
            found.append({name: drawings[name].lines[0].curve for name in sorted(drawings)})
        one, other = found
        assert list(one) == list(other) == ["metric/a", "metric/b"]
        for name, curve in one.items():
            np.testing.assert_array_equal(curve.x, other[name].x)
            np.testing.assert_array_equal(curve.y, other[name].y)
        run.finish()


def test_only_changed_charts_on_the_screen_are_sent(root: Path, begin, page: Page) -> None:
    run = begin()
    run.log({"a": 1.0, "b": 1.0, "c": 1.0})
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, {**SEES, "visible": ["metric/a", "metric/b"]})
    assert sorted(page.charts()) == ["metric/a", "metric/b"]
    page.take()
    board.push()
    assert not page.of("data")
    run.log({"a": 2.0, "c": 2.0})
    run.flush()
    board.mark({"a", "c"})
    board.push()
    (sent,) = page.of("data")
    assert [chart["name"] for chart in sent["charts"]] == ["metric/a"]
    assert "layout" not in sent["charts"][0]


def test_what_may_have_changed_but_did_not_is_not_sent(root: Path, begin, page: Page) -> None:
    run = begin()
    run.log({"a": math.nan})
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, {**SEES, "visible": ["metric/a"]})
    page.take()
    board.mark_all()
    board.push()
    assert page.take() == []


def test_a_hidden_view_costs_no_reading(root: Path, begin, page: Page) -> None:
    run = begin()
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, {**SEES, "hidden": True})
    page.take()
    open_store(root).database.rename(root / "away")
    board.push()
    assert not board.is_watched
    assert page.take() == []
    (root / "away").rename(open_store(root).database)
    run.log({"a": 1})
    run.flush()
    board.hear(page.client, {"type": "view", "hidden": False})
    assert "charts" in page.take()


def test_a_zoom_is_answered_with_every_point_of_the_stretch(root: Path, begin, page: Page) -> None:
    run = begin()
    for step in range(20_000):
        run.log({"a": math.sin(step)})
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, {**SEES, "visible": ["metric/a"]})
    page.take()
    zoom = {"type": "zoom", "chart": "metric/a", "low": 700.0, "high": 900.0, "request": 7}
    board.hear(page.client, zoom)
    x, y = page.charts()["metric/a"]["parts"][0, "line"]
    inside = (x >= 700) & (x <= 900)
    np.testing.assert_array_equal(x[inside], np.arange(700.0, 901.0))
    np.testing.assert_allclose(y[inside], np.sin(x[inside]))
    assert (x[0], x[-1]) == (0, 19_999)
    assert page.messages[-1][0] == {"type": "reply", "request": 7}
    page.take()
    board.hear(page.client, {"type": "zoom", "chart": "metric/a", "low": None, "high": None})
    x, _ = page.charts()["metric/a"]["parts"][0, "line"]
    assert ((x >= 700) & (x <= 900)).sum() < 20


def test_metrics_have_the_axis_and_are_hidden_as_defined(root: Path, begin, page: Page) -> None:
    run = begin()
    run.define_metric("val/*", step_metric="epoch")
    run.define_metric("secret", hidden=True)
    for epoch in range(5):
        run.log({"epoch": epoch * 10, "val/acc": epoch / 10, "secret": 1, "_private": 1})
        run.log({"train/loss": 1.0})
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, {**SEES, "visible": ["metric/val/acc", "metric/train/loss"]})
    names = [chart["name"] for chart in page.of("charts")[0]["charts"]]
    assert names == ["metric/epoch", "metric/val/acc", "metric/train/loss"]
    accuracy = page.charts()["metric/val/acc"]
    assert accuracy["parts"][0, "line"][0].tolist() == [0, 10, 20, 30, 40]
    assert accuracy["layout"]["xaxis"]["title"]["text"] == "epoch"
    assert page.charts()["metric/train/loss"]["layout"]["xaxis"]["title"]["text"] == "Step"


def test_the_end_of_a_run_is_told(root: Path, begin, page: Page) -> None:
    run = begin()
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    page.take()
    run.finish(exit_code=1)
    board.push()
    assert page.of("head")[0]["head"]["state"] == "failed"
    assert board.source.is_over


def test_a_failed_run_tells_its_error(root: Path, begin, page: Page) -> None:
    with pytest.raises(ZeroDivisionError), begin() as run:
        run.log({"a": 1 / 0})
    a_board(root, run).greet("p", page.client, HAS_ALL)
    (head,) = page.of("head")
    assert head["head"]["error"] == "ZeroDivisionError: division by zero"
    assert "Traceback" in head["head"]["traceback"]


def test_alerts_are_sent_when_they_come_the_newest_first(root: Path, begin, page: Page) -> None:
    run = begin()
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    assert page.of("alerts") == []
    run.alert("Low", "below 0.5", level="WARN")
    run.alert("x" * 100, wait_duration=0)
    run.flush()
    page.take()
    board.push()
    (sent,) = page.of("alerts")
    assert [(a["level"], a["title"], a["text"]) for a in sent["alerts"]] == [
        ("INFO", "x" * 64, ""),
        ("WARN", "Low", "below 0.5"),
    ]
    run.log({"a": 1})
    run.flush()
    page.take()
    board.push()
    assert "alerts" not in page.take()


def test_a_run_that_is_not_there_yet_is_awaited(root: Path, begin, page: Page) -> None:
    board = Board(root, RunSource("digits", "later"), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    assert page.of("head")[0]["head"]["missing"] is True
    run = begin(id="later")
    run.log({"a": 1})
    run.flush()
    board.push()
    assert "missing" not in page.of("head")[-1]["head"]
    assert page.of("charts")[-1]["charts"][0]["name"] == "metric/a"


def test_readings_and_console_are_sent_to_those_who_look(root: Path, begin, page: Page) -> None:
    run = begin(settings={"panel": False, "silent": True, "console": False, "save_code": False,
                          "system_interval_s": 0.05})  # fmt: skip
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    tiles: dict = {}
    while "cpu" not in tiles:
        run.flush()
        board.mark_all()
        board.push()
        tiles = {tile["name"]: tile for strip in page.of("strip") for tile in strip["tiles"]}
    assert tiles["cpu"]["unit"] == "%"
    assert tiles["cpu"]["top"] == 100
    assert [line["label"] for line in tiles["memory"]["lines"]] == ["this run", "machine"]
    assert not page.of("console")
    board.hear(page.client, {"type": "view", "console": True, "strip": False})
    assert page.of("console")[0]["lines"] == []
    page.take()
    board.mark_all()
    board.push()
    assert not page.of("strip")


def test_a_store_that_cannot_be_read_is_said_and_got_over(root: Path, begin, page: Page) -> None:
    run = begin()
    run.log({"a": 1})
    run.finish()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    database = open_store(root).database
    content = database.read_bytes()
    database.write_bytes(b"not a database" * 100)
    page.take()
    board.push()
    assert "damaged" in page.of("trouble")[0]["text"]
    database.write_bytes(content)
    page.take()
    board.push()
    assert page.of("trouble")[0]["text"] == ""


def test_closing_ends_all_connections(root: Path, begin, page: Page) -> None:
    board = a_board(root, begin())
    board.greet("p", page.client, HAS_ALL)
    board.close()
    assert page.is_closed
    assert not board.clients


def test_changes_of_the_file_are_noticed_once(root: Path, begin) -> None:
    run = begin()
    run.flush()
    board = a_board(root, run)
    assert board.has_changed_outside()
    assert not board.has_changed_outside()
    run.log({"a": 1})
    run.flush()
    assert board.has_changed_outside()


def test_curves_for_the_summary_are_thinned(root: Path, begin) -> None:
    run = begin()
    for step in range(2000):
        run.log({"a": step, "image": {"text": "no number"}})
    run.flush()
    source = RunSource(run.project, run.id)
    with open_store(root).reading() as db:
        source.read(db)
        found = source.curves(db, width=100)
        assert source.drawings(db, source.charts(), Ask(width=50))
    assert len(found["a"].x) <= 400


def test_a_page_that_was_silent_at_the_end_gets_it_when_it_speaks(
    root: Path, begin, page: Page
) -> None:
    run = begin()
    run.flush()
    board = a_board(root, run)
    board.greet("p", page.client, HAS_ALL)
    page.client.heard_s -= 1000
    run.finish()
    board.push()
    assert page.of("head")[-1]["head"]["state"] == "running"
    board.hear(page.client, {"type": "beat"})
    assert page.of("head")[-1]["head"]["state"] == "finished"


def test_a_chart_that_cannot_be_read_says_so_and_the_others_go_on(
    root: Path, begin, page: Page
) -> None:
    run = begin()
    for step in range(3000):
        run.log({"long": step, "short": step} if step < 10 else {"long": step})
    run.finish()
    store = open_store(root)
    with store.writing() as db:
        db.execute("ALTER TABLE rollup_odd RENAME TO away")
    board = Board(root, ProjectSource(run.project), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, {**SEES, "visible": ["metric/long", "metric/short"]})
    assert sorted(page.charts()) == ["metric/short"]
    (failed,) = page.of("failed")
    assert failed["chart"] == "metric/long"
    assert failed["text"].startswith("This chart could not be read: CatalogException: ")
    page.take()
    board.mark_all()
    board.push()
    assert page.take() == []
    with store.writing() as db:
        db.execute("ALTER TABLE away RENAME TO rollup_odd")
    board.push()
    assert sorted(page.charts()) == ["metric/long"]


def test_a_store_that_cannot_be_read_is_a_note(root: Path, begin, page: Page) -> None:
    run = begin()
    run.log({"a": 1.0})
    run.flush()
    store = open_store(root)
    with store.writing() as db:
        db.execute("ALTER TABLE series RENAME TO away")
    board = Board(root, ProjectSource(run.project), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    (trouble,) = page.of("trouble")
    assert trouble["text"].startswith("The panel could not be read: CatalogException: ")
    with store.writing() as db:
        db.execute("ALTER TABLE away RENAME TO series")
    board.push()
    assert page.of("trouble")[-1]["text"] == ""
    assert page.of("charts")
