from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.figures.sparkline import BARS, sparkline, sparkline_svg

numbers = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([1, 2, 3], "▁▅█"),
        ([math.nan, 2, 3], " ▁█"),
        ([1, math.inf, 2, -math.inf], "▁ █ "),
        ([math.nan, math.inf], ""),
        ([], ""),
        ([5], "▁"),
        ([5, 5, math.nan, 5], "▁▁ ▁"),
        ([0.5, 1.2, 3.5, 7.3, 8.0, 12.5, 13.2, 15.0, 14.2, 11.8, 6.1, 1.9], "▁▁▂▄▅▇▇██▆▄▂"),
        ([1, 1, -2, 3, -5, 8, -13], "▆▆▅▆▄█▁"),
        ([-1.7e308, 0, 1.7e308], "▁▅█"),
    ],
)
def test_bars_are_those_of_wandb(values: list[float], line: str) -> None:
    assert sparkline(values) == line


def test_long_input_is_sampled_with_its_ends() -> None:
    line = sparkline([*range(1000), 5000], width=40)
    assert len(line) == 40
    assert line[0] == BARS[0]
    assert line[-1] == BARS[-1]


@given(st.lists(numbers, max_size=200), st.integers(2, 60))
def test_any_input_fits(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) <= width
    assert set(line) <= {*BARS, " "}
    assert (line == "") == (not any(map(math.isfinite, values[:1] if len(values) == 1 else values)))


@given(st.lists(numbers, max_size=2000))
def test_svg_is_well_formed_and_inside_its_box(values: list[float]) -> None:
    tree = ElementTree.fromstring(sparkline_svg(values, width=100, height=20))
    assert tree.tag == "svg"
    for line in tree.iter("polyline"):
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 100
            assert 0 <= y <= 20


def test_svg_keeps_spikes_and_breaks_at_nan() -> None:
    values = [0.0] * 5000
    values[2345] = 1.0
    values[4000] = math.nan
    tree = ElementTree.fromstring(sparkline_svg(values, width=100, height=20))
    lines = [line.attrib["points"].split() for line in tree.iter("polyline")]
    heights = [float(point.split(",")[1]) for line in lines for point in line]
    assert min(heights) == 1.5
    assert len(lines) == 2
    assert len(list(tree.iter("path"))) == 1


def test_svg_says_the_same_in_characters_where_svg_is_stripped() -> None:
    tree = ElementTree.fromstring(sparkline_svg([1, 2, 3]))
    assert tree.find("title") is not None
    assert "".join(tree.itertext()) == "▁▅█"
