"""The panels of a grid, with W&B's names for them and for what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.errors import UsageError
from tracker.figures.expressions import parse
from tracker.report import checks
from tracker.report.checks import (
    checked,
    choice,
    flag,
    items,
    mapping,
    number,
    optional,
    text,
)
from tracker.report.fields import Field, metric
from tracker.report.parts import Part
from tracker.report.templates import template

AGGREGATES = ("mean", "min", "max", "median", "sum", "samples")
BANDS = ("minmax", "stddev", "stderr", "none", "samples")
SMOOTHINGS = ("exponentialTimeWeighted", "exponential", "gaussian", "average", "none")
MARKS = ("solid", "dashed", "dotted", "dotdash", "dotdotdash", "points")
GRID_COLUMNS = 24


def _expression(value: Any) -> str:
    """Allow formulas over metrics."""
    kept = text(is_empty_allowed=False)(value)
    try:
        parse(kept)
    except UsageError as error:
        raise checks.Expected(f"a formula: {error}") from None
    return str(kept)


_title = optional(text())
_metrics = items(metric, "names of metrics")
_bounds = checks.pair_of_numbers
_font = optional(choice("small", "medium", "large", "auto"))
_field = optional(metric)
Bounds = tuple[float | None, float | None]


@dataclass(repr=False)
class Layout(Part):
    """Where a panel is and how large: on a grid of 24 columns, with rows of 40 pixels."""

    x: int = checked(checks.whole(0, GRID_COLUMNS - 1), 0)
    y: int = checked(checks.whole(0), 0)
    w: int = checked(checks.whole(1, GRID_COLUMNS), 8)
    h: int = checked(checks.whole(1, 100), 6)


def _layout(value: Any) -> Layout:
    if isinstance(value, Layout):
        return value
    if isinstance(value, Mapping) and value.keys() <= {"x", "y", "w", "h"}:
        return Layout(**value)
    raise checks.Expected("Layout, or a dict of x, y, w and h")


@dataclass(repr=False, kw_only=True)
class Panel(Part, is_abstract=True):
    """A drawing of the runs of a grid. Without a `layout` it stands after the one before it."""

    layout: Layout | None = checked(optional(_layout))


panel = checks.instance(Panel, what="a panel, such as LinePlot, BarPlot or RunComparer")


@dataclass(repr=False)
class LinePlot(Panel):
    """Curves of metrics over steps, time or another metric.

    Parameters
    ----------
    title : str, optional
        Default: the metrics' names.
    x : str or Metric
        ``"Step"``, ``"Relative Time"``, ``"Wall Time"``, or a metric. Default steps.
    y : list of str or Metric
        Metrics; each run has a line for each.
    range_x, range_y : (float, float)
        Limits; None for an end that the data decide.
    log_x, log_y : bool
        Logarithmic axes.
    title_x, title_y : str
        Below and beside the axes.
    ignore_outliers : bool
        Show the y of the middle 90 percent only.
    groupby : str, Config or Metric
        One line for each value of this: the aggregate of its runs.
    groupby_aggfunc, groupby_rangefunc : str
        How: ``mean min max median sum``, and the band: ``minmax stddev stderr none``.
    smoothing_factor : float
        0 (nothing) … 1.
    smoothing_type : str
        ``exponentialTimeWeighted exponential gaussian average none``.
    smoothing_show_original : bool
        Show what was smoothed as well, pale. Default True.
    max_runs_to_show : int
        At most so many runs.
    plot_type : {"line", "stacked-area", "pct-area"}
        Areas stand on each other, as they are or as parts of a hundred.
    font_size : {"small", "medium", "large", "auto"}
    custom_expressions : list of str
        Formulas over metrics, each a line a run, over steps: ``"${train/loss} - ${val/loss}"``;
        see :mod:`tracker.figures.expressions`.
    metric_regex : str
        Metrics whose names this regular expression finds, beside those of `y`.
    aggregate : bool
        One line for all runs, as with `groupby`.
    line_titles, line_colors, line_widths, line_marks : dict
        By run id, by name, or by ``"id:metric"``.
    legend_position : {"north", "south", "east", "west"}
    legend_template : str, optional
        What lines are called, and between ``[[`` and ``]]`` what is said of a point:
        ``"${run:displayName} lr ${config:lr} [[ ${x}: ${y} ]]"``.
    """

    title: str | None = checked(_title)
    x: Field | None = checked(_field, "Step")
    y: list[Field] = checked(_metrics, [])
    range_x: Bounds = checked(_bounds, (None, None))
    range_y: Bounds = checked(_bounds, (None, None))
    log_x: bool | None = checked(optional(flag))
    log_y: bool | None = checked(optional(flag))
    title_x: str | None = checked(_title)
    title_y: str | None = checked(_title)
    ignore_outliers: bool | None = checked(optional(flag))
    groupby: Field | None = checked(_field)
    groupby_aggfunc: str | None = checked(optional(choice(*AGGREGATES)))
    groupby_rangefunc: str | None = checked(optional(choice(*BANDS)))
    smoothing_factor: float | None = checked(optional(number(0, 1)))
    smoothing_type: str | None = checked(optional(choice(*SMOOTHINGS)))
    smoothing_show_original: bool | None = checked(optional(flag))
    max_runs_to_show: int | None = checked(optional(checks.whole(1)))
    custom_expressions: list[str] | None = checked(optional(items(_expression, "formulas")))
    plot_type: str | None = checked(optional(choice("line", "stacked-area", "pct-area")))
    font_size: str | None = checked(_font)
    legend_position: str | None = checked(optional(choice("north", "south", "east", "west")))
    legend_template: str | None = checked(optional(template))
    aggregate: bool | None = checked(optional(flag))
    metric_regex: str | None = checked(optional(checks.pattern))
    line_titles: dict[str, str] | None = checked(optional(mapping(text())))
    line_colors: dict[str, str] | None = checked(optional(mapping(checks.colour)))
    line_widths: dict[str, float] | None = checked(optional(mapping(number(0.1, 20))))
    line_marks: dict[str, str] | None = checked(optional(mapping(choice(*MARKS))))


@dataclass(repr=False)
class BarPlot(Panel):
    """The last value of metrics, a bar a run or a group.

    Parameters
    ----------
    title : str, optional
    metrics : list of str, Config, SummaryMetric or Metric
    orientation : {"v", "h"}
    range_x : (float, float)
        Limits of the axis of values.
    title_x, title_y : str
    groupby : str, Config or Metric
        One bar for each value of this.
    groupby_aggfunc, groupby_rangefunc : str
        As for :class:`LinePlot`; the range is drawn as a whisker.
    max_runs_to_show, max_bars_to_show : int
    """

    title: str | None = checked(_title)
    metrics: list[Field] = checked(_metrics, [])
    orientation: str = checked(choice("v", "h"), "h")
    range_x: Bounds = checked(_bounds, (None, None))
    title_x: str | None = checked(_title)
    title_y: str | None = checked(_title)
    groupby: Field | None = checked(_field)
    groupby_aggfunc: str | None = checked(optional(choice(*AGGREGATES)))
    groupby_rangefunc: str | None = checked(optional(choice(*BANDS)))
    max_runs_to_show: int | None = checked(optional(checks.whole(1)))
    max_bars_to_show: int | None = checked(optional(checks.whole(1)))
    font_size: str | None = checked(_font)
    line_titles: dict[str, str] | None = checked(optional(mapping(text())))
    line_colors: dict[str, str] | None = checked(optional(mapping(checks.colour)))


@dataclass(repr=False)
class ScalarChart(Panel):
    """One number: a metric of the run, or over all of them.

    Parameters
    ----------
    title : str, optional
    metric : str, Config, SummaryMetric or Metric
    groupby_aggfunc : str
        ``mean min max median sum``. Default mean.
    """

    title: str | None = checked(_title)
    metric: Field = checked(metric, "loss")
    groupby_aggfunc: str | None = checked(optional(choice(*AGGREGATES)))
    font_size: str | None = checked(_font)


@dataclass(repr=False)
class GradientPoint(Part):
    """A colour at a place of a scale, 0 … 100."""

    color: str = checks.needed(checks.colour)
    offset: float = checked(number(0, 100), 0.0)


_gradient = optional(items(checks.instance(GradientPoint)))


@dataclass(repr=False)
class ScatterPlot(Panel):
    """A point a run, of settings and results.

    Parameters
    ----------
    title : str, optional
    x, y, z : str, Config, SummaryMetric or Metric
        The axes; z is the colour.
    range_x, range_y, range_z : (float, float)
    log_x, log_y, log_z : bool
    running_ymin, running_ymax, running_ymean : bool
        Draw the least, greatest or mean y so far, from left to right.
    regression : bool
        Draw the straight line that fits best.
    gradient : list of GradientPoint
        The colours of z.
    """

    title: str | None = checked(_title)
    x: Field | None = checked(_field)
    y: Field | None = checked(_field)
    z: Field | None = checked(_field)
    range_x: Bounds = checked(_bounds, (None, None))
    range_y: Bounds = checked(_bounds, (None, None))
    range_z: Bounds = checked(_bounds, (None, None))
    log_x: bool | None = checked(optional(flag))
    log_y: bool | None = checked(optional(flag))
    log_z: bool | None = checked(optional(flag))
    running_ymin: bool | None = checked(optional(flag))
    running_ymax: bool | None = checked(optional(flag))
    running_ymean: bool | None = checked(optional(flag))
    regression: bool | None = checked(optional(flag))
    gradient: list[GradientPoint] | None = checked(_gradient)
    font_size: str | None = checked(_font)


@dataclass(repr=False)
class ParallelCoordinatesPlotColumn(Part):
    """An axis of parallel coordinates; an inverted one has its largest value at the bottom."""

    metric: Field = checks.needed(metric)
    display_name: str | None = checked(_title)
    inverted: bool | None = checked(optional(flag))
    log: bool | None = checked(optional(flag))


@dataclass(repr=False)
class ParallelCoordinatesPlot(Panel):
    """A line a run across axes of settings and results; the last axis gives the colours.

    Parameters
    ----------
    columns : list of ParallelCoordinatesPlotColumn
    title : str, optional
    gradient : list of GradientPoint
    """

    columns: list[ParallelCoordinatesPlotColumn] = checked(
        items(checks.instance(ParallelCoordinatesPlotColumn)), []
    )
    title: str | None = checked(_title)
    gradient: list[GradientPoint] | None = checked(_gradient)
    font_size: str | None = checked(_font)


@dataclass(repr=False)
class ParameterImportancePlot(Panel):
    """How much each setting matters for a metric, and which way.

    Parameters
    ----------
    with_respect_to : str, SummaryMetric or Metric
        The metric.
    title : str, optional
    """

    with_respect_to: Field | None = checked(_field)
    title: str | None = checked(_title)


@dataclass(repr=False)
class BestSoFarPlot(Panel):
    """What each run achieved when it ended, and the best so far: how a sweep went on.

    Parameters
    ----------
    metric : str, SummaryMetric or Metric
        The metric.
    goal : {"minimize", "maximize"}
        Which way is better. Default ``"minimize"``.
    title : str, optional
    value : {"last", "best"}
        What a run achieved: the last value of the metric, or the best that it had at any time, as
        a sweep compares its trials. Default ``"last"``.
    """

    metric: Field | None = checked(_field)
    goal: str = checked(choice("minimize", "maximize"), "minimize")
    title: str | None = checked(_title)
    value: str = checked(choice("last", "best"), "last")


@dataclass(repr=False)
class TrialCurvesPlot(Panel):
    """The metric of each trial of a sweep over its iterations, in the colour of its state.

    Parameters
    ----------
    metric : str or Metric
        The metric; an iteration is one logged value of it.
    rungs : list of int
        Iterations at which trials are judged: a line each.
    title : str, optional
    """

    metric: Field = checks.needed(metric)
    rungs: list[int] = checked(items(checks.whole(1)), [])
    title: str | None = checked(_title)
