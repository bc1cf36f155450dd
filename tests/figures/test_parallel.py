from __future__ import annotations

import math

import numpy as np
import pytest

from tracker.figures.parallel import parallel_figure, round_numbers

from .runs import is_safe, many, nasty, odd, one

COLUMNS = ["config.lr", "config.optimizer", "summary.loss"]


def heights(figure) -> dict[str, list[float]]:
    """Return where each run's line meets the axes, by the run's id."""
    found: dict[str, list[float]] = {}
    for trace in figure.data:
        for name, x, y in zip(trace.customdata or (), trace.x, trace.y, strict=False):
            if name:
                assert x == len(found.setdefault(name, []))
                found[name].append(float(y))
    return found


def words(figure, axis: int) -> list[str]:
    return [each.text for each in figure.layout.annotations if each.x == axis]


def test_a_run_is_a_line_through_its_values() -> None:
    values = [(0.0, "a", 10.0), (5.0, "b", 20.0), (10.0, "c", 15.0)]
    runs = [one(n, {"x": x, "k": k}, {"y": y}) for n, (x, k, y) in enumerate(values)]
    figure = parallel_figure(runs, ["config.x", "config.k", "summary.y"])
    assert heights(figure) == {"id0": [0, 0, 0], "id1": [0.5, 0.5, 1], "id2": [1, 1, 0.5]}
    assert words(figure, 1) == ["k", "a", "b", "c"]
    assert words(figure, 0) == ["x", "0", "5", "10"]


def test_between_two_runs_no_line_is_drawn() -> None:
    figure = parallel_figure(many(50), COLUMNS)
    for trace in figure.data:
        assert not trace.connectgaps
        if trace.customdata is not None:
            assert [math.isnan(y) for y in trace.y] == [not name for name in trace.customdata]


def test_a_logarithmic_axis_has_equal_steps_for_equal_factors() -> None:
    runs = [one(n, {"lr": lr}, {"y": n}) for n, lr in enumerate([1e-4, 1e-3, 1e-2, 0.0])]
    figure = parallel_figure(runs, ["config.lr", "summary.y"], log=["config.lr"])
    found = heights(figure)
    assert [found[f"id{n}"][0] for n in range(3)] == pytest.approx([0, 0.5, 1])
    assert found["id3"][0] < 0
    assert words(figure, 0) == ["lr", "0.0001", "0.001", "0.01", "none"]


def test_runs_without_a_value_go_below_the_axis() -> None:
    runs = [one(0, {"x": 1.0}, {"y": 1.0}), one(1, {}, {"y": math.nan}), one(2, {"x": 2}, {"y": 3})]
    found = heights(parallel_figure(runs, ["config.x", "summary.y"]))
    assert found["id1"][0] == found["id1"][1] < 0
    assert min(found["id0"] + found["id2"]) == 0


def test_colour_goes_with_the_last_column() -> None:
    runs = [one(n, {"x": n}, {"y": y}) for n, y in enumerate([1.0, 9.0, 5.0, 1.0, math.nan])]
    figure = parallel_figure(runs, ["config.x", "summary.y"])
    colours = {
        name: trace.line.color for trace in figure.data for name in trace.customdata or () if name
    }
    assert colours["id0"] == colours["id3"] == "#4f6df5"
    assert (colours["id1"], colours["id4"]) == ("#f0a030", "#9a9da5")
    assert len(set(colours.values())) == 4


def test_a_thousand_runs_are_few_traces() -> None:
    runs = many(1000)
    figure = parallel_figure(runs, [*COLUMNS, "config.amp", "summary.size"], log=["config.lr"])
    assert len(heights(figure)) == 1000
    assert len(figure.data) <= 42
    assert len(figure.to_json()) < 600_000


def test_equal_values_stand_in_the_middle() -> None:
    runs = [one(n, {"x": 7}, {"y": "same"}) for n in range(3)]
    found = heights(parallel_figure(runs, ["config.x", "summary.y"]))
    assert set(map(tuple, found.values())) == {(0.5, 0.5)}


def test_what_is_missing_is_said() -> None:
    assert "No run is shown" in parallel_figure([], COLUMNS).layout.annotations[0].text
    (said,) = parallel_figure(many(3), ["config.lr", "config.lr"]).layout.annotations
    assert "Choose two or more columns" in said.text


def test_odd_values_and_names_do_no_harm() -> None:
    assert len(heights(parallel_figure(odd(), ["config.v", "summary.v"]))) == len(odd())
    runs = nasty()
    keys = [f"config.{key}" for key in runs[0].config]
    assert is_safe(parallel_figure(runs, [*keys, "summary.loss"], title=keys[-1]))


def test_huge_numbers_have_finite_heights() -> None:
    runs = [one(n, {"x": x}, {"y": n}) for n, x in enumerate([-1.7e308, 0.0, 1.7e308])]
    found = heights(parallel_figure(runs, ["config.x", "summary.y"]))
    assert [found[f"id{n}"][0] for n in range(3)] == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 12), (1e-9, 2e-9), (0.97, 0.98), (0, 1e12)])
def test_ticks_are_few_round_and_within(low: float, high: float) -> None:
    ticks = round_numbers(low, high)
    assert 2 <= len(ticks) <= 7
    assert all(low - 1e-9 * abs(high) <= tick <= high * (1 + 1e-9) for tick in ticks)
    np.testing.assert_allclose(np.diff(ticks), ticks[1] - ticks[0], rtol=1e-6)


def test_few_values_have_a_tick_each_and_many_have_round_ones() -> None:
    runs = [one(n, {"few": (16, 128)[n % 2], "many": n / 10}, {"y": n}) for n in range(30)]
    figure = parallel_figure(runs, ["config.few", "config.many", "summary.y"], log=["config.few"])
    assert words(figure, 0) == ["few", "16", "128"]
    assert words(figure, 1) == ["many", "0", "1", "2"]
