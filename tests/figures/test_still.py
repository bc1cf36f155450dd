"""Charts as still pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tracker.figures import curve_figure
from tracker.figures.still import to_png, to_svg
from tracker.figures.still.pieces import Box, Dot, Line, Words
from tracker.figures.still.scales import make_scale
from tracker.figures.still.shapes import shapes_of
from tracker.records import Curve

COLOUR = "#c6307c"


def a_curve(y: list[float]) -> Curve:
    return Curve(1, 1, "loss", np.arange(len(y), dtype=float), np.array(y), len(y), is_exact=True)


def a_figure(**trace: Any) -> dict[str, Any]:
    return {
        "data": [{"x": [1, 2, 3], "y": [3.0, 1.0, 2.0], "mode": "lines", **trace}],
        "layout": {},
    }


def pixels(png: bytes | None) -> np.ndarray:
    """Return a picture as it looks on white."""
    assert png is not None
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB")).astype(int)


def test_the_figure_of_a_curve_is_drawn_in_its_colour() -> None:
    figure = curve_figure("loss", [("a", COLOUR, a_curve([3, 2, float("nan"), 1, 1]))])
    drawn = pixels(to_png(figure.to_plotly_json()))
    assert drawn.shape == (680, 1360, 3)
    is_line = np.abs(drawn - np.array([0xC6, 0x30, 0x7C])).sum(axis=2) < 40
    columns = np.flatnonzero(is_line.any(axis=0))
    assert len(columns) > 300
    assert np.diff(columns).max() > 100  # the gap where there is no number


def test_a_picture_is_clear_where_nothing_is_drawn() -> None:
    trace = {"type": "heatmap", "x": [0, 1, 2], "y": [0, 1], "z": [[0.0, 1.0]]}
    png = to_png({"data": [trace], "layout": {"yaxis": {"visible": False}}}, 400, 300)
    seen = np.asarray(Image.open(io.BytesIO(png or b"")).convert("RGBA")).astype(int)
    low, high = seen[250, 280], seen[250, 600]
    assert high == pytest.approx(np.array([0x3B, 0x82, 0xF6, 255]), abs=4)
    assert low[3] == pytest.approx(0.08 * 255, abs=6)
    assert seen[-8, 4, 3] == 0


def test_a_falling_line_falls() -> None:
    shapes = shapes_of(a_figure(y=[3, 2, 1], line={"color": COLOUR}), 600, 300) or []
    (line,) = [shape for shape in shapes if isinstance(shape, Line) and shape.colour == COLOUR]
    assert line.points == sorted(line.points)
    assert [y for _, y in line.points] == sorted(y for _, y in line.points)


def test_bars_stand_on_zero_beside_each_other() -> None:
    bars = {"type": "bar", "x": ["a", "b"], "y": [2, -1]}
    figure = {"data": [{**bars, "name": "m"}, {**bars, "name": "n"}], "layout": {}}
    shapes = shapes_of(figure, 600, 300) or []
    boxes = [shape for shape in shapes if isinstance(shape, Box)]
    assert len(boxes) == 4
    assert boxes[0].bottom == boxes[1].top  # zero
    assert boxes[0].right <= boxes[2].left + 1e-6
    assert {shape.text for shape in shapes if isinstance(shape, Words)} >= {"a", "b", "m", "n"}


@pytest.mark.parametrize(
    ("axis", "values", "texts"),
    [
        ({}, [0, 10], ["0", "2", "4", "6", "8", "10"]),
        ({"type": "log"}, [1, 1000], ["1", "10", "100", "1,000"]),
        ({"type": "date"}, [0, 3_600_000], ["00:00", "00:15", "00:30", "00:45", "01:00"]),
        ({}, ["b", "a", "b"], ["b", "a"]),
        ({"range": [0, 1]}, [5], ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
    ],
)
def test_ticks_are_round(axis: dict[str, Any], values: list[Any], texts: list[str]) -> None:
    scale = make_scale(axis, values, 0, 100, from_zero=False)
    assert scale is not None
    assert [text for _, text in scale.ticks(5)] == texts


@settings(deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30),
    st.sampled_from(["linear", "log", "date"]),
)
def test_any_numbers_can_be_drawn(values: list[float], kind: str) -> None:
    figure = a_figure(x=list(range(len(values))), y=values)
    figure["layout"] = {"yaxis": {"type": kind if kind != "date" else "linear"}}
    svg = to_svg(figure)
    assert svg is None or svg.startswith("<svg")
    assert svg is None or "nan" not in svg.partition("<text")[0]


def test_a_long_line_keeps_its_spike() -> None:
    y = np.zeros(100_000)
    y[54_321] = 1.0
    shapes = shapes_of(a_figure(x=np.arange(100_000), y=y, line={"color": COLOUR}), 600, 300) or []
    (line,) = [shape for shape in shapes if isinstance(shape, Line) and shape.colour == COLOUR]
    assert len(line.points) < 2000
    heights = {y for _, y in line.points}
    assert max(heights) - min(heights) > 200


def test_what_cannot_be_drawn_is_none() -> None:
    for figure in ({"data": [], "layout": {}}, a_figure(type="pie"), a_figure(x=[], y=[])):
        assert to_png(figure) is None
        assert to_svg(figure) is None


def test_text_in_a_picture_is_text() -> None:
    figure = a_figure(name="</text><script>alert(1)</script>", line={"color": 'red" onload="x'})
    figure["data"].append({**figure["data"][0], "name": "&lt;b&gt;"})
    figure["layout"] = {"title": {"text": "<b>bold</b>"}, "xaxis": {"title": "<i>x</i>"}}
    svg = to_svg(figure) or ""
    assert "<script" not in svg
    assert "onload" not in svg
    assert ">bold<" in svg
    assert "&lt;b&gt;" in svg


def test_bars_have_the_names_of_their_runs() -> None:
    from tracker.figures.bars import Bar, bar_figure

    bars = [Bar("first <b>", "#111111", 2.0, id="a"), Bar("second", "#222222", 1.0, id="b")]
    shapes = shapes_of(bar_figure(bars, x_title="loss").to_plotly_json(), 600, 300) or []
    boxes = [shape for shape in shapes if isinstance(shape, Box)]
    assert [box.colour for box in boxes] == ["#111111", "#222222"]
    assert boxes[0].top < boxes[1].top  # as they are listed, the first on top
    words = {shape.text: shape.y for shape in shapes if isinstance(shape, Words)}
    assert boxes[0].top < words["first <b>"] < boxes[0].bottom
    assert "loss" in words


def test_points_have_their_own_colours_and_axes_their_words() -> None:
    figure = a_figure(mode="markers", marker={"color": ["#111111", "#222222", "#333333"]})
    figure["layout"] = {"yaxis": {"tickvals": [1, 3], "ticktext": ["low", "high"]}}
    shapes = shapes_of(figure, 600, 300) or []
    assert [s.colour for s in shapes if isinstance(s, Dot)] == ["#111111", "#222222", "#333333"]
    assert {"low", "high"} <= {s.text for s in shapes if isinstance(s, Words)}


# -- heat maps


def a_heatmap(z: list[list[float]], **more: Any) -> dict[str, Any]:
    names = [f"class {n}" for n in range(len(z))]
    trace = {
        "type": "heatmap", "x": names, "y": names, "z": z,
        "text": [[str(n) for n in row] for row in z], "texttemplate": "%{text}",
        "colorscale": [[0, "#ffffff"], [1, "#000080"]],
    }  # fmt: skip
    axis = {"type": "category"}
    layout = {"xaxis": axis, "yaxis": {**axis, "autorange": "reversed", "title": {"text": "True"}}}
    return {"data": [{**trace, **more}], "layout": layout}


def test_cells_have_their_numbers_in_a_colour_that_stands_out() -> None:
    shapes = shapes_of(a_heatmap([[9, 0], [3, 7]]), 600, 300) or []
    boxes = [shape for shape in shapes if isinstance(shape, Box)]
    words = {shape.text: shape for shape in shapes if isinstance(shape, Words)}
    assert {"9", "0", "3", "7", "class 0", "class 1", "True"} <= words.keys()
    for text, colour, ink in (("9", "#000080", "#ffffff"), ("0", "#ffffff", "#1f2430")):
        number = words[text]
        (under,) = [b for b in boxes if b.left < number.x < b.right and b.top < number.y < b.bottom]
        assert (under.colour, number.colour) == (colour, ink)
    assert words["9"].y < words["3"].y  # the first row is the upper one
    rows = [shape for shape in shapes if isinstance(shape, Words) and shape.anchor == "end"]
    assert [each.text for each in sorted(rows, key=lambda r: r.y)] == ["class 0", "class 1"]
    assert pixels(to_png(a_heatmap([[9, 0], [3, 7]]))).std() > 10


def test_numbers_that_would_not_be_legible_are_left_out() -> None:
    shapes = shapes_of(a_heatmap([[1234] * 60] * 60), 600, 300) or []
    texts = [shape for shape in shapes if isinstance(shape, Words)]
    assert not [each for each in texts if each.text == "1234"]
    heights = sorted(each.y for each in texts if each.anchor == "end")
    assert np.diff(heights).min() >= 10
    assert len([shape for shape in shapes if isinstance(shape, Box)]) == 3600


# -- space


def test_points_in_space_are_seen_from_where_the_camera_stands() -> None:
    trace = {"type": "scatter3d", "mode": "markers", "x": [0, 0, 1], "y": [0, 0, 1],
             "z": [0, 1, 0], "marker": {"size": 4, "color": ["red", "green", "blue"]}}  # fmt: skip
    shapes = shapes_of({"data": [trace], "layout": {}}, 600, 300) or []
    dots = {shape.colour: shape for shape in shapes if isinstance(shape, Dot)}
    assert dots["green"].y < dots["red"].y  # above it
    assert dots["green"].x == pytest.approx(dots["red"].x)
    # The one nearest to the eye is drawn last, over the others.
    assert [shape.colour for shape in shapes][-1] in ("blue", "green")
    seen = {"scene": {"camera": {"eye": {"x": 0, "y": 0, "z": 2}}}}
    above = shapes_of({"data": [trace], "layout": seen}, 600, 300) or []
    red, green = (s for s in above if isinstance(s, Dot) and s.colour in ("red", "green"))
    assert (red.x, red.y) == pytest.approx((green.x, green.y))


def test_a_large_body_and_cloud_are_made_smaller() -> None:
    angles = np.linspace(0, 2 * np.pi, 150)
    u, v = (each.ravel() for each in np.meshgrid(angles, angles / 2))
    ball = np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v)])
    at = np.arange(150 * 149)
    mesh = {"type": "mesh3d", "color": COLOUR, **dict(zip("xyz", ball.tolist(), strict=True)),
            "i": at.tolist(), "j": (at + 1).tolist(), "k": (at + 150).tolist()}  # fmt: skip
    cloud = {"type": "scatter3d", "mode": "markers", **dict(zip("xyz", ball, strict=True)),
             "marker": {"color": ball[2].tolist(), "colorscale": "Viridis"}}  # fmt: skip
    shapes = shapes_of({"data": [mesh, cloud], "layout": {}}, 600, 300) or []
    faces = [shape for shape in shapes if isinstance(shape, Line)]
    assert 500 < len(faces) <= 4000
    assert len({shape.colour for shape in shapes if isinstance(shape, Dot)}) > 50
    drawn = pixels(to_png({"data": [mesh], "layout": {}}))
    assert 0.3 < (drawn.min(axis=2) < 250).any(axis=1).mean() <= 1.0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(*[st.floats() | st.none()] * 3), max_size=6))
def test_anything_in_space_is_drawn_or_none(rows: list[tuple[float | None, ...]]) -> None:
    x, y, z = zip(*rows, strict=True) if rows else ((), (), ())
    for mode in ("markers", "lines"):
        trace = {"type": "scatter3d", "mode": mode, "x": x, "y": y, "z": z}
        svg = to_svg({"data": [trace], "layout": {}})
        assert svg is None or "nan" not in svg
