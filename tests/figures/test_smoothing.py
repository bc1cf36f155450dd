from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.figures.smoothing import (
    Smoothing,
    exponential,
    gaussian,
    representatives,
    running_average,
    smooth,
    time_weighted,
)
from tracker.records import Curve

KINDS = ["time-weighted", "exponential", "gaussian", "average"]
values = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf), max_size=60)


def reference_time_weighted(xs: list[float], ys: list[float], amount: float) -> list[float]:
    """The sample code of W&B's documentation, word for word in Python."""
    weight = min(math.sqrt(amount or 0), 0.999)
    last, debias, result = 0.0, 0.0, []
    for i, y in enumerate(ys):
        change = (xs[i] - xs[max(i - 1, 0)]) / (xs[-1] - xs[0]) * 1000
        adjusted = weight**change
        last = last * adjusted + y
        debias = debias * adjusted + 1
        result.append(last / debias)
    return result


def test_time_weighted_is_wandb_s() -> None:
    xs = [0.0, 1, 2, 5, 9, 10, 40]
    ys = [3.0, 1, 4, 1, 5, 9, 2]
    smoothed = time_weighted(np.array(xs), np.array(ys), 0.9)
    np.testing.assert_allclose(smoothed, reference_time_weighted(xs, ys, 0.9), rtol=1e-12)


def test_time_weighted_does_not_hang_on_density() -> None:
    """Ten points where there was one, all equal: the line stays where it was."""
    sparse = np.arange(0.0, 100, 1)
    dense = np.arange(0.0, 99.01, 0.1)
    one = time_weighted(sparse, np.where(sparse < 50, 0.0, 1.0), 0.9)
    ten = time_weighted(dense, np.where(dense < 49.95, 0.0, 1.0), 0.9)
    assert abs(one[-1] - ten[-1]) < 0.01


def test_exponential_is_tensorboard_s() -> None:
    np.testing.assert_allclose(exponential(np.array([1.0, 2.0, 4.0]), 0.5), [1, 5 / 3, 3])


def test_gaussian_weights_by_distance() -> None:
    x, y = np.array([0.0, 1, 2]), np.array([0.0, 3, 0])
    side = math.exp(-0.5)
    middle = gaussian(x, y, sigma=0.5)[1]
    assert middle == pytest.approx(3 / (1 + 2 * side))


def test_running_average_is_cut_at_the_ends() -> None:
    y = np.array([1.0, 2, 3, 4, 100])
    np.testing.assert_allclose(running_average(y, 3), [1.5, 2, 3, 107 / 3, 52])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_joined_over_nan(kind: str) -> None:
    x = np.arange(7.0)
    y = np.array([1.0, 2, math.nan, math.inf, 3, -math.inf, 4])
    smoothed = smooth(x, y, Smoothing(kind, 0.6))
    assert np.isnan(smoothed[[2, 3, 5]]).all()
    assert np.isfinite(smoothed[[0, 1, 4, 6]]).all()


@pytest.mark.parametrize("kind", KINDS)
@given(ys=values, amount=st.floats(0, 1))
def test_smoothed_values_stay_between_the_extremes(
    kind: str, ys: list[float], amount: float
) -> None:
    y = np.array(ys, dtype=np.float64)
    smoothed = smooth(np.arange(float(len(ys))), y, Smoothing(kind, amount))
    finite = y[np.isfinite(y)]
    np.testing.assert_array_equal(np.isfinite(smoothed), np.isfinite(y))
    if len(finite):
        margin = 1e-9 * (1 + np.abs(finite).max())
        assert np.nanmin(smoothed) >= finite.min() - margin
        assert np.nanmax(smoothed) <= finite.max() + margin


@pytest.mark.parametrize("kind", KINDS)
def test_amount_zero_changes_nothing(kind: str) -> None:
    y = np.array([3.0, 1, 4, 1, 5])
    np.testing.assert_allclose(smooth(np.arange(5.0), y, Smoothing(kind, 0)), y)


def test_of_a_thinned_curve_only_points_chosen_by_place_count() -> None:
    """One spike a column is an extreme of every column; the mean must not follow it."""
    x, y = np.arange(100_000.0), np.ones(100_000)
    y[::100] = 10.0
    columns = np.minimum(np.floor((x - 0.0) * (640 / 99_999)), 639)
    kept = sorted({f(np.flatnonzero(columns == c)) for c in range(640) for f in _m4(y)})
    thinned = Curve(1, 1, "loss", x[kept], y[kept], len(x), is_exact=False)
    places = representatives(thinned)
    assert thinned.y.mean() > 2.5
    assert y.mean() == pytest.approx(1.09)
    assert thinned.y[places].mean() == pytest.approx(1.09, abs=0.1)
    assert len(places) <= 641


def _m4(y: np.ndarray) -> list:
    return [
        lambda at: at[0],
        lambda at: at[-1],
        lambda at: at[y[at].argmin()],
        lambda at: at[y[at].argmax()],
    ]


def test_of_an_exact_curve_all_points_count() -> None:
    curve = Curve(1, 1, "loss", np.arange(5.0), np.ones(5), 5, is_exact=True)
    assert representatives(curve).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("kind", "amount"), [("loess", 0.5), ("gaussian", 1.5), ("average", -1)])
def test_what_cannot_be_is_refused(kind: str, amount: float) -> None:
    with pytest.raises(UsageError, match="expected"):
        Smoothing(kind, amount)
