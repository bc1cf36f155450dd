"""Curves of several runs in one small drawing, for pages without script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from tracker.figures.formats import escape, format_number, shorten
from tracker.records import Curve

WIDTH: Final = 220
HEIGHT: Final = 110
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 4, 4, 4

# A colour and a curve.
Stroke = tuple[str, Curve]


def overlay_svg(title: str, strokes: Sequence[Stroke]) -> str:
    """Draw curves over each other as an inline SVG, with the ends of the value axis.

    Parameters
    ----------
    title : str
    strokes : sequence of (colour, Curve)
        Thinned to few points. NaN and infinities break a line.

    Returns
    -------
    str
        A ``<figure>``; empty where no value is finite.
    """
    points = [(x, y) for _, curve in strokes for x, y in _points(curve) if math.isfinite(y)]
    if not points:
        return ""
    low, high = min(y for _, y in points), max(y for _, y in points)
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    place = _Scale(left, right, low, high)
    lines = "".join(_line(curve, colour, place) for colour, curve in strokes)
    name = escape(shorten(title, 60))
    return (
        f'<figure class="trk-fig"><figcaption>{name}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">'
        f"<title>{name}: {len(strokes)} runs, {format_number(low)} to {format_number(high)}"
        f'</title>{lines}</svg><span>{format_number(high)}</span><span class="trk-low">'
        f"{format_number(low)}</span></figure>"
    )


class _Scale:
    """Maps values to pixels; halves, because a range of two floats may be too large for one."""

    def __init__(self, left: float, right: float, low: float, high: float) -> None:
        self._left, self._low = left / 2, low / 2
        self._wide = (right / 2 - left / 2) or 1.0
        self._tall = (high / 2 - low / 2) or 1.0
        self._is_flat = high == low

    def __call__(self, x: float, y: float) -> str:
        across = _LEFT + (WIDTH - _LEFT - _RIGHT) * (x / 2 - self._left) / self._wide
        share = 0.5 if self._is_flat else (y / 2 - self._low) / self._tall
        down = _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - share)
        return f"{across:.4g},{down:.4g}"


def _points(curve: Curve) -> Iterable[tuple[float, float]]:
    return zip(curve.x.tolist(), curve.y.tolist(), strict=True)


def _line(curve: Curve, colour: str, place: _Scale) -> str:
    pieces: list[list[str]] = [[]]
    for x, y in _points(curve):
        if math.isfinite(y):
            pieces[-1].append(place(x, y))
        elif pieces[-1]:
            pieces.append([])
    style = f'stroke="{colour}" fill="none" stroke-width="1.2"'
    found = []
    for piece in filter(None, pieces):
        if len(piece) == 1:
            across, down = piece[0].split(",")
            found.append(f'<circle cx="{across}" cy="{down}" r="1.6" fill="{colour}"/>')
        else:
            found.append(f'<polyline points="{" ".join(piece)}" {style}/>')
    return "".join(found)
