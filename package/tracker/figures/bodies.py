"""The triangles in files of bodies: STL, OBJ, and glTF with its binary form.

What a file refers to outside of itself is not followed; colours and textures are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tracker.errors import UsageError
from tracker.figures.gltf import read_glb, read_gltf

if TYPE_CHECKING:
    from tracker.figures.gltf import Body

MOST_TRIANGLES: Final = 200_000
_DAMAGES = (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError)


def read_body(content: bytes, kind: str) -> Body:
    """Return corners and the triangles between them, by the corners' numbers.

    Raises
    ------
    UsageError
        If the format is another, the file is damaged or has too many triangles.
    """
    reader = _READERS.get(kind)
    if reader is None:
        raise UsageError(
            f"Bodies of format {kind} are kept but not drawn: expected stl, obj, glb or gltf."
        )
    try:
        vertices, faces = reader(content)
    except _DAMAGES as error:
        raise UsageError(f"The {kind} file cannot be drawn: {error}.") from error
    if not len(faces) or faces.min() < 0 or faces.max() >= len(vertices):
        raise UsageError(f"The {kind} file cannot be drawn: it has no triangles that make sense.")
    if len(faces) > MOST_TRIANGLES:
        raise UsageError(
            f"The body has {len(faces):,} triangles: up to {MOST_TRIANGLES:,} are drawn."
        )
    return vertices, faces


def _read_stl(content: bytes) -> Body:
    import numpy as np

    count = int.from_bytes(content[80:84], "little")
    if len(content) == 84 + 50 * count:
        facets = np.frombuffer(content, dtype=[("n", "<f4", 3), ("v", "<f4", 9), ("a", "<u2")],
                               offset=84)  # fmt: skip
        vertices = facets["v"].reshape(-1, 3).astype(np.float64)
    else:
        lines = (line.split() for line in content.decode("utf-8", "replace").splitlines())
        found = [[float(part) for part in line[1:4]] for line in lines if line[:1] == ["vertex"]]
        vertices = np.array(found, dtype=np.float64).reshape(-1, 3)
    return vertices, np.arange(len(vertices) // 3 * 3, dtype=np.int64).reshape(-1, 3)


def _read_obj(content: bytes) -> Body:
    import numpy as np

    vertices: list[list[float]] = []
    faces: list[list[int]] = []
    for line in content.decode("utf-8", "replace").splitlines():
        word, *parts = line.split() or [""]
        if word == "v":
            vertices.append([float(part) for part in parts[:3]])
        elif word == "f":
            corners = [int(part.split("/")[0]) for part in parts]
            # Numbers begin at 1, and negative ones count from the end.
            corners = [c - 1 if c > 0 else len(vertices) + c for c in corners]
            faces += [[corners[0], *corners[i : i + 2]] for i in range(1, len(corners) - 1)]
    return np.array(vertices, np.float64).reshape(-1, 3), np.array(faces, np.int64).reshape(-1, 3)


_READERS: Final[dict[str, Callable[[bytes], Body]]] = {
    "stl": _read_stl,
    "obj": _read_obj,
    "glb": lambda content: read_glb(content, MOST_TRIANGLES),
    "gltf": lambda content: read_gltf(content, MOST_TRIANGLES),
}
