"""Rows of a table as points where they were projected to: a Plotly figure, in plain dicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tracker.figures.colours import PALETTE

_MOST_GROUPS: Final = 30


def embedding_figure(
    places: Sequence[Sequence[float]], labels: Sequence[Any] | None, texts: Sequence[str]
) -> dict[str, Any]:
    """Return a scatter of two or three dimensions.

    Parameters
    ----------
    places : sequence of rows
    labels : sequence, optional
        By which points are coloured: numbers on a scale, all else one colour for each value.
    texts : sequence of str
        Shown when the pointer is over a point.
    """
    is_solid = len(places[0]) == 3 if places else False
    base: dict[str, Any] = {
        "type": "scatter3d" if is_solid else "scattergl", "mode": "markers", "hoverinfo": "text",
    }  # fmt: skip
    size = 3 if is_solid else 6
    if labels is None or _are_numbers(labels):
        colour: Any = PALETTE[0] if labels is None else list(labels)
        marker = {"size": size, "color": colour, "colorscale": "Viridis", "showscale": bool(labels)}
        traces = [base | _points(places, texts, range(len(places))) | {"marker": marker}]
    else:
        traces = []
        for number, (name, rows) in enumerate(_groups(labels).items()):
            marker = {"size": size, "color": PALETTE[number % len(PALETTE)]}
            more = {"marker": marker, "name": name.replace("<", "&lt;")}
            traces.append(base | _points(places, texts, rows) | more)
    axis = {"zeroline": False, "showticklabels": False}
    layout: dict[str, Any] = {"showlegend": len(traces) > 1, "hovermode": "closest",
                              "uirevision": "embedding"}  # fmt: skip
    if is_solid:
        layout["scene"] = {name: {"visible": False} for name in ("xaxis", "yaxis", "zaxis")}
    else:
        layout |= {"xaxis": axis, "yaxis": axis}
    return {"data": traces, "layout": layout}


def _points(
    places: Sequence[Sequence[float]], texts: Sequence[str], rows: Sequence[int] | range
) -> dict[str, Any]:
    chosen = [places[row] for row in rows]
    axes = dict(zip("xyz", zip(*chosen, strict=True), strict=False))
    shown = [texts[row].replace("<", "&lt;") for row in rows]
    return {name: list(values) for name, values in axes.items()} | {"text": shown}


def _are_numbers(labels: Sequence[Any]) -> bool:
    numbers = [each for each in labels if each is not None]
    is_all = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    return is_all and len(set(numbers)) > _MOST_GROUPS


def _groups(labels: Sequence[Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        name = str(label)[:60]
        if name not in found and len(found) >= _MOST_GROUPS:
            name = "others"
        found.setdefault(name, []).append(row)
    return found
