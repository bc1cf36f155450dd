"""How a search went on: what its runs achieved over time, and the best so far."""

from __future__ import annotations

import math
from typing import Any

from tracker.errors import UsageError
from tracker.figures.columns import as_number
from tracker.figures.summary import flat_items
from tracker.figures.sweep import TrialMark, progress_figure
from tracker.report.drawing.tables import common_results
from tracker.report.fields import column_of, label_of
from tracker.report.plots import BestSoFarPlot
from tracker.report.scene import Drawn, Scene, SceneRun


def draw_best_so_far(scene: Scene, panel: BestSoFarPlot) -> Drawn:
    """Draw the result of each run when it ended, and the best up to then."""
    runs = sorted(scene.shown(), key=lambda run: run.record.created_at)
    found = common_results(runs, 1) if panel.metric is None else [panel.metric]
    if not found:
        raise UsageError("The runs have no result that one could have been the best by.")
    column = column_of(found[0], [run.record for run in runs])
    label = label_of(column)
    marks = [_mark(number, run, runs[0], column) for number, run in enumerate(runs)]
    figure: dict[str, Any] = progress_figure(
        marks, label, is_maximized=panel.goal == "maximize", since="the first run"
    ).to_dict()
    figure["data"] = list(figure["data"])
    return Drawn(panel.title or f"Best {label} so far", figure=figure)


def _mark(number: int, run: SceneRun, first: SceneRun, column: str) -> TrialMark:
    value, ended_at = as_number(run.value(column)), run.record.ended_at
    seconds = None if ended_at is None else (ended_at - first.record.created_at).total_seconds()
    params = {key: each for key, each in flat_items(run.record.config) if not key.startswith("_")}
    return TrialMark(
        number, run.record.state, value if math.isfinite(value) else None, seconds, params, run.id
    )
