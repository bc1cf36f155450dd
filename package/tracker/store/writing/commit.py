"""Puts what an intake has read into the tables, inside the caller's transaction."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np

from tracker.store.database.encode import dump_json, load_json
from tracker.store.database.rows import first_row
from tracker.store.journal import facts
from tracker.store.series import rollups
from tracker.store.writing import sessions
from tracker.store.writing.batch import Batch, SeriesName
from tracker.store.writing.columns import Column, wider
from tracker.store.writing.intake import Intake
from tracker.store.writing.sessions import stamp
from tracker.store.writing.versions import put_version

SeriesId = tuple[str, str, bool]  # stream, key, whether it holds JSON


def put(db: duckdb.DuckDBPyConnection, stem: str, intake: Intake, batch: Batch) -> None:
    """Put one batch of a run's journal into the tables, watermark included."""
    for begin in batch.begins:
        if begin.segment == 0 or intake.run_key is None:
            sessions.begin(db, stem, intake, begin)
    run_key = intake.run_key
    if run_key is not None:
        if batch.is_deleted:
            sessions.delete_run(db, run_key)
        else:
            if batch.columns and sessions.is_shared(intake):
                rollups.drop(db, run_key)  # of a run whose main process has ended before this one
            _put_facts(db, run_key, intake, batch)
            _put_series(db, run_key, intake, batch)
            _put_summary(db, run_key, intake, batch)
            if not sessions.is_edit(intake):
                _update_run(db, run_key, stem, intake, batch)
            if batch.finish is not None:
                rollups.build(db, run_key)
    if not batch.is_deleted:
        for version in batch.versions:  # they outlast their run
            put_version(db, run_key, version)
    _put_positions(db, run_key, batch)


def _put_facts(db: duckdb.DuckDBPyConnection, run_key: int, intake: Intake, batch: Batch) -> None:
    if batch.changes and not intake.is_late:
        sessions.update_fields(db, run_key, batch.changes)
    if batch.metrics:
        _put_metrics(db, run_key, list(batch.metrics.values()))
    if batch.lines:
        _put_lines(db, run_key, list(batch.lines.values()))
    if batch.cells:
        _put_cells(db, run_key, list(batch.cells.values()))
    for event in batch.events:
        db.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?)",
            [run_key, stamp(event.time_us), event.kind, dump_json(event.payload)],
        )


def _put_metrics(db: duckdb.DuckDBPyConnection, run_key: int, rules: list[facts.Metric]) -> None:
    db.execute(
        "DELETE FROM metric WHERE run_key = ? AND list_contains(?, name)",
        [run_key, [rule.name for rule in rules]],
    )
    for rule in rules:
        db.execute(
            "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                run_key, rule.name, rule.step_metric, rule.step_sync, list(rule.summary),
                rule.goal, rule.hidden,
            ],
        )  # fmt: skip


def _put_lines(db: duckdb.DuckDBPyConnection, run_key: int, lines: list[facts.Line]) -> None:
    numbers = [line.number for line in lines]
    db.execute(
        "DELETE FROM console WHERE run_key = ? AND number BETWEEN ? AND ? "
        "AND number IN (SELECT unnest(?::BIGINT[]))",
        [run_key, min(numbers), max(numbers), numbers],
    )
    _insert(
        db,
        "console",
        {
            "run_key": np.full(len(lines), run_key, dtype=np.int32),
            "number": np.array(numbers, dtype=np.int64),
            "stream": np.array([line.stream for line in lines], dtype=object),
            "time": _times([line.time_us for line in lines]),
            "text": np.array([line.text for line in lines], dtype=object),
        },
    )


def _put_cells(db: duckdb.DuckDBPyConnection, run_key: int, cells: list[facts.Cell]) -> None:
    db.execute(
        "DELETE FROM cell WHERE run_key = ? AND list_contains(?, number)",
        [run_key, [cell.number for cell in cells]],
    )
    db.execute(
        "INSERT INTO cell SELECT $run, unnest($number::INTEGER[]), unnest($count::INTEGER[]), "
        "unnest($source::VARCHAR[]), make_timestamp(unnest($started::BIGINT[])), "
        "unnest($duration::DOUBLE[]), unnest($status::VARCHAR[]), unnest($error::VARCHAR[]), "
        "unnest($cell_id::VARCHAR[])",
        {
            "run": run_key,
            "number": [cell.number for cell in cells],
            "count": [cell.execution_count for cell in cells],
            "source": [cell.source for cell in cells],
            "started": [cell.started_us for cell in cells],
            "duration": [cell.duration_s for cell in cells],
            "status": [cell.status for cell in cells],
            "error": [cell.error for cell in cells],
            "cell_id": [cell.cell_id for cell in cells],
        },
    )


# --- series, points and values


def _put_series(db: duckdb.DuckDBPyConnection, run_key: int, intake: Intake, batch: Batch) -> None:
    wanted = {(*name, False): column.kind for name, column in batch.columns.items()}
    wanted |= {(*name, True): "json" for name, *_ in batch.values}
    _name_series(db, run_key, intake, wanted)
    _delete_replaced(db, intake, batch)
    if batch.columns:
        _put_points(db, intake, batch.columns)
    if batch.values:
        keys = [intake.series[(*name, True)][0] for name, *_ in batch.values]
        _insert(
            db,
            "value",
            {
                "series_key": np.array(keys, dtype=np.int32),
                "step": np.array([step for _, step, _, _ in batch.values], dtype=np.int64),
                "time": _times([time_us for _, _, time_us, _ in batch.values]),
                "value": np.array([dump_json(v) for *_, v in batch.values], dtype=object),
            },
        )


def _name_series(
    db: duckdb.DuckDBPyConnection, run_key: int, intake: Intake, wanted: dict[SeriesId, str]
) -> None:
    fresh = [name for name in wanted if name not in intake.series]
    if fresh:
        row = first_row(db, "SELECT coalesce(max(series_key), 0) FROM series")
        assert row is not None
        keys = [int(row[0]) + 1 + offset for offset in range(len(fresh))]
        _insert(
            db,
            "series",
            {
                "series_key": np.array(keys, dtype=np.int32),
                "run_key": np.full(len(fresh), run_key, dtype=np.int32),
                "stream": np.array([stream for stream, _, _ in fresh], dtype=object),
                "key": np.array([key for _, key, _ in fresh], dtype=object),
                "kind": np.array([wanted[name] for name in fresh], dtype=object),
            },
        )
        for name, key in zip(fresh, keys, strict=True):
            intake.series[name] = (key, wanted[name])
    for name, kind in wanted.items():
        series_key, known = intake.series[name]
        if kind != known and wider(kind, known) != known:
            db.execute("UPDATE series SET kind = ? WHERE series_key = ?", [kind, series_key])
            intake.series[name] = (series_key, kind)


def _delete_replaced(db: duckdb.DuckDBPyConnection, intake: Intake, batch: Batch) -> None:
    """Remove values of the open step that a row of this batch replaces."""
    if batch.replaced_in is None:
        return
    for table, is_json in (("point", False), ("value", True)):
        names = [("default", key, is_json) for key in batch.replaced]
        keys = [intake.series[name][0] for name in names if name in intake.series]
        if keys:
            db.execute(
                f"DELETE FROM {table} WHERE step = ? AND time >= ? "
                "AND series_key IN (SELECT unnest(?::INTEGER[]))",
                [batch.replaced_in.step, stamp(batch.replaced_in.since_us), keys],
            )


def _put_points(
    db: duckdb.DuckDBPyConnection, intake: Intake, columns: dict[SeriesName, Column]
) -> None:
    keys = [intake.series[(*name, False)][0] for name in columns]
    lengths = [len(column.steps) for column in columns.values()]
    parts = list(columns.values())
    _insert(
        db,
        "point",
        {
            "series_key": np.repeat(np.array(keys, dtype=np.int32), lengths),
            "step": np.concatenate([part.steps for part in parts]),
            "time": _times(np.concatenate([part.times_us for part in parts])),
            "value": np.concatenate([part.values for part in parts]),
        },
        # DuckDB reads NaN in a NumPy column as NULL, and a point is never NULL
        "series_key, step, time, coalesce(value, 'NaN'::DOUBLE)",
    )


def _times(times_us: Any) -> np.ndarray:
    return np.asarray(times_us, dtype=np.int64).astype("datetime64[us]")


def _insert(
    db: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, np.ndarray],
    select: str | None = None,
) -> None:
    names = ", ".join(columns)
    db.register("incoming", columns)
    db.execute(f"INSERT INTO {table} ({names}) SELECT {select or names} FROM incoming")
    db.unregister("incoming")


# --- the run itself


def _put_summary(db: duckdb.DuckDBPyConnection, run_key: int, intake: Intake, batch: Batch) -> None:
    """Merge what changed: other processes may have the same run, and people edit it."""
    if not batch.summary and not batch.dropped:
        return
    row = first_row(db, "SELECT summary, fold FROM run WHERE run_key = ?", [run_key])
    assert row is not None
    values, states = load_json(row[0] or "{}"), load_json(row[1] or "{}")
    if intake.is_late:
        values, states = {**batch.summary, **values}, {**batch.states, **states}
    else:
        values = {k: v for k, v in values.items() if k not in batch.dropped} | batch.summary
        states |= batch.states
    db.execute(
        "UPDATE run SET summary = ?, fold = ? WHERE run_key = ?",
        [dump_json(values), dump_json(states), run_key],
    )


def _update_run(
    db: duckdb.DuckDBPyConnection, run_key: int, stem: str, intake: Intake, batch: Batch
) -> None:
    if batch.last_time_us:
        db.execute(
            "UPDATE run SET updated_at = greatest(updated_at, $now), "
            "last_step = greatest(last_step, $step), "
            "runtime_s = greatest(runtime_s, (SELECT max(runtime_before_s + epoch($now) - "
            "epoch(started_at)) FROM session WHERE run_key = $run AND journal = $stem)) "
            "WHERE run_key = $run",
            {
                "now": stamp(batch.last_time_us),
                "step": -1 if batch.last_step is None else batch.last_step,
                "run": run_key,
                "stem": stem,
            },
        )
    if batch.finish is not None and not intake.is_late and not sessions.is_joined(intake):
        # A column of 32 bits must not keep a run from ending.
        code = max(-(2**31), min(batch.finish.exit_code, 2**31 - 1))
        db.execute(
            "UPDATE run SET state = $state, exit_code = $code, ended_at = $at "
            "WHERE run_key = $run AND (NOT $is_shared OR state = 'running' OR $code <> 0)",
            {
                "state": batch.finish.state,
                "code": code,
                "at": stamp(batch.finish.time_us),
                "run": run_key,
                "is_shared": sessions.is_shared(intake),
            },
        )


def _put_positions(db: duckdb.DuckDBPyConnection, run_key: int | None, batch: Batch) -> None:
    if not batch.positions:
        return
    last = max(batch.positions)
    db.execute("DELETE FROM journal WHERE list_contains(?, name)", [list(batch.positions)])
    for name, position in batch.positions.items():
        step = batch.open_step if name == last else None
        db.execute(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?)",
            [
                name, run_key, position,
                None if step is None else step.step, None if step is None else step.since_us,
            ],
        )  # fmt: skip
