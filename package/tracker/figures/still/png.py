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
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]

# Drawn so much larger and reduced, which smooths the edges that Pillow leaves.
_FINE = 4
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_COLOURS = 128
_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{INFINITY}": "inf"})


def to_png(
    figure: dict[str, Any], width: int = 680, height: int = 340, *, sharpness: int = 2
) -> bytes | None:
    """Return a Plotly figure as a PNG for light and dark grounds; None if it cannot be drawn.

    Parameters
    ----------
    figure : dict
        ``data`` and ``layout``.
    width, height : int
        Pixels on the page.
    sharpness : int
        How many pixels the picture has for each of the page, 1, 2 or 4. Default 2.
    """
    from PIL import Image

    shapes = shapes_of(figure, width, height)
    if shapes is None:
        return None
    size = width, height
    picture = _clear(*(_drawn(shapes, size, sharpness, ground) for ground in (_WHITE, _BLACK)))
    sink = io.BytesIO()
    few = picture.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(sink, "PNG", optimize=True)
    return sink.getvalue()


def _drawn(
    shapes: Sequence[Shape], size: tuple[int, int], sharpness: int, ground: Colour
) -> Picture:
    from PIL import Image, ImageDraw

    width, height = size
    large = Image.new("RGB", (width * _FINE, height * _FINE), ground)
    pen = ImageDraw.Draw(large)
    for shape in shapes:
        if not isinstance(shape, Words):
            _draw(pen, shape, ground)
    picture = large.resize((width * sharpness, height * sharpness), Image.Resampling.BOX)
    pen = ImageDraw.Draw(picture)
    for shape in shapes:
        if isinstance(shape, Words):
            _write(pen, shape, sharpness)
    return picture


def _clear(on_white: Picture, on_black: Picture) -> Picture:
    """Return a picture without its ground, of what it is on a white and on a black one.

    Where they differ by d of 255, d shows through: black has the colour times the rest.
    """
    import numpy as np
    from PIL import Image

    white, black = (np.asarray(each, dtype=np.float32) for each in (on_white, on_black))
    alpha = 255 - (white - black).mean(axis=2, keepdims=True)
    colour = np.where(alpha > 0, black * 255 / np.maximum(alpha, 1), 255)
    made = np.concatenate([colour, alpha], axis=2).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(made, "RGBA")


def _draw(pen: ImageDraw, shape: Shape, ground: Colour) -> None:
    match shape:
        case Line():
            _draw_line(pen, shape, ground)
        case Box():
            edges = [shape.left, shape.top, shape.right, shape.bottom]
            pen.rectangle(
                [edge * _FINE for edge in edges], fill=_shade(shape.colour, shape.opacity, ground)
            )
        case Dot():
            x, y, r = shape.x * _FINE, shape.y * _FINE, shape.radius * _FINE
            shade = _shade(shape.colour, shape.opacity, ground)
            pen.ellipse([x - r, y - r, x + r, y + r], fill=shade)


def _draw_line(pen: ImageDraw, line: Line, ground: Colour) -> None:
    points = [(x * _FINE, y * _FINE) for x, y in line.points]
    if line.fill and len(points) > 2:
        pen.polygon(points, fill=_shade(line.fill, 1.0, ground))
    if not line.width or len(points) < 2:
        return
    width = max(1, round(line.width * _FINE))
    colour = _shade(line.colour, line.opacity, ground)
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
    pen.text(place, text, fill=_shade(words.colour, 1.0, _WHITE), font=font, anchor=anchor)


def _shade(colour: str, opacity: float, ground: Colour) -> Colour:
    """Return a colour as it looks on a ground."""
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(_percent(colour))
    except ValueError:
        red, green, blue, alpha = 128, 134, 143, []
    share = opacity * (alpha[0] / 255 if alpha else 1.0)
    mixed = [
        round(under + (each - under) * share)
        for each, under in zip((red, green, blue), ground, strict=True)
    ]
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
