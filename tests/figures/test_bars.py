from __future__ import annotations

import math
import statistics

import pytest

from tracker.errors import UsageError
from tracker.figures.bars import bar_figure, group_bars, run_bars

from .runs import Group, is_safe, many, nasty, odd, one


def losses(*values: float) -> list:
    return [one(n, {}, {"loss": value}) for n, value in enumerate(values)]


def test_every_run_with_a_value_has_a_bar_in_its_colour() -> None:
    runs = [*losses(3.0, 1.0, math.nan), one(9, {}, {})]
    figure = bar_figure(run_bars(runs, ["summary.loss"]))
    (trace,) = figure.data
    assert list(trace.customdata) == ["id0", "id1", "id2"]
    assert list(trace.x[:2]) == [3.0, 1.0]
    assert list(trace.marker.color) == [run.colour for run in runs[:3]]
    assert figure.layout.yaxis.labelalias == {"0": "run-0", "1": "run-1", "2": "run-2"}


def test_what_is_no_number_is_written_in_place_of_a_bar() -> None:
    figure = bar_figure(run_bars(losses(1.0, math.nan, math.inf, -math.inf), ["summary.loss"]))
    written = [(words.y, words.text) for words in figure.layout.annotations]
    assert written == [("1", "NaN"), ("2", "∞"), ("3", "−∞")]


def test_two_metrics_have_two_bars_a_run() -> None:
    bars = run_bars(many(2), ["summary.loss", "summary.size"])
    names = ["run-0 · loss", "run-0 · size", "run-1 · loss", "run-1 · size"]
    assert [bar.name for bar in bars] == names


@pytest.mark.parametrize(
    ("spread", "reach"),
    [
        ("std", (statistics.stdev([1, 2, 6]),) * 2),
        ("sem", (statistics.stdev([1, 2, 6]) / math.sqrt(3),) * 2),
        ("minmax", (2.0, 3.0)),
        ("none", (0.0, 0.0)),
    ],
)
def test_a_group_is_its_mean_with_a_spread(spread: str, reach: tuple[float, float]) -> None:
    groups = [Group("lr 0.1", "#123456", losses(1.0, 2.0, 6.0, math.nan))]
    (bar,) = group_bars(groups, ["summary.loss"], spread=spread)
    assert bar.value == 3.0
    assert (bar.below, bar.above) == pytest.approx(reach)
    assert "3 runs" in bar.text
    assert "1 without a number" in bar.text
    error = bar_figure([bar]).data[0].error_x
    assert (error.array is not None) == (spread != "none")


@pytest.mark.parametrize(("aggregate", "value"), [("max", 6), ("min", 1), ("median", 2)])
def test_a_group_can_be_its_extreme_or_its_median(aggregate: str, value: float) -> None:
    (bar,) = group_bars([Group("g", "#1", losses(6.0, 1.0, 2.0))], ["summary.loss"], aggregate)
    assert bar.value == value


def test_two_equal_runs_are_the_same_bar_as_one_without_spread() -> None:
    one_run, two = (
        group_bars([Group("g", "#1", losses(*[0.25] * count))], ["summary.loss"])[0]
        for count in (1, 2)
    )
    assert (one_run.value, one_run.above) == (two.value, two.above) == (0.25, 0.0)


def test_bars_can_be_ordered_and_those_without_a_number_come_last() -> None:
    bars = run_bars(losses(2.0, math.nan, 3.0, 1.0), ["summary.loss"])
    for order, ids in (("descending", "2031"), ("ascending", "3021"), ("runs", "0123")):
        found = bar_figure(bars, order=order).data[0].customdata
        assert "".join(name[2:] for name in found) == ids


def test_a_thousand_bars_are_all_there() -> None:
    figure = bar_figure(run_bars(many(1000), ["summary.loss"]))
    assert len(figure.data[0].x) == 1000
    assert figure.data[0].text is None


def test_nothing_to_draw_is_said() -> None:
    for runs in ([], [one(0, {}, {})]):
        figure = bar_figure(run_bars(runs, ["summary.loss"]))
        assert not figure.data
        assert "No run" in figure.layout.annotations[0].text


def test_odd_values_and_names_do_no_harm() -> None:
    assert len(bar_figure(run_bars(odd(), ["summary.v"])).data[0].x) == len(odd()) - 2
    assert is_safe(bar_figure(run_bars(nasty(), ["summary.loss"])))


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="spread is 'x': expected one of 'std', 'sem'"):
        group_bars([], [], spread="x")
    with pytest.raises(UsageError, match="aggregate is 'x': expected one of 'mean'"):
        group_bars([], [], "x")
    with pytest.raises(UsageError, match="order is 'x': expected one of 'runs'"):
        bar_figure([], order="x")
