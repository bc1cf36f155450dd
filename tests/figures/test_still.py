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
from tracker.figures.still.scales import make_scale
from tracker.figures.still.shapes import Box, Dot, Line, Words, shapes_of
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
    assert png is not None
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_the_figure_of_a_curve_is_drawn_in_its_colour() -> None:
    figure = curve_figure("loss", [("a", COLOUR, a_curve([3, 2, float("nan"), 1, 1]))])
    drawn = pixels(to_png(figure.to_plotly_json()))
    assert drawn.shape == (680, 1360, 3)
    is_line = np.abs(drawn - np.array([0xC6, 0x30, 0x7C])).sum(axis=2) < 40
    columns = np.flatnonzero(is_line.any(axis=0))
    assert len(columns) > 300
    assert np.diff(columns).max() > 100  # the gap where there is no number


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
    for figure in ({"data": [], "layout": {}}, a_figure(type="scatter3d"), a_figure(x=[], y=[])):
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
