"""Drawings of settings and results: bars, points, parallel coordinates, importance, a number."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tracker.errors import UsageError
from tracker.figures.bars import Bar, bar_figure, group_bars, run_bars
from tracker.figures.colours import PALETTE, as_hex
from tracker.figures.columns import as_number
from tracker.figures.formats import escape, format_number
from tracker.figures.parallel import parallel_figure
from tracker.figures.scatter import Front, scatter_figure
from tracker.figures.summary import flat_items
from tracker.report.drawing.tables import common_results
from tracker.report.fields import Field, column_of, label_of
from tracker.report.plots import (
    BarPlot,
    GradientPoint,
    ParallelCoordinatesPlot,
    ParameterImportancePlot,
    ScalarChart,
    ScatterPlot,
)
from tracker.report.scene import Drawn, Scene, SceneRun, differing_fields, group_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

RUN_LIMIT = 100
_SPREADS: Final = {"minmax": "minmax", "stddev": "std", "stderr": "sem", "none": "none"}
_AGGREGATES: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "mean": statistics.fmean, "min": min, "max": max, "median": statistics.median, "sum": math.fsum,
}  # fmt: skip
_BAR_HEIGHT, _LEAST_HEIGHT, _MOST_HEIGHT = 24, 220, 620


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Runs that have the same values of some fields."""

    name: str
    colour: str
    members: Sequence[SceneRun]


def groups_of(scene: Scene, runs: Sequence[SceneRun], fields: Sequence[Field]) -> list[Group]:
    """Return the groups of runs, in the order of their first runs."""
    found: dict[str, list[SceneRun]] = {}
    for run in runs:
        found.setdefault(group_of(run.record, fields), []).append(run)
    is_known = set(found) <= set(scene.group_colours)
    colours = scene.group_colours if is_known else scene.colours_of(found)
    return [Group(name, colours.get(name, PALETTE[0]), members) for name, members in found.items()]


def _fields_of(scene: Scene, own: Field | None) -> list[Field]:
    """Return what runs are grouped by: what the panel says, else what the run sets say."""
    if own is not None:
        return [own]
    return list(dict.fromkeys(each for runset in scene.grid.runsets for each in runset.groupby))


def draw_bars(scene: Scene, panel: BarPlot) -> Drawn:
    """Draw a bar for each run or group."""
    runs = scene.shown(panel.max_runs_to_show or RUN_LIMIT)
    records = [run.record for run in runs]
    columns = [column_of(each, records) for each in panel.metrics]
    title = panel.title or ", ".join(map(label_of, panel.metrics)) or "Bars"
    if not columns:
        return Drawn(title, note="The bars name no metric: give them metrics=['loss'].")
    fields = _fields_of(scene, panel.groupby)
    bars = (
        _grouped(groups_of(scene, runs, fields), columns, panel)
        if fields
        else run_bars(runs, columns)
    )
    bars = [_chosen(bar, panel) for bar in bars[: panel.max_bars_to_show]]
    figure = _plain(bar_figure(bars, x_title=panel.title_x or ""))
    layout = figure["layout"]
    if panel.range_x != (None, None):
        layout["xaxis"]["range"] = list(panel.range_x)
    if panel.title_y:
        layout["yaxis"]["title"] = {"text": escape(panel.title_y)}
    if panel.orientation == "v":
        _stand(figure)
    height = min(max(_LEAST_HEIGHT, _BAR_HEIGHT * len(bars) + 60), _MOST_HEIGHT)
    return Drawn(title, figure=figure, height=height if panel.orientation == "h" else 0)


def _grouped(groups: Sequence[Group], columns: Sequence[str], panel: BarPlot) -> list[Bar]:
    spread = _SPREADS.get(panel.groupby_rangefunc or "stddev", "std")
    aggregate = panel.groupby_aggfunc or "mean"
    return group_bars(groups, columns, aggregate, spread)  # type: ignore[arg-type]


def _chosen(bar: Bar, panel: BarPlot) -> Bar:
    """Return a bar with the name and colour that were chosen for it."""
    for place in (bar.id, bar.name):
        if place in (panel.line_titles or {}):
            bar = replace(bar, name=(panel.line_titles or {})[place])
        if place in (panel.line_colors or {}):
            bar = replace(bar, colour=(panel.line_colors or {})[place])
    return bar


def _stand(figure: dict[str, Any]) -> None:
    """Turn lying bars upright."""
    for trace in figure["data"]:
        trace["x"], trace["y"] = trace["y"], trace["x"]
        trace["orientation"] = "v"
        if "error_x" in trace:
            trace["error_y"] = trace.pop("error_x")
    layout = figure["layout"]
    layout["xaxis"], layout["yaxis"] = layout["yaxis"], layout["xaxis"]
    bounds = layout["xaxis"].get("range")
    layout["xaxis"]["range"] = None if bounds is None else list(bounds)[::-1]
    for words in layout.get("annotations") or ():
        words["x"], words["y"] = words.get("y"), words.get("x")


def draw_points(scene: Scene, panel: ScatterPlot) -> Drawn:
    """Draw a point for each run."""
    runs = scene.shown()
    records = [run.record for run in runs]
    if panel.x is None or panel.y is None:
        return Drawn(panel.title or "Scatter plot", note="The plot needs x and y.")
    x, y = column_of(panel.x, records), column_of(panel.y, records)
    colour = None if panel.z is None else column_of(panel.z, records)
    front: Front = "min" if panel.running_ymin else "max" if panel.running_ymax else "none"
    drawn = scatter_figure(
        runs, x, y, colour=colour, log_x=bool(panel.log_x), log_y=bool(panel.log_y),
        log_colour=bool(panel.log_z), front=front,
    )  # fmt: skip
    figure = _plain(drawn)
    _bound(figure, panel)
    numbers = sorted(
        (as_number(run.value(x)), as_number(run.value(y))) for run in runs
    )  # fmt: skip
    known = [(a, b) for a, b in numbers if math.isfinite(a) and math.isfinite(b)]
    if panel.regression:
        figure["data"] += _regression(known, panel)
    if panel.running_ymean and known:
        means = [statistics.fmean(b for _, b in known[: end + 1]) for end in range(len(known))]
        figure["data"].append(_line([a for a, _ in known], means, "running mean"))
    return Drawn(panel.title or f"{label_of(panel.y)} by {label_of(panel.x)}", figure=figure)


def _bound(figure: dict[str, Any], panel: ScatterPlot) -> None:
    for name, given, is_log in (
        ("xaxis", panel.range_x, panel.log_x), ("yaxis", panel.range_y, panel.log_y),
    ):  # fmt: skip
        if given != (None, None) and name in figure["layout"]:
            figure["layout"][name]["range"] = [
                bound if bound is None or not is_log or bound <= 0 else math.log10(bound)
                for bound in given
            ]
    for trace in figure["data"]:
        marker = trace.get("marker") or {}
        if "colorscale" not in marker:
            continue
        marker["cmin"], marker["cmax"] = panel.range_z
        if panel.gradient:
            marker["colorscale"] = _scale(panel.gradient)


def _scale(points: Sequence[GradientPoint]) -> list[list[Any]]:
    """Return a gradient as Plotly wants it: from 0 to 1, both of them there."""
    ordered = sorted(points, key=lambda point: point.offset)
    stops: list[list[Any]] = [[point.offset / 100, point.color] for point in ordered]
    return [[0.0, stops[0][1]], *(s for s in stops if 0 < float(s[0]) < 1), [1.0, stops[-1][1]]]


def _shades(points: Sequence[GradientPoint], count: int = 41) -> list[str]:
    """Return the colours of a gradient at places that are as far apart from each other."""
    import numpy as np

    stops = _scale(points)
    places = np.linspace(0, 1, count)
    codes = [as_hex(colour) or "#80868f" for _, colour in stops]
    known = np.array([list(bytes.fromhex(code[1:])) for code in codes], dtype=float)
    parts = [np.interp(places, [place for place, _ in stops], part) for part in known.T]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.round(parts).astype(int).T.tolist()]


def _regression(known: Sequence[tuple[float, float]], panel: ScatterPlot) -> list[dict[str, Any]]:
    """Return the straight line of least squares, straight on the axes as they are."""
    import numpy as np

    points = [(a, b) for a, b in known if (a > 0 or not panel.log_x) and (b > 0 or not panel.log_y)]
    xs, ys = np.array([a for a, _ in points]), np.array([b for _, b in points])
    if len(set(xs.tolist())) < 2:
        return []
    across = np.log10(xs) if panel.log_x else xs
    up = np.log10(ys) if panel.log_y else ys
    slope, start = np.polyfit(across, up, 1)
    ends = np.linspace(across.min(), across.max(), 60)
    fitted = slope * ends + start
    return [
        _line(
            10**ends if panel.log_x else ends, 10**fitted if panel.log_y else fitted, "regression"
        )
    ]


def _line(x: Any, y: Any, name: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "hoverinfo": "skip",
        "showlegend": False, "line": {"width": 1.4, "dash": "dash", "color": "#80868f"},
    }  # fmt: skip


def draw_parallel(scene: Scene, panel: ParallelCoordinatesPlot) -> Drawn:
    """Draw a line for each run across its settings and results."""
    runs = scene.shown()
    records = [run.record for run in runs]
    columns = [column_of(each.metric, records) for each in panel.columns]
    if not columns:
        columns = [*differing_fields(records, 5), *common_results(runs, 1)]
    axes = list(zip(columns, panel.columns, strict=False))
    drawn = parallel_figure(
        runs,
        columns,
        log=[column for column, each in axes if each.log],
        inverted=[column for column, each in axes if each.inverted],
        titles={column: each.display_name for column, each in axes if each.display_name},
        shades=_shades(panel.gradient) if panel.gradient else (),
    )
    figure = _plain(drawn)
    return Drawn(panel.title or "Parallel coordinates", figure=figure, height=340)


def draw_importance(scene: Scene, panel: ParameterImportancePlot) -> Drawn:
    """Draw how much each setting matters for a metric."""
    from tracker.figures.forest import importances
    from tracker.figures.importance import importance_figure

    runs = scene.shown()
    records = [run.record for run in runs]
    if panel.with_respect_to is None:
        found = common_results(runs, 1)
        if not found:
            raise UsageError("The runs have no result that settings could matter for.")
        target = found[0]
    else:
        target = column_of(panel.with_respect_to, records)
    keys = dict.fromkeys(key for record in records for key, _ in flat_items(record.config))
    columns = [f"config.{key}" for key in keys if not key.startswith("_")]
    ranked, count = importances(runs, target, columns)
    title = panel.title or f"What matters for {label_of(target)}"
    height = min(max(_LEAST_HEIGHT, 2 * _BAR_HEIGHT + 26 * len(ranked)), _MOST_HEIGHT)
    figure = _plain(importance_figure(ranked, target, count))
    return Drawn(title, figure=figure, height=height)


def draw_scalar(scene: Scene, panel: ScalarChart) -> Drawn:
    """Draw one number."""
    runs = scene.shown()
    column = column_of(panel.metric, [run.record for run in runs])
    numbers = [n for run in runs if math.isfinite(n := as_number(run.value(column)))]
    word = panel.groupby_aggfunc or "mean"
    title = panel.title or f"{label_of(panel.metric)} ({word})"
    if not numbers:
        return Drawn(title, note=f"No run of this set has a number for {label_of(panel.metric)}.")
    value = float(_AGGREGATES.get(word, statistics.fmean)(numbers))
    of = f"of {len(numbers)} runs" if len(numbers) > 1 else ""
    return Drawn(
        title, html=f'<div class="number">{escape(format_number(value))}</div><small>{of}</small>'
    )


def _plain(figure: go.Figure) -> dict[str, Any]:
    """Return a figure as dicts whose arrays are arrays."""
    told: dict[str, Any] = figure.to_dict()
    told["data"] = list(told["data"])
    return told
