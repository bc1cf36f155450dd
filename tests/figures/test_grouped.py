"""Groups of curves against a plain reading of the rule, member by member and place by place."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.figures.grouped import Cells, Grouped, cells, grouped

Points = list[tuple[int, float]]

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
values = st.one_of(numbers, numbers, numbers, st.sampled_from([math.nan, math.inf, -math.inf]))
members = st.lists(
    st.dictionaries(st.integers(0, 30), values, max_size=15).map(lambda d: sorted(d.items())),
    min_size=1,
    max_size=6,
)


def group_of(found: list[Points], width: int = 1) -> Grouped:
    """Group members whose columns are `width` steps wide."""
    parts = []
    for number, points in enumerate(found):
        step = np.array([step for step, _ in points], dtype=np.int64)
        y = np.array([value for _, value in points], dtype=np.float64)
        parts.append(cells(number, step.astype(np.float64), y, step // width))
    return grouped(Cells.joined(parts), np.zeros(len(found), dtype=np.int64), 1)[0]


def contributions(found: list[Points], width: int) -> dict[int, list[tuple[float, float, float]]]:
    """Mean, low and high of each member that contributes to each column, by the rule's words."""
    columns = sorted({step // width for points in found for step, _ in points})
    result: dict[int, list[tuple[float, float, float]]] = {}
    for column in columns:
        result[column] = []
        for points in found:
            inside = [value for step, value in points if step // width == column]
            before = [value for step, value in points if step // width < column]
            after = [value for step, value in points if step // width > column]
            if inside:
                finite = [value for value in inside if math.isfinite(value)]
                if finite:
                    mean = math.fsum(finite) / len(finite)
                    result[column].append((mean, min(finite), max(finite)))
            elif before and after and math.isfinite(before[-1]):
                result[column].append((before[-1],) * 3)
    return result


@given(members, st.sampled_from([1, 1, 4]))
def test_a_group_is_what_the_rule_says(found: list[Points], width: int) -> None:
    group = group_of(found, width)
    expected = contributions(found, width)
    assert len(group.x) == len(expected)
    for place, column in enumerate(expected):
        parts = expected[column]
        assert group.count[place] == len(parts)
        assert group.x[place] // width == column
        if not parts:
            assert math.isnan(group.mean[place])
            assert math.isnan(group.low[place])
            continue
        means = [mean for mean, _, _ in parts]
        assert group.mean[place] == pytest.approx(math.fsum(means) / len(means), abs=1e-6)
        assert group.low[place] == min(low for _, low, _ in parts)
        assert group.high[place] == max(high for _, _, high in parts)
        std = statistics.stdev(means) if len(means) > 1 else 0.0
        assert group.std[place] == pytest.approx(std, abs=1e-5)


@given(members.filter(lambda found: bool(found[0])), st.integers(2, 5), st.sampled_from([1, 4]))
def test_identical_members_are_as_one(found: list[Points], times: int, width: int) -> None:
    one, several = group_of(found[:1], width), group_of(found[:1] * times, width)
    for name in ("x", "mean", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(several, name))
    assert (several.count == one.count * times).all()
    assert np.nansum(several.std) == pytest.approx(0, abs=1e-6)


@given(members)
def test_the_highest_of_a_group_is_the_highest_of_its_members(found: list[Points]) -> None:
    finite = [v for points in found for _, v in points if math.isfinite(v)]
    group = group_of(found, 4)
    if finite:
        assert np.nanmax(group.high) == max(finite)
        assert np.nanmin(group.low) == min(finite)
    else:
        assert np.isnan(group.mean).all()


def test_several_groups_and_members_of_none() -> None:
    x = np.arange(3.0)
    rows = Cells.joined([cells(n, x, x * n) for n in range(4)])
    one, other = grouped(rows, np.array([0, 1, 0, -1]), 2)
    assert one.mean.tolist() == [0, 1, 2]
    assert one.count.tolist() == [2, 2, 2]
    assert other.mean.tolist() == [0, 1, 2]
    assert other.count.tolist() == [1, 1, 1]


def test_places_that_are_no_whole_numbers_are_in_order() -> None:
    rows = Cells.joined([cells(0, np.array([-1.5, 0.0, 2.5]), np.ones(3))])
    (group,) = grouped(rows, np.array([0]), 1)
    assert group.x.tolist() == [-1.5, 0, 2.5]


def test_bands() -> None:
    x = np.zeros(1)
    rows = Cells.joined([cells(n, x, np.array([value])) for n, value in enumerate((1.0, 3.0))])
    (group,) = grouped(rows, np.zeros(2, dtype=np.int64), 1)
    assert [edge.tolist() for edge in group.band("minmax")] == [[1], [3]]
    std = math.sqrt(2)
    assert [edge.tolist() for edge in group.band("std")] == [[2 - std], [2 + std]]
    np.testing.assert_allclose(group.band("sem"), [[1], [3]])
    assert group.band("none") is None


def test_a_value_that_is_no_number_is_not_carried_on() -> None:
    group = group_of([[(0, 1.0), (1, math.nan), (3, 5.0)], [(0, 3.0), (2, 3.0), (3, 3.0)]])
    assert group.count.tolist() == [2, 1, 1, 2]
    assert group.mean.tolist() == [2, 3, 3, 4]
