"""Rollups: made when a run ends, dropped when it goes on, and the same as the points."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tracker.store.series import rollups
from tracker.store.series.buckets import BUCKET_FIELDS, Buckets, coarser
from tracker.store.series.tail import Tail
from tracker.store.store import Store

from .logbook import begin, finish, leave, query, record, rows

LONG = rollups.LONG + 1500


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def values(count: int = LONG) -> list[list[float]]:
    noise = np.random.default_rng(1).normal(size=count)
    noise[100], noise[2000], noise[2001] = math.nan, math.inf, -math.inf
    return [[value, -value] for value in noise.tolist()]


def assert_equal(one: Buckets, other: Buckets) -> None:
    assert (one.shift, one.count) == (other.shift, other.count)
    for name in (*BUCKET_FIELDS, "odd_step", "odd"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12)


def kept(store: Store) -> dict[int, Buckets]:
    with store.reading() as db:
        return rollups.read(db, [1, 2])


def test_a_run_that_ends_leaves_a_rollup_equal_to_its_points(store: Store) -> None:
    leave(store, begin(), *rows(["a", "b"], values()), finish())
    store.recover()
    found = kept(store)
    assert sorted(found) == [1, 2]
    assert 512 < len(found[1].bucket) <= rollups.COLUMNS
    with store.reading() as db:
        points = rollups.read_points(db, [1, 2], {1: found[1].shift, 2: found[2].shift})
    for key, line in found.items():
        assert_equal(line, points[key])
        assert np.isnan(line.odd[0])
        assert line.odd_step.tolist() == [100, 2000, 2001]


def test_a_crashed_run_has_a_rollup_too(store: Store) -> None:
    leave(store, begin(), *rows(["a", "b"], values()))
    store.recover()
    assert sorted(kept(store)) == [1, 2]


def test_short_series_have_none(store: Store) -> None:
    leave(store, begin(), *rows(["a", "b"], values()[: rollups.LONG]), finish())
    store.recover()
    assert kept(store) == {}


def test_a_run_that_goes_on_has_none_until_it_ends_again(store: Store) -> None:
    leave(store, begin(), *rows(["a", "b"], values()), finish())
    store.recover()
    run = record(store, resume="allow")
    run.flush()
    assert kept(store) == {}
    run.log({"a": 7.0}, step=LONG)
    run.finish("finished", 0)
    assert kept(store)[1].count == LONG + 1
    assert kept(store)[1].last[-1] == 7


def test_a_deleted_run_leaves_nothing(store: Store) -> None:
    leave(store, begin(), *rows(["a", "b"], values()), finish())
    store.recover()
    store.delete_run("digits", "run")
    for table in rollups.TABLES:
        assert query(store, f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_rebuilt_store_has_its_rollups_again(store: Store) -> None:
    leave(store, begin(), *rows(["a", "b"], values()), finish())
    store.recover()
    before = kept(store)
    store.rebuild()
    after = kept(store)
    assert sorted(after) == [1, 2]
    for key in before:
        assert_equal(before[key], after[key])


def test_a_long_series_without_numbers_is_told_by_its_marks(tables) -> None:
    series = tables.add_series(tables.add_run(), "a")
    tables.add_points(series, [(step, math.nan) for step in range(LONG)])
    rollups.build(tables.db, 1)
    (line,) = rollups.read(tables.db, [series]).values()
    assert len(line.bucket) == 0
    assert line.count == LONG
    assert line.ends == (0, LONG - 1)
    assert np.isnan(line.odd).all()


def test_steps_far_apart_are_in_few_buckets(tables) -> None:
    series = tables.add_series(tables.add_run(), "a")
    tables.add_points(series, [(step * 1000, float(step)) for step in range(LONG)])
    rollups.build(tables.db, 1)
    (line,) = rollups.read(tables.db, [series]).values()
    assert len(line.bucket) <= rollups.COLUMNS
    assert line.n.sum() == line.count == LONG


# --- what is new


def test_the_tail_brings_what_is_new_and_only_that(tables) -> None:
    one, other = (tables.add_series(tables.add_run(), "a") for _ in range(2))
    tables.add_points(one, [(step, float(step)) for step in range(10)])
    tail = Tail()
    assert not tail.is_sure(tables.db)
    assert tail.move(tables.db, {}) == ({}, set())
    lines = rollups.read_points(tables.db, [one], {})
    assert tail.is_sure(tables.db)
    assert tail.move(tables.db, lines) == ({}, set())
    tables.add_points(other, [(0, 5.0)])
    tables.add_points(one, [(10, 10.0), (12, math.nan), (11, 11.0)])
    grown, broken = tail.move(tables.db, lines)
    assert not broken
    assert_equal(grown[one], rollups.read_points(tables.db, [one], {})[one])
    assert other not in grown


def test_a_step_that_comes_again_breaks_the_tail(tables) -> None:
    series = tables.add_series(tables.add_run(), "a")
    tables.add_points(series, [(0, 1.0), (1, 2.0)])
    tail = Tail()
    tail.move(tables.db, {})
    lines = rollups.read_points(tables.db, [series], {})
    tables.add_points(series, [(1, 3.0)])
    assert tail.move(tables.db, lines) == ({}, {series})


def test_a_tail_whose_last_point_is_gone_is_not_sure(tables) -> None:
    series = tables.add_series(tables.add_run(), "a")
    tables.add_points(series, [(step, 1.0) for step in range(5)])
    tail = Tail()
    tail.move(tables.db, {})
    tables.db.execute("DELETE FROM point WHERE step = 4")
    assert not tail.is_sure(tables.db)


def test_a_rollup_is_made_coarser_like_its_points(tables) -> None:
    series = tables.add_series(tables.add_run(), "a")
    tables.add_points(series, [(step, math.sin(step)) for step in range(LONG)])
    rollups.build(tables.db, 1)
    line = rollups.read(tables.db, [series])[series]
    points = rollups.read_points(tables.db, [series], {series: line.shift + 2})[series]
    assert_equal(coarser(line, line.shift + 2), points)
