"""Heat maps of a still: a box for each cell, and what is written into it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from tracker.figures.still.pieces import Box, Shape, Words, listed
from tracker.figures.still.scales import Scale, as_number

_BLUE: Final = (0x3B, 0x82, 0xF6)
_WHITE: Final = (255, 255, 255)
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
# Smaller words are not read.
_LEAST_SIZE, _MOST_SIZE = 6.5, 12.0

Colour = tuple[int, int, int]
Stops = list[tuple[float, Colour]]
_DEFAULT: Final[Stops] = [(-0.087, _WHITE), (1.0, _BLUE)]


def cells(trace: dict[str, Any], across: Scale, down: Scale) -> Iterator[Shape]:
    """Yield the cells of a heat map, and their texts where there is room for all of them."""
    rows = [listed(row) for row in listed(trace.get("z"))]
    numbers = [n for row in rows for n in map(as_number, row) if n is not None and math.isfinite(n)]
    if not numbers or not rows[0]:
        return
    least, span = min(numbers), (max(numbers) - min(numbers)) or 1.0
    columns, lines = (
        _edges(trace.get("x"), across, len(rows[0])),
        _edges(trace.get("y"), down, len(rows)),
    )
    texts = _texts(trace, rows)
    size = _size(texts, columns, lines)
    gap = 0.5 if trace.get("xgap") and min(abs(b - a) for a, b in lines) > 6 else 0.0
    stops = _stops(trace.get("colorscale"))
    for row, (start, end), said in zip(rows, lines, texts, strict=True):
        top, bottom = sorted((start, end))
        for value, (begin, close), text in zip(row, columns, said, strict=False):
            number = as_number(value)
            if number is None or not math.isfinite(number):
                continue
            left, right = sorted((begin, close))
            share = (number - least) / span
            colour = _mixed(stops or _DEFAULT, share)
            box = (left + gap, top + gap, right - gap, bottom - gap)
            # Without a scale of its own it is as clear as it is low, on any ground.
            yield Box(*box, _name(colour)) if stops else Box(*box, _name(_BLUE), _least(share))
            if size and text:
                x, y = (left + right) / 2, (top + bottom) / 2 + size * 0.36
                yield Words(x, y, text, "middle", size, _ink(colour))


def _edges(given: Any, scale: Scale, count: int) -> list[tuple[float, float]]:
    """Return where each row or column begins and ends, in pixels."""
    values = listed(given)
    places = [scale.place(value) for value in values]
    known = [place for place in places if place is not None]
    if len(known) == len(values) == count + 1:  # the borders between them
        return list(pairwise(known))
    if scale.kind == "category" and len(known) == count:
        half = abs(scale.end - scale.start) / ((scale.high - scale.low) or 1.0) / 2
        return [(place - half, place + half) for place in known]
    wide = (scale.end - scale.start) / count
    return [(scale.start + n * wide, scale.start + (n + 1) * wide) for n in range(count)]


def _texts(trace: dict[str, Any], rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    given = listed(trace.get("text")) if trace.get("texttemplate") == "%{text}" else []
    if len(given) != len(rows):
        return [[""] * len(row) for row in rows]
    return [[str(text) for text in listed(line)] for line in given]


def _size(
    texts: Sequence[Sequence[str]],
    columns: Sequence[tuple[float, float]],
    lines: Sequence[tuple[float, float]],
) -> float:
    """Return the size at which the longest text fits into the smallest cell; 0 if none does."""
    longest = max((len(text) for line in texts for text in line), default=0)
    if not longest:
        return 0.0
    wide, high = (min(abs(b - a) for a, b in edges) for edges in (columns, lines))
    size = min(_MOST_SIZE, wide / (0.62 * longest), high * 0.72)
    return round(size, 1) if size >= _LEAST_SIZE else 0.0


def _stops(scale: Any) -> Stops:
    """Return a scale of colours; none of one that is not written out in hexadecimal numbers."""
    try:
        pairs = [(float(share), str(colour)) for share, colour in scale or ()]
    except (TypeError, ValueError):
        pairs = []
    if len(pairs) > 1 and all(_HEX.fullmatch(colour) for _, colour in pairs):
        return [(share, (r, g, b)) for share, c in pairs for r, g, b in [bytes.fromhex(c[1:])]]
    return []


def _least(share: float) -> float:
    return 0.08 + 0.92 * share  # so that the least is seen


def _mixed(stops: Stops, share: float) -> Colour:
    for (low, start), (high, end) in pairwise(stops):
        if share <= high:
            part = (share - low) / ((high - low) or 1.0)
            red, green, blue = (
                round(a + (b - a) * min(max(part, 0.0), 1.0))
                for a, b in zip(start, end, strict=True)
            )
            return red, green, blue
    return stops[-1][1]


def _name(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _ink(ground: Colour) -> str:
    """Return the colour of words that stand out from the one under them."""
    red, green, blue = ground
    return "#ffffff" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else "#1f2430"
