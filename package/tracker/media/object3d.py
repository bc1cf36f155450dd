"""Point clouds and bodies in space."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tracker.errors import UsageError, warn
from tracker.media.gltf import with_buffers
from tracker.media.media import Find, Media, Put
from tracker.media.source import read_source, read_text
from tracker.media.spec import dump_spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = (3, 4, 6)
SHAPES = """The shape of the numpy array must be one of either
    [[x y z],       ...] nx3
    [[x y z c],     ...] nx4 where c is a category with supported range [1, 14]
    [[x y z r g b], ...] nx6 where rgb is color
and it is """


class Object3D(Media):
    """Points or a body to log: ``run.log({"scan": tracker.Object3D(points)})``.

    Parameters
    ----------
    data_or_path : array, dict, path or open file
        An array of points, N×3, N×4 with a category from 1 to 14, or N×6 with a colour; a dict
        with ``type="lidar/beta"`` and ``points``, ``boxes``, ``vectors``; or a file of one of
        :attr:`SUPPORTED_TYPES`. Buffers that a gltf file names beside itself are put into it; what
        else a file refers to outside of itself is not followed.
    caption : str, optional
        Shown under it, as plain text.
    file_type : str, optional
        The format; needed for an open file without a name.

    Raises
    ------
    UsageError
        If it is none of these.
    """

    type_name: ClassVar[str] = "object3D-file"
    SUPPORTED_TYPES: ClassVar[tuple[str, ...]] = (
        "obj", "gltf", "glb", "babylon", "stl", "pts.json",
    )  # fmt: skip
    SUPPORTED_POINT_CLOUD_TYPES: ClassVar[tuple[str, ...]] = ("lidar/beta",)

    def __init__(
        self, data_or_path: Any, caption: str | None = None, file_type: str | None = None
    ) -> None:
        super().__init__(caption)
        self.points: NDArray[Any] | None = None
        self._scene: dict[str, list[Any]] = {}
        if isinstance(data_or_path, str | os.PathLike) or hasattr(data_or_path, "read"):
            self._take_file(data_or_path, file_type)
        elif isinstance(data_or_path, Mapping):
            self._take_scene(data_or_path)
        elif hasattr(data_or_path, "shape") or isinstance(data_or_path, list | tuple):
            self._take_points(data_or_path)
        else:
            raise UsageError(
                "data must be a numpy array, dict or a file object, and this is a "
                f"{type(data_or_path).__name__}."
            )

    def _take_file(self, given: Any, file_type: str | None) -> None:
        name = str(getattr(given, "name", given)).lower()
        known = [kind for kind in self.SUPPORTED_TYPES if name.endswith("." + kind)]
        if file_type is None and not known and hasattr(given, "read"):
            raise UsageError("Must pass file type keyword argument when using io objects.")
        self.format = file_type or (known[0] if known else "")
        if self.format not in self.SUPPORTED_TYPES:
            raise UsageError(
                f"File '{name}' is not compatible with Object3D: supported types are: "
                + ", ".join(self.SUPPORTED_TYPES)
            )
        self._content = read_source(given, "Object3D")[0]
        if self.format == "pts.json":
            held = _read_json(self._content, "pts.json")
            self._take_scene(held) if isinstance(held, dict) else self._take_points(held)
        else:
            _check_body(self._content, self.format)
            if self.format == "gltf" and not hasattr(given, "read"):
                self._content = with_buffers(self._content, Path(given).parent)

    def _take_scene(self, given: Mapping[str, Any]) -> None:
        if given.get("type") not in self.SUPPORTED_POINT_CLOUD_TYPES:
            raise UsageError(
                f"Type {given.get('type')!r} not supported, only 'lidar/beta' is currently "
                "supported"
            )
        points = given.get("points")
        self._take_points([[0, 0, 0]][:0] if points is None else points, may_be_empty=True)
        boxes = [_check_box(box) for box in _listed(given.get("boxes"))]
        vectors = [_check_vector(vector) for vector in _listed(given.get("vectors"))]
        self._scene = {"boxes": boxes, "vectors": vectors} if boxes or vectors else {}

    def _take_points(self, given: Any, may_be_empty: bool = False) -> None:
        import numpy as np

        self.points = _as_points(given, may_be_empty)
        sink = io.BytesIO()
        np.save(sink, self.points, allow_pickle=False)
        self._content, self.format = sink.getvalue(), "npy"

    @property
    def content(self) -> bytes:
        """The file; of points NumPy's, without pickles."""
        return self._content

    def about(self) -> str:
        """Say how many points it has, or what file it is."""
        if self.points is None:
            return super().about()
        count = f"{len(self.points):,} points"
        if self._scene:
            count += f", {len(self.boxes)} boxes, {len(self.vectors)} vectors"
        return count

    @property
    def boxes(self) -> list[Any]:
        """The boxes around points."""
        return list(self._scene.get("boxes", ()))

    @property
    def vectors(self) -> list[Any]:
        """The arrows among points."""
        return list(self._scene.get("vectors", ()))

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> Object3D:
        """Return the body or the points in a file."""
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_numpy(cls, data: Any) -> Object3D:
        """Return an array of points."""
        if not hasattr(data, "shape"):
            raise UsageError("`data` must be a numpy array")
        return cls(data)

    @classmethod
    def from_point_cloud(
        cls,
        points: Any,
        boxes: Any = (),
        vectors: Any = None,
        point_cloud_type: str = "lidar/beta",
    ) -> Object3D:
        """Return points with boxes and arrows.

        Parameters
        ----------
        points : sequence
            As in the constructor.
        boxes : sequence of dict
            As :func:`box3d` makes them.
        vectors : sequence of dict, optional
            With ``start`` and ``end``, each a point.
        point_cloud_type : str
            Only ``"lidar/beta"``.
        """
        if point_cloud_type not in cls.SUPPORTED_POINT_CLOUD_TYPES:
            raise UsageError(f"Point cloud type not supported: {point_cloud_type!r}.")
        return cls({"type": point_cloud_type, "points": points, "boxes": boxes, "vectors": vectors})

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep points or body, and the boxes beside them; return their JSON."""
        reference = super().to_reference(put_bytes)
        if self._scene:
            scene = dump_spec(self._scene).encode(errors="replace")
            counts = {name: len(items) for name, items in self._scene.items()}
            reference["scene"] = {"sha256": put_bytes(scene), **counts}
        return reference

    def details(self) -> dict[str, Any]:
        """Return how many points there are, and of how many numbers each."""
        if self.points is None:
            return {}
        return {"points": self.points.shape[0], "columns": self.points.shape[1]}

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Object3D:
        """Return what was logged."""
        path, caption = find(reference["sha256"]), reference.get("caption")
        if reference["format"] != "npy":
            return cls(io.BytesIO(path.read_bytes()), caption, reference["format"])
        import numpy as np

        try:
            points = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        except ValueError as error:
            raise UsageError(f"the points are damaged ({error})") from error
        scene = {"type": "lidar/beta", "points": points}
        if "scene" in reference:
            scene |= json.loads(find(reference["scene"]["sha256"]).read_bytes())
        return cls(scene, caption)

    def to_value(self) -> Any:
        """Return the points, a dict of points, boxes and vectors, or the file's bytes."""
        if self.points is None:
            return self._content
        return {"points": self.points, **self._scene} if self._scene else self.points


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: Any,
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """Return a box for :meth:`Object3D.from_point_cloud`.

    Parameters
    ----------
    center, size : sequence of 3 numbers
        Where it is, and how long along its own axes.
    orientation : sequence of 4 numbers
        The rotation as a quaternion r + xi + yj + zk, of any length but zero.
    color : tuple of 3 numbers
        Red, green and blue, between 0 and 1.
    label : str, optional
        What it is.
    score : float, optional
        How sure that is.

    Raises
    ------
    UsageError
        If one has another shape, or the quaternion is zero.
    """
    import itertools

    import numpy as np

    middle, lengths = _vector(center, 3, "center"), _vector(size, 3, "size")
    turn = _rotation(_vector(orientation, 4, "orientation"))
    unit = np.array(list(itertools.product((-1, 1), repeat=3)), dtype=np.float64)
    corners = middle + (0.5 * lengths * unit) @ turn.T
    return {
        "corners": [[float(number) for number in corner] for corner in corners],
        "color": [float(part) for part in _vector(color, 3, "color")],
        "label": label,
        "score": None if score is None else float(score),
    }


def _rotation(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix that turns a column vector as the quaternion does."""
    import numpy as np

    largest = abs(quaternion).max()
    if largest == 0:
        raise UsageError("Unexpected zero quaternion.")
    scaled = quaternion / largest  # first, so that squares neither vanish nor overflow
    r, i, j, k = scaled / np.linalg.norm(scaled)
    return np.array(
        [
            [1 - 2 * (j * j + k * k), 2 * (i * j - k * r), 2 * (i * k + j * r)],
            [2 * (i * j + k * r), 1 - 2 * (i * i + k * k), 2 * (j * k - i * r)],
            [2 * (i * k - j * r), 2 * (j * k + i * r), 1 - 2 * (i * i + j * j)],
        ]
    )


def _vector(given: Any, length: int, name: str) -> NDArray[np.float64]:
    import numpy as np

    try:
        vector = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} is {given!r:.100}: expected {length} numbers.") from error
    if vector.shape != (length,) or not np.isfinite(vector).all():
        raise UsageError(f"{name} is {given!r:.100}: expected {length} numbers.")
    return vector


def _as_points(given: Any, may_be_empty: bool) -> NDArray[Any]:
    import numpy as np

    try:
        points = np.array(given.detach().cpu() if hasattr(given, "detach") else given)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{SHAPES}{type(given).__name__}: {error}.") from error
    if may_be_empty and not points.size:
        return np.zeros((0, 3), np.float32)
    if points.ndim != 2 or points.shape[1] not in COLUMNS or points.dtype.kind not in "biuf":
        raise UsageError(f"{SHAPES}{points.shape} of {points.dtype}.")
    if not points.size:
        raise UsageError("Object3D was given no points: there is nothing to log.")
    if points.dtype.kind == "f" and not np.isfinite(points).all():
        warn("Points hold NaN or infinity: these are kept, and left out of the drawing.")
    return points


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given.tolist() if hasattr(given, "tolist") else given)


def _check_box(box: Any) -> dict[str, Any]:
    corners = _listed(box.get("corners")) if isinstance(box, Mapping) else []
    if len(corners) != 8:
        raise UsageError(f"A box is {box!r:.100}: expected a dict with 8 corners; see box3d().")
    checked = [_vector(corner, 3, "A corner of a box").tolist() for corner in corners]
    return {**box, "corners": checked}


def _check_vector(vector: Any) -> dict[str, Any]:
    if not isinstance(vector, Mapping) or not {"start", "end"} <= set(vector):
        raise UsageError(f"A vector is {vector!r:.100}: expected a dict with start and end.")
    ends = {
        name: _vector(vector[name], 3, f"A vector's {name}").tolist() for name in ("start", "end")
    }
    return {**vector, **ends}


def _read_json(content: bytes, kind: str) -> Any:
    try:
        return json.loads(read_text(content, "Object3D"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Object3D was given a {kind} file that is not JSON: {error}.") from error


def _check_body(content: bytes, kind: str) -> None:
    if kind in ("gltf", "babylon"):
        is_right = isinstance(_read_json(content, kind), dict)
    elif kind == "glb":
        is_right = content.startswith(b"glTF")
    elif kind == "stl":
        facets = int.from_bytes(content[80:84], "little")
        is_right = content.lstrip().startswith(b"solid") or len(content) == 84 + 50 * facets
    else:
        is_right = any(line.startswith((b"v ", b"v\t")) for line in content.splitlines())
    if not is_right:
        raise UsageError(f"Object3D was given a file that is no {kind}.")
