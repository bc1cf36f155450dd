"""Reads runs, and what belongs to them, out of an open connection, as records.

Curves are in :mod:`tracker.store.series.curves`, rows of history in
:mod:`tracker.store.series.history`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from tracker.errors import QueryError
from tracker.records import (
    CellRecord,
    ConsoleRecord,
    EventRecord,
    MetricRule,
    RunRecord,
    Series,
    Stream,
)
from tracker.store.reading.filters import Where, parse_order
from tracker.store.reading.run_record import EPOCH, PLAIN, mapping, run_record, utc

_RUN_COLUMNS = f"{PLAIN}, config, summary, metadata, parent"


def runs(
    db: duckdb.DuckDBPyConnection,
    project: str | None = None,
    where: Where | None = None,
    order: str = "+created_at",
    limit: int | None = None,
    offset: int = 0,
) -> list[RunRecord]:
    """Return the runs of a project, or of all, that fit a filter.

    Parameters
    ----------
    db : connection
        An open store.
    project : str, optional
        Only runs of this project. Default: of all projects.
    where : Where, optional
        A filter made by :func:`tracker.store.reading.filters.parse_filters`.
    order : str
        Fields after ``+`` (the default) or ``-``, several separated by commas; runs that
        lack a field, or have NaN there, come last. Default ``"+created_at"``.
    limit, offset : int
        Return at most `limit` runs, after passing over `offset` of them.

    Raises
    ------
    QueryError
        If the order names no field, or a ``$regex`` is not a regular expression.
    """
    where = where or Where()
    by = parse_order(order)
    check_patterns(db, where)
    scope = "" if project is None else "WHERE project = ?"
    scope_parameters: list[Any] = [] if project is None else [project]
    fields = "".join(f", {sql} AS {alias}" for alias, sql, _ in (*where.fields, *by.fields))
    bounds = "" if limit is None else f" LIMIT {int(limit)}"
    bounds += f" OFFSET {int(offset)}" if offset else ""
    rows = db.execute(
        f"SELECT {_RUN_COLUMNS} FROM (SELECT *{fields} FROM run {scope}) "
        f"WHERE {where.sql} ORDER BY {by.sql}{bounds}",
        [
            *(value for _, _, values in (*where.fields, *by.fields) for value in values),
            *scope_parameters,
            *where.parameters,
        ],
    ).fetchall()
    return [_run_record(row) for row in rows]


def check_patterns(db: duckdb.DuckDBPyConnection, where: Where) -> None:
    """Raise QueryError if a pattern of the filter is not a regular expression."""
    for pattern in where.patterns:
        try:
            db.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
        except duckdb.InvalidInputException as error:
            reason = str(error).removeprefix("Invalid Input Error: ").splitlines()[0]
            raise QueryError(
                f"$regex is {pattern!r}, which is not a regular expression as RE2 knows them: "
                f"{reason}."
            ) from error


def run(db: duckdb.DuckDBPyConnection, project: str | None, run_id: str) -> RunRecord | None:
    """Return the run with this id; where there is none, the only one with this name.

    Parameters
    ----------
    db : connection
        An open store.
    project : str or None
        Look in this project only. Of equal ids in several projects the newest run wins.
    run_id : str
        An id, or the name of exactly one run.
    """
    scope = "" if project is None else " AND project = ?"
    rest = [] if project is None else [project]
    select = f"SELECT {_RUN_COLUMNS} FROM run"
    rows = db.execute(
        f"{select} WHERE run_id = ?{scope} ORDER BY created_at DESC, run_key DESC LIMIT 1",
        [run_id, *rest],
    ).fetchall()
    if not rows:
        rows = db.execute(f"{select} WHERE name = ?{scope} LIMIT 2", [run_id, *rest]).fetchall()
        if len(rows) > 1:
            return None
    return _run_record(rows[0]) if rows else None


def names(db: duckdb.DuckDBPyConnection, project: str | None = None) -> list[tuple[str, str, str]]:
    """Return project, id and name of every run, oldest first."""
    scope = "" if project is None else "WHERE project = ?"
    return db.execute(
        f"SELECT project, run_id, name FROM run {scope} ORDER BY created_at, run_key",
        [] if project is None else [project],
    ).fetchall()


def projects(db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, datetime]]:
    """Return name, number of runs and last update of each project, newest update first."""
    rows = db.execute(
        "SELECT project, count(*), max(updated_at) FROM run GROUP BY project "
        "ORDER BY max(updated_at) DESC NULLS LAST, project"
    ).fetchall()
    return [(name, number, utc(updated) or EPOCH) for name, number, updated in rows]


def series(
    db: duckdb.DuckDBPyConnection, run_keys: Sequence[int], stream: Stream | None = None
) -> list[Series]:
    """Return the series of some runs, in the order in which they were first logged.

    Parameters
    ----------
    db : connection
        An open store.
    run_keys : sequence of int
        The runs.
    stream : {"default", "system"}, optional
        Only what was logged, or only readings of the machine. Default: both.
    """
    rows = db.execute(
        "SELECT series_key, run_key, stream, key, kind FROM series "
        "WHERE run_key IN (SELECT unnest($keys)) AND ($stream IS NULL OR stream = $stream) "
        "ORDER BY series_key",
        {"keys": list(run_keys), "stream": stream},
    ).fetchall()
    return [Series(*row) for row in rows]


def metrics(db: duckdb.DuckDBPyConnection, run_keys: Sequence[int]) -> dict[int, list[MetricRule]]:
    """Return what ``define_metric`` said in each of some runs, in the order of definition."""
    found: dict[int, list[MetricRule]] = {key: [] for key in run_keys}
    for run_key, name, step_metric, step_sync, summary, goal, hidden in db.execute(
        "SELECT run_key, name, step_metric, step_sync, summary, goal, hidden FROM metric "
        "WHERE run_key IN (SELECT unnest($keys)) ORDER BY rowid",
        {"keys": list(run_keys)},
    ).fetchall():
        rule = MetricRule(
            name, step_metric, bool(step_sync), tuple(summary or ()), goal, bool(hidden)
        )
        found[run_key].append(rule)
    return found


def console(
    db: duckdb.DuckDBPyConnection, run_key: int, last: int | None = None
) -> list[ConsoleRecord]:
    """Return the lines that a run printed, in order: all, or the `last` so many."""
    bound = "" if last is None else f"LIMIT {max(int(last), 0)}"
    rows = db.execute(
        "SELECT number, stream, time, text FROM console WHERE run_key = ? "
        f"ORDER BY number DESC {bound}",
        [run_key],
    ).fetchall()
    return [
        ConsoleRecord(number, stream, utc(time) or EPOCH, text)
        for number, stream, time, text in reversed(rows)
    ]


def cells(db: duckdb.DuckDBPyConnection, run_key: int) -> list[CellRecord]:
    """Return the notebook cells that belong to a run, in the order in which they ran."""
    return cells_of(db, [run_key])[run_key]


def cells_of(db: duckdb.DuckDBPyConnection, run_keys: Sequence[int]) -> dict[int, list[CellRecord]]:
    """Return the notebook cells of each of some runs, in the order in which they ran."""
    found: dict[int, list[CellRecord]] = {key: [] for key in run_keys}
    for run_key, number, count, source, started, duration_s, status, error, cell_id in db.execute(
        "SELECT run_key, number, execution_count, source, started_at, duration_s, status, error, "
        "cell_id FROM cell WHERE run_key IN (SELECT unnest($keys)) ORDER BY run_key, number",
        {"keys": list(run_keys)},
    ).fetchall():
        found[run_key].append(
            CellRecord(number, count, source, utc(started), duration_s, status, error, cell_id)
        )
    return found


def events(
    db: duckdb.DuckDBPyConnection, run_key: int, kind: str | None = None
) -> list[EventRecord]:
    """Return what happened to a run, in order: all, or of one kind only."""
    rows = db.execute(
        "SELECT time, kind, payload FROM event WHERE run_key = $run "
        "AND ($kind IS NULL OR kind = $kind) ORDER BY time, rowid",
        {"run": run_key, "kind": kind},
    ).fetchall()
    return [EventRecord(utc(time) or EPOCH, kind, mapping(data)) for time, kind, data in rows]


def latest_system(db: duckdb.DuckDBPyConnection, run_key: int) -> dict[str, float]:
    """Return the newest reading of each system key of a run."""
    rows = db.execute(
        "SELECT s.key, arg_max(p.value, p.rowid) FROM point p "
        "JOIN series s USING (series_key) WHERE s.run_key = ? AND s.stream = 'system' "
        "GROUP BY s.key ORDER BY s.key",
        [run_key],
    ).fetchall()
    return dict(rows)


def _run_record(row: tuple[Any, ...]) -> RunRecord:
    *plain, config, summary, metadata, parent = row
    return run_record(plain, mapping(config), mapping(summary), mapping(metadata), mapping(parent))
