"""How a search went on: what its runs achieved over time, the best so far, and their curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tracker.errors import UsageError
from tracker.figures.columns import as_number
from tracker.figures.summary import flat_items
from tracker.figures.sweep import TrialMark, progress_figure, trial_curves_figure
from tracker.records import Curve
from tracker.report.drawing.tables import common_results
from tracker.report.fields import Field, column_of, label_of, path_of
from tracker.report.plots import BestSoFarPlot, TrialCurvesPlot
from tracker.report.scene import Drawn, Scene, SceneRun
from tracker.report.source import Question


def draw_best_so_far(scene: Scene, panel: BestSoFarPlot) -> Drawn:
    """Draw the result of each run when it ended, and the best up to then."""
    runs = sorted(scene.shown(), key=lambda run: run.record.created_at)
    found: Sequence[Field] = common_results(runs, 1) if panel.metric is None else [panel.metric]
    if not found:
        raise UsageError("The runs have no result that one could have been the best by.")
    column = column_of(found[0], [run.record for run in runs])
    label = label_of(column)
    values = {run.record.run_key: as_number(run.value(column)) for run in runs}
    is_maximized = panel.goal == "maximize"
    if panel.value == "best":
        values |= {
            key: best
            for key, curve in _curves(scene, found[0]).items()
            if (best := _best(curve, is_maximized=is_maximized)) is not None
        }
    marks = [_mark(run, runs[0], number, values) for number, run in enumerate(runs)]
    figure: dict[str, Any] = progress_figure(
        marks, label, is_maximized=is_maximized, since="the first run"
    ).to_dict()
    figure["data"] = list(figure["data"])
    return Drawn(panel.title or f"Best {label} so far", figure=figure)


def best_needs(scene: Scene, panel: BestSoFarPlot) -> list[Question]:
    """Return what drawing the plot will ask for."""
    if panel.value != "best" or panel.metric is None:
        return []
    return [("curves", [_key(panel.metric)], "step")]


def draw_trial_curves(scene: Scene, panel: TrialCurvesPlot) -> Drawn:
    """Draw the metric of each run over its iterations, and where trials are judged."""
    runs = sorted(scene.shown(), key=lambda run: run.record.created_at)
    curves, label = _curves(scene, panel.metric), label_of(panel.metric)
    marks = [
        _mark(run, runs[0], number, {}, curves.get(run.record.run_key))
        for number, run in enumerate(runs)
    ]
    marks.sort(key=lambda mark: mark.state == "running")
    figure: dict[str, Any] = trial_curves_figure(marks, label, panel.rungs).to_dict()
    figure["data"] = [{**trace, "meta": {"run": trace["customdata"][0]}} if trace.get("customdata")
                      else trace for trace in figure["data"]]  # fmt: skip
    return Drawn(panel.title or f"{label} of each trial", figure=figure)


def trial_curves_needs(scene: Scene, panel: TrialCurvesPlot) -> list[Question]:
    """Return what drawing the plot will ask for."""
    return [("curves", [_key(panel.metric)], "step")]


def _curves(scene: Scene, metric: Field) -> dict[int, Curve]:
    """Return the curve of each run that logged the metric."""
    key = _key(metric)
    return {curve.run_key: curve for each in scene.sources for curve in each.curves([key], "step")}


def _key(metric: Field) -> str:
    return path_of(metric).removeprefix("summary.")


def _best(curve: Curve, *, is_maximized: bool) -> float | None:
    """Return the best value, which no thinning takes away; None without a finite one."""
    finite = curve.y[np.isfinite(curve.y)]
    if not len(finite):
        return None
    return float(finite.max() if is_maximized else finite.min())


def _mark(
    run: SceneRun,
    first: SceneRun,
    number: int,
    values: dict[int, float],
    curve: Curve | None = None,
) -> TrialMark:
    value, ended_at = values.get(run.record.run_key, math.nan), run.record.ended_at
    seconds = None if ended_at is None else (ended_at - first.record.created_at).total_seconds()
    params = {key: each for key, each in flat_items(run.record.config) if not key.startswith("_")}
    return TrialMark(
        number, run.record.state, value if math.isfinite(value) else None, seconds, params, run.id,
        curve, run.name,
    )  # fmt: skip
