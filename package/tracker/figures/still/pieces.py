"""What stills are made of: lines, boxes, dots and words on a plane of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]
GREY = "#80868f"


@dataclass(frozen=True, slots=True)
class Line:
    """Points that are joined."""

    points: list[Point]
    colour: str
    width: float = 1.6
    opacity: float = 1.0
    dash: tuple[float, ...] = ()
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    left: float
    top: float
    right: float
    bottom: float
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `anchor` is ``start``, ``middle`` or ``end``."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    size: float = 11.0
    colour: str = GREY


Shape = Line | Box | Dot | Words


def listed(values: Any) -> list[Any]:
    """Return the values of a trace as a list, also where Plotly's JSON has them as text."""
    if values is None:
        return []
    if isinstance(values, dict):
        return _unpacked(values)
    return list(values.tolist()) if hasattr(values, "tolist") else list(values)


def _unpacked(packed: dict[str, Any]) -> list[Any]:
    import base64

    import numpy as np

    content = base64.b64decode(str(packed.get("bdata") or ""))
    numbers = np.frombuffer(content, dtype=str(packed.get("dtype")))
    if shape := packed.get("shape"):
        numbers = numbers.reshape([int(length) for length in str(shape).split(",")])
    return list(numbers.tolist())


def shades_of(colours: Any, otherwise: str, count: int) -> list[str]:
    """Return the colour of each point; of a scale of colours, all have the same."""
    if isinstance(colours, str):
        return [colours] * count
    found = listed(colours)
    is_named = len(found) == count and all(isinstance(each, str) for each in found)
    return found if is_named else [otherwise] * count
