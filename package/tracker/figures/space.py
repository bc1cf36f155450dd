"""Points, boxes, arrows and bodies in space as Plotly figures, in plain dicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.colours import PALETTE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tracker.media.object3d import Object3D

# More points make turning a scene slow, and are no more to see.
MOST_POINTS: Final = 50_000
# Pairs of a box's corners that are joined, in the order of :func:`_ordered`.
_EDGES = ((0, 1), (1, 3), (3, 2), (2, 0), (4, 5), (5, 7), (7, 6), (6, 4), (0, 4), (1, 5), (2, 6),
          (3, 7))  # fmt: skip
_NO_AXIS = {"visible": False}

Figure = dict[str, Any]


def space_figure(thing: Object3D) -> Figure:
    """Return points with what is among them, or a body.

    Raises
    ------
    UsageError
        If the body's file cannot be drawn here; the sentence says why.
    """
    from tracker.figures.bodies import read_body

    if thing.points is None:
        return _scene([_mesh(*read_body(thing.content, thing.format))])
    traces = [_cloud(thing.points)] if len(thing.points) else []
    traces += [_box(box) for box in thing.boxes]
    traces += [_arrow(vector) for vector in thing.vectors]
    return _scene(traces)


def _scene(traces: list[Figure]) -> Figure:
    axes = dict.fromkeys(("xaxis", "yaxis", "zaxis"), _NO_AXIS)
    layout = {
        "scene": {**axes, "aspectmode": "data", "dragmode": "orbit"},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "showlegend": False,
        "uirevision": "scene",  # the view stays as it was turned when the next step comes
    }
    return {"data": traces, "layout": layout}


def _cloud(points: NDArray[Any]) -> Figure:
    import numpy as np

    step = -(-len(points) // MOST_POINTS)
    kept = np.asarray(points[::step], dtype=np.float64)
    kept = kept[np.isfinite(kept[:, :3]).all(axis=1)]
    x, y, z = kept[:, :3].T.tolist()
    marker: Figure = {"size": 2.5 if len(kept) > 2000 else 4}
    if kept.shape[1] == 6:
        shades = kept[:, 3:].clip(0, 255).round().astype(int).tolist()
        marker["color"] = [f"rgb({r},{g},{b})" for r, g, b in shades]
    elif kept.shape[1] == 4:
        marker["color"] = [PALETTE[int(number) % len(PALETTE)] for number in kept[:, 3]]
    else:
        marker |= {"color": z, "colorscale": "Viridis"}
    return {"type": "scatter3d", "mode": "markers", "x": x, "y": y, "z": z, "marker": marker,
            "hoverinfo": "x+y+z"}  # fmt: skip


def _box(box: Mapping[str, Any]) -> Figure:
    corners = _ordered(box["corners"])
    x: list[float | None] = []
    y: list[float | None] = []
    z: list[float | None] = []
    for first, second in _EDGES:
        for corner in (corners[first], corners[second]):
            x.append(corner[0])
            y.append(corner[1])
            z.append(corner[2])
        x.append(None)
        y.append(None)
        z.append(None)
    line = {"color": _colour(box.get("color")), "width": 4}
    return {"type": "scatter3d", "mode": "lines", "x": x, "y": y, "z": z, "line": line,
            "name": _label(box.get("label")), "hoverinfo": "name"}  # fmt: skip


def _ordered(given: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return a box's corners so that the number of one says on which sides it lies.

    W&B's examples name corners in several orders.
    """
    import itertools

    import numpy as np

    corners = np.array(given, dtype=np.float64)
    away = corners - corners[0]
    far = away[np.linalg.norm(away, axis=1).argmax()]
    # Of each two corners that lie across from each other as seen from the first and the
    # farthest, one is joined to the first: those three that stand upright on each other.
    partner = [int(np.linalg.norm(far - one - away, axis=1).argmin()) for one in away]
    pairs = list({frozenset((place, other)) for place, other in enumerate(partner) if place})
    pairs = [pair for pair in pairs if 0 not in pair and len(pair) == 2]
    if len(pairs) != 3:
        return [list(corner) for corner in given]

    def leaning(chosen: tuple[int, ...]) -> float:
        return sum(abs(float(away[a] @ away[b])) for a, b in itertools.combinations(chosen, 2))

    sides = [away[place] for place in min(itertools.product(*pairs), key=leaning)]
    found = [
        corners[0] + sum(side * bit for side, bit in zip(sides, bits, strict=True))
        for bits in itertools.product((0, 1), repeat=3)
    ]
    return [corner.tolist() for corner in found]


def _arrow(vector: Mapping[str, Any]) -> Figure:
    start, end = vector["start"], vector["end"]
    x, y, z = ([start[axis], end[axis]] for axis in range(3))
    colour = _colour(vector.get("color"))
    return {"type": "scatter3d", "mode": "lines+markers", "x": x, "y": y, "z": z,
            "line": {"color": colour, "width": 5},
            "marker": {"color": colour, "size": [0, 4], "symbol": "diamond"},
            "hoverinfo": "skip"}  # fmt: skip


def _mesh(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> Figure:
    x, y, z = vertices.T.tolist()
    i, j, k = faces.T.tolist()
    light = {"ambient": 0.5, "diffuse": 0.8, "specular": 0.2, "roughness": 0.6}
    return {"type": "mesh3d", "x": x, "y": y, "z": z, "i": i, "j": j, "k": k,
            "color": PALETTE[0], "flatshading": True, "lighting": light,
            "hoverinfo": "skip"}  # fmt: skip


def _colour(given: Any) -> str:
    """Return a colour in parts of 1, as `box3d` has it, or of 255, as in W&B's point clouds."""
    is_listed = isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 3
    parts = [part for part in given if isinstance(part, int | float)] if is_listed else []
    if len(parts) != 3 or not all(map(math.isfinite, parts)):
        return PALETTE[1]
    scale = 255 if max(parts) <= 1 else 1
    red, green, blue = (max(0, min(255, round(part * scale))) for part in parts)
    return f"rgb({red},{green},{blue})"


def _label(given: Any) -> str:
    """Return a text as Plotly shows it, which takes some tags for markup."""
    return "" if given is None else str(given)[:100].replace("<", "&lt;")
