from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tracker.store.journal.facts import Keys, Line, Row
from tracker.store.reading.console_lines import read_lines
from tracker.store.reading.logged_values import last_values, spread_values
from tracker.store.store import Store, open_store

from .logbook import BEGAN_US, begin, leave


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / ".tracker")


def log(store: Store, name: str, steps: range) -> None:
    rows = [Row(1, s, BEGAN_US + s, [{"_type": "histogram", "at": s}, 1.0]) for s in steps]
    lines = [Line(s, "stdout", BEGAN_US, f"\x1b[1mLine\x1b[0m {s}") for s in steps]
    leave(store, begin(name), Keys(1, "default", ["h", "loss"]), *rows, *lines)
    store.recover()


def run_keys(db) -> list[int]:
    return [key for (key,) in db.execute("SELECT run_key FROM run ORDER BY run_id").fetchall()]


def test_the_last_value_of_each_run(store: Store) -> None:
    log(store, "a", range(5))
    log(store, "b", range(3))
    with store.reading() as db:
        a, b = run_keys(db)
        found = last_values(db, [a, b], "h")
        assert {key: value["at"] for key, ((_, value),) in found.items()} == {a: 4, b: 2}
        assert last_values(db, [b], "loss") == {}
        assert last_values(db, [], "h") == {}


@pytest.mark.parametrize(("count", "most"), [(1, 5), (5, 5), (6, 5), (100, 7), (1000, 2)])
def test_values_are_spread_over_the_steps(store: Store, count: int, most: int) -> None:
    log(store, "a", range(count))
    with store.reading() as db:
        (a,) = run_keys(db)
        steps = [step for step, _ in spread_values(db, [a], "h", most)[a]]
    assert len(steps) == min(count, most)
    assert (steps[0], steps[-1]) == (0, count - 1)
    gaps = {after - before for before, after in pairwise(steps)}
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_a_stretch_of_the_console_and_its_end(store: Store) -> None:
    log(store, "a", range(100))
    with store.reading() as db:
        (a,) = run_keys(db)
        last = read_lines(db, a, count=3)
        assert (last.total, last.first) == (100, 97)
        assert [number for number, *_ in last.lines] == [97, 98, 99]
        assert read_lines(db, a, 10, 2).lines[0][0] == 10
        assert read_lines(db, a, 500, 2).lines == read_lines(db, a, None, 2).lines
        assert read_lines(db, a + 1).total == 0


@pytest.mark.parametrize(
    ("search", "total"), [("line 5", 11), ("LINE 5", 11), ("[1m", 0), ("%", 0), ("'; drop", 0)]
)
def test_text_is_found_whatever_its_colour(store: Store, search: str, total: int) -> None:
    log(store, "a", range(100))
    with store.reading() as db:
        (a,) = run_keys(db)
        assert read_lines(db, a, search=search).total == total
