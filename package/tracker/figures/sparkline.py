"""A curve in one line: of characters, or as a small drawing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

BARS: Final = "▁▂▃▄▅▆▇█"
_PAD = 1.5


def sparkline(values: Iterable[float], width: int = 40) -> str:
    """Draw values as a line of bars, character for character as W&B does.

    Parameters
    ----------
    values : iterable of float
        NaN and infinities leave a space.
    width : int
        At most this many characters, 2 or more. Longer input is sampled at even distances,
        its first and last value among them. Default 40.

    Returns
    -------
    str
        Empty where no value is finite; the lowest bar throughout where all are equal.
    """
    sampled = _sample([float(value) for value in values], width)
    finite = [value for value in sampled if math.isfinite(value)]
    if not finite:
        return ""
    low = min(finite)
    # Halves, because the range of two floats may be more than a float can hold.
    span = max(finite) / 2 - low / 2
    scale = (len(BARS) - 1) / span if span else 0.0

    def bar(value: float) -> str:
        if not math.isfinite(value):
            return " "
        place = (value / 2 - low / 2) * scale
        return BARS[round(place)] if math.isfinite(place) else BARS[0]

    return "".join(map(bar, sampled))


def _sample(values: list[float], width: int) -> list[float]:
    if len(values) < width:
        return values
    ratio = (len(values) - 1) / (width - 1)
    return [values[int(i * ratio)] for i in range(width)]


def sparkline_svg(
    values: Sequence[float],
    *,
    width: int = 120,
    height: int = 22,
    colour: str = "currentColor",
    title: str = "",
) -> str:
    """Draw values as a small inline SVG, in the colour of the text around it.

    Every pixel column keeps its smallest and largest value, so no spike is lost. NaN and
    infinities break the line and are marked by a tick at the bottom.

    Parameters
    ----------
    values : sequence of float
        At even distances.
    width, height : int
        Size in CSS pixels.
    colour : str
        A CSS colour. Default ``currentColor``.
    title : str
        Text for screen readers, and what is left where SVG is stripped; must be escaped.
        Default the same line in characters.
    """
    pieces = _pieces([float(value) for value in values], width, height)
    label = title or sparkline(values, 24)
    return (
        f'<svg class="trk-spark" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">'
        f"<title>{label}</title>{''.join(_shapes(pieces, colour, height))}</svg>"
    )


def sparkline_path(values: Iterable[float], *, width: int = 120, height: int = 22) -> str:
    """Return the same drawing as the data of one SVG path, for pages that dress it themselves.

    Parameters
    ----------
    values : iterable of float
        At even distances.
    width, height : int
        Size in CSS pixels.
    """
    moves = []
    for piece in _pieces([float(value) for value in values], width, height):
        if isinstance(piece, float):
            moves.append(f"M{piece:.3g} {height - 4}v4")
            continue
        # A line of no length is drawn as a dot by its round ends.
        points = piece * 2 if len(piece) == 1 else piece
        moves.append("M" + "L".join(f"{x:.4g} {y:.3g}" for x, y in points))
    return "".join(moves)


def _shapes(pieces: list[list[tuple[float, float]] | float], colour: str, height: int) -> list[str]:
    shapes = []
    for piece in pieces:
        if isinstance(piece, float):
            shapes.append(
                f'<path d="M{piece:.3g} {height - 4}v4" stroke="#e5484d" stroke-width="1"/>'
            )
        elif len(piece) == 1:
            x, y = piece[0]
            shapes.append(f'<circle cx="{x:.4g}" cy="{y:.3g}" r="1.5" fill="{colour}"/>')
        else:
            points = " ".join(f"{x:.4g},{y:.3g}" for x, y in piece)
            shapes.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.3" '
                'stroke-linejoin="round" stroke-linecap="round"/>'
            )
    return shapes


def _pieces(
    values: list[float], width: int, height: int
) -> list[list[tuple[float, float]] | float]:
    """Split into unbroken lines of pixel positions, and the x of what is not finite."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    span = high / 2 - low / 2
    reach = width - 2 * _PAD

    def place(column: float, value: float) -> tuple[float, float]:
        share = (value / 2 - low / 2) / span if span else 0.5
        return _PAD + reach * column, _PAD + (height - 2 * _PAD) * (1 - share)

    pieces: list[list[tuple[float, float]] | float] = []
    line: list[tuple[float, float]] = []
    for column, value in _columns(values, width // 2):
        if math.isfinite(value):
            line.append(place(column, value))
            continue
        if line:
            pieces.append(line)
            line = []
        pieces.append(_PAD + reach * column)
    return [*pieces, line] if line else pieces


def _columns(values: list[float], columns: int) -> Iterable[tuple[float, float]]:
    """Yield (place from 0 to 1, value): all of few values, the extremes of each of many columns."""
    count = len(values)
    if count <= 2 * columns:
        for i, value in enumerate(values):
            yield (i / (count - 1) if count > 1 else 0.5), value
        return
    for column in range(columns):
        chunk = values[column * count // columns : (column + 1) * count // columns]
        first = column * count // columns
        kept = {_lowest(chunk)[0], _highest(chunk)[0], *(i for i, _ in _first_bad(chunk))}
        for i in sorted(kept):
            yield (first + i) / (count - 1), chunk[i]


def _lowest(chunk: list[float]) -> tuple[int, float]:
    return min(enumerate(chunk), key=lambda p: p[1] if math.isfinite(p[1]) else math.inf)


def _highest(chunk: list[float]) -> tuple[int, float]:
    return max(enumerate(chunk), key=lambda p: p[1] if math.isfinite(p[1]) else -math.inf)


def _first_bad(chunk: list[float]) -> list[tuple[int, float]]:
    return [(i, v) for i, v in enumerate(chunk) if not math.isfinite(v)][:1]
