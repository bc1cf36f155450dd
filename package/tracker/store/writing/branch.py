"""Fork a run from a step of another, or rewind a run to one of its steps."""

from __future__ import annotations

from typing import Any

import duckdb

from tracker.store.database.encode import dump_json, load_json
from tracker.store.database.rows import first_row
from tracker.store.journal import facts
from tracker.store.series.clock import read_spans
from tracker.store.writing.fold import Fold, close
from tracker.store.writing.intake import EXACT_INT, Intake
from tracker.store.writing.rules import read_rules

# What a summary may need of each key: the last value, and the numbers without NaN. Rows are
# in the order in which they were logged.
_POINTS = """
SELECT s.key, s.kind, arg_max(p.value, p.rowid), arg_max(p.time, p.rowid),
       count(*) FILTER (n), epoch_us(arg_min(p.time, p.rowid) FILTER (n)),
       arg_min(p.value, p.rowid) FILTER (n), min(p.value) FILTER (n), max(p.value) FILTER (n),
       sum(p.value) FILTER (n)
FROM (SELECT *, rowid, NOT isnan(value) AS n FROM point) p JOIN series s USING (series_key)
WHERE s.run_key = ? AND s.stream = 'default' GROUP BY s.key, s.kind
"""
# Integers too large for a DOUBLE are kept as JSON, and are numbers all the same.
_VALUES = f"""
SELECT s.key, s.kind, arg_max(v.value, v.rowid), arg_max(v.time, v.rowid),
       count(n), epoch_us(arg_min(v.time, v.rowid) FILTER (n IS NOT NULL)),
       arg_min(n, v.rowid), min(n), max(n), sum(n)
FROM (SELECT *, rowid, CASE WHEN json_type(value) IN ('BIGINT', 'UBIGINT')
      AND abs(value::DOUBLE) >= {EXACT_INT} THEN value::DOUBLE END AS n FROM value) v
JOIN series s USING (series_key)
WHERE s.run_key = ? AND s.stream = 'default' GROUP BY s.key, s.kind
"""


def branch(db: duckdb.DuckDBPyConnection, intake: Intake, begin: facts.Begin) -> float:
    """Give the run of `intake` the history that it goes on from, and that summary.

    Returns
    -------
    float
        For how many seconds the run had run at the last point of that history.
    """
    run_key = intake.run_key
    assert run_key is not None
    if begin.fork_from is not None:
        step = begin.fork_step if begin.fork_step is not None else 2**62
        _copy_history(db, begin.project, begin.fork_from, run_key, step)
        parent = {"run_id": begin.fork_from, "step": begin.fork_step}
        db.execute("UPDATE run SET parent = ? WHERE run_key = ?", [dump_json(parent), run_key])
    elif begin.rewind_to is not None:
        _cut_history(db, run_key, begin.rewind_to)
    fold = _refold(db, run_key)
    db.execute(
        "UPDATE run SET summary = $summary, fold = $fold, last_step = coalesce((SELECT max(step) "
        "FROM (SELECT series_key, step FROM point UNION ALL SELECT series_key, step FROM value) "
        "JOIN series USING (series_key) WHERE run_key = $run AND stream = 'default'), -1) "
        "WHERE run_key = $run",
        {"summary": dump_json(fold.values), "fold": dump_json(fold.states), "run": run_key},
    )
    runtime_s = _runtime_s(db, run_key)
    db.execute("UPDATE run SET runtime_s = ? WHERE run_key = ?", [runtime_s, run_key])
    return runtime_s


def _runtime_s(db: duckdb.DuckDBPyConnection, run_key: int) -> float:
    """Return how long the run had run at its last point; it has no session since."""
    row = first_row(
        db,
        "SELECT epoch_us(max(time)) FROM (SELECT series_key, time FROM point "
        "UNION ALL SELECT series_key, time FROM value) JOIN series USING (series_key) "
        "WHERE run_key = ? AND stream = 'default'",
        [run_key],
    )
    if row is None or row[0] is None:
        return 0.0
    time_us = int(row[0])
    for span in read_spans(db, [run_key]).get(run_key, ()):
        if span.since_us <= time_us < span.until_us:
            return max(0.0, (time_us - span.shift_us) / 1e6)
    return 0.0


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


def _refold(db: duckdb.DuckDBPyConnection, run_key: int) -> Fold:
    """Fold the summary from the history in the tables."""
    fold = Fold()
    fold.load({}, read_rules(db, run_key), {})
    rows = [row for query in (_POINTS, _VALUES) for row in db.execute(query, [run_key]).fetchall()]
    rows.sort(key=lambda row: row[3])  # by the time of the last value
    for key, kind, last, _, count, first_us, first, low, high, total in rows:
        if count and fold.is_numeric(key):
            state = fold.states.setdefault(key, {})
            close(state, first_us, first, low, high, total, count)
        fold.show(key, load_json(last) if kind == "json" else _native(kind, last))
    return fold


def _native(kind: str, number: float) -> Any:
    casts: dict[str, Any] = {"int": int, "bool": bool}
    return casts.get(kind, float)(number)
