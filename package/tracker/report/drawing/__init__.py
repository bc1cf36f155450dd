"""Panels to figures and tables, one file a kind; the arithmetic is in :mod:`tracker.figures`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.errors import TrackerError
from tracker.report.custom_chart import CustomChart
from tracker.report.drawing.comparer import code_needs, draw_code, draw_comparer
from tracker.report.drawing.custom import custom_needs, draw_custom
from tracker.report.drawing.fonts import sized
from tracker.report.drawing.lines import draw_lines, line_needs
from tracker.report.drawing.media import draw_media, media_needs
from tracker.report.drawing.results import (
    draw_bars,
    draw_importance,
    draw_parallel,
    draw_points,
    draw_scalar,
)
from tracker.report.drawing.tables import draw_runs
from tracker.report.drawing.trials import (
    best_needs,
    draw_best_so_far,
    draw_trial_curves,
    trial_curves_needs,
)
from tracker.report.drawing.words import draw_markdown, draw_unknown
from tracker.report.plots import (
    BarPlot,
    BestSoFarPlot,
    LinePlot,
    Panel,
    ParallelCoordinatesPlot,
    ParameterImportancePlot,
    ScalarChart,
    ScatterPlot,
    TrialCurvesPlot,
)
from tracker.report.scene import Drawn, Scene
from tracker.report.source import Question
from tracker.report.viewers import (
    CodeComparer,
    MarkdownPanel,
    MediaBrowser,
    RunComparer,
    RunTable,
    UnknownPanel,
)
from tracker.store.database.connection import Connection

PIXELS_A_ROW = 40

DRAWERS: dict[type[Panel], Callable[[Scene, Any], Drawn]] = {
    BarPlot: draw_bars,
    BestSoFarPlot: draw_best_so_far,
    CodeComparer: draw_code,
    CustomChart: draw_custom,
    LinePlot: draw_lines,
    MarkdownPanel: draw_markdown,
    MediaBrowser: draw_media,
    ParallelCoordinatesPlot: draw_parallel,
    ParameterImportancePlot: draw_importance,
    RunComparer: draw_comparer,
    RunTable: draw_runs,
    ScalarChart: draw_scalar,
    ScatterPlot: draw_points,
    TrialCurvesPlot: draw_trial_curves,
    UnknownPanel: draw_unknown,
}

NEEDS: dict[type[Panel], Callable[[Scene, Any], list[Question]]] = {
    BestSoFarPlot: best_needs,
    CodeComparer: code_needs,
    CustomChart: custom_needs,
    LinePlot: line_needs,
    MediaBrowser: media_needs,
    TrialCurvesPlot: trial_curves_needs,
}


def prepare(scene: Scene, db: Connection | None = None) -> None:
    """Read what all panels will ask for, with few openings of the store.

    Parameters
    ----------
    scene : Scene
    db : connection, optional
        The store, if it is open already.
    """
    for source in scene.sources:
        source.prepare([("runs",), ("series",), ("rules",)], db)
    asked = [
        question
        for panel in scene.grid.panels
        if (need := NEEDS.get(type(panel))) is not None
        for question in need(scene, panel)
    ]
    for source in scene.sources:
        source.prepare(asked, db)


def draw_all(scene: Scene) -> list[Drawn]:
    """Draw every panel; one that fails says why in its place."""
    prepare(scene)
    return [draw(scene, panel) for panel in scene.grid.panels]


def draw(scene: Scene, panel: Panel) -> Drawn:
    """Draw a panel; one that fails says why in its place."""
    try:
        drawn = sized(DRAWERS[type(panel)](scene, panel), getattr(panel, "font_size", None))
    except TrackerError as error:
        drawn = Drawn(getattr(panel, "title", None) or type(panel).__name__, note=str(error))
    if panel.layout is not None:
        drawn.height = panel.layout.h * PIXELS_A_ROW
    return drawn
