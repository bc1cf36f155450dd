"""Buckets keep of a line what its drawing needs, whichever way they came about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.store.series import buckets
from tracker.store.series.buckets import (
    Buckets,
    coarser,
    from_points,
    joined,
    points,
    shift_for,
    times,
)

Points = list[tuple[int, float]]

numbers = st.sampled_from([0.0, 1.0, -1.0, 2.5, 1e300, -1e-300])
odd = st.sampled_from([math.nan, math.inf, -math.inf])
logged = st.lists(
    st.tuples(st.integers(-40, 200), st.one_of(numbers, numbers, numbers, odd)), max_size=120
).map(lambda found: sorted(found, key=lambda point: point[0]))
shifts = st.integers(0, 6)


def line_of(found: Points, shift: int = 0) -> Buckets:
    step = np.array([step for step, _ in found], dtype=np.int64)
    value = np.array([value for _, value in found], dtype=np.float64)
    return from_points(step, value, step * 1_000_000, shift)


def by_hand(found: Points, shift: int) -> dict[int, tuple[float, ...]]:
    """Number, sum, and the first, lowest, highest and last point of each bucket."""
    parts: dict[int, Points] = {}
    for step, value in found:
        if math.isfinite(value):
            parts.setdefault(step >> shift, []).append((step, value))
    return {
        bucket: (
            len(inside),
            math.fsum(value for _, value in inside),
            *inside[0],
            *min(inside, key=lambda point: point[1]),
            *max(reversed(inside), key=lambda point: point[1]),
            *inside[-1],
        )
        for bucket, inside in parts.items()
    }


def as_dict(line: Buckets) -> dict[int, tuple[float, ...]]:
    columns = (
        line.n, line.total, line.first_step, line.first, line.low_step, line.low,
        line.high_step, line.high, line.last_step, line.last,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(line.bucket.tolist(), rows, strict=True))


def assert_same(line: Buckets, expected: dict[int, tuple[float, ...]]) -> None:
    found = as_dict(line)
    assert list(found) == list(expected)
    for bucket, (count, total, *rest) in expected.items():
        assert [found[bucket][0], *found[bucket][2:]] == [count, *rest]
        # What a sum is off by goes with the numbers in it, which may cancel.
        largest = max(abs(rest[3]), abs(rest[5]))
        assert found[bucket][1] == pytest.approx(total, rel=1e-12, abs=1e-12 * count * largest)


def steps_of(points: Sequence[tuple[int, float]], *, is_odd: bool) -> list[int]:
    return [step for step, value in points if math.isfinite(value) is not is_odd]


@given(logged, shifts)
def test_a_bucket_keeps_the_first_the_extremes_and_the_last(found: Points, shift: int) -> None:
    line = line_of(found, shift)
    assert_same(line, by_hand(found, shift))
    assert line.count == len(found)
    assert line.odd_step.tolist() == steps_of(found, is_odd=True)
    assert line.ends == ((found[0][0], found[-1][0]) if found else None)


@given(logged, shifts, shifts)
def test_coarser_buckets_are_those_of_the_points(found: Points, shift: int, more: int) -> None:
    assert_same(coarser(line_of(found, shift), shift + more), by_hand(found, shift + more))


@given(logged, shifts, st.integers(0, 120))
def test_a_line_that_grows_is_the_line_of_all_points(found: Points, shift: int, cut: int) -> None:
    whole = joined(line_of(found[:cut], shift), line_of(found[cut:], shift))
    assert_same(whole, by_hand(found, shift))
    assert whole.count == len(found)
    assert whole.odd_step.tolist() == steps_of(found, is_odd=True)


@given(logged)
def test_a_line_with_a_bucket_a_point_has_every_point(found: Points) -> None:
    unique = list({step: (step, value) for step, value in found}.values())
    line = line_of(unique)
    step, value = points(line)
    assert line.is_exact
    assert step.tolist() == [step for step, _ in unique]
    np.testing.assert_array_equal(value, [value for _, value in unique])
    assert times(line, step[np.isfinite(value)]).tolist() == [
        step * 1e6 for step in steps_of(unique, is_odd=False)
    ]


@given(logged, shifts)
def test_drawn_points_were_logged_and_go_to_the_right(found: Points, shift: int) -> None:
    step, value = points(line_of(found, shift))
    assert (np.diff(step) >= 0).all()
    known = {(step, repr(value)) for step, value in found}
    assert {(s, repr(v)) for s, v in zip(step.tolist(), value.tolist(), strict=True)} <= known


def unique_steps(found: Points) -> Points:
    return list({step: (step, value) for step, value in found}.values())


@given(logged.map(unique_steps), shifts, shifts)
def test_a_break_between_two_kept_points_is_kept(found: Points, shift: int, more: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "FEW_ODD", 0)
        thinned = coarser(line_of(found, shift), shift + more)
    step, value = points(thinned)
    broken = set(steps_of(found, is_odd=True))
    is_number = np.isfinite(value)
    kept = step[is_number]
    for one, other in pairwise(kept):
        if any(one < at < other for at in broken):
            assert any(one < at < other for at in step[~is_number])


@given(st.integers(-1000, 10**9), st.integers(0, 10**9), st.integers(1, 2000))
def test_the_shift_is_the_least_that_needs_few_enough_columns(
    first: int, span: int, columns: int
) -> None:
    last = first + span

    def needed(shift: int) -> int:
        return (last >> shift) - (first >> shift) + 1

    # A range that is cut by a bucket's edge needs two columns, however large they are.
    shift = shift_for(first, last, max(columns, 2))
    assert needed(shift) <= max(columns, 2)
    assert shift == 0 or needed(shift - 1) > max(columns, 2) or needed(shift) * 2 > columns
