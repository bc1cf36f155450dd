"""The chart of one metric: lines over steps or time, with marks where a value is no number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from tracker.figures.axes import XAxis, x_axis
from tracker.figures.formats import escape
from tracker.figures.smoothing import Smoothing, representatives, smooth
from tracker.records import Curve

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Role = Literal["line", "smooth", "dots", "nan", "above", "below", "low", "high", "count", "band"]

# Fewer points than this are drawn as dots on the line: an epoch a point is worth seeing.
_FEW_POINTS = 24
_MAX_MARKS = 80
_GRID = "rgba(128,128,128,0.16)"
_AXIS = "rgba(128,128,128,0.45)"
_TEXT = "#80868f"
_NAN = "#e5484d"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_MARKS: Final[dict[str, tuple[str, str, float]]] = {
    "nan": ("x", "NaN", 0.03),
    "above": ("triangle-up", "+∞", 0.97),
    "below": ("triangle-down", "−∞", 0.03),
}


class Line(NamedTuple):
    """A curve, what it is called in the legend (not yet escaped), and its colour.

    `low` and `high` are the edges of a band around it and `runs` says how many runs a point
    stands for, each an array as long as the curve; `marks` are places and values that are no
    numbers and do not break the line. `dash` and `opacity` are those of the stroke.
    """

    label: str
    colour: str
    curve: Curve
    low: Floats | None = None
    high: Floats | None = None
    runs: Floats | None = None
    marks: tuple[Floats, Floats] | None = None
    dash: str = "solid"
    opacity: float = 1.0


def curve_figure(
    title: str,
    curves: Sequence[tuple[str, str, Curve]],
    *,
    x: str | XAxis = "step",
    x_title: str | None = None,
    y_title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    smoothing: Smoothing | None = None,
    width: int = 640,
    y_range: tuple[float, float] | None = None,
) -> go.Figure:
    """Draw curves as lines.

    NaN breaks a line and is marked by a cross at the bottom, an infinity by a triangle at
    the edge it left through; nothing is joined over them.

    Parameters
    ----------
    title : str
        Above the chart; empty for none.
    curves : sequence of (label, colour, Curve)
        In the order of the legend, which is shown for two and more.
    x : {"step", "relative", "time"} or XAxis
        What the curves' `x` holds. Default steps.
    x_title, y_title : str, optional
        Below and beside the axes; by default the kind of the x-axis, and nothing.
    log_x, log_y : bool
        Logarithmic axes. Values of 0 and less have no place on them.
    smoothing : Smoothing, optional
        Default none.
    width : int
        Number of pixel columns that the curves were thinned by, all together; smoothing
        needs it. Default 640.
    y_range : (float, float), optional
        Fixed limits of the y-axis; by default those of the values.

    Returns
    -------
    plotly.graph_objects.Figure
        Transparent, and readable on light and dark grounds.

    Raises
    ------
    UsageError
        If `x` is none of the three kinds.
    """
    import plotly.graph_objects as go

    lines = [Line(*curve) for curve in curves]
    axis = x if isinstance(x, XAxis) else x_axis(x, _longest(lines), x_title)
    traces = [
        {**role_style(role, line.label, line.colour, line.dash), "x": at, "y": values}
        for line in lines
        for role, (at, values) in _drawn(line, axis).items()
    ]
    if smoothing is not None and smoothing.amount > 0:
        traces += [_smoothed(line, axis, smoothing, width, *_range(lines)) for line in lines]
        traces = _step_back(traces, show_original=smoothing.show_original)
    layout = curve_layout(title, axis, y_title=y_title, log_x=log_x, log_y=log_y, y_range=y_range)
    layout["showlegend"] = len(lines) > 1
    return go.Figure(data=traces, layout=layout)


def strokes(
    curve: Curve, axis: XAxis, marks: tuple[Floats, Floats] | None = None
) -> dict[Role, tuple[Floats, Floats]]:
    """Return the arrays that are drawn of a curve, by their role; roles without points are absent.

    ``line`` holds every point, NaN where the value is no number; ``dots`` the points that a
    line would not show; ``nan``, ``above``, ``below`` the places of values that are none,
    `marks` among them.
    """
    import numpy as np

    x, y = curve.x * axis.scale, curve.y
    is_finite = np.isfinite(y)
    drawn: dict[Role, tuple[Floats, Floats]] = {}
    if is_finite.any():
        drawn["line"] = x, np.where(is_finite, y, np.nan)
        dots = is_finite if len(x) <= _FEW_POINTS else _lonely(is_finite)
        if dots.any():
            drawn["dots"] = x[dots], y[dots]
    if marks is not None and len(marks[0]):
        x, y = np.concatenate((x, marks[0] * axis.scale)), np.concatenate((y, marks[1]))
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    bad: tuple[tuple[Role, Any], ...] = (
        ("nan", np.isnan(y)),
        ("above", np.isposinf(y)),
        ("below", np.isneginf(y)),
    )
    for role, where in bad:
        if where.any():
            places_x = _spaced(x[where], float(x[0]), float(x[-1]))
            drawn[role] = places_x, np.full(len(places_x), _MARKS[role][2])
    return drawn


def line_strokes(line: Line, axis: XAxis) -> dict[Role, tuple[Floats, Floats]]:
    """Return the arrays of a line: those of :func:`strokes`, and the edges of its band.

    ``low``, ``high`` and ``count`` are as long as ``line`` and at the same places.
    """
    drawn = strokes(line.curve, axis, line.marks)
    if "line" in drawn:
        edges: tuple[tuple[Role, Floats | None], ...] = (
            ("low", line.low),
            ("high", line.high),
            ("count", line.runs),
        )
        for role, values in edges:
            if values is not None:
                drawn[role] = drawn["line"][0], values
    return drawn


def outline(x: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the band between two edges as polygons, one behind the other with NaN between.

    A band is broken where an edge is no number.
    """
    import numpy as np

    is_good = np.isfinite(low) & np.isfinite(high)
    parts_x: list[Floats] = []
    parts_y: list[Floats] = []
    places = np.flatnonzero(is_good)
    for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1):
        if len(run):
            end = np.full(1, np.nan)
            parts_x += [x[run], x[run][::-1], end]
            parts_y += [high[run], low[run][::-1], end]
    if not parts_x:
        return x[:0], low[:0]
    return np.concatenate(parts_x)[:-1], np.concatenate(parts_y)[:-1]


def _drawn(line: Line, axis: XAxis) -> dict[Role, tuple[Floats, Floats]]:
    """Return what a figure has of a line: its strokes, and its band as an area behind them."""
    found = line_strokes(line, axis)
    low, high = found.pop("low", None), found.pop("high", None)
    found.pop("count", None)
    if low is None or high is None:
        return found
    return {"band": outline(low[0], low[1], high[1]), **found}


def role_style(role: Role, label: str, colour: str, dash: str = "solid") -> dict[str, Any]:
    """Return a Plotly trace without data, for one of the arrays of :func:`strokes`."""
    name = escape(label)
    style: dict[str, Any] = {
        "type": "scatter",
        "name": name,
        "legendgroup": name,
        "meta": {"role": role},
        "showlegend": role == "line",
    }
    if role in _MARKS:
        symbol, text, _ = _MARKS[role]
        return style | {
            "mode": "markers",
            "yaxis": "y2",
            "hovertemplate": f"%{{x}}: {text}",
            "marker": {
                "symbol": symbol,
                "size": 6,
                "color": _NAN if role == "nan" else colour,
                "opacity": 0.85,
            },
            "cliponaxis": False,
        }
    if role == "band":
        return style | {
            "mode": "lines",
            "line": {"width": 0, "color": colour},
            "fill": "toself",
            "fillcolor": _faded(colour),
            "hoverinfo": "skip",
        }
    if role == "dots":
        return style | {
            "mode": "markers",
            "hoverinfo": "skip",
            "marker": {"size": 4.5, "color": colour},
            "cliponaxis": False,
        }
    return style | {
        "mode": "lines",
        "line": {"color": colour, "width": 1.6, "simplify": False}
        | ({} if dash == "solid" else {"dash": dash}),
        "connectgaps": False,
        "hovertemplate": "%{y:.6g}",
    }


def curve_layout(
    title: str,
    axis: XAxis,
    *,
    y_title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    y_range: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Return the Plotly layout of a chart of curves."""
    common = {
        "zeroline": False,
        "automargin": True,
        "tickfont": {"size": 10},
        "linecolor": _AXIS,
        "tickcolor": _AXIS,
        "ticklen": 3,
    }
    horizontal = common | {
        "type": "date" if axis.kind == "time" else ("log" if log_x else "linear"),
        "title": {"text": escape(axis.title), "font": {"size": 10}, "standoff": 4},
        "showgrid": False,
        "showline": True,
        "ticks": "outside",
        "nticks": 6,
        "ticksuffix": axis.suffix,
    }
    if axis.kind == "step":
        horizontal["exponentformat"] = "SI"
    vertical = common | {
        "type": "log" if log_y else "linear",
        "title": {"text": escape(y_title), "font": {"size": 10}},
        "gridcolor": _GRID,
        "showline": False,
        "ticks": "",
        "nticks": 5,
        "exponentformat": "power",
        "minexponent": 5,
        "separatethousands": True,
    }
    if y_range is not None:
        vertical |= {"range": list(y_range), "autorange": False}
    heading: dict[str, Any] = {}
    if title:
        text = {"text": escape(title), "font": {"size": 13}}
        heading["title"] = text | {"x": 0.02, "xanchor": "left", "y": 0.97, "yanchor": "top"}
    return heading | {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 11, "color": _TEXT},
        "margin": {"l": 8, "r": 10, "t": 34 if title else 8, "b": 8, "pad": 0},
        "hovermode": "x unified" if title else "x",
        "hoverlabel": {"namelength": -1},
        "legend": {"orientation": "h", "font": {"size": 10}, "y": -0.2},
        "xaxis": horizontal,
        "yaxis": vertical,
        "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
    }


def _faded(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def _step_back(traces: list[dict[str, Any]], *, show_original: bool) -> list[dict[str, Any]]:
    """Put the line behind its smoothed self."""
    kept = []
    for trace in traces:
        role = trace["meta"]["role"]
        if role in ("line", "dots"):
            if not show_original:
                continue
            trace = trace | {"opacity": 0.28, "showlegend": False, "hoverinfo": "skip"}
            trace.pop("hovertemplate", None)
        kept.append(trace)
    return kept


def _smoothed(
    line: Line, axis: XAxis, smoothing: Smoothing, width: int, low: float, high: float
) -> dict[str, Any]:
    places = representatives(line.curve, width, low, high)
    x, y = line.curve.x[places] * axis.scale, line.curve.y[places]
    style = role_style("smooth", line.label, line.colour)
    return style | {"x": x, "y": smooth(x, y, smoothing), "showlegend": True}


def _range(lines: Sequence[Line]) -> tuple[float, float]:
    xs = [line.curve.x for line in lines if len(line.curve.x)]
    return min((float(x[0]) for x in xs), default=0.0), max((float(x[-1]) for x in xs), default=0.0)


def _longest(lines: Sequence[Line]) -> float:
    return max((float(line.curve.x[-1]) for line in lines if len(line.curve.x)), default=0.0)


def _lonely(is_finite: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Points with no number on either side: a line alone would not show them."""
    import numpy as np

    before = np.concatenate(([False], is_finite[:-1]))
    after = np.concatenate((is_finite[1:], [False]))
    return is_finite & ~before & ~after


def _spaced(x: Floats, low: float, high: float) -> Floats:
    """Keep marks that can be told apart: the first of each small stretch of the axis."""
    import numpy as np

    if high <= low:
        return x[:1]
    _, first = np.unique(
        ((x - low) / (high - low) * _MAX_MARKS).astype(np.int64), return_index=True
    )
    return x[first]
