"""The ledger of a sweep: what all agents append to, and the tables made from it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.store.journal.ledger import Ledger
from tracker.store.journal.trials import (
    MAX_DEATHS,
    Claimed,
    Ended,
    Fact,
    Logged,
    Opened,
    Prior,
    Queued,
    Returned,
    Told,
    Turned,
    Valued,
    best_of,
)
from tracker.store.store import Store
from tracker.store.writing import trial_table


def claimed(number: int, attempt: int = 1, agent: str = "a") -> Claimed:
    return Claimed(number, attempt, {"x": number}, f"run{number}", agent, "batch", 5)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path, "s1")
    ledger.create(Opened("p", 1))
    return ledger


def add(ledger: Ledger, *facts: Fact) -> None:
    with ledger.writing() as (_, add):
        add(*facts)


def test_another_reader_sees_what_was_added(ledger: Ledger, tmp_path: Path) -> None:
    add(ledger, Queued(0, {"x": 0}, "first", 2), claimed(0), Logged(0, 1, [3.0, 1.0]))
    add(ledger, Valued(0, 1, 1.0), Ended(0, 1, "finished", 9), Turned("paused", 10))
    for book in (ledger.read(), Ledger(tmp_path, "s1").read()):
        trial = book.trials[0]
        assert (trial.state, trial.value, trial.values) == ("finished", 1.0, [3.0, 1.0])
        assert (trial.name, trial.run_id, trial.began_us, trial.ended_us) == ("first", "run0", 5, 9)
        assert (book.state, book.project, book.next_number) == ("paused", "p", 1)


def test_two_ledgers_of_one_file_follow_each_other(ledger: Ledger, tmp_path: Path) -> None:
    other = Ledger(tmp_path, "s1")
    for number in range(20):
        add(ledger if number % 2 else other, claimed(number))
    assert list(ledger.read().trials) == list(other.read().trials) == list(range(20))


def test_what_an_agent_says_of_a_trial_it_lost_changes_nothing(ledger: Ledger) -> None:
    add(ledger, claimed(0), Returned(0, 1, True, 6), claimed(0, 2, "b"))
    add(ledger, Valued(0, 1, 7.0), Ended(0, 1, "finished", 8), Told(0, 1, "late"))
    trial = ledger.read().trials[0]
    assert (trial.state, trial.agent, trial.value, trial.told) == ("running", "b", None, None)
    assert trial.deaths == 1


def test_a_trial_that_kills_its_agents_is_given_up(ledger: Ledger) -> None:
    for attempt in range(1, MAX_DEATHS + 1):
        add(ledger, claimed(0, attempt), Returned(0, attempt, True, 6))
    book = ledger.read()
    assert book.trials[0].state == "crashed"
    assert not book.pending
    assert not book.running


def test_a_returned_trial_does_not_count_for_its_batch(ledger: Ledger) -> None:
    add(ledger, claimed(0), claimed(1), Returned(0, 1, False, 6))
    assert ledger.read().begun == {"batch": 1}
    assert ledger.read().trials[0].deaths == 0


def test_a_torn_end_is_passed_over(ledger: Ledger, tmp_path: Path) -> None:
    add(ledger, claimed(0))
    with ledger.path.open("ab") as file:
        file.write(b"\xd7J\x40\x00\x00\x00half a fra")
    add(Ledger(tmp_path, "s1"), claimed(1))
    add(ledger, claimed(2))
    assert list(Ledger(tmp_path, "s1").read().trials) == [0, 1, 2]
    assert list(ledger.read().trials) == [0, 1, 2]


def test_a_write_that_fails_has_not_happened(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:5]))
    with pytest.raises(StoreError, match="disk is full"):
        add(ledger, claimed(0))
    monkeypatch.undo()
    assert not ledger.read().trials
    add(ledger, claimed(1))
    assert list(Ledger(tmp_path, "s1").read().trials) == [1]


def test_an_agent_lives_as_long_as_its_process(ledger: Ledger, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, tracker.store.journal.ledger as l\n"
        "l.Ledger(pathlib.Path(sys.argv[1]), 's1').attend('far')\n"
        "print('here', flush=True); sys.stdin.read()"
    )
    agent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with agent:
        assert agent.stdout is not None
        agent.stdout.readline()
        assert ledger.is_alive("far")
        agent.kill()
    assert not ledger.is_alive("far")
    presence = ledger.attend("near")
    assert ledger.is_alive("near")
    ledger.leave("near", presence)
    assert not ledger.is_alive("near")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "x" * 65, "-a", "a\n"])
def test_an_id_cannot_lead_anywhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        Ledger(tmp_path, name)


def test_a_missing_ledger_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no sweep 'gone'"):
        Ledger(tmp_path, "gone").read()


def test_the_tables_follow_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    store = Store(tmp_path)
    add(ledger, Prior(0, {"x": 9}, "old", "finished", 2.0, [], 3), claimed(1), claimed(2))
    trial_table.take_in(store, ledger)
    add(ledger, Valued(1, 1, float("nan")), Ended(1, 1, "finished", 7), Turned("stopped", 8))
    trial_table.take_in(store, ledger)
    trial_table.take_in(store, ledger)
    query = (
        "SELECT number, state, value::VARCHAR, is_prior, params ->> '$.x' FROM trials "
        "WHERE project = 'p' ORDER BY number"
    )
    expected = [
        (0, "finished", "2.0", True, "9"),
        (1, "finished", "nan", False, "1"),
        (2, "running", None, False, "2"),
    ]
    with store.reading() as db:
        assert db.execute(query).fetchall() == expected
        assert db.execute("SELECT sweep_id, state FROM sweeps").fetchall() == [("s1", "stopped")]
    store.rebuild()
    with store.reading() as db:
        assert db.execute(query).fetchall() == expected


def test_many_agents_bring_the_tables_up_to_date_once(ledger: Ledger, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trial_table.take_in_if_due(store, ledger)
    add(ledger, claimed(0))
    trial_table.take_in_if_due(store, ledger)
    query = "SELECT count(*) FROM trial"
    with store.reading() as db:
        assert db.execute(query).fetchall() == [(0,)]
    last_s = time.time() - trial_table.INTERVAL_S
    os.utime(ledger.folder / "tables.lock", (last_s, last_s))
    trial_table.take_in_if_due(store, ledger)
    with store.reading() as db:
        assert db.execute(query).fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("values", "is_maximized", "best"),
    [([], False, None), ([3, 1, 2], False, 1), ([3, 1, 2], True, 3),
     ([float("nan"), 2, float("inf")], True, 2), ([float("inf")], False, float("inf"))],
)  # fmt: skip
def test_the_best_value_is_finite_if_any_is(
    values: list[float], is_maximized: bool, best: float | None
) -> None:
    assert best_of(values, is_maximized=is_maximized) == best
