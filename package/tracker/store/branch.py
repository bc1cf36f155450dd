"""Fork a run from a step of another, or rewind a run to one of its steps."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np

from tracker.store import facts
from tracker.store.commit import read_rules
from tracker.store.encode import dump_json, load_json
from tracker.store.fold import Fold
from tracker.store.intake import Intake


def branch(db: duckdb.DuckDBPyConnection, intake: Intake, begin: facts.Begin) -> None:
    """Give the run of `intake` the history that it goes on from, and that summary."""
    run_key = intake.run_key
    assert run_key is not None
    if begin.fork_from is not None:
        step = begin.fork_step if begin.fork_step is not None else 2**62
        _copy_history(db, begin.project, begin.fork_from, run_key, step)
        parent = {"run_id": begin.fork_from, "step": begin.fork_step}
        db.execute("UPDATE run SET parent = ? WHERE run_key = ?", [dump_json(parent), run_key])
    elif begin.rewind_to is not None:
        _cut_history(db, run_key, begin.rewind_to)
    summary = _refold(db, run_key)
    db.execute("UPDATE run SET summary = ? WHERE run_key = ?", [dump_json(summary), run_key])
    db.execute(
        "UPDATE run SET last_step = coalesce((SELECT max(step) FROM (SELECT series_key, step "
        "FROM point UNION ALL SELECT series_key, step FROM value) JOIN series USING (series_key) "
        "WHERE run_key = $run AND stream = 'default'), -1) WHERE run_key = $run",
        {"run": run_key},
    )


def _copy_history(
    db: duckdb.DuckDBPyConnection, project: str, parent_id: str, run_key: int, step: int
) -> None:
    given = {"project": project, "parent": parent_id, "run": run_key, "step": step}
    source = "(SELECT run_key FROM run WHERE project = $project AND run_id = $parent)"
    both = {k: v for k, v in given.items() if k != "step"}
    db.execute(
        "INSERT INTO series SELECT (SELECT max(series_key) FROM series) + row_number() OVER "
        "(ORDER BY series_key), $run, stream, key, kind FROM series "
        f"WHERE stream = 'default' AND run_key = {source}",
        both,
    )
    for table in ("point", "value"):
        db.execute(
            f"INSERT INTO {table} SELECT n.series_key, t.step, t.time, t.value "
            f"FROM {table} t JOIN series o USING (series_key) "
            "JOIN series n ON n.run_key = $run AND n.stream = o.stream AND n.key = o.key "
            "AND n.kind = o.kind "
            f"WHERE o.run_key = {source} AND o.stream = 'default' AND t.step <= $step "
            "ORDER BY t.rowid",
            given,
        )
    db.execute(
        "INSERT INTO metric SELECT $run, name, step_metric, step_sync, summary, goal, hidden "
        f"FROM metric WHERE run_key = {source}",
        both,
    )


def _cut_history(db: duckdb.DuckDBPyConnection, run_key: int, step: int) -> None:
    for table in ("point", "value"):
        db.execute(
            f"DELETE FROM {table} WHERE step > ? AND series_key IN (SELECT series_key "
            "FROM series WHERE run_key = ? AND stream = 'default')",
            [step, run_key],
        )


def _refold(db: duckdb.DuckDBPyConnection, run_key: int) -> dict[str, Any]:
    fold = Fold()
    fold.load({}, read_rules(db, run_key), None)
    newest: dict[str, int] = {}
    for key, kind, last_step, numbers in db.execute(
        "SELECT s.key, s.kind, max(p.step), list(p.value ORDER BY p.step, p.rowid) "
        "FROM series s JOIN point p USING (series_key) "
        "WHERE s.run_key = ? AND s.stream = 'default' GROUP BY ALL",
        [run_key],
    ).fetchall():
        newest[key] = last_step
        fold.add(key, np.array(numbers, dtype=np.float64), _native(kind, numbers[-1]))
    for key, last_step, value in db.execute(
        "SELECT s.key, max(v.step), max_by(v.value, v.step) FROM series s "
        "JOIN value v USING (series_key) WHERE s.run_key = ? AND s.stream = 'default' "
        "GROUP BY ALL",
        [run_key],
    ).fetchall():
        if last_step >= newest.get(key, -(2**63)):
            fold.add(key, np.empty(0), load_json(value))
    return fold.values


def _native(kind: str, number: float) -> float | int | bool:
    casts: dict[str, type[float] | type[int] | type[bool]] = {"int": int, "bool": bool}
    return casts.get(kind, float)(number)
