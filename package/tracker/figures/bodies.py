"""The triangles in files of bodies: STL, OBJ and glTF's binary form.

What a file refers to outside of itself is not followed; colours and textures are left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tracker.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Body = tuple[NDArray[np.float64], NDArray[np.int64]]

MOST_TRIANGLES: Final = 200_000
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_INDEX_TYPES = {5121: "<u1", 5123: "<u2", 5125: "<u4"}
_FLOAT, _TRIANGLES = 5126, 4


def read_body(content: bytes, kind: str) -> Body:
    """Return corners and the triangles between them, by the corners' numbers.

    Raises
    ------
    UsageError
        If the format is another, the file is damaged or has too many triangles.
    """
    reader = {"stl": _read_stl, "obj": _read_obj, "glb": _read_glb}.get(kind)
    if reader is None:
        raise UsageError(
            f"Bodies of format {kind} are kept but not drawn: expected stl, obj or glb."
        )
    try:
        vertices, faces = reader(content)
    except (ValueError, IndexError, KeyError, TypeError) as error:
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


def _read_glb(content: bytes) -> Body:
    import numpy as np

    scene, binary = _chunks(content)
    vertices: list[NDArray[Any]] = []
    faces: list[NDArray[Any]] = []
    count = 0
    for mesh in scene.get("meshes", ()):
        for part in mesh["primitives"]:
            if part.get("mode", _TRIANGLES) != _TRIANGLES:
                continue
            corners = _accessor(scene, binary, part["attributes"]["POSITION"]).reshape(-1, 3)
            if "indices" in part:
                numbers = _accessor(scene, binary, part["indices"])
            else:
                numbers = np.arange(len(corners))
            faces.append(numbers[: len(numbers) // 3 * 3].reshape(-1, 3).astype(np.int64) + count)
            vertices.append(corners.astype(np.float64))
            count += len(corners)
    if not vertices:
        raise ValueError("it has no triangles")
    return np.concatenate(vertices), np.concatenate(faces)


def _chunks(content: bytes) -> tuple[dict[str, Any], bytes]:
    scene: dict[str, Any] = {}
    binary, place = b"", 12
    while place + 8 <= len(content):
        size = int.from_bytes(content[place : place + 4], "little")
        kind = int.from_bytes(content[place + 4 : place + 8], "little")
        body = content[place + 8 : place + 8 + size]
        if kind == _JSON:
            scene = json.loads(body)
        elif kind == _BINARY:
            binary = body
        place += 8 + size
    return scene, binary


def _accessor(scene: dict[str, Any], binary: bytes, number: int) -> NDArray[Any]:
    import numpy as np

    accessor = scene["accessors"][number]
    view = scene["bufferViews"][accessor["bufferView"]]
    width = {"SCALAR": 1, "VEC3": 3}[accessor["type"]]
    kind = accessor["componentType"]
    dtype = np.dtype("<f4" if kind == _FLOAT else _INDEX_TYPES[kind])
    offset = int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
    count = int(accessor["count"])
    stride = int(view.get("byteStride") or dtype.itemsize * width)
    if count > len(binary) or offset + (count - 1) * stride + dtype.itemsize * width > len(binary):
        raise ValueError("it names numbers beyond its end")
    shape, strides = (count, width), (stride, dtype.itemsize)
    return np.ndarray(shape, dtype, buffer=binary, offset=offset, strides=strides).ravel()
