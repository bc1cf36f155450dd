"""Shapes as SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tracker.figures.formats import escape
from tracker.figures.still.pieces import Box, Dot, Line, Shape, Words
from tracker.figures.still.shapes import COLUMNS, shapes_of

_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|rgba?\([\d., %]+\)")


def to_svg(
    figure: dict[str, Any], width: int = 680, height: int = 340, *, columns: int = COLUMNS
) -> str | None:
    """Return a Plotly figure as SVG, for light and dark grounds; None if it cannot be drawn.

    Parameters
    ----------
    figure : dict
        ``data`` and ``layout``; texts in it are not trusted.
    width, height : int
        Pixels.
    columns : int
        Lines are drawn by so many columns. Default 240.
    """
    shapes = shapes_of(figure, width, height, columns)
    if shapes is None:
        return None
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="system-ui,sans-serif" role="img">'
        f"{''.join(part for shape in shapes for part in _drawn(shape))}</svg>"
    )


def _drawn(shape: Shape) -> Iterator[str]:
    match shape:
        case Line():
            yield _line(shape)
        case Box():
            wide, high = shape.right - shape.left, shape.bottom - shape.top
            yield (
                f'<rect x="{shape.left:.1f}" y="{shape.top:.1f}" width="{wide:.1f}" '
                f'height="{high:.1f}" fill="{_safe(shape.colour)}" '
                f'fill-opacity="{shape.opacity:.3g}"/>'
            )
        case Dot():
            yield (
                f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:.1f}" '
                f'fill="{_safe(shape.colour)}" fill-opacity="{shape.opacity:.3g}"/>'
            )
        case Words():
            yield (
                f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size:g}" '
                f'fill="{_safe(shape.colour)}" text-anchor="{shape.anchor}">'
                f"{escape(shape.text)}</text>"
            )


def _line(line: Line) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
    fill = _safe(line.fill) if line.fill else "none"
    dash = f' stroke-dasharray="{" ".join(map(str, line.dash))}"' if line.dash else ""
    return (
        f'<polyline points="{points}" fill="{fill}" stroke="{_safe(line.colour)}" '
        f'stroke-width="{line.width:g}" stroke-opacity="{line.opacity:.3g}"{dash} '
        'stroke-linejoin="round"/>'
    )


def _safe(colour: str) -> str:
    return colour if _COLOUR.fullmatch(colour) else "#80868f"
