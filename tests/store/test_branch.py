"""Forks copy history and rewinds cut it; both go on as if they had logged it themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tracker.store.journal import facts
from tracker.store.reading import read
from tracker.store.series.curves import curves
from tracker.store.store import Store

from .logbook import (
    BEGAN_US,
    begin,
    curve,
    finish,
    keys_are_unique,
    leave,
    query,
    record,
    rows,
    run_row,
    write,
)

RULE = facts.Metric("a", None, False, ["min", "max", "mean", "first", "last"], None, True)
VALUES: list[list[Any]] = [
    [5, True, "x", 2**60],
    [1, False, "y", 3],
    [9, True, None, 2**61],
    [-7, True, [1], 4],
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    said = rows(["a", "flag", "text", "big"], VALUES)
    system = [facts.Keys(2, "system", ["system/cpu"]), facts.Row(2, 0, BEGAN_US, [50.0])]
    leave(made, begin("parent", config={"lr": 1}), RULE, *said, *system, finish())
    made.recover()
    return made


def values(store: Store, key: str, run_id: str) -> list[tuple[Any, ...]]:
    return query(
        store,
        "SELECT step, value FROM history_values WHERE run_id = ? AND key = ? ORDER BY step",
        run_id,
        key,
    )


def test_a_fork_has_the_history_up_to_its_step_and_goes_on(store: Store) -> None:
    forked = begin("fork", fork_from="parent", fork_step=2, time_us=BEGAN_US + 10**7)
    leave(store, forked, *rows(["a", "new"], [[100, 1]], first_step=3), finish(BEGAN_US + 10**8))
    store.recover()
    assert curve(store, "a", "fork") == [(0, 5), (1, 1), (2, 9), (3, 100)]
    assert values(store, "text", "fork") == [(0, '"x"'), (1, '"y"'), (2, "null")]
    assert curve(store, "big", "fork") == [(1, 3)]
    assert values(store, "big", "fork") == [(0, str(2**60)), (2, str(2**61))]
    row = run_row(store, "fork")
    assert row["summary"] == {
        "a": {"min": 1, "max": 100, "mean": 115 / 4, "first": 5, "last": 100},
        "flag": True,
        "text": None,
        "big": 2**61,
        "new": 1,
    }
    assert (row["parent"], row["last_step"]) == ({"run_id": "parent", "step": 2}, 3)
    kinds = query(
        store,
        "SELECT key, kind FROM series s JOIN run r USING (run_key) WHERE run_id = 'fork' "
        "ORDER BY ALL",
    )
    assert kinds == [
        ("a", "int"),
        ("big", "int"),
        ("big", "json"),
        ("flag", "bool"),
        ("new", "int"),
        ("text", "json"),
    ]
    assert query(store, "SELECT count(*) FROM metric WHERE hidden") == [(2,)]
    assert query(store, "SELECT run_id FROM system") == [("parent",)]
    assert keys_are_unique(store)
    assert len(curve(store, "a", "parent")) == 4


def test_a_fork_of_a_fork_and_two_forks_at_once_have_keys_of_their_own(store: Store) -> None:
    leave(store, begin("one", fork_from="parent", fork_step=1))
    leave(store, begin("two", fork_from="parent", fork_step=9))
    store.recover()
    leave(store, begin("three", fork_from="one", fork_step=0))
    store.recover()
    lengths = {run: len(curve(store, "a", run)) for run in ("parent", "one", "two", "three")}
    assert lengths == {"parent": 4, "one": 2, "two": 4, "three": 1}
    assert keys_are_unique(store)


def test_a_rewound_run_forgets_what_came_after(store: Store) -> None:
    again = begin("parent", resume="resume", rewind_to=1, time_us=BEGAN_US + 10**7)
    leave(store, again, *rows(["a"], [[3]], first_step=2), finish(BEGAN_US + 10**8))
    store.recover()
    assert curve(store, "a", "parent") == [(0, 5), (1, 1), (2, 3)]
    assert values(store, "text", "parent") == [(0, '"x"'), (1, '"y"')]
    row = run_row(store, "parent")
    assert row["summary"] == {
        "a": {"min": 1, "max": 5, "mean": 3, "first": 5, "last": 3},
        "flag": False,
        "text": "y",
        "big": 3,
    }
    assert row["last_step"] == 2
    assert query(store, "SELECT first_step FROM session ORDER BY journal") == [(0,), (2,)]
    assert query(store, "SELECT count(*) FROM system") == [(1,)]  # readings are of the machine


def test_a_run_rewound_to_before_its_beginning_is_empty(store: Store) -> None:
    leave(store, begin("parent", resume="resume", rewind_to=-1))
    store.recover()
    assert query(store, "SELECT count(*) FROM history") == [(0,)]
    assert run_row(store, "parent")["summary"] == {}
    assert run_row(store, "parent")["last_step"] == -1


def test_a_fork_of_a_run_that_is_not_there_begins_empty(store: Store) -> None:
    leave(store, begin("fork", fork_from="none", fork_step=3), *rows(["a"], [[1]], first_step=4))
    store.recover()
    assert curve(store, "a", "fork") == [(4, 1)]


def test_a_live_fork_follows_its_parents_rules(store: Store) -> None:
    recorder = record(store, "fork", fork_from="parent", fork_step=0)
    recorder.flush()
    recorder.log({"a": -2}, step=1)
    recorder.flush()
    shown = run_row(store, "fork")["summary"]["a"]
    assert (shown["min"], shown["first"], shown["max"]) == (-2, 5, 5)
    assert recorder.summary()["a"] == shown
    recorder.finish("finished", 0)


def test_the_rewind_of_a_dead_process_cuts_nothing_of_a_later_session(store: Store) -> None:
    """It was killed before its journal was taken in, and the run was resumed meanwhile."""
    old = leave(store, begin("parent", resume="resume", rewind_to=0))
    content = old.read_bytes()
    old.unlink()
    new = write(store, begin("parent", resume="resume"), *rows(["a"], [[8]], first_step=4))
    new.close()
    store.recover()
    old.write_bytes(content)
    store.recover()
    assert [step for step, _ in curve(store, "a", "parent")] == [0, 1, 2, 3, 4]


SECOND_US = 1_000_000


def paced(run_id: str, first_step: int, count: int, **more: Any) -> list[Any]:
    """Return a journal whose rows are logged a second apart, the first after one second."""
    started_us = more.get("time_us", BEGAN_US)
    steps = range(first_step, first_step + count)
    return [
        begin(run_id, **more),
        facts.Keys(1, "default", ["a"]),
        *(
            facts.Row(1, step, started_us + SECOND_US * (1 + place), [float(step)])
            for place, step in enumerate(steps)
        ),
        finish(started_us + SECOND_US * (count + 1)),
    ]


def relative(store: Store, run_id: str) -> list[float]:
    with store.reading() as db:
        run = read.run(db, "digits", run_id)
        assert run is not None
        (series,) = read.series(db, [run.run_key])
        found = curves(db, [series.series_key], x="relative")
    return found[series.series_key].x.tolist()


def test_the_time_of_a_fork_and_of_a_rewound_run_goes_on_from_that_step(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    leave(store, *paced("long", 0, 6))
    store.recover()
    later = BEGAN_US + 3600 * SECOND_US
    leave(store, *paced("child", 3, 2, time_us=later, fork_from="long", fork_step=2))
    store.recover()
    assert relative(store, "child") == [1, 2, 3, 4, 5]
    assert run_row(store, "child")["runtime_s"] == 6
    later += 3600 * SECOND_US
    leave(store, *paced("grandchild", 4, 1, time_us=later, fork_from="child", fork_step=3))
    leave(store, *paced("long", 1, 2, time_us=later, resume="resume", rewind_to=0))
    store.recover()
    assert relative(store, "grandchild") == [1, 2, 3, 4, 5]
    assert relative(store, "long") == [1, 2, 3]
    assert run_row(store, "long")["runtime_s"] == 4
