"""Points, lines and bodies in space as a still: seen from where Plotly's camera stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.still.pieces import Dot, Line, Shape, listed, shades_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWN: Final = ("scatter3d", "mesh3d")
# More are not to be told apart in so small a picture.
MOST_POINTS: Final = 4000
MOST_TRIANGLES: Final = 4000
_FARTHEST: Final = 1e100
_EYE: Final = (1.25, 1.25, 1.25)
_BLUE: Final = "#3b82f6"
_VIRIDIS: Final = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")

# How near a shape is, and the shape.
Placed = tuple[float, Shape]


def space_shapes(
    traces: Sequence[dict[str, Any]], layout: dict[str, Any], width: int, height: int
) -> list[Shape] | None:
    """Return what is seen of traces in space, the farthest first; None if there is nothing."""
    import numpy as np

    places = [_places(trace) for trace in traces]
    seen = [each[np.isfinite(each).all(axis=1)] for each in places]
    every = np.concatenate(seen) if seen else np.empty((0, 3))
    if not len(every):
        return None
    camera = _camera(layout)
    flat = every @ camera.T
    low, high = flat.min(axis=0), flat.max(axis=0)
    spans = np.maximum(high - low, 1e-12)[:2]
    top = 34.0 if layout.get("title") else 10.0
    room = np.array([width - 24.0, height - top - 14.0])
    scale = float((room / spans).min())
    middle = np.array([width / 2, top + room[1] / 2])
    placed: list[Placed] = []
    for trace, points in zip(traces, places, strict=True):
        turned = points @ camera.T
        turned[:, :2] = (turned[:, :2] - (low + high)[:2] / 2) * [scale, -scale] + middle
        draw = _triangles if trace.get("type") == "mesh3d" else _marks
        placed += draw(trace, points, turned)
    return [shape for _, shape in sorted(placed, key=lambda pair: pair[0])]


def _places(trace: dict[str, Any]) -> Floats:
    import numpy as np

    columns = [np.array(listed(trace.get(axis)), dtype=np.float64) for axis in "xyz"]
    if len({len(column) for column in columns}) != 1:
        return np.empty((0, 3))
    places = np.stack(columns, axis=1)
    # What is broken here, or so far away that nothing could be computed with it, is nowhere.
    places[~(np.abs(places) < _FARTHEST).all(axis=1)] = np.nan
    return places


def _camera(layout: dict[str, Any]) -> Floats:
    """Return the directions to the right, upwards and to the eye."""
    import numpy as np

    eye = ((layout.get("scene") or {}).get("camera") or {}).get("eye") or {}
    near = np.array([float(eye.get(axis, at)) for axis, at in zip("xyz", _EYE, strict=True)])
    near /= np.linalg.norm(near) or 1.0
    right = np.cross([0.0, 0.0, 1.0], near)
    length = np.linalg.norm(right)
    right = right / length if length > 1e-9 else np.array([1.0, 0.0, 0.0])
    return np.stack([right, np.cross(near, right), near])


def _marks(trace: dict[str, Any], _: Floats, turned: Floats) -> Iterator[Placed]:
    import numpy as np

    mode = str(trace.get("mode") or "lines+markers")
    is_there = np.isfinite(turned.sum(axis=1))
    if "lines" in mode:
        line = trace.get("line") or {}
        colour, width = line.get("color"), float(line.get("width") or 2) / 2
        shade = colour if isinstance(colour, str) else _BLUE
        for at in np.flatnonzero(is_there[:-1] & is_there[1:]):
            (x, y, near), (x2, y2, near2) = turned[at].tolist(), turned[at + 1].tolist()
            yield (near + near2) / 2, Line([(x, y), (x2, y2)], shade, width)
    if "markers" in mode:
        marker = trace.get("marker") or {}
        shades = _shades(marker, len(turned))
        sizes = marker.get("size", 6)
        radii = listed(sizes) if not isinstance(sizes, int | float) else [sizes] * len(turned)
        kept = np.flatnonzero(is_there)
        for at in kept[:: -(-len(kept) // MOST_POINTS) or 1].tolist():
            x, y, near = turned[at].tolist()
            if radii[at]:
                yield near, Dot(x, y, float(radii[at]) / 2, shades[at])


def _shades(marker: dict[str, Any], count: int) -> list[str]:
    import numpy as np

    colours = marker.get("color")
    found = [] if isinstance(colours, str) else listed(colours)
    if len(found) != count or not all(isinstance(each, int | float) for each in found):
        return shades_of(colours, _BLUE, count)
    numbers = np.array(found, dtype=np.float64)
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    parts = np.nan_to_num((numbers - low) / ((high - low) or 1.0)) * (len(_VIRIDIS) - 1)
    stops = np.array([list(bytes.fromhex(each[1:])) for each in _VIRIDIS], dtype=np.float64)
    mixed = np.stack([np.interp(parts, range(len(stops)), stops[:, n]) for n in range(3)], axis=1)
    return ["#{:02x}{:02x}{:02x}".format(*each) for each in mixed.round().astype(int).tolist()]


def _triangles(trace: dict[str, Any], points: Floats, turned: Floats) -> Iterator[Placed]:
    """Yield a body's triangles, lighter where they look towards the eye."""
    import numpy as np

    faces = np.stack([np.array(listed(trace.get(n)), dtype=np.int64) for n in "ijk"], axis=1)
    faces = faces[((faces >= 0) & (faces < len(points))).all(axis=1)]
    turned, faces = _coarser(turned, faces)
    corners = turned[faces]
    corners = corners[np.isfinite(corners).all(axis=(1, 2))]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # In the picture y grows downwards, and depth has a scale of its own: good enough for light.
    length = np.linalg.norm(across, axis=1)
    light = 0.45 + 0.55 * np.abs(across[:, 2]) / np.where(length > 0, length, 1.0)
    colour = str(trace.get("color"))
    base = np.array(list(bytes.fromhex((colour if _HEX.fullmatch(colour) else _BLUE)[1:])))
    shades = (base * light[:, None]).round().astype(int).tolist()
    for corner, shade in zip(corners.tolist(), shades, strict=True):
        name = "#{:02x}{:02x}{:02x}".format(*shade)
        outline = [(x, y) for x, y, _ in corner]
        near = sum(z for *_, z in corner) / 3
        yield near, Line([*outline, outline[0]], name, 0.3, fill=name)


def _coarser(points: Floats, faces: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Return a body of fewer triangles: corners that are near each other become one."""
    import numpy as np

    low = np.nanmin(points, axis=0)
    span = np.maximum(np.nanmax(points, axis=0) - low, 1e-12)
    parts = 64
    while len(faces) > MOST_TRIANGLES and parts >= 8:
        cell = np.nan_to_num((points - low) / span * (parts - 1)).round().astype(np.int64)
        _, first, place = np.unique(cell, axis=0, return_index=True, return_inverse=True)
        joined = place.reshape(-1)[faces]
        is_flat = (joined == np.roll(joined, 1, axis=1)).any(axis=1)
        fewer = np.unique(np.sort(joined[~is_flat], axis=1), axis=0)
        if len(fewer) <= MOST_TRIANGLES:
            return points[first], fewer
        parts -= 8
    return points, faces[:: -(-len(faces) // MOST_TRIANGLES) or 1]
