"""Groups that the database puts together: the same as the rule for all cases makes of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tracker.figures.grouped import Cells, Grouped, grouped
from tracker.store.series import rollups
from tracker.store.series.cells import read_cells
from tracker.store.series.group_cells import read_groups

LONG = rollups.LONG + 1500
NUMBERS = ("n", "total", "low", "high", "last")


def add(tables, points: list[tuple[int, float]]) -> int:
    run = tables.add_run()
    series = tables.add_series(run, "a")
    tables.add_points(series, points)
    rollups.build(tables.db, run)
    return series


def noise(seed: int, count: int = LONG, first: int = 0) -> list[tuple[int, float]]:
    values = np.random.default_rng(seed).normal(size=count).tolist()
    return list(zip(range(first, first + count), values, strict=True))


def by_rule(tables, places: dict[int, int], shift: int) -> list[Grouped]:
    keys = sorted(places)
    rows, odd = read_cells(tables.db, keys, shift)
    assert not len(odd["step"])
    member = np.searchsorted(keys, rows["series_key"])
    ends = rows["first_step"].astype(float), rows["last_step"].astype(float)
    cells = Cells(member, rows["column"], *ends, *(rows[name].astype(float) for name in NUMBERS))
    groups = np.array([places[key] for key in keys])
    return grouped(cells, groups, max(places.values()) + 1)


@pytest.mark.parametrize("more", [0, 1, 2, 3])
def test_whole_groups_are_as_by_the_rule(tables, more: int) -> None:
    places = {add(tables, noise(seed, LONG + seed * 700)): seed % 2 for seed in range(5)}
    places[add(tables, noise(9, LONG, first=900))] = 1
    places[add(tables, [(2 * step, value) for step, value in noise(7)])] = 2
    shift = max(line.shift for line in rollups.read(tables.db, list(places)).values()) + more
    rows, found = read_groups(tables.db, places, shift)
    assert found == {0, 1, 2}
    for place, line in enumerate(by_rule(tables, places, shift)):
        own = {name: column[rows["place"] == place] for name, column in rows.items()}
        np.testing.assert_array_equal(own["count"], line.count)
        np.testing.assert_array_equal((own["x_low"] + own["x_high"]) / 2, line.x)
        for name in ("mean", "std", "low", "high"):
            np.testing.assert_allclose(own[name], getattr(line, name), rtol=1e-9, atol=1e-12)
    assert rows["n"].sum() == sum(LONG + seed * 700 for seed in range(5)) + 2 * LONG


def test_what_is_not_a_plain_aggregate_is_left_to_the_rule(tables) -> None:
    kinds = {
        "whole": noise(0),
        "gap": [point for point in noise(1) if not 1000 < point[0] < 1300],
        "odd": [(step, math.inf if step == 5 else value) for step, value in noise(2)],
        "large": [(step, value * 1e300) for step, value in noise(3)],
        "short": noise(4, 100),
        "fine": noise(5),
    }
    alike = {add(tables, points): place for place, points in enumerate(kinds.values())}
    both = alike | {add(tables, noise(6)): place for place in alike.values()}
    _, found = read_groups(tables.db, both, 5)
    assert found == {0, 5}
    # Of one member alone nothing can be carried over.
    _, found = read_groups(tables.db, alike, 5)
    assert found == {0, 1, 5}


def test_a_member_whose_rollup_is_too_coarse_is_left_to_its_points(tables) -> None:
    places = {add(tables, noise(0)): 0}
    assert read_groups(tables.db, places, 0) == ({}, set())
