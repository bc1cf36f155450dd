from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tracker.errors import TrackerWarning, UsageError
from tracker.media.histogram import Histogram
from tracker.media.loading import load_value


def test_counts_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    counts, edges = np.histogram(values, bins=64)
    made = Histogram(values)
    assert made.histogram == counts.tolist()
    assert made.bins == edges.tolist()


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        (1.5, 2.5),
        np.arange(12).reshape(3, 4),
        np.array([True, False]),
        np.arange(3, dtype=np.float16),
        range(5),
        (number for number in (1.0, 2.0)),
        np.ma.masked_array([1.0, 2.0, 99.0], mask=[False, False, True]),
    ],
)
def test_any_numbers_of_any_shape(values) -> None:
    made = Histogram(values)
    assert sum(made.histogram) in (2, 3, 5, 12)
    assert made.bins[-1] != 99.0


@given(
    npst.arrays(np.float64, st.integers(0, 200), elements=st.floats(allow_nan=False, width=64)),
    st.integers(1, 512),
)
def test_every_finite_value_is_in_one_bin_and_comes_back(values, num_bins) -> None:
    finite = values[np.isfinite(values)]
    if len(finite) < len(values):
        with pytest.warns(TrackerWarning, match="NaN or infinity"):
            made = Histogram(values, num_bins=num_bins)
    else:
        made = Histogram(values, num_bins=num_bins)
    assert sum(made.histogram) == len(finite)
    assert made.not_finite == len(values) - len(finite)
    assert len(made.histogram) <= num_bins
    assert made.bins == sorted(made.bins)
    if len(finite):
        assert made.bins[0] <= finite.min()
        assert made.bins[-1] >= finite.max()
    reference = made.to_reference(lambda content: "unused")
    assert Histogram.restore(reference, None) == made  # type: ignore[arg-type]


def test_nan_is_counted_and_told() -> None:
    with pytest.warns(TrackerWarning, match="left out, and counted"):
        made = Histogram([1.0, math.nan, math.inf, 2.0])
    assert made.not_finite == 2
    assert sum(made.histogram) == 2


def test_np_histogram_is_taken_as_it_is() -> None:
    counts, edges = np.histogram([1, 2, 2, 3], bins=3)
    made = Histogram(np_histogram=(counts, edges))
    assert (made.histogram, made.bins) == ([1, 2, 1], edges.tolist())
    density = Histogram(np_histogram=np.histogram([1, 2, 2, 3], bins=2, density=True))
    assert all(isinstance(count, float) for count in density.histogram)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "given nothing"),
        ({"np_histogram": ([1], [0, 1], [2])}, "Expected np_histogram to be a tuple"),
        ({"np_histogram": ([1, 2], [0, 1])}, r"len\(bins\) must be len\(histogram\) \+ 1"),
        ({"np_histogram": ([1], [1, 0])}, "do not ascend"),
        ({"np_histogram": ([math.nan], [0, 1])}, "NaN"),
        ({"np_histogram": (["a"], [0, 1])}, "a row of counts"),
        ({"np_histogram": (np.ones(513), np.arange(514))}, "maximum length of a histogram is 512"),
        ({"sequence": [1], "num_bins": 513}, "maximum length of a histogram is 512"),
        ({"sequence": [1], "num_bins": 0}, "num_bins is 0"),
        ({"sequence": [1], "num_bins": 2.5}, "num_bins is 2.5"),
        ({"sequence": ["a", "b"]}, "cannot be made of a list"),
        ({"sequence": [[1], [2, 3]]}, "cannot be made of a list"),
        ({"sequence": np.array([1j])}, "cannot be made of a ndarray"),
        ({"sequence": 5j}, "cannot be made"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(arguments, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Histogram(**arguments)


def test_changing_the_array_afterwards_changes_nothing() -> None:
    values = np.arange(10.0)
    made = Histogram(values)
    before = list(made.histogram)
    values[:] = 0
    assert made.histogram == before


def test_plain_data_is_counts_and_edges(objects) -> None:
    reference = Histogram([0.0, 1.0, 1.0], num_bins=2).to_reference(objects.put_bytes)
    counts, edges = load_value(reference, objects)
    assert counts.tolist() == [1, 2]
    assert edges.tolist() == [0.0, 0.5, 1.0]


def test_reads_what_a_logged_array_became(objects) -> None:
    assert load_value({"_type": "histogram", "values": [], "bins": []}, objects)[0].tolist() == [0]
