"""Panel grids as live workspaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tracker
import tracker.report as wr
from tracker.panels import views
from tracker.panels.page.panel import Panel
from tracker.panels.page.source import Source
from tracker.panels.views import ViewMessage
from tracker.panels.workspace.project_panel import ProjectPanel
from tracker.report.stage import Artist, StagePanel
from tracker.report.workspaces import is_workspace, to_workspace
from tracker.store.store import open_store

from .conftest import log_run
from .hostile import SETTINGS


def workspace(
    panels: list[Any], project: str = "digits", **runset: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    grid = wr.PanelGrid([wr.Runset(**runset)], panels=panels)
    assert is_workspace(grid)
    return to_workspace(wr.Report(project, blocks=[grid]), grid)


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
    content, own = workspace(
        [
            wr.LinePlot(y=["loss"], x="Relative Time", smoothing_factor=0.5, range_y=(0, None)),
            wr.BarPlot(metrics=["loss"], groupby_aggfunc="max", groupby_rangefunc="stderr"),
            wr.ScatterPlot(x="lr", y="loss", log_x=True),
            wr.ParallelCoordinatesPlot(axes),
            wr.ParameterImportancePlot("loss"),
            wr.RunComparer(diff_only=True),
            wr.MarkdownPanel("*a*"),
            wr.MediaBrowser(),
            wr.CodeComparer(),
            wr.ScalarChart(metric="loss"),
            wr.RunTable(),
        ]
    )
    (section,) = content["sections"]
    curve, bar, scatter, parallel, importance, comparer, text, media, code = section["panels"][:9]
    assert (curve["keys"], curve["x"], curve["y_range"]) == (["loss"], "relative", [0, None])
    assert curve["smoothing"] == {"kind": "time-weighted", "amount": 0.5}
    assert (bar["columns"], bar["aggregate"], bar["spread"]) == (["summary.loss"], "max", "sem")
    assert (scatter["x"], scatter["y"]) == ("config.lr", "summary.loss")
    assert parallel["log"] == ["config.lr"]
    assert importance["target"] == "summary.loss"
    assert comparer["only_differences"] is True
    assert text["text"] == "*a*"
    assert (media["kind"], media["key"]) == ("media", "sample")
    assert (code["run"], code["other"]) == (runs[1], runs[2])
    assert [spec["kind"] for spec in section["panels"][9:]] == ["report", "report"]
    assert [type(panel).__name__ for panel in own.values()] == ["ScalarChart", "RunTable"]
    assert list(own) == [spec["id"] for spec in section["panels"][9:]]


def test_a_project_may_have_no_runs_yet(store: Path) -> None:
    content, _ = workspace([wr.LinePlot(y=["loss"])], project="later")
    assert content["sections"][0]["panels"][0]["keys"] == ["loss"]
    assert content["removed"] == ["settings/parallel", "settings/importance"]


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
        own = set(spec) - {"id", "kind", "width", "height", "title"}
        assert own <= set(known[spec["kind"]]), spec["kind"]


def _a_runset() -> Any:
    from tracker.panels.workspace.project_source import ProjectSource
    from tracker.settings import find_store
    from tracker.store.store import open_store

    source = ProjectSource("digits")
    with open_store(find_store(None)).reading() as db:
        source.read(db)
    return source.runset


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was displayed."""
    things: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: things.append(thing))
    yield things
    for thing in things:
        if isinstance(thing, Panel):
            thing.close()


def test_showing_a_report_shows_text_and_live_panels(runs: list[str], shown: list[Any]) -> None:
    plots = [wr.LinePlot(y=["loss"]), wr.ScalarChart(metric="loss")]
    pinned = wr.PanelGrid([wr.Runset(follow=False)], panels=[wr.LinePlot(y=["loss"])])
    two = wr.PanelGrid([wr.Runset(query="0"), wr.Runset(query="1")], panels=plots)
    sql = wr.SQLBlock("select count(*) from runs")
    blocks = [wr.P("words"), wr.PanelGrid(panels=plots), pinned, two, sql]
    report = wr.Report("digits", title="T", blocks=blocks).save()
    assert tracker.show(report) is None
    title, words, project, chart, stage, rows = shown
    assert title["text/markdown"].startswith("# T")
    assert words["text/markdown"] == "words"
    assert isinstance(project, ProjectPanel)
    assert "image/png" in chart
    assert isinstance(stage, StagePanel)
    assert isinstance(rows, StagePanel)
    still = rows.bundle()["text/html"]
    assert "count_star()" in still
    assert stage.bundle()["text/html"].count("data:image/png") == 1


def read(source: Source, root: Path) -> dict[str, ViewMessage]:
    """Read what a page would be sent of each part, as a board does."""
    with open_store(root).reading() as db:
        source.read(db)
        works = {str(spec["id"]): source.draw(db, spec) for spec in source.panels()}
    return {name: work() if callable(work) else work for name, work in works.items()}


def test_what_moves_draws_what_was_logged_since(
    runs: list[str], shown: list[Any], store: Path
) -> None:
    run = log_run("late", 0.7)
    late = wr.Runset(runs=[run.id])
    two = wr.PanelGrid(
        [late, wr.Runset(query="nobody")],
        panels=[wr.LinePlot(y=["loss"]), wr.RunTable(), wr.LinePlot(y=["never"])],
    )
    grid = wr.PanelGrid([late], panels=[wr.ScalarChart(metric="loss")])
    sql = wr.SQLBlock("select max(step) as last from history where key = 'loss'")
    wr.Report("digits", blocks=[two, grid, sql]).show()
    _, stage, project, rows = shown
    sources = [panel._source for panel in (stage, project, rows)]  # noqa: SLF001
    before = [read(source, store) for source in sources]
    lines, table, none = before[0].values()
    assert (lines.renderer, table.renderer, none.renderer) == ("plotly", "html", "trouble")
    assert "late" in table.content["html"]
    assert sources[0].head()["runs"][0][0] == "late"
    assert ">19<" in before[2]["report/block"].content["html"]
    (number,) = before[1].values()
    with tracker.init("digits", id=run.id, resume="must", settings=SETTINGS) as again:
        again.log({"loss": 123.0, "never": 1.0})
    after = [read(source, store) for source in sources]
    assert after[0]["report/0"].content != lines.content
    assert after[0]["report/2"].renderer == "plotly"
    assert "123" in next(iter(after[1].values())).content["html"]
    assert after[1] != before[1]
    assert number.renderer == "html"
    assert ">20<" in after[2]["report/block"].content["html"]


def test_panels_are_drawn_once_for_what_the_store_has(runs: list[str], store: Path) -> None:
    panels = {"lines": wr.LinePlot(y=["loss"]), "table": wr.RunTable()}
    grid = wr.PanelGrid([wr.Runset()], panels=list(panels.values()))
    artist = Artist(wr.Report("digits", blocks=[grid]), grid, panels)
    first = artist.drawings()
    with open_store(store).reading() as db:
        artist.read(db)
    assert all(drawn is first[name] for name, drawn in artist.drawings().items())
    log_run("late", 0.7)
    assert "late" not in first["table"].html
    assert "late" in artist.drawings()["table"].html


def test_all_else_is_shown_as_before(runs: list[str], store: Path) -> None:
    assert isinstance(tracker.show(f"digits/{runs[0]}"), Panel)
