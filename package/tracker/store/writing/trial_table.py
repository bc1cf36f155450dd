"""Brings the ledgers of sweeps into the tables ``sweep`` and ``trial``, for everybody's queries."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tracker.errors import StoreError
from tracker.store.database.database import Database
from tracker.store.database.encode import dump_json
from tracker.store.database.rows import first_row
from tracker.store.files import lock
from tracker.store.journal.ledger import Ledger, find_ledgers
from tracker.store.journal.trials import Book, Trial
from tracker.store.writing.sessions import stamp

# Agents keep the tables at most this far behind the ledger, all of them together.
INTERVAL_S = 2.0
_COLUMNS = (
    "sweep_id, number, state, params, run_id, value, attempt, agent, is_prior, began_at, ended_at"
)


def take_in(store: Database, ledger: Ledger) -> None:
    """Bring the tables to where the ledger is.

    Raises
    ------
    StoreError
        If the store cannot be written now.
    """
    with store.steady(), store.writing() as db:
        _take_in(db, ledger)


def take_in_if_due(store: Database, ledger: Ledger) -> None:
    """Bring the tables up to date unless somebody has done so within two seconds."""
    place = ledger.folder / "tables.lock"
    if not place.exists():  # a touch would make an old one look new
        place.touch(mode=0o600)
    if time.time() - place.stat().st_mtime < INTERVAL_S and place.stat().st_size:
        return
    descriptor = lock.seize(place)
    if descriptor is None:
        return  # somebody is at it
    try:
        take_in(store, ledger)
        place.write_bytes(b"1")
    except StoreError:
        return  # the next one will
    finally:
        lock.close(descriptor)


def restore(db: duckdb.DuckDBPyConnection, root: Path) -> list[str]:
    """Put what all ledgers hold into empty tables; return sentences on those that cannot be read.

    Called by a rebuild, inside its transaction.
    """
    sentences = []
    for ledger in find_ledgers(root):
        try:
            _take_in(db, ledger)
        except (StoreError, OSError) as error:
            sentences.append(f"The sweep {ledger.sweep_id} cannot be read, and stays: {error}")
    return sentences


def _take_in(db: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    query = "SELECT version FROM sweep WHERE sweep_id = ?"
    row = first_row(db, query, [ledger.sweep_id])
    with ledger.writing() as (book, _):
        stored = int(row[0]) if row else -1
        if stored == book.version:
            return
        if stored > book.version:
            stored = -1  # another ledger of that id
        changed = [n for n, version in book.changed.items() if version > stored]
        trials = [_row(book.trials[number]) for number in changed]
        head = _head(ledger.sweep_id, book)
    db.execute("DELETE FROM sweep WHERE sweep_id = ?", [ledger.sweep_id])
    db.execute("INSERT INTO sweep VALUES (?, ?, ?, ?, ?)", head)
    if stored < 0:
        db.execute("DELETE FROM trial WHERE sweep_id = ?", [ledger.sweep_id])
    else:
        db.execute(
            "DELETE FROM trial WHERE sweep_id = ? AND number IN (SELECT unnest(?::INTEGER[]))",
            [ledger.sweep_id, changed],
        )
    if trials:
        _insert(db, ledger.sweep_id, trials)


def _head(sweep_id: str, book: Book) -> list[Any]:
    return [sweep_id, book.project, book.state, stamp(book.created_us), book.version]


def _row(trial: Trial) -> tuple[Any, ...]:
    return (
        trial.number, trial.state, dump_json(trial.params), trial.run_id, trial.value,
        trial.attempt, trial.agent, trial.is_prior, _time(trial.began_us), _time(trial.ended_us),
    )  # fmt: skip


def _time(time_us: int | None) -> datetime | None:
    return None if time_us is None else stamp(time_us)


def _insert(db: duckdb.DuckDBPyConnection, sweep_id: str, rows: list[tuple[Any, ...]]) -> None:
    kinds = ("INTEGER", "VARCHAR", "VARCHAR", "VARCHAR", "DOUBLE", "INTEGER", "VARCHAR", "BOOLEAN",
             "TIMESTAMP", "TIMESTAMP")  # fmt: skip
    columns = [list(column) for column in zip(*rows, strict=True)]
    lists = ", ".join(f"unnest(?::{kind}[])" for kind in kinds)
    db.execute(f"INSERT INTO trial ({_COLUMNS}) SELECT ?, {lists}", [sweep_id, *columns])
