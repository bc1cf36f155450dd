"""What the tests of the store share: journals written by hand, and all that a store holds."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tracker.errors import TrackerWarning
from tracker.run.begin import with_store
from tracker.run.recorder import Recorder
from tracker.settings import Settings
from tracker.store.database.encode import load_json
from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter
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


def mend(store: Store) -> None:
    """Do what a run that begins does first: take in what the dead left, whatever they left.

    DuckDB writes over a block that is in use, with free room in it, and a process that is killed
    in that instant leaves the block half written: then the database is made from the journals.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The database was damaged and has", TrackerWarning)
        with_store(store, lambda: None)


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def flush_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tracker-flush"]


def fill(store: Store) -> None:
    """Make a store with a bit of everything."""
    rule = facts.Metric("a", "epoch", True, ["min", "mean"], "minimize", False)
    said = [
        facts.Line(0, "stdout", BEGAN_US, "hello"),
        facts.Cell(0, 1, "x = 1", BEGAN_US, 0.5, "ok", None, "c1"),
        facts.Event("alert", BEGAN_US, {"title": "t"}),
        facts.SummaryChange({"best": {"x": 1}}, []),
    ]
    leave(store, begin("one", config={"lr": 0.1}), rule, *rows(["a", "t"], [[1, "x"], [2, None]]),
          *said, version("model", "d1", 1), finish())  # fmt: skip
    leave(store, begin("two", fields={"name": "n", "tags": ["x"]}), *rows(["a"], [[float("nan")]]))
    store.recover()
    leave(store, begin("one", resume="resume", time_us=BEGAN_US + 10**7, config={"lr": 0.2}),
          *rows(["a"], [[0.5]], first_step=2), finish(BEGAN_US + 2 * 10**7))  # fmt: skip
    store.recover()
    leave(store, begin("fork", fork_from="one", fork_step=1, time_us=BEGAN_US + 3 * 10**7),
          *rows(["a"], [[9]], first_step=2))  # fmt: skip
    leave(store, begin("two", resume="overwrite", time_us=BEGAN_US + 4 * 10**7),
          *rows(["b"], [[7]]), finish(BEGAN_US + 5 * 10**7))  # fmt: skip
    store.recover()
    store.edit("digits", "one", {"notes": "edited", "tags": ["a", "b"]})


def version(name: str, digest: str, after_us: int, **more: Any) -> facts.Version:
    return facts.Version("output", "digits", name, "model", digest, BEGAN_US + after_us, **more)
