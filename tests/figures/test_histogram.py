from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.figures.distribution import (
    QUANTILES,
    common_edges,
    distribution_figure,
    quantiles,
    shares,
)
from tracker.figures.histogram import (
    Counts,
    counts_of,
    histogram_figure,
    logged_histogram_figure,
)

from .runs import NASTY, Group, is_safe, many, nasty, odd, one


def numbers(*values: float) -> list:
    return [one(n, {}, {"loss": value}) for n, value in enumerate(values)]


def a_histogram(step: int, values: np.ndarray, bins: int = 16) -> Counts:
    counts, edges = np.histogram(values, bins=bins)
    return Counts(step, counts.astype(float), edges)


NORMAL = np.random.default_rng(0).normal(size=4000)


# ---------------------------------------------------------------- of a column over runs


def test_every_run_is_counted_once() -> None:
    figure = histogram_figure(numbers(0.0, 1.0, 2.0, 2.0, 10.0), "summary.loss", bins=5)
    (trace,) = figure.data
    assert list(trace.y) == [2, 2, 0, 0, 1]
    np.testing.assert_allclose(trace.x, [1, 3, 5, 7, 9])
    np.testing.assert_allclose(trace.width, 2)


def test_runs_without_a_number_are_said() -> None:
    figure = histogram_figure(numbers(1.0, math.nan, math.inf), "summary.loss")
    assert sum(figure.data[0].y) == 1
    assert figure.layout.annotations[0].text == "2 of 3 runs not drawn: no number for loss"


def test_groups_are_stacked_in_their_colours() -> None:
    runs = numbers(1.0, 2.0, 3.0)
    groups = [Group("a", "#111111", runs[:2]), Group("b", "#222222", runs[2:])]
    figure = histogram_figure(runs, "summary.loss", groups=groups, bins=2)
    found = [(trace.name, trace.marker.color, list(trace.y)) for trace in figure.data]
    assert found == [("a", "#111111", [1, 1]), ("b", "#222222", [0, 1])]
    assert (figure.layout.barmode, figure.layout.showlegend) == ("stack", True)


def test_text_has_a_bar_for_each_value() -> None:
    figure = histogram_figure(many(9), "config.optimizer")
    assert list(figure.layout.xaxis.ticktext) == ["adam", "lion", "sgd"]
    assert list(figure.data[0].y) == [3, 3, 3]


def test_logarithmic_stretches_are_equally_wide() -> None:
    runs = numbers(1e-4, 1e-3, 1e-2, 0.0)
    figure = histogram_figure(runs, "summary.loss", is_log=True, bins=2)
    assert list(figure.data[0].y) == [1, 2]
    assert list(figure.layout.xaxis.ticktext) == ["0.0001", "0.001", "0.01"]


@pytest.mark.parametrize("values", [[5.0] * 3, [0.0], [1e308, -1e308], [1.0, 1.0 + 2e-16]])
def test_narrow_and_wide_ranges_lose_nobody(values: list[float]) -> None:
    assert sum(histogram_figure(numbers(*values), "summary.loss").data[0].y) == len(values)


def test_none_a_thousand_odd_and_nasty_runs() -> None:
    assert "No run" in histogram_figure([], "summary.loss").layout.annotations[0].text
    assert sum(histogram_figure(many(1000), "summary.size").data[0].y) == 1000
    assert sum(histogram_figure(odd(), "config.v").data[0].y) == len(odd()) - 2
    assert is_safe(histogram_figure(nasty(), "config.t", title=NASTY[0]))


# ---------------------------------------------------------------- logged histograms


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {"values": [1], "bins": [0]},
        {"values": [0, 0], "bins": [0, 1, 2]},
        {"values": ["x"], "bins": [0, 1]},
        {"values": [1], "bins": [0, math.inf]},
        {"values": 3, "bins": 4},
    ],
)
def test_what_is_no_histogram_is_none(reference: dict) -> None:
    assert counts_of(0, reference) is None


def test_a_reference_is_a_histogram() -> None:
    found = counts_of(7, {"_type": "histogram", "values": [1, 3], "bins": [0.0, 1.0, 2.0]})
    assert found is not None
    assert (found.step, found.total) == (7, 4)


def test_the_area_below_an_outline_is_one() -> None:
    figure = logged_histogram_figure([("a", "#111111", a_histogram(3, NORMAL))], "gradients")
    (line,) = figure.data
    x, y = np.array(line.x), np.array(line.y)
    assert (np.diff(x) * y[:-1]).sum() == pytest.approx(1)
    assert (y[0], y[-1]) == (0, 0)


sizes = st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any)
finite = st.floats(-1e6, 1e6)


@given(sizes, finite, st.floats(1e-3, 1e6))
def test_no_value_is_lost_between_common_edges(counts: list[int], low: float, span: float) -> None:
    edges = np.linspace(low, low + span, len(counts) + 1)
    histogram = Counts(0, np.array(counts, dtype=float), edges)
    found = shares(histogram, common_edges([histogram]))
    assert found.sum() == pytest.approx(1)
    assert (found >= -1e-12).all()
    assert (np.diff(quantiles(histogram, QUANTILES)) >= 0).all()


def test_quantiles_are_those_of_the_values() -> None:
    found = quantiles(a_histogram(0, NORMAL, 400), QUANTILES)
    np.testing.assert_allclose(found, np.quantile(NORMAL, QUANTILES), atol=0.03)


def test_steps_become_columns_with_their_borders_half_way() -> None:
    logged = [a_histogram(step, NORMAL + step) for step in (0, 10, 40)]
    heat, *lines = distribution_figure([("run", logged)], "gradients").data
    assert list(heat.x) == [-5, 5, 25, 55]
    np.testing.assert_allclose(np.array(heat.z).sum(axis=0), 1)
    assert len(lines) == 5
    np.testing.assert_allclose(np.diff(lines[2].y), [10, 30], atol=0.5)


def test_runs_stand_side_by_side_on_one_scale() -> None:
    logged = [("a", [a_histogram(0, NORMAL)]), ("none", []), ("b", [a_histogram(5, NORMAL * 9)])]
    figure = distribution_figure(logged, "gradients", words="two")
    heats = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [heat.name for heat in heats] == ["a", "b"]
    np.testing.assert_array_equal(heats[0].y, heats[1].y)
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert [words.text for words in figure.layout.annotations] == ["two", "a", "b"]


def test_outliers_can_be_left_out() -> None:
    wild = a_histogram(0, np.append(NORMAL, 1e6), 512)
    tame = common_edges([a_histogram(1, NORMAL)], trim=True)
    assert common_edges([wild])[-1] == pytest.approx(1e6)
    assert -4 < tame[0] < -1.5
    assert 1.5 < tame[-1] < 4


def test_a_single_value_has_a_place() -> None:
    histogram = Counts(0, np.array([5.0]), np.array([2.0, 2.0]))
    assert shares(histogram, common_edges([histogram])).sum() == pytest.approx(1)
    logged_histogram_figure([("a", "#111111", histogram)], "x")


def test_nothing_logged_is_said_and_names_are_escaped() -> None:
    for figure in (distribution_figure([], "g"), logged_histogram_figure([], "g")):
        assert "logged a Histogram as g" in figure.layout.annotations[0].text
    for text in NASTY:
        logged = a_histogram(0, NORMAL)
        assert is_safe(distribution_figure([(text, [logged]), (text, [logged])], text))
        assert is_safe(logged_histogram_figure([(text, "#111111", logged)], text))
