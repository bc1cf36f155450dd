from __future__ import annotations

import math

import numpy as np
import pytest

from tracker.errors import UsageError
from tracker.figures.axes import x_axis
from tracker.figures.curve import curve_figure, strokes
from tracker.figures.smoothing import Smoothing
from tracker.records import Curve

NASTY = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    '"><a href="javascript:alert(1)">x</a>',
    "%{y}<extra>gone</extra>",
    "a\u0000b\u202ec",
]


def curve(ys: list[float], xs: list[float] | None = None, *, is_exact: bool = True) -> Curve:
    x = np.array(range(len(ys)) if xs is None else xs, dtype=np.float64)
    return Curve(7, 1, "train/loss", x, np.array(ys, dtype=np.float64), len(ys), is_exact)


def roles(figure) -> dict[str, tuple[list, list]]:
    return {trace.meta["role"]: (list(trace.x), list(trace.y)) for trace in figure.data}


def test_a_curve_becomes_one_line_with_its_values() -> None:
    figure = curve_figure("train/loss", [("run", "#3b82f6", curve([3.0, 1, 2] * 10))])
    assert roles(figure) == {"line": (list(range(30)), [3.0, 1, 2] * 10)}
    assert figure.data[0].line.color == "#3b82f6"
    assert figure.layout.title.text == "train/loss"
    assert figure.layout.xaxis.title.text == "Step"


def test_few_points_are_dots_too() -> None:
    found = roles(curve_figure("", [("run", "red", curve([3.0, 1, 2]))]))
    assert found["dots"] == found["line"] == ([0, 1, 2], [3, 1, 2])


def test_what_is_no_number_breaks_the_line_and_is_marked() -> None:
    ys = [1.0] * 40
    ys[10], ys[20], ys[30] = math.nan, math.inf, -math.inf
    found = roles(curve_figure("", [("run", "red", curve(ys))]))
    xs, line = found["line"]
    assert [x for x, y in zip(xs, line, strict=True) if math.isnan(y)] == [10, 20, 30]
    assert (found["nan"][0], found["above"][0], found["below"][0]) == ([10], [20], [30])
    figure = curve_figure("", [("run", "red", curve(ys))])
    assert not any(trace.connectgaps for trace in figure.data)
    assert {t.yaxis for t in figure.data if t.meta["role"] in ("nan", "above", "below")} == {"y2"}


def test_a_number_between_two_nans_is_a_dot() -> None:
    ys = [math.nan, 5.0, math.nan] + [1.0] * 40
    found = roles(curve_figure("", [("run", "red", curve(ys))]))
    assert found["dots"] == ([1], [5])


def test_a_curve_of_nan_only_has_marks_and_no_line() -> None:
    assert set(roles(curve_figure("", [("run", "red", curve([math.nan] * 5))]))) == {"nan"}


def test_many_nans_are_marked_as_far_as_they_can_be_told_apart() -> None:
    found = roles(curve_figure("", [("run", "red", curve([1.0] + [math.nan] * 50_000))]))
    assert 60 <= len(found["nan"][0]) <= 81
    assert found["nan"][0][0] == 1


def test_an_empty_curve_draws_nothing() -> None:
    assert curve_figure("", [("run", "red", curve([]))]).data == ()
    assert curve_figure("", []).data == ()


@pytest.mark.parametrize("text", NASTY)
def test_text_from_outside_is_shown_and_not_understood(text: str) -> None:
    lines = [(text, "red", curve([1.0, 2])), ("other", "blue", curve([1.0, 2]))]
    figure = curve_figure(text, lines, x_title=text, y_title=text)
    shown = [
        figure.layout.title.text,
        figure.layout.xaxis.title.text,
        figure.layout.yaxis.title.text,
    ]
    shown += [trace.name for trace in figure.data] + [trace.legendgroup for trace in figure.data]
    assert not [part for part in shown if "<" in part or ">" in part or "\u0000" in part]
    templates = {trace.hovertemplate for trace in figure.data}
    assert not [template for template in templates if template and text in template]


def test_relative_time_is_in_a_unit_that_reads_well() -> None:
    for seconds, unit, scale in ((90, "s", 1), (3600, "min", 60), (30_000, "h", 3600)):
        figure = curve_figure("", [("r", "red", curve([1.0, 2], [0, seconds]))], x="relative")
        assert figure.layout.xaxis.title.text == f"Relative time ({unit})"
        assert list(figure.data[0].x) == [0, seconds / scale]


def test_wall_time_is_a_date_axis_in_milliseconds() -> None:
    figure = curve_figure("", [("r", "red", curve([1.0, 2], [1.7e9, 1.7e9 + 1]))], x="time")
    assert figure.layout.xaxis.type == "date"
    assert list(figure.data[0].x) == [1.7e12, 1.7e12 + 1000]


def test_axes_can_be_logarithmic_and_fixed() -> None:
    figure = curve_figure("", [("r", "red", curve([1.0]))], log_x=True, log_y=True, y_range=(0, 2))
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    assert figure.layout.yaxis.range == (0, 2)


def test_smoothing_draws_a_second_line_over_a_faint_first() -> None:
    lines = [("r", "red", curve([0.0, 1] * 50))]
    figure = curve_figure("", lines, smoothing=Smoothing("average", 0.5))
    faint, smoothed = figure.data
    assert faint.opacity < 0.5
    assert not faint.showlegend
    assert (faint.meta["role"], smoothed.meta["role"]) == ("line", "smooth")
    assert abs(smoothed.y[50] - 0.5) < 0.02
    alone = curve_figure("", lines, smoothing=Smoothing("average", 0.5, show_original=False))
    assert [trace.meta["role"] for trace in alone.data] == ["smooth"]


def test_a_legend_is_there_for_two_runs_and_more() -> None:
    one = curve_figure("", [("a", "red", curve([1.0, 2]))])
    two = curve_figure("", [("a", "red", curve([1.0, 2])), ("b", "blue", curve([1.0, 2]))])
    assert (one.layout.showlegend, two.layout.showlegend) == (False, True)
    assert [trace.showlegend for trace in two.data] == [True, False, True, False]


def test_figures_are_light_and_without_a_template() -> None:
    figure = curve_figure("t", [("a", "red", curve([1.0] * 100))])
    assert len(figure.to_json()) < 6000


def test_an_axis_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="'epoch': expected 'step', 'relative' or 'time'"):
        curve_figure("", [], x="epoch")


def test_strokes_are_the_arrays_of_the_figure() -> None:
    wild = curve([1.0, math.nan, 2, math.inf, 3] * 20)
    figure = curve_figure("", [("a", "red", wild)])
    drawn = strokes(wild, x_axis("step"))
    assert list(drawn) == [trace.meta["role"] for trace in figure.data]
    for trace in figure.data:
        x, y = drawn[trace.meta["role"]]
        np.testing.assert_array_equal(trace.x, x)
        np.testing.assert_array_equal(trace.y, y)
