"""Line plots."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tracker.errors import UsageError
from tracker.figures.axes import XAxis, x_axis
from tracker.figures.curve import curve_layout, role_style, strokes
from tracker.figures.formats import escape
from tracker.figures.smoothing import Smoothing, representatives, smooth
from tracker.records import Curve, MetricRule
from tracker.report.drawing.groups import group_lines, group_traces
from tracker.report.drawing.results import groups_of
from tracker.report.fields import label_of, path_of
from tracker.report.plots import LinePlot
from tracker.report.scene import Drawn, Scene, SceneRun
from tracker.report.source import WIDTH, Question
from tracker.report.templates import hover, legend

if TYPE_CHECKING:
    from tracker.report.fields import Field

_AXES: Final = {
    "step": "step", "_step": "step", "relativetime": "relative", "relativetime(wall)": "relative",
    "relativetime(process)": "relative", "relative": "relative", "_runtime": "relative",
    "walltime": "time", "time": "time", "_timestamp": "time", "_absolute_runtime": "relative",
}  # fmt: skip
_KINDS: Final = {
    "exponentialTimeWeighted": "time-weighted", "exponential": "exponential",
    "gaussian": "gaussian", "average": "average",
}  # fmt: skip
_DASHES: Final = {
    "solid": "solid", "dashed": "dash", "dotted": "dot", "dotdash": "dashdot",
    "dotdotdash": "longdashdot",
}  # fmt: skip
_AREAS: Final = {"stacked-area": "", "pct-area": "percent"}
# With more lines the list of runs above the panels is the legend.
LEGEND_LIMIT = 6
# Lines of a second and third metric in one plot are told apart by their dashes.
_CYCLE: Final = ("solid", "dash", "dot", "dashdot")


def draw_lines(scene: Scene, panel: LinePlot) -> Drawn:
    """Draw the curves of metrics."""
    formulas = panel.custom_expressions or []
    keys = _keys(scene, panel)
    title = panel.title or ", ".join([*keys, *formulas][:4]) or "Line plot"
    if not keys and not formulas:
        return Drawn(title, note="The plot names no metric: give it y=['loss'] or a metric_regex.")
    x = _x_of(scene, panel.x, keys)
    runs = scene.shown(panel.max_runs_to_show)
    fields = _grouping(scene, panel)
    if fields is not None and formulas:
        raise UsageError("LinePlot.custom_expressions are drawn of runs, not of groups of them.")
    if fields is not None:
        return _draw_groups(scene, panel, runs, keys, x, fields, title)
    found = _curves(scene, runs, keys, x) + _worked_out(scene, runs, formulas, x)
    keys = [*keys, *formulas]
    if not found:
        return Drawn(title, note=f"No run of this set has logged {', '.join(keys[:4])}.")
    axis = _axis(x, [curve for _, curve in found], panel.title_x)
    layout = curve_layout(
        "", axis, y_title=panel.title_y or "", log_x=bool(panel.log_x), log_y=bool(panel.log_y),
        y_range=None,
    )  # fmt: skip
    traces = [trace for run, curve in found for trace in _traces(panel, run, curve, axis, keys)]
    if panel.smoothing_factor and panel.smoothing_type != "none":
        traces = _smoothed(panel, found, traces, axis, keys)
    if panel.plot_type in _AREAS:
        traces = _stacked(traces, _AREAS[panel.plot_type])
    layout["showlegend"] = 1 < len(found) <= LEGEND_LIMIT
    _settle(panel, layout, [curve for _, curve in found])
    return Drawn(title, figure={"data": traces, "layout": layout})


def _grouping(scene: Scene, panel: LinePlot) -> list[Field] | None:
    """Return what lines are grouped by; None where each run has its own."""
    if panel.groupby_aggfunc == "samples":
        return None
    if panel.groupby is not None:
        return [panel.groupby]
    fields = dict.fromkeys(each for runset in scene.grid.runsets for each in runset.groupby)
    return list(fields) if fields or panel.aggregate else None


def _draw_groups(
    scene: Scene,
    panel: LinePlot,
    runs: Sequence[SceneRun],
    keys: Sequence[str],
    x: str,
    fields: Sequence[Field],
    title: str,
) -> Drawn:
    lines = group_lines(scene, panel, groups_of(scene, runs, fields), keys, x)
    if not lines:
        return Drawn(title, note=f"No run of this set has logged {', '.join(keys[:4])}.")
    curves = [line.curve for line in lines]
    axis = _axis(x, curves, panel.title_x)
    layout = curve_layout(
        "", axis, y_title=panel.title_y or "", log_x=bool(panel.log_x), log_y=bool(panel.log_y)
    )
    layout["showlegend"] = True
    _settle(panel, layout, curves)
    if panel.smoothing_factor and panel.smoothing_type != "none":
        kind = _KINDS[panel.smoothing_type or "exponentialTimeWeighted"]
        smoothing = Smoothing(kind, float(panel.smoothing_factor))  # type: ignore[arg-type]
        lines = [
            line._replace(
                curve=replace(line.curve, y=smooth(line.curve.x, line.curve.y, smoothing))
            )
            for line in lines
        ]
    return Drawn(title, figure={"data": group_traces(lines, axis, role_style), "layout": layout})


def _smooth(curve: Curve, smoothing: Smoothing) -> Curve:
    return replace(curve, y=smooth(curve.x, curve.y, smoothing))


def line_needs(scene: Scene, panel: LinePlot) -> list[Question]:
    """Return what drawing the plot will ask for."""
    keys = _keys(scene, panel)
    formulas = [("expression", each) for each in panel.custom_expressions or ()]
    if not keys:
        return list(formulas)
    x = _x_of(scene, panel.x, keys)
    if x == "step" and _grouping(scene, panel) is not None:
        return [("columns", [key]) for key in keys]
    return [("curves", sorted(keys), x), *formulas]


def _keys(scene: Scene, panel: LinePlot) -> list[str]:
    keys = [path_of(each) for each in panel.y]
    if panel.metric_regex:
        pattern = re.compile(panel.metric_regex)
        known = dict.fromkeys(
            each.key
            for source in scene.sources
            for each in source.series()
            if each.kind != "json" and not each.key.startswith("_")
        )
        keys += [key for key in known if pattern.search(key) and key not in keys]
    return keys


def _x_of(scene: Scene, field: Field | None, keys: Sequence[str]) -> str:
    """Return the x-axis as sources know it; steps give way to what ``define_metric`` said."""
    name = path_of(field) if field is not None else "Step"
    kind = _AXES.get(name.lower().replace(" ", ""))
    if kind is None:
        return f"key:{name}"
    if kind != "step":
        return kind
    rules = [rule for source in scene.sources for run in source.rules().values() for rule in run]
    axes = {_step_metric(rules, key) for key in keys}
    own = axes.pop() if len(axes) == 1 else None
    return kind if own is None else f"key:{own}"


def _step_metric(rules: Sequence[MetricRule], key: str) -> str | None:
    for rule in reversed(rules):
        if rule.step_metric and (rule.name == key or _is_glob(rule.name, key)):
            return rule.step_metric
    return None


def _is_glob(name: str, key: str) -> bool:
    return name.endswith("*") and key.startswith(name[:-1])


def _curves(
    scene: Scene, runs: Sequence[SceneRun], keys: Sequence[str], x: str
) -> list[tuple[SceneRun, Curve]]:
    by_key = {run.record.run_key: run for run in runs}
    order = {key: place for place, key in enumerate(by_key)}
    found = [
        (by_key[curve.run_key], curve)
        for source in scene.sources
        for curve in source.curves(list(keys), x)
        if curve.run_key in by_key and by_key[curve.run_key].source is source
    ]
    found.sort(key=lambda pair: (keys.index(pair[1].key), order[pair[1].run_key]))
    return found


def _worked_out(
    scene: Scene, runs: Sequence[SceneRun], formulas: Sequence[str], x: str
) -> list[tuple[SceneRun, Curve]]:
    """Return what formulas over metrics give for the runs."""
    if formulas and x != "step":
        raise UsageError("LinePlot.custom_expressions are drawn over steps: give it x='Step'.")
    by_key = {run.record.run_key: run for run in runs}
    return [
        (by_key[curve.run_key], curve)
        for formula in formulas
        for source in scene.sources
        for curve in source.expression(formula)
        if curve.run_key in by_key and by_key[curve.run_key].source is source
    ]


def _axis(x: str, curves: Sequence[Curve], title: str | None) -> XAxis:
    if x.startswith("key:"):
        return XAxis("step", 1.0, title or x.removeprefix("key:"))
    longest = max((float(curve.x[-1]) for curve in curves if len(curve.x)), default=0.0)
    return x_axis(x, longest, title)


def _traces(
    panel: LinePlot, run: SceneRun, curve: Curve, axis: XAxis, keys: Sequence[str]
) -> list[dict[str, Any]]:
    made = []
    for role, (x, y) in strokes(curve, axis).items():
        style = role_style(
            role, _label(panel, run, curve.key, keys), _colour(panel, run, curve.key)
        )
        style["meta"] = {"role": role, "run": run.run_id}
        _speak(style, panel, run, curve.key)
        if role == "line":
            _shape(style, panel, run, curve.key, keys)
        made.append({**style, "x": x, "y": y})
    return made


def _speak(style: dict[str, Any], panel: LinePlot, run: SceneRun, key: str) -> None:
    """Say of a point what the template says, where it says anything."""
    if panel.legend_template and style["meta"]["role"] in ("line", "smooth"):
        words = hover(panel.legend_template, run.record, key, escape)
        if words:
            style["hovertemplate"] = f"{words}<extra>{style['name']}</extra>"


def _label(panel: LinePlot, run: SceneRun, key: str, keys: Sequence[str]) -> str:
    chosen = _chosen(panel.line_titles, run, key)
    if chosen is not None:
        return str(chosen)
    if panel.legend_template and (words := legend(panel.legend_template, run.record, key)):
        return words
    return run.name if len(keys) == 1 else f"{run.name} {label_of(key)}"


def _colour(panel: LinePlot, run: SceneRun, key: str) -> str:
    return str(_chosen(panel.line_colors, run, key) or run.colour)


def _chosen(given: dict[str, Any] | None, run: SceneRun, key: str) -> Any:
    """Return what was chosen for a line: by run and metric, by run, or by the run's name."""
    if not given:
        return None
    for name in (f"{run.run_id}:{key}", run.run_id, run.name, key):
        if name in given:
            return given[name]
    return None


def _shape(
    style: dict[str, Any], panel: LinePlot, run: SceneRun, key: str, keys: Sequence[str]
) -> None:
    line = style["line"]
    line["dash"] = _CYCLE[list(keys).index(key) % len(_CYCLE)]
    mark = _chosen(panel.line_marks, run, key)
    if mark == "points":
        style["mode"] = "markers"
        style["marker"] = {"size": 5, "color": line["color"]}
    elif mark is not None:
        line["dash"] = _DASHES[mark]
    width = _chosen(panel.line_widths, run, key)
    if width is not None:
        line["width"] = width


def _smoothed(
    panel: LinePlot,
    found: Sequence[tuple[SceneRun, Curve]],
    traces: list[dict[str, Any]],
    axis: XAxis,
    keys: Sequence[str],
) -> list[dict[str, Any]]:
    """Put each line, pale, behind its smoothed self."""
    kind = _KINDS[panel.smoothing_type or "exponentialTimeWeighted"]
    smoothing = Smoothing(kind, float(panel.smoothing_factor or 0))  # type: ignore[arg-type]
    low = min(float(curve.x[0]) for _, curve in found)
    high = max(float(curve.x[-1]) for _, curve in found)
    kept = []
    for trace in traces:
        if trace["meta"]["role"] in ("line", "dots"):
            if panel.smoothing_show_original is False:
                continue
            trace |= {"opacity": 0.28, "showlegend": False, "hoverinfo": "skip"}
            trace.pop("hovertemplate", None)
        kept.append(trace)
    for run, curve in found:
        places = representatives(curve, WIDTH, low, high)
        x = curve.x[places] * axis.scale
        style = role_style(
            "smooth", _label(panel, run, curve.key, keys), _colour(panel, run, curve.key)
        )
        _shape(style, panel, run, curve.key, keys)
        style["meta"] = {"role": "smooth", "run": run.run_id}
        _speak(style, panel, run, curve.key)
        kept.append({**style, "x": x, "y": smooth(x, curve.y[places], smoothing),
                     "showlegend": True})  # fmt: skip
    return kept


def _stacked(traces: list[dict[str, Any]], norm: str) -> list[dict[str, Any]]:
    """Return lines as areas that stand on each other."""
    stack = {"stackgroup": "all", "groupnorm": norm, "stackgaps": "interpolate", "mode": "lines"}
    lines = [trace for trace in traces if trace["meta"]["role"] == "line"]
    smooth = [trace for trace in traces if trace["meta"]["role"] == "smooth"]
    return [{**trace, **stack, "fill": "tonexty", "opacity": 1} for trace in smooth or lines]


def _settle(panel: LinePlot, layout: dict[str, Any], curves: Sequence[Curve]) -> None:
    """Set the limits of the axes, and where the legend is."""
    for axis, given, is_log in (
        ("xaxis", panel.range_x, panel.log_x), ("yaxis", panel.range_y, panel.log_y),
    ):  # fmt: skip
        bounds = list(given)
        if axis == "yaxis" and panel.ignore_outliers and bounds == [None, None]:
            bounds = list(_middle(curves))
        if bounds != [None, None]:
            layout[axis] |= {"range": [_place(bound, bool(is_log)) for bound in bounds]}
            layout[axis].pop("autorange", None)
    if panel.legend_position in ("east", "west"):
        layout["legend"] |= {
            "orientation": "v", "y": 1.0, "x": 1.02 if panel.legend_position == "east" else -0.2,
        }  # fmt: skip
    elif panel.legend_position == "north":
        layout["legend"] |= {"y": 1.1, "yanchor": "bottom"}


def _place(bound: float | None, is_log: bool) -> float | None:
    import math

    if bound is None or not is_log:
        return bound
    return math.log10(bound) if bound > 0 else None


def _middle(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the limits that hold the middle nine tenths of all values, with a margin."""
    import numpy as np

    values = np.concatenate([curve.y[np.isfinite(curve.y)] for curve in curves])
    if not len(values):
        return 0.0, 1.0
    low, high = (float(each) for each in np.quantile(values, (0.05, 0.95)))
    margin = (high - low) * 0.05 or 0.5
    return low - margin, high + margin
