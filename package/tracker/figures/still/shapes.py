"""A Plotly figure as shapes on a plane of pixels."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from tracker.figures.formats import shorten
from tracker.figures.still.heatmap import cells
from tracker.figures.still.pieces import (
    GREY,
    Box,
    Dot,
    Line,
    Point,
    Shape,
    Words,
    listed,
    shades_of,
)
from tracker.figures.still.scales import Scale, make_scale
from tracker.figures.still.space import DRAWN as IN_SPACE
from tracker.figures.still.space import space_shapes

DRAWN = ("scatter", "scattergl", "bar", "heatmap")
_DASHES = {"dash": (7.0, 4.0), "dot": (2.0, 3.0), "dashdot": (7.0, 3.0, 2.0, 3.0),
           "longdashdot": (11.0, 3.0, 2.0, 3.0)}  # fmt: skip
_TAG = re.compile(r"<[^>]*>")
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_LINE = "rgba(128, 134, 143, 0.5)"
_COLOURS = ("#3b82f6", "#eba728", "#c6307c", "#7ca27b", "#9d4cb8", "#717405")
_LEGEND_LIMIT, _LABEL_LIMIT = 8, 60
COLUMNS = 240


def shapes_of(
    figure: dict[str, Any], width: int, height: int, columns: int = COLUMNS
) -> list[Shape] | None:
    """Return what is seen of a figure; None if it holds what is not drawn here.

    Parameters
    ----------
    figure : dict
        ``data`` and ``layout``, as Plotly has them.
    width, height : int
        Pixels.
    columns : int
        Lines are drawn by first, least, most and last of so many columns. Default 240.
    """
    layout = figure.get("layout") or {}
    traces = [
        trace for trace in figure.get("data") or ()
        if trace.get("visible", True) is True and _is_main(trace)
    ]  # fmt: skip
    title = _plain(_title_of(layout))
    if traces and all(trace.get("type") in IN_SPACE for trace in traces):
        seen = space_shapes(traces, layout, width, height)
        return seen and [*seen, *_heading(title)]
    if not traces or any(trace.get("type", "scatter") not in DRAWN for trace in traces):
        return None
    legend = _legend(traces, layout)
    bottom = height - 34 - (18 * math.ceil(len(legend) / 4) if legend else 0)
    beside = _title_of(layout.get("yaxis") or {})
    top, right = (30.0 if title else 12.0) + (14.0 if beside else 0.0), width - 14.0
    left = _left_of(traces, layout)
    across, down = _scales(traces, layout, (left, right), (float(bottom), top))
    if across is None or down is None:
        return None
    made: list[Shape] = list(_axes(across, down, layout))
    if beside:
        made.append(Words(10, top - 6, shorten(_plain(beside), 60), size=10))
    for number, trace in enumerate(traces):
        colour = _COLOURS[number % len(_COLOURS)]
        made += _trace(trace, across, down, colour, traces, columns)
    made += _notes(layout, across, down)
    made += _heading(title)
    made += _legend_shapes(legend, left, bottom + 44)
    return made


def _heading(title: str) -> Iterator[Shape]:
    if title:
        yield Words(10, 18, shorten(title, 90), size=13, colour="#6f7681")


def _left_of(traces: Sequence[dict[str, Any]], layout: dict[str, Any]) -> float:
    """Return where the y-axis stands: names of categories need more room than numbers."""
    axis = layout.get("yaxis") or {}
    names = list((axis.get("labelalias") or {}).values())
    if not names:
        names = [y for trace in traces for y in listed(trace.get("y")) if isinstance(y, str)]
    longest = max((len(_plain(text)) for text in names), default=0)
    return min(max(58.0, 14.0 + 5.6 * longest), 190.0)


def _notes(layout: dict[str, Any], across: Scale, down: Scale) -> Iterator[Shape]:
    """Yield lines and words that a layout puts at places of the axes."""
    for shape in layout.get("shapes") or ():
        ends = [(across.place(shape.get(f"x{n}")), down.place(shape.get(f"y{n}"))) for n in "01"]
        points = [(x, y) for x, y in ends if x is not None and y is not None]
        if shape.get("type") == "line" and len(points) == 2:
            yield Line(points, GREY, 1.0)
    for words in layout.get("annotations") or ():
        if "paper" in (words.get("xref"), words.get("yref")):
            continue
        x, y = across.place(words.get("x")), down.place(words.get("y"))
        if x is not None and y is not None:
            anchor = _ANCHORS.get(str(words.get("xanchor")), "middle")
            text = shorten(_plain(words.get("text") or ""), 40)
            x, y = x + float(words.get("xshift") or 0), y - float(words.get("yshift") or 0)
            yield Words(x, y + 3.5, text, anchor, 10)


def _is_main(trace: dict[str, Any]) -> bool:
    """Say whether a trace is on the main axes; marks for what is no number have their own."""
    return str(trace.get("yaxis") or "y") == "y" and str(trace.get("xaxis") or "x") == "x"


def _title_of(layout: dict[str, Any]) -> str:
    title = layout.get("title")
    return str(title.get("text") or "") if isinstance(title, dict) else str(title or "")


def _plain(text: Any) -> str:
    """Return text without the little HTML that Plotly reads."""
    return html.unescape(_TAG.sub("", str(text)))


def _scales(
    traces: Sequence[dict[str, Any]],
    layout: dict[str, Any],
    across: tuple[float, float],
    down: tuple[float, float],
) -> tuple[Scale | None, Scale | None]:
    xs = [x for trace in traces for x in listed(trace.get("x"))]
    ys = [y for trace in traces for y in listed(trace.get("y"))]
    bars = {trace.get("orientation", "v") for trace in traces if trace.get("type") == "bar"}
    x_axis, y_axis = dict(layout.get("xaxis") or {}), dict(layout.get("yaxis") or {})
    return (
        make_scale(x_axis, xs, *across, from_zero="h" in bars),
        make_scale(y_axis, ys, *down, from_zero="v" in bars),
    )


def _axes(across: Scale, down: Scale, layout: dict[str, Any]) -> Iterator[Shape]:
    left, right = min(across.start, across.end), max(across.start, across.end)
    bottom = max(down.start, down.end)
    if (layout.get("yaxis") or {}).get("visible") is False:
        return
    length = 9 if left <= 58 else 32
    rows = down.ticks()
    # Of names that have no room above each other, every n-th is written.
    every = math.ceil(len(rows) * 11 / max(abs(down.end - down.start), 1.0)) or 1
    for y, text in rows[::every]:
        yield Line([(left, y), (right, y)], _LINE, 0.6, 0.6)
        yield Words(left - 6, y + 3.5, shorten(_plain(text), length), "end", 10)
    yield Line([(left, bottom), (right, bottom)], GREY, 0.8)
    ticks = across.ticks(6)
    # Words that have no room beside each other are cut.
    length = max(3, min(16, int((right - left) / max(len(ticks), 1) / 5.4)))
    for x, text in ticks:
        yield Line([(x, bottom), (x, bottom + 3)], GREY, 0.8)
        yield Words(x, bottom + 14, shorten(_plain(text), length), "middle", 10)
    below = (layout.get("xaxis") or {}).get("title")
    words = below.get("text") if isinstance(below, dict) else below
    if words:
        yield Words((left + right) / 2, bottom + 28, shorten(_plain(words), 60), "middle", 10)


def _trace(
    trace: dict[str, Any],
    across: Scale,
    down: Scale,
    colour: str,
    traces: Sequence[dict[str, Any]],
    columns: int,
) -> Iterator[Shape]:
    kind = trace.get("type", "scatter")
    if kind == "bar":
        yield from _bars(trace, across, down, colour, traces)
    elif kind == "heatmap":
        yield from cells(trace, across, down)
    else:
        yield from _scatter(trace, across, down, colour, columns)


def _scatter(
    trace: dict[str, Any], across: Scale, down: Scale, colour: str, columns: int
) -> Iterator[Shape]:
    mode, opacity = str(trace.get("mode") or "lines"), float(trace.get("opacity") or 1.0)
    line, marker = trace.get("line") or {}, trace.get("marker") or {}
    places = [
        (across.place(x), down.place(y))
        for x, y in zip(listed(trace.get("x")), listed(trace.get("y")), strict=False)
    ]
    if "lines" in mode:
        shade = str(line.get("color") or colour)
        dash = _DASHES.get(str(line.get("dash")), ())
        width = float(line.get("width", 1.6))
        fill = str(trace.get("fillcolor") or "") if trace.get("fill") else ""
        for points in _unbroken(places):
            if line.get("shape") == "hv":
                points = _stairs(points)
            if width or fill:
                yield Line(_thinned(points, columns), shade, width, opacity, dash, fill)
    if "markers" in mode:
        colours, size = marker.get("color"), marker.get("size", 6)
        radius = (float(size) if isinstance(size, int | float) else 6.0) / 2
        shades = shades_of(colours, colour, len(places))
        for (x, y), shade in zip(places, shades, strict=True):
            if x is not None and y is not None:
                yield Dot(x, y, radius, shade, opacity)
    if "text" in mode:
        yield from _labels(trace, places)


def _stairs(points: list[Point]) -> list[Point]:
    """Return a line that goes to the next place before it goes to the next height."""
    corners = [(x, y) for (_, y), (x, _) in pairwise(points)]
    steps = [each for pair in zip(points, corners, strict=False) for each in pair]
    return [*steps, *points[-1:]]


def _labels(
    trace: dict[str, Any], places: Sequence[tuple[float | None, float | None]]
) -> Iterator[Shape]:
    up, _, side = str(trace.get("textposition") or "middle center").partition(" ")
    anchor, dx = {"right": ("start", 8.0), "left": ("end", -8.0)}.get(side, ("middle", 0.0))
    dy = {"top": -8.0, "bottom": 16.0}.get(up, 3.5)
    texts = trace.get("text")
    listed_texts = [texts] * len(places) if isinstance(texts, str) else listed(texts)
    for (x, y), text in zip(places, listed_texts[:_LABEL_LIMIT], strict=False):
        if x is not None and y is not None and text:
            yield Words(x + dx, y + dy, shorten(_plain(text), 32), anchor, 10)


def _unbroken(places: Sequence[tuple[float | None, float | None]]) -> Iterator[list[Point]]:
    points: list[Point] = []
    for x, y in places:
        if x is None or y is None:
            if points:
                yield points
            points = []
        else:
            points.append((x, y))
    if points:
        yield points


def _thinned(points: list[Point], count: int) -> list[Point]:
    """Keep first, last, least and most of each of some columns: a still has no zoom."""
    if len(points) <= 4 * count:
        return points
    low, high = points[0][0], points[-1][0]
    columns: dict[int, list[Point]] = {}
    for point in points:
        columns.setdefault(int((point[0] - low) / ((high - low) or 1) * count), []).append(point)
    kept: list[Point] = []
    for column in columns.values():
        least, most = min(column, key=lambda p: p[1]), max(column, key=lambda p: p[1])
        kept += sorted({column[0], least, most, column[-1]})
    return kept


def _bars(
    trace: dict[str, Any],
    across: Scale,
    down: Scale,
    colour: str,
    traces: Sequence[dict[str, Any]],
) -> Iterator[Shape]:
    siblings = [each for each in traces if each.get("type") == "bar"]
    is_level = trace.get("orientation", "v") == "h"
    along, up = (down, across) if is_level else (across, down)
    count = max(
        len(set(map(str, listed(trace.get("y" if is_level else "x"))))), len(along.words), 1
    )
    room = abs(along.end - along.start) / count * 0.8
    own = room / len(siblings)
    shift = (siblings.index(trace) - (len(siblings) - 1) / 2) * own
    zero = up.place(0.0 if up.kind != "log" else 10.0**up.low)
    shades = (trace.get("marker") or {}).get("color") or colour
    for number, (x, y) in enumerate(
        zip(listed(trace.get("x")), listed(trace.get("y")), strict=False)
    ):
        middle, end = along.place(y if is_level else x), up.place(x if is_level else y)
        if middle is None or end is None or zero is None:
            continue
        shade = shades if isinstance(shades, str) else str(listed(shades)[number % len(shades)])
        low, high = middle + shift - own / 2, middle + shift + own / 2
        if is_level:
            yield Box(min(zero, end), low, max(zero, end), high, shade)
        else:
            yield Box(low, min(zero, end), high, max(zero, end), shade)


def _legend(traces: Sequence[dict[str, Any]], layout: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and colours, each name once."""
    if layout.get("showlegend") is False:
        return []
    found: dict[str, str] = {}
    for number, trace in enumerate(traces):
        if trace.get("showlegend", True) and trace.get("name"):
            shade = (trace.get("line") or {}).get("color") or (trace.get("marker") or {}).get(
                "color"
            )
            colour = shade if isinstance(shade, str) else _COLOURS[number % len(_COLOURS)]
            found.setdefault(_plain(trace["name"]), colour)
    named = list(found.items())
    return named[:_LEGEND_LIMIT] if len(named) > 1 else []


def _legend_shapes(legend: Sequence[tuple[str, str]], left: float, y: float) -> Iterator[Shape]:
    for number, (name, colour) in enumerate(legend):
        x, row = left + (number % 4) * 158.0, y + (number // 4) * 18.0
        yield Line([(x, row - 4), (x + 16, row - 4)], colour, 2.5)
        yield Words(x + 22, row, shorten(name, 22), size=10)
