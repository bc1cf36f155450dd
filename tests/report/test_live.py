"""Panel grids as live workspaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tracker
import tracker.report as wr
from tracker.panels import views
from tracker.panels.panel import Panel
from tracker.report.pinning import source_of
from tracker.report.scene import Scene
from tracker.report.workspaces import is_live, to_workspace


def workspace(panels: list[Any], **runset: Any) -> tuple[dict[str, Any], list[Any]]:
    grid = wr.PanelGrid([wr.Runset(**runset)], panels=panels)
    report = wr.Report("digits", blocks=[grid])
    assert is_live(grid)
    return to_workspace(Scene(report, grid, [source_of(report, grid.runsets[0])]))


def test_a_run_set_becomes_that_of_a_workspace(runs: list[str]) -> None:
    content, _ = workspace(
        [],
        filters="Config('lr') > 0.5",
        query="run",
        order="-loss",
        groupby=["model.layers"],
        runs=runs[:2],
        run_settings={runs[0]: wr.RunSettings(disabled=True)},
    )
    assert content["runset"] == {
        "filter": "config.lr > 0.5",
        "search": "run",
        "group_by": ["config.model.layers"],
        "hidden": [runs[0]],
        "first": "all",
        "only": runs[:2],
        "order": [["summary.loss", "desc"]],
    }
    assert "metric/loss" in content["removed"]


def test_panels_are_those_that_workspaces_have(runs: list[str]) -> None:
    axes = [wr.ParallelCoordinatesPlotColumn("lr", log=True)]
    axes.append(wr.ParallelCoordinatesPlotColumn("loss"))
    content, rest = workspace(
        [
            wr.LinePlot(y=["loss"], x="Relative Time", smoothing_factor=0.5, range_y=(0, None)),
            wr.BarPlot(metrics=["loss"], groupby_aggfunc="max", groupby_rangefunc="stderr"),
            wr.ScatterPlot(x="lr", y="loss", log_x=True),
            wr.ParallelCoordinatesPlot(axes),
            wr.ParameterImportancePlot("loss"),
            wr.RunComparer(diff_only=True),
            wr.MarkdownPanel("*a*"),
            wr.ScalarChart(metric="loss"),
        ]
    )
    (section,) = content["sections"]
    curve, bar, scatter, parallel, importance, comparer, text = section["panels"]
    assert (curve["keys"], curve["x"], curve["y_range"]) == (["loss"], "relative", [0, None])
    assert curve["smoothing"] == {"kind": "time-weighted", "amount": 0.5}
    assert (bar["columns"], bar["aggregate"], bar["spread"]) == (["summary.loss"], "max", "sem")
    assert (scatter["x"], scatter["y"]) == ("config.lr", "summary.loss")
    assert parallel["log"] == ["config.lr"]
    assert importance["target"] == "summary.loss"
    assert comparer["only_differences"] is True
    assert text["text"] == "*a*"
    assert [type(panel).__name__ for panel in rest] == ["ScalarChart"]


def test_every_field_is_one_that_the_view_has(runs: list[str]) -> None:
    content, _ = workspace(
        [
            wr.BarPlot(metrics=["loss"]),
            wr.ScatterPlot(x="lr", y="loss"),
            wr.ParameterImportancePlot("loss"),
            wr.RunComparer(),
            wr.MarkdownPanel("x"),
        ]
    )
    known = {entry["kind"]: entry["defaults"] for entry in views.menu(_a_runset())}
    for spec in content["sections"][0]["panels"]:
        own = set(spec) - {"id", "kind", "width", "title"}
        assert own <= set(known[spec["kind"]]), spec["kind"]


def _a_runset() -> Any:
    from tracker.panels.project_source import ProjectSource
    from tracker.settings import find_store
    from tracker.store.store import open_store

    source = ProjectSource("digits")
    with open_store(find_store(None)).reading() as db:
        source.read(db)
    return source.runset


def test_showing_a_report_shows_text_and_live_panels(
    runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: shown.append(thing))
    live = wr.PanelGrid(panels=[wr.LinePlot(y=["loss"]), wr.ScalarChart(metric="loss")])
    pinned = wr.PanelGrid([wr.Runset(follow=False)], panels=[wr.LinePlot(y=["loss"])])
    report = wr.Report("digits", title="T", blocks=[wr.P("words"), live, pinned]).save()
    assert tracker.show(report) is None
    title, words, panel, number, chart = shown
    assert title["text/markdown"].startswith("# T")
    assert words["text/markdown"] == "words"
    assert isinstance(panel, Panel)
    assert "loss (mean)" in repr(number)
    assert "image/png" in chart


def test_all_else_is_shown_as_before(runs: list[str], store: Path) -> None:
    assert isinstance(tracker.show(f"digits/{runs[0]}"), Panel)
