"""Parallel coordinates: a line for each run through its config and its results.

Drawn with ordinary lines, because Plotly's own parallel coordinates need WebGL, of which a
page has little and a machine without a graphics card none; and lines can be pointed at.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.canvas import canvas, colour_bar, message, scale, scale_colour
from tracker.figures.colours import PALETTE
from tracker.figures.columns import Column, RunLike, read_column
from tracker.figures.formats import escape, format_number, shorten
from tracker.figures.scatter import log_ticks

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Runs of nearly the same result share a trace: a thousand traces are slow, forty are not.
_SHADES: Final = 40
# All values of so many runs at each axis would be a megabyte.
_MANY: Final = 200
_BOTTOM: Final = -0.12
_TICKS = 5
# So few values have a tick each, if they are as far apart.
_FEW = 8
_APART = 0.05
_MAX_LABELS = 14
_CONSTANT = 0.5
# All titles together.
_TITLES = 100
_LABEL = 14
# Pixels, of the words at an axis.
_LETTER = 6


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """One axis of the drawing.

    Attributes
    ----------
    column : Column
    heights : float64 array
        Where each run's line meets the axis, from 0 at the bottom to 1; NaN for no value.
    ticks : list of (float, str)
        Heights and what stands there, not escaped.
    title : str
        What it is called; empty for the column's own name.
    """

    column: Column
    heights: Floats
    ticks: list[tuple[float, str]]
    title: str = ""

    @property
    def called(self) -> str:
        """What stands above it."""
        return self.title or self.column.title

    @property
    def has_missing(self) -> bool:
        """Whether some runs have no value here."""
        import numpy as np

        return bool(np.isnan(self.heights).any())


def parallel_figure(
    runs: Sequence[RunLike],
    columns: Sequence[str],
    *,
    log: Collection[str] = (),
    inverted: Collection[str] = (),
    titles: Mapping[str, str] = MappingProxyType({}),
    shades: Sequence[str] = (),
    title: str = "",
) -> go.Figure:
    """Draw a line for each run through its values, coloured by the last column.

    Parameters
    ----------
    runs : sequence of RunLike
    columns : sequence of str
        The axes from left to right, such as ``["config.lr", "config.optimizer",
        "summary.loss"]``. Text and booleans have a place for each value.
    log : collection of str
        Columns with a logarithmic axis; 0 and less count as missing there.
    inverted : collection of str
        Columns whose largest value is at the bottom.
    titles : mapping of str to str
        What columns are called instead of by their names.
    shades : sequence of str
        Colours from the bottom of the last axis to its top. Default: those of all drawings.
    title : str
        Not yet escaped.

    Returns
    -------
    plotly.graph_objects.Figure
        A run that lacks a value goes below that axis, to the place marked ``none``. Markers
        at the axes carry the runs' ids as `customdata`.
    """
    import plotly.graph_objects as go

    names = list(dict.fromkeys(columns))
    if not runs or len(names) < 2:
        why = "No run is shown: switch some on in the table."
        return message(why if not runs else "Choose two or more columns for the axes.", title)
    dimensions = [dimension(read_column(runs, name), is_log=name in log) for name in names]
    dimensions = [
        _turned(_called(each, titles.get(name, "")), is_inverted=name in inverted)
        for name, each in zip(names, dimensions, strict=True)
    ]
    traces = _lines(runs, dimensions, shades)
    bar = _bar(dimensions[-1], shades)
    if bar is not None:
        traces.append(bar)
    # Room on either side of the outer axes, where a box around their values begins.
    last = len(dimensions) - 1
    across = {"visible": False, "range": [-0.03 * last, 1.035 * last], "fixedrange": True}
    up = {"visible": False, "range": [_BOTTOM - 0.06, 1.16], "fixedrange": True}
    layout = canvas(
        title,
        xaxis=across,
        yaxis=up,
        shapes=[_axis_line(place, each) for place, each in enumerate(dimensions)],
        annotations=[
            words for place, each in enumerate(dimensions) for words in _words(place, last, each)
        ],
        hoverdistance=12,
        dragmode="select",
        selectdirection="any",
    )
    longest = min(max((len(text) for _, text in dimensions[0].ticks), default=0), _LABEL)
    layout["margin"] = layout["margin"] | {
        "t": 34 if title else 6, "b": 4, "l": max(32, _LETTER * longest + 6), "r": 6,
    }  # fmt: skip
    return go.Figure(data=traces, layout=layout)


def dimension(column: Column, *, is_log: bool = False) -> Dimension:
    """Return the axis of a column."""
    if column.is_category:
        return _category(column)
    return _numbers(column, is_log=is_log and column.kind == "number")


def _category(column: Column) -> Dimension:
    count = len(column.labels)
    heights = column.places / (count - 1) if count > 1 else column.places + _CONSTANT
    every = max(1, math.ceil(count / _MAX_LABELS))
    labels = list(enumerate(column.labels))[::every]
    step = 1.0 / (count - 1) if count > 1 else 0.0
    start = 0.0 if count > 1 else _CONSTANT
    return Dimension(column, heights, [(start + place * step, label) for place, label in labels])


def _numbers(column: Column, *, is_log: bool) -> Dimension:
    import numpy as np

    places = column.places
    if is_log:
        with np.errstate(invalid="ignore", divide="ignore"):
            places = np.where(places > 0, np.log10(places), np.nan)
    given = places[np.isfinite(places)]
    if not len(given):
        return Dimension(column, np.full(len(places), np.nan), [])
    low, high = float(given.min()), float(given.max())
    if high == low:
        middle = np.where(np.isfinite(places), _CONSTANT, np.nan)
        value = 10.0**low if is_log else low
        return Dimension(column, middle, [(_CONSTANT, _tick(column, value))])
    # Halves, because the range of two floats may be more than a float can hold.
    span = high / 2 - low / 2
    heights = (places / 2 - low / 2) / span
    values = np.unique(given)
    if len(values) <= _FEW and np.diff(values).min() / (high - low) >= _APART:
        exact = sorted({float(value) for value in column.places[np.isfinite(places)]})
        ticks = [(math.log10(v) if is_log else v, _tick(column, v)) for v in exact]
    elif is_log:
        found = log_ticks(given)
        ticks = list(zip(map(float, found["tickvals"]), found["ticktext"], strict=True))
    else:
        ticks = [(value, _tick(column, value)) for value in round_numbers(low, high)]
    return Dimension(column, heights, [((at / 2 - low / 2) / span, text) for at, text in ticks])


def round_numbers(low: float, high: float) -> list[float]:
    """Return about five round numbers from `low` to `high`."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low, high]
    raw = span / _TICKS
    power = 10.0 ** math.floor(math.log10(raw)) if raw > 1e-300 else raw
    step = next((power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw), raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, min(last, first + 2 * _TICKS) + 1)]


def _tick(column: Column, value: float) -> str:
    if column.kind == "time":
        from datetime import UTC, datetime

        return f"{datetime.fromtimestamp(value, UTC):%m-%d %H:%M}"
    return format_number(float(f"{value:.6g}"))


def _called(each: Dimension, title: str) -> Dimension:
    return replace(each, title=title) if title else each


def _turned(each: Dimension, *, is_inverted: bool) -> Dimension:
    if not is_inverted:
        return each
    ticks = [(1 - height, text) for height, text in each.ticks]
    return replace(each, heights=1 - each.heights, ticks=ticks)


def _lines(
    runs: Sequence[RunLike], dimensions: Sequence[Dimension], chosen: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the traces of the runs, those of similar colour together."""
    import numpy as np

    heights = np.column_stack([each.heights for each in dimensions])
    heights = np.where(np.isnan(heights), _BOTTOM, heights)
    shades: dict[str, list[int]] = {}
    for place, colour in enumerate(_colours(dimensions[-1], chosen)):
        shades.setdefault(colour, []).append(place)
    opacity = 0.9 if len(runs) <= 30 else (0.65 if len(runs) <= 400 else 0.4)
    width = 1.8 if len(runs) <= 30 else 1.1
    gap = np.full((1,), np.nan)
    traces = []
    for colour, members in shades.items():
        x = np.tile(np.concatenate([np.arange(len(dimensions), dtype=float), gap]), len(members))
        y = np.concatenate([np.concatenate([heights[place], gap]) for place in members])
        ids, texts = [], []
        for place in members:
            ids += [runs[place].id] * len(dimensions) + [""]
            texts += [*_texts(runs[place], dimensions, place, is_short=len(runs) > _MANY), ""]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": x,
                "y": [round(height, 4) for height in y.tolist()],
                "customdata": ids,
                "hovertext": texts,
                "hovertemplate": "%{hovertext}<extra></extra>",
                "line": {"color": colour, "width": width},
                "marker": {"size": 4 if len(runs) <= 200 else 2.5, "color": colour},
                "opacity": opacity,
                "connectgaps": False,
                "selected": {"marker": {"opacity": 1}},
                "unselected": {"marker": {"opacity": 0.2}},
            }
        )
    return traces


def _colours(last: Dimension, chosen: Sequence[str]) -> list[str]:
    if last.column.is_category:
        places = last.column.places
        return [
            "#9a9da5" if place != place else PALETTE[int(place) % len(PALETTE)] for place in places
        ]
    shades = chosen or [scale_colour(place / (_SHADES - 1)) for place in range(_SHADES)]
    return [
        "#9a9da5" if height != height else shades[round(height * (len(shades) - 1))]
        for height in last.heights.tolist()
    ]


def _texts(
    run: RunLike, dimensions: Sequence[Dimension], place: int, *, is_short: bool
) -> list[str]:
    """Return what is said of a run at each axis: all its values, or only the one there."""
    name = f"<b>{escape(shorten(run.name, 60))}</b>"
    rows = [
        f"{escape(shorten(each.called, 40))}: {escape(each.column.texts[place])}"
        for each in dimensions
    ]
    if is_short:
        return [f"{name}<br>{row}" for row in rows]
    return ["<br>".join([name, *rows])] * len(rows)


def _bar(last: Dimension, chosen: Sequence[str]) -> dict[str, Any] | None:
    """Return a trace without points that brings the strip of colours; None for categories."""
    import numpy as np

    if last.column.is_category or len(last.ticks) < 2:
        return None
    # Beside the last axis, whose numbers are the strip's too.
    bar = colour_bar("", showticklabels=False, ticks="", len=0.82, y=0.5, xpad=2)
    colours = scale()
    if len(chosen) > 1:
        colours = [[place / (len(chosen) - 1), one] for place, one in enumerate(chosen)]
    marker = {"color": [0.0, 1.0], "colorscale": colours, "cmin": 0, "cmax": 1, "showscale": True}
    hidden = {"x": [np.nan, np.nan], "y": [np.nan, np.nan], "hoverinfo": "skip"}
    look = {"type": "scatter", "mode": "markers", "name": "scale"}
    return look | hidden | {"marker": marker | {"colorbar": bar}}


def _axis_line(place: int, each: Dimension) -> dict[str, Any]:
    line = {"color": "rgba(128,128,128,0.55)", "width": 1}
    low = _BOTTOM if each.has_missing else 0
    return {"type": "line", "x0": place, "x1": place, "y0": low, "y1": 1, "line": line}


def _words(place: int, last: int, each: Dimension) -> list[dict[str, Any]]:
    name = escape(shorten(each.called, max(8, _TITLES // (last + 1))))
    common: dict[str, Any] = {"x": place, "showarrow": False}
    # By its name a page finds it, which knows how much room there is.
    above = {"name": "axis", "y": 1.03, "yanchor": "bottom", "yshift": 6}
    heading = common | above | {"text": name, "font": {"size": 11}}
    if place in (0, last):
        side = {"xanchor": "left", "xshift": -24} if place == 0 else {"xanchor": "right"}
        heading |= {"xshift": 12} | side
    found = [heading]
    ticks = list(each.ticks)
    if each.has_missing:
        ticks.append((_BOTTOM, "none"))
    # Lines come from the left: words stand on them, and not in their way.
    upright = "middle" if place == 0 else "bottom"
    for height, text in ticks:
        look = {"xanchor": "right", "xshift": -4, "yanchor": upright, "font": {"size": 9.5}}
        found.append(common | look | {"y": height, "text": escape(shorten(text, _LABEL))})
    return found
