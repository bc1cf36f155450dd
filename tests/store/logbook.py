"""What the tests of the store share: journals written by hand, and all that a store holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker.run.recorder import Recorder
from tracker.settings import Settings
from tracker.store import facts
from tracker.store.encode import load_json
from tracker.store.journal import JournalWriter
from tracker.store.store import Store

PROGRAMS = Path(__file__).parent / "programs"
BEGAN_US = 1_740_830_400_000_000
VIEWS = (
    "runs", "history", "history_values", "system", "summary", "console_lines", "cells", "events",
    "artifacts",
)  # fmt: skip


def begin(run_id: str = "run", *, time_us: int = BEGAN_US, **more: Any) -> facts.Begin:
    return facts.Begin("digits", run_id, time_us, **more)


def write(store: Store, *said: Any, fsync: bool = False) -> JournalWriter:
    """Write a journal, the first fact of which begins it."""
    writer = JournalWriter(store.journal_dir, fsync=fsync)
    writer.open_segment(said[0])
    writer.append_many(list(said[1:]))
    return writer


def leave(store: Store, *said: Any) -> Path:
    """Write a journal as a process that is dead by now; return its only segment."""
    writer = write(store, *said)
    writer.close()
    return writer.segments[0]


def rows(
    keys: Sequence[str], values: Sequence[Sequence[Any]], *, number: int = 1, first_step: int = 0
) -> list[Any]:
    """Return facts that log `values`, a row each, a microsecond apart."""
    steps = range(first_step, first_step + len(values))
    return [
        facts.Keys(number, "default", list(keys)),
        *(
            facts.Row(number, step, BEGAN_US + 1 + step, list(row))
            for step, row in zip(steps, values, strict=True)
        ),
    ]


def finish(time_us: int = BEGAN_US + 1_000_000) -> facts.Finish:
    return facts.Finish("finished", 0, time_us)


def record(store: Store, run_id: str = "run", *, flush_interval_s: float = 30.0, **more: Any):
    """Begin a run as this process' logger does."""
    settings = Settings(root=store.root, flush_interval_s=flush_interval_s)
    return Recorder(settings, store, facts.Begin("digits", run_id, BEGAN_US, **more))


def query(store: Store, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with store.reading() as db:
        return db.execute(sql, parameters).fetchall()


def curve(store: Store, key: str, run_id: str = "run") -> list[tuple[int, float]]:
    """Return steps and values of a series in the order in which they are stored."""
    return query(
        store,
        "SELECT p.step, p.value FROM point p JOIN series s USING (series_key) JOIN run r "
        "USING (run_key) WHERE r.run_id = ? AND s.key = ? ORDER BY p.rowid",
        run_id,
        key,
    )


def run_row(store: Store, run_id: str = "run") -> dict[str, Any]:
    with store.reading() as db:
        found = db.execute("SELECT * FROM runs WHERE run_id = ?", [run_id])
        names = [column[0] for column in found.description]
        (row,) = found.fetchall()
    known = dict(zip(names, row, strict=True))
    for name in ("config", "summary", "metadata", "parent"):
        known[name] = None if known[name] is None else load_json(known[name])
    return known


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all views, and the order of the points of each series."""
    with store.reading() as db:
        found = {
            view: [
                _spelled(row) for row in db.execute(f"SELECT * FROM {view} ORDER BY ALL").fetchall()
            ]
            for view in VIEWS
        }
        for table in ("point", "value"):
            found[f"order of {table}"] = [
                _spelled(row)
                for row in db.execute(
                    "SELECT r.project, r.run_id, s.stream, s.key, s.kind, list([t.step::VARCHAR, "
                    f"t.value::VARCHAR] ORDER BY t.rowid) FROM {table} t JOIN series s USING "
                    "(series_key) JOIN run r USING (run_key) GROUP BY ALL ORDER BY ALL"
                ).fetchall()
            ]
    return found


def _spelled(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Make NaN equal to NaN."""
    return tuple(repr(cell) if isinstance(cell, float) else cell for cell in row)


def keys_are_unique(store: Store) -> bool:
    counts = query(
        store,
        "SELECT (SELECT count(*) - count(DISTINCT series_key) FROM series), "
        "(SELECT count(*) - count(DISTINCT run_key) FROM run), "
        "(SELECT count(*) - count(DISTINCT (run_key, stream, key, kind = 'json')) FROM series), "
        "(SELECT count(*) - count(DISTINCT (project, run_id)) FROM run)",
    )
    return counts == [(0, 0, 0, 0)]


def launch(program: str, *arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
    """Start a program of the tests' own in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAMS / f"{program}.py"), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        **more,
    )
