from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tracker.errors import TrackerWarning, UsageError
from tracker.media.loading import digests, load, load_value
from tracker.media.object3d import Object3D, box3d

BOX = box3d(center=(0, 0, 0), size=(2, 4, 6), orientation=(1, 0, 0, 0), color=(1, 0, 0), label="a")
NUMBERS = st.floats(-1e6, 1e6)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(
        st.sampled_from([np.float64, np.float32, np.int16, np.uint8]),
        st.integers(1, 20),
        st.sampled_from([3, 4, 6]),
    ).flatmap(lambda kind: npst.arrays(kind[0], kind[1:]))
)
def test_points_come_back_as_they_were(keep_many, points) -> None:
    assume(np.isfinite(points).all())
    logged = Object3D(points, caption="c")
    read = keep_many(logged)
    assert read == logged
    assert read.points.dtype == points.dtype
    assert np.array_equal(read.to_value(), points)


def test_a_scene_comes_back(objects) -> None:
    points = np.eye(3)
    logged = Object3D.from_point_cloud(
        points, boxes=[BOX], vectors=[{"start": [0, 0, 0], "end": (1, 1, 1)}]
    )
    reference = logged.to_reference(objects.put_bytes)
    assert reference["scene"] == {**reference["scene"], "boxes": 1, "vectors": 1}
    assert len(set(digests(reference, objects))) == 2
    read = load(reference, objects)
    assert read == logged
    assert read.boxes == [BOX]
    value = load_value(reference, objects)
    assert value["vectors"] == [{"start": [0, 0, 0], "end": [1, 1, 1]}]
    assert np.array_equal(value["points"], points)


def test_a_scene_as_wandb_gives_it() -> None:
    scene = {"type": "lidar/beta", "points": np.eye(3), "boxes": np.array([BOX])}
    assert Object3D(scene).boxes == [BOX]
    assert Object3D({"type": "lidar/beta"}).points.shape == (0, 3)


def test_points_of_many_kinds() -> None:
    assert Object3D([[1, 2, 3]]).points.tolist() == [[1, 2, 3]]
    assert Object3D.from_numpy(np.eye(3)) == Object3D(np.eye(3))


def test_nan_is_told_and_kept() -> None:
    with pytest.warns(TrackerWarning, match="NaN or infinity"):
        cloud = Object3D(np.array([[1, 2, math.nan]]))
    assert np.isnan(cloud.points[0, 2])


def test_changing_the_array_afterwards_changes_nothing() -> None:
    points = np.zeros((1, 3))
    cloud = Object3D(points)
    points[:] = 1
    assert cloud.points.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("given_data", "options", "sentence"),
    [
        (np.zeros((2, 5)), {}, r"nx6 where rgb is color\nand it is \(2, 5\)"),
        (np.zeros(3), {}, r"and it is \(3,\)"),
        (np.zeros((0, 3)), {}, "no points"),
        (np.array([["a", "b", "c"]]), {}, "<U1"),
        (np.array([[1j, 2, 3]]), {}, "complex"),
        ([[1, 2, 3], [1]], {}, "nx3"),
        ({"type": "other"}, {}, "only 'lidar/beta' is currently supported"),
        ({}, {}, "only 'lidar/beta' is currently supported"),
        (5, {}, "data must be a numpy array, dict or a file object"),
        ("body.txt", {}, "File 'body.txt' is not compatible with Object3D"),
        ("missing.glb", {}, "missing.glb cannot be used"),
        (io.BytesIO(b"x"), {}, "Must pass file type"),
        (io.BytesIO(b"x"), {"file_type": "txt"}, "not compatible"),
        (io.BytesIO(b"x"), {"file_type": "glb"}, "is no glb"),
        (io.BytesIO(b"x"), {"file_type": "stl"}, "is no stl"),
        (io.BytesIO(b"x"), {"file_type": "obj"}, "is no obj"),
        (io.BytesIO(b"x"), {"file_type": "gltf"}, "not JSON"),
        (io.BytesIO(b"[]"), {"file_type": "babylon"}, "is no babylon"),
        (io.BytesIO(b"{}"), {"file_type": "pts.json"}, "lidar/beta"),
        ({"type": "lidar/beta", "boxes": [{"corners": [1]}]}, {}, "8 corners"),
        ({"type": "lidar/beta", "boxes": [5]}, {}, "8 corners"),
        ({"type": "lidar/beta", "boxes": [{"corners": [[0, 0]] * 8}]}, {}, "expected 3 numbers"),
        ({"type": "lidar/beta", "vectors": [{"start": [0, 0, 0]}]}, {}, "start and end"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(given_data, options, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Object3D(given_data, **options)


def test_other_point_clouds_are_not_supported() -> None:
    with pytest.raises(UsageError, match="Point cloud type not supported"):
        Object3D.from_point_cloud([[0, 0, 0]], point_cloud_type="radar")
    with pytest.raises(UsageError, match="must be a numpy array"):
        Object3D.from_numpy([[0, 0, 0]])


BODIES = {
    "glb": b"glTF\2\0\0\0",
    "gltf": b'{"asset": {"version": "2.0"}, "buffers": [{"uri": "data:;base64,AAAA"}]}',
    "babylon": b'{"meshes": []}',
    "obj": b"# a triangle\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    "stl": b"solid x\nendsolid x\n",
}


def test_a_gltf_brings_the_buffers_beside_it_and_no_others(tmp_path: Path, keep) -> None:
    folder = tmp_path / "scene"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "a b.bin").write_bytes(b"\0\1\2")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    path = folder / "scene.gltf"
    path.write_text('{"buffers": [{"uri": "data/a%20b.bin"}]}')
    logged = Object3D(path)
    inside = "data:application/octet-stream;base64,AAEC"
    assert json.loads(logged.content) == {"buffers": [{"uri": inside}]}
    assert keep(logged) == logged
    for address in ("../secret", "link", str(tmp_path / "secret"), "missing", "http://x/y", "\0"):
        path.write_text(json.dumps({"buffers": [{"uri": address}]}))
        with pytest.warns(UserWarning, match="is kept without its buffer"):
            assert Object3D(path).content == path.read_bytes()
    path.write_text('{"buffers": [3, {"uri": 4}, {}]}')
    assert Object3D(path).content == path.read_bytes()


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_is_kept_as_it_is(tmp_path: Path, keep, kind: str) -> None:
    path = tmp_path / f"body.{kind.upper()}"
    path.write_bytes(BODIES[kind])
    for source in (path, str(path)):
        logged = Object3D(source)
        assert logged.content == BODIES[kind]
        assert keep(logged) == logged
    with path.open("rb") as file:
        assert Object3D.from_file(file).format == kind
    assert Object3D.from_file(io.BytesIO(BODIES[kind]), file_type=kind).to_value() == BODIES[kind]


def test_binary_stl() -> None:
    content = bytes(80) + (1).to_bytes(4, "little") + bytes(50)
    assert Object3D(io.BytesIO(content), file_type="stl").content == content


def test_pts_json(tmp_path: Path) -> None:
    path = tmp_path / "a.pts.json"
    path.write_text("[[1, 2, 3.5]]")
    assert Object3D(path).points.tolist() == [[1, 2, 3.5]]
    path.write_text(json.dumps({"type": "lidar/beta", "points": [[1, 2, 3]], "boxes": [BOX]}))
    assert Object3D(path).boxes == [BOX]


def test_pickled_points_are_never_read(objects) -> None:
    sink = io.BytesIO()
    np.save(sink, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    digest = objects.put_bytes(sink.getvalue())
    reference = {"_type": "object3D-file", "format": "npy", "sha256": digest}
    with pytest.raises(Exception, match="damaged"):
        load(reference, objects)


# --- boxes


def test_a_box_has_the_corners_of_its_size() -> None:
    assert sorted(BOX["corners"]) == sorted(
        [x, y, z] for x in (-1, 1) for y in (-2, 2) for z in (-3, 3)
    )
    assert (BOX["color"], BOX["label"], BOX["score"]) == ([1, 0, 0], "a", None)


@settings(max_examples=60, deadline=None)
@given(
    npst.arrays(np.float64, 3, elements=NUMBERS),
    npst.arrays(np.float64, 3, elements=st.floats(0.1, 100)),
    npst.arrays(np.float64, 4, elements=st.floats(-1e150, 1e150)),
)
def test_a_box_is_turned_as_scipy_turns_it(center, size, quaternion) -> None:
    rotation = pytest.importorskip("scipy.spatial.transform").Rotation
    assume(abs(quaternion).max() > 1e-150)
    scaled = quaternion / abs(quaternion).max()
    turn = rotation.from_quat(np.roll(scaled, -1))
    corners = np.array(
        box3d(center=center, size=size, orientation=quaternion, color=(0, 0, 0))["corners"]
    )
    unit = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    np.testing.assert_allclose(corners, center + turn.apply(unit * size / 2), atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"orientation": (0, 0, 0, 0)}, "zero quaternion"),
        ({"orientation": (1, 0, 0)}, "orientation is .*expected 4 numbers"),
        ({"center": (math.nan, 0, 0)}, "center is .*expected 3 numbers"),
        ({"size": "large"}, "size is 'large': expected 3 numbers"),
        ({"color": None}, "color is None: expected 3 numbers"),
    ],
)
def test_what_is_no_box_is_told(changes, sentence) -> None:
    right = {
        "center": (0, 0, 0),
        "size": (1, 1, 1),
        "orientation": (1, 0, 0, 0),
        "color": (0, 0, 0),
    }
    with pytest.raises(UsageError, match=sentence):
        box3d(**{**right, **changes})
