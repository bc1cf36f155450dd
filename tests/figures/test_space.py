"""Scenes in space: points, boxes in any order of corners, and bodies from files."""

from __future__ import annotations

import base64
import itertools
import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tracker
from tracker.errors import TrackerWarning, UsageError
from tracker.figures.bodies import read_body
from tracker.figures.colours import PALETTE
from tracker.figures.space import MOST_POINTS, space_figure

# A tetrahedron: four corners, four triangles.
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float64)
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


def stl(corners: np.ndarray, faces: np.ndarray) -> bytes:
    facets = [struct.pack("<12fH", *([0.0] * 3), *corners[f].ravel(), 0) for f in faces]
    return bytes(80) + struct.pack("<I", len(faces)) + b"".join(facets)


def stl_text(corners: np.ndarray, faces: np.ndarray) -> bytes:
    lines = ["solid body"]
    for face in faces:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += [f"vertex {x} {y} {z}" for x, y, z in corners[face].tolist()]
        lines += ["endloop", "endfacet"]
    return "\n".join([*lines, "endsolid body"]).encode()


def obj(corners: np.ndarray, faces: np.ndarray) -> bytes:
    lines = [f"v {x} {y} {z}" for x, y, z in corners.tolist()]
    lines += ["f " + " ".join(f"{corner + 1}/1/1" for corner in face) for face in faces]
    return "\n".join(["# a body", "vn 0 0 1", *lines]).encode()


def gltf(corners: np.ndarray, faces: np.ndarray) -> bytes:
    scene, content = scene_of(corners, faces)
    address = f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
    return json.dumps({**scene, "buffers": [{"uri": address}]}).encode()


def glb(corners: np.ndarray, faces: np.ndarray) -> bytes:
    scene, content = scene_of(corners, faces)
    text = json.dumps({**scene, "buffers": [{"byteLength": len(content)}]}).encode()
    chunks = b"".join(
        struct.pack("<II", len(body), kind) + body
        for kind, body in ((0x4E4F534A, text), (0x004E4942, content))
    )
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def scene_of(corners: np.ndarray, faces: np.ndarray) -> tuple[dict, bytes]:
    """Return a scene of one mesh, and its only buffer."""
    places = corners.astype("<f4").tobytes()
    numbers = faces.astype("<u2").tobytes()
    scene = {
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(corners), "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": faces.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": len(places)},
            {"buffer": 0, "byteOffset": len(places), "byteLength": len(numbers)},
        ],
    }
    return scene, places + numbers


WRITERS = {"stl": stl, "stl in text": stl_text, "obj": obj, "glb": glb, "gltf": gltf}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_body_keeps_its_triangles(kind: str) -> None:
    vertices, faces = read_body(WRITERS[kind](CORNERS, FACES), kind.split()[0])
    assert np.allclose(vertices[faces], CORNERS[FACES])


@settings(max_examples=40, deadline=None)
@given(
    corners=arrays.arrays(np.float32, (8, 3), elements=st.floats(-100, 100, width=32)),
    faces=arrays.arrays(np.int64, (5, 3), elements=st.integers(0, 7)),
)
def test_any_triangles_are_read_from_every_format(corners, faces) -> None:
    for kind, write in WRITERS.items():
        vertices, found = read_body(write(corners, faces), kind.split()[0])
        assert np.allclose(vertices[found], corners[faces], atol=1e-4)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), kind=st.sampled_from(["stl", "obj", "glb", "gltf"]))
def test_damaged_bodies_are_one_sentence(content: bytes, kind: str) -> None:
    start = b"glTF" + struct.pack("<II", 2, 0) if kind == "glb" else b""
    with pytest.raises(UsageError, match=f"{kind} file cannot be drawn"):
        read_body(start + content, kind)


def test_numbers_beyond_the_end_of_a_file_are_not_read() -> None:
    whole = glb(CORNERS, FACES)
    with pytest.raises(UsageError, match="numbers beyond its end"):
        read_body(whole.replace(b'"count": 4,', b'"count": 9,'), "glb")
    with pytest.raises(UsageError, match="expected stl, obj, glb or gltf"):
        read_body(b"{}", "babylon")


def test_nodes_place_their_meshes() -> None:
    scene = json.loads(gltf(CORNERS, FACES))
    half = 0.5**0.5
    scene |= {
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"translation": [10, 0, 0], "children": [1, 2]},
            {"rotation": [0, 0, half, half], "scale": [2, 1, 1], "mesh": 0},
            {"matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 5, 0, 1], "mesh": 0},
            {"mesh": 0},
        ],
    }
    vertices, faces = read_body(json.dumps(scene).encode(), "gltf")
    assert (len(vertices), len(faces)) == (8, 8)
    moved = {tuple(corner) for corner in vertices.round(6).tolist()}
    # Twice as wide, then a quarter turn; and five upwards.
    assert {(10.0, 2.0, 0.0), (9.0, 0.0, 0.0), (11.0, 5.0, 0.0), (10.0, 6.0, 0.0)} <= moved
    scene["nodes"][2]["children"] = [1]
    with pytest.raises(UsageError, match="one of its nodes is held by two"):
        read_body(json.dumps(scene).encode(), "gltf")
    scene["buffers"] = [{"uri": "../secret.bin"}]
    with pytest.raises(UsageError, match=r"its buffer '../secret.bin' is not in it"):
        read_body(json.dumps(scene).encode(), "gltf")


def test_a_mesh_that_is_used_often_does_not_fill_the_memory() -> None:
    scene = json.loads(gltf(CORNERS, FACES)) | {"nodes": [{"mesh": 0}] * 60_000}
    with pytest.raises(UsageError, match="more than 200,000 triangles"):
        read_body(json.dumps(scene).encode(), "gltf")


def test_polygons_become_triangles_and_numbers_may_count_from_the_end() -> None:
    square = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf -4 -3 -2 -1\n"
    _, faces = read_body(square, "obj")
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3]]


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(8)), sides=st.tuples(*[st.floats(0.5, 9)] * 3))
def test_a_box_has_its_twelve_edges_in_any_order_of_corners(order, sides) -> None:
    corners = np.array(list(itertools.product((0, 1), repeat=3))) * sides
    scene = {"type": "lidar/beta", "points": [[0, 0, 0]],
             "boxes": [{"corners": corners[list(order)].tolist()}]}  # fmt: skip
    box = space_figure(tracker.Object3D(scene))["data"][1]
    places = np.array(list(zip(box["x"], box["y"], box["z"], strict=True)), dtype=float)
    starts, ends = places[0::3], places[1::3]
    assert len(starts) == 12
    edges = np.abs(ends - starts)
    assert np.allclose(sorted(edges.sum(axis=1)), sorted([*sides] * 4))
    assert ((edges > 1e-6).sum(axis=1) == 1).all()


def test_points_are_coloured_thinned_and_finite() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(3 * MOST_POINTS, 3))
    points[0] = np.nan
    with pytest.warns(TrackerWarning, match="left out of the drawing"):
        cloud = space_figure(tracker.Object3D(points))["data"][0]
    assert len(cloud["x"]) == MOST_POINTS - 1
    coloured = np.array([[0, 0, 0, 255, 128, 0], [1, 1, 1, 0, 0, 300]], dtype=np.float64)
    cloud = space_figure(tracker.Object3D(coloured))["data"][0]
    assert cloud["marker"]["color"] == ["rgb(255,128,0)", "rgb(0,0,255)"]


def test_labels_are_no_markup() -> None:
    box = tracker.box3d(
        center=(0, 0, 0),
        size=(1, 1, 1),
        orientation=(1, 0, 0, 0),
        color=(1, 2, 3),
        label="<b>x</b>",
    )
    drawn = space_figure(tracker.Object3D.from_point_cloud([[0, 0, 0]], boxes=[box]))["data"][1]
    assert "<" not in drawn["name"]


@pytest.mark.parametrize(
    ("given_colour", "drawn"),
    [
        ((0.5, 0, 1.0), "rgb(128,0,255)"),
        ((240, 120, 40), "rgb(240,120,40)"),
        ([300, -5, 2], "rgb(255,0,2)"),
        ((0, 0, 0), "rgb(0,0,0)"),
        ((math.nan, 0, 0), PALETTE[1]),
        ("red", PALETTE[1]),
    ],
)
def test_colours_are_parts_of_one_or_of_255(given_colour, drawn: str) -> None:
    corners = [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    box = {"corners": corners, "color": given_colour}
    (trace,) = space_figure(tracker.Object3D.from_point_cloud([], boxes=[box]))["data"]
    assert trace["line"]["color"] == drawn
