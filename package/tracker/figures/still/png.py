"""Shapes as PNG, by Pillow."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tracker.figures.still.pieces import Box, Dot, Line, Point, Shape, Words
from tracker.figures.still.shapes import shapes_of

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

# Drawn so much larger and reduced, which smooths the edges that Pillow leaves.
_FINE = 4
_GROUND = (255, 255, 255)
_COLOURS = 128
_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{INFINITY}": "inf"})


def to_png(
    figure: dict[str, Any], width: int = 680, height: int = 340, *, sharpness: int = 2
) -> bytes | None:
    """Return a Plotly figure as a PNG on white; None if it cannot be drawn.

    Parameters
    ----------
    figure : dict
        ``data`` and ``layout``.
    width, height : int
        Pixels on the page.
    sharpness : int
        How many pixels the picture has for each of the page, 1, 2 or 4. Default 2.
    """
    from PIL import Image, ImageDraw

    shapes = shapes_of(figure, width, height)
    if shapes is None:
        return None
    large = Image.new("RGB", (width * _FINE, height * _FINE), _GROUND)
    pen = ImageDraw.Draw(large)
    for shape in shapes:
        if not isinstance(shape, Words):
            _draw(pen, shape)
    picture = large.resize((width * sharpness, height * sharpness), Image.Resampling.BOX)
    pen = ImageDraw.Draw(picture)
    for shape in shapes:
        if isinstance(shape, Words):
            _write(pen, shape, sharpness)
    sink = io.BytesIO()
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(sink, "PNG", optimize=True)
    return sink.getvalue()


def _draw(pen: ImageDraw, shape: Shape) -> None:
    match shape:
        case Line():
            _draw_line(pen, shape)
        case Box():
            edges = [shape.left, shape.top, shape.right, shape.bottom]
            pen.rectangle(
                [edge * _FINE for edge in edges], fill=_shade(shape.colour, shape.opacity)
            )
        case Dot():
            x, y, r = shape.x * _FINE, shape.y * _FINE, shape.radius * _FINE
            pen.ellipse([x - r, y - r, x + r, y + r], fill=_shade(shape.colour, shape.opacity))


def _draw_line(pen: ImageDraw, line: Line) -> None:
    points = [(x * _FINE, y * _FINE) for x, y in line.points]
    if line.fill and len(points) > 2:
        pen.polygon(points, fill=_shade(line.fill, 1.0))
    if not line.width or len(points) < 2:
        return
    width = max(1, round(line.width * _FINE))
    colour = _shade(line.colour, line.opacity)
    for piece in _dashed(points, [each * _FINE for each in line.dash]):
        pen.line(piece, fill=colour, width=width, joint="curve")


def _dashed(points: list[Point], dash: Sequence[float]) -> list[list[Point]]:
    """Cut a line into dashes."""
    if not dash:
        return [points]
    pieces: list[list[Point]] = []
    part, left = 0, dash[0]
    piece = [points[0]]
    for start, end in pairwise(points):
        here, rest = start, math.dist(start, end)
        while rest > left:
            share = left / rest
            here = (here[0] + (end[0] - here[0]) * share, here[1] + (end[1] - here[1]) * share)
            if part % 2 == 0:
                pieces.append([*piece, here])
            part, piece = part + 1, [here]
            rest, left = math.dist(here, end), dash[part % len(dash)]
        left -= rest
        piece.append(end)
    if part % 2 == 0:
        pieces.append(piece)
    return [each for each in pieces if len(each) > 1]


def _write(pen: ImageDraw, words: Words, sharpness: int) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(size=words.size * sharpness)
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[words.anchor]
    place = (words.x * sharpness, words.y * sharpness)
    text = words.text.translate(_SIGNS)
    pen.text(place, text, fill=_shade(words.colour, 1.0), font=font, anchor=anchor)


def _shade(colour: str, opacity: float) -> tuple[int, int, int]:
    """Return a colour as it looks on white."""
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(_percent(colour))
    except ValueError:
        red, green, blue, alpha = 128, 134, 143, []
    share = opacity * (alpha[0] / 255 if alpha else 1.0)
    mixed = [round(255 - (255 - each) * share) for each in (red, green, blue)]
    return mixed[0], mixed[1], mixed[2]


def _percent(colour: str) -> str:
    """Return a CSS colour in the words of Pillow, which counts alpha to 255."""
    if not colour.startswith("rgba("):
        return colour
    parts = [part.strip() for part in colour[5:-1].split(",")]
    try:
        alpha = round(float(parts[3]) * 255)
        return f"#{''.join(f'{round(float(part)):02x}' for part in parts[:3])}{alpha:02x}"
    except (ValueError, IndexError):
        return "#80868f"
