"""The triangles of glTF scenes, as text with their buffers inside, or in the binary form.

Nothing outside of the file is read. Colours, textures, skins and movements are left out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Body = tuple[Floats, NDArray[np.int64]]

_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_INDEX_TYPES: Final = {5121: "<u1", 5123: "<u2", 5125: "<u4"}
_FLOAT, _TRIANGLES = 5126, 4


def read_glb(content: bytes, most: int) -> Body:
    """Return corners and triangles of the binary form; see :func:`read_gltf`."""
    scene, binary = _chunks(content)
    return _bodies(scene, _buffers(scene, binary), most)


def read_gltf(content: bytes, most: int) -> Body:
    """Return corners and the triangles between them, by the corners' numbers.

    Parameters
    ----------
    content : bytes
        The file.
    most : int
        So many triangles at most.

    Raises
    ------
    ValueError, KeyError, IndexError, TypeError, AttributeError
        If the file is damaged, has no triangles, too many, or a buffer outside of it.
    """
    scene = json.loads(content)
    return _bodies(scene, _buffers(scene, b""), most)


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


def _buffers(scene: Mapping[str, Any], binary: bytes) -> list[bytes]:
    """Return the scene's buffers; one without an address is that of the binary form."""
    found = []
    for buffer in scene.get("buffers", ()):
        address = buffer.get("uri")
        if address is None:
            found.append(binary)
            continue
        head, _, text = str(address).partition(",")
        if not head.startswith("data:") or not head.endswith(";base64"):
            raise ValueError(f"its buffer {address!r:.60} is not in it")
        found.append(base64.b64decode(text))
    return found


def _bodies(scene: Mapping[str, Any], buffers: Sequence[bytes], most: int) -> Body:
    import numpy as np

    vertices: list[Floats] = []
    faces: list[NDArray[np.int64]] = []
    count = total = 0
    for mesh, placing in _placed(scene):
        for part in scene["meshes"][mesh]["primitives"]:
            if part.get("mode", _TRIANGLES) != _TRIANGLES:
                continue
            corners, triangles = _part(scene, buffers, part)
            total += len(triangles)
            if total > most:
                raise ValueError(f"it has more than {most:,} triangles")
            vertices.append(corners @ placing[:3, :3].T + placing[:3, 3])
            faces.append(triangles + count)
            count += len(corners)
    if not vertices:
        raise ValueError("it has no triangles")
    return np.concatenate(vertices), np.concatenate(faces)


def _part(scene: Mapping[str, Any], buffers: Sequence[bytes], part: Mapping[str, Any]) -> Body:
    import numpy as np

    corners = _accessor(scene, buffers, part["attributes"]["POSITION"]).reshape(-1, 3)
    if "indices" in part:
        numbers = _accessor(scene, buffers, part["indices"])
    else:
        numbers = np.arange(len(corners))
    triangles = numbers[: len(numbers) // 3 * 3].reshape(-1, 3)
    if len(triangles) and triangles.max() >= len(corners):
        raise ValueError("a triangle has a corner that there is not")
    return corners.astype(np.float64), triangles.astype(np.int64)


def _placed(scene: Mapping[str, Any]) -> Iterator[tuple[int, Floats]]:
    """Yield the number of each mesh of the scene, and the matrix that places it."""
    import numpy as np

    nodes = scene.get("nodes") or ()
    scenes = scene.get("scenes") or ()
    if not nodes:
        yield from ((number, np.eye(4)) for number in range(len(scene.get("meshes", ()))))
        return
    roots = scenes[scene.get("scene", 0)].get("nodes", ()) if scenes else _roots(nodes)
    waiting = [(number, np.eye(4)) for number in roots]
    seen: set[int] = set()
    while waiting:
        number, above = waiting.pop()
        if number in seen:
            raise ValueError("one of its nodes is held by two")
        seen.add(number)
        node = nodes[number]
        placing = above @ _matrix(node)
        if "mesh" in node:
            yield node["mesh"], placing
        waiting += [(child, placing) for child in node.get("children", ())]


def _roots(nodes: Sequence[Mapping[str, Any]]) -> list[int]:
    held = {child for node in nodes for child in node.get("children", ())}
    return [number for number in range(len(nodes)) if number not in held]


def _matrix(node: Mapping[str, Any]) -> Floats:
    """Return where a node stands in the one that holds it."""
    import numpy as np

    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    x, y, z, w = (float(part) for part in node.get("rotation", (0, 0, 0, 1)))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    made = np.eye(4)
    made[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), dtype=np.float64)
    made[:3, 3] = node.get("translation", (0, 0, 0))
    return made


def _accessor(scene: Mapping[str, Any], buffers: Sequence[bytes], number: int) -> NDArray[Any]:
    import numpy as np

    accessor = scene["accessors"][number]
    view = scene["bufferViews"][accessor["bufferView"]]
    content = buffers[int(view.get("buffer", 0))]
    width = {"SCALAR": 1, "VEC3": 3}[accessor["type"]]
    kind = accessor["componentType"]
    dtype = np.dtype("<f4" if kind == _FLOAT else _INDEX_TYPES[kind])
    offset = int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
    count = int(accessor["count"])
    stride = int(view.get("byteStride") or dtype.itemsize * width)
    last = offset + (count - 1) * stride + dtype.itemsize * width
    if min(offset, count, stride) < 0 or count > len(content) or last > len(content):
        raise ValueError("it names numbers beyond its end")
    shape, strides = (count, width), (stride, dtype.itemsize)
    return np.ndarray(shape, dtype, buffer=content, offset=offset, strides=strides).ravel()
