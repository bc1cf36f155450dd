"""Puts what an intake has read into the tables, inside the caller's transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np

from tracker.records import MetricRule
from tracker.store import facts
from tracker.store.encode import dump_json, load_json
from tracker.store.intake import Batch, Column, Intake, SeriesName, wider
from tracker.store.rows import first_row
from tracker.store.versions import put_version

RUN_TABLES = ("run", "session", "series", "metric", "console", "cell", "event", "lineage")
FIELD_COLUMNS = {
    "name": "name",
    "group": "group_name",
    "job_type": "job_type",
    "tags": "tags",
    "notes": "notes",
    "state": "state",
    "config": "config",
    "summary": "summary",
    "metadata": "metadata",
    "sweep_id": "sweep_id",
}
JSON_FIELDS = {"config", "summary", "metadata"}


def stamp(time_us: int) -> datetime:
    """Return microseconds since the epoch as the naive UTC datetime that DuckDB keeps."""
    return datetime.fromtimestamp(time_us / 1e6, UTC).replace(tzinfo=None)


def put(db: duckdb.DuckDBPyConnection, stem: str, intake: Intake, batch: Batch) -> None:
    """Put one batch of a run's journal into the tables, watermark included."""
    for begin in batch.begins:
        if begin.segment == 0:
            _begin(db, stem, intake, begin)
    run_key = intake.run_key
    if run_key is not None:
        if batch.is_deleted:
            delete_run(db, run_key)
        else:
            _put_facts(db, run_key, batch)
            _put_series(db, run_key, intake, batch)
            _update_run(db, run_key, batch, is_edit=_is_edit(intake))
    _put_positions(db, run_key, batch)


def attach(db: duckdb.DuckDBPyConnection, intake: Intake) -> None:
    """Let an intake go on from the tables: run key, series and summary of its run."""
    begin = intake.first
    if begin is None:
        return
    row = first_row(
        db,
        "SELECT run_key, summary FROM run WHERE project = ? AND run_id = ?",
        [begin.project, begin.run_id],
    )
    intake.series.clear()
    if row is None:
        intake.run_key = None
        return
    intake.run_key = row[0]
    for stream, key, series_key, kind in db.execute(
        "SELECT stream, key, series_key, kind FROM series WHERE run_key = ?", [row[0]]
    ).fetchall():
        intake.series[(stream, "\0json" + key if kind == "json" else key)] = (series_key, kind)


def load_fold(db: duckdb.DuckDBPyConnection, intake: Intake) -> None:
    """Give the intake the summary that its run has in the tables."""
    row = first_row(db, "SELECT summary FROM run WHERE run_key = ?", [intake.run_key])
    if row is None:
        return
    dumped = first_row(
        db,
        "SELECT fold FROM journal WHERE run_key = ? AND fold IS NOT NULL "
        "ORDER BY name DESC LIMIT 1",
        [intake.run_key],
    )
    intake.fold.load(
        load_json(row[0]) if row[0] else {},
        read_rules(db, intake.run_key),
        load_json(dumped[0]) if dumped else None,
    )


def read_rules(db: duckdb.DuckDBPyConnection, run_key: int | None) -> list[MetricRule]:
    """Return what ``define_metric`` said in this run."""
    found = db.execute(
        "SELECT name, step_metric, step_sync, summary, goal, hidden FROM metric WHERE run_key = ?",
        [run_key],
    ).fetchall()
    return [MetricRule(n, m, bool(s), tuple(ops or ()), g, bool(h)) for n, m, s, ops, g, h in found]


def delete_run(db: duckdb.DuckDBPyConnection, run_key: int) -> None:
    """Remove every row of a run."""
    for table in ("point", "value"):
        db.execute(
            f"DELETE FROM {table} WHERE series_key IN "
            "(SELECT series_key FROM series WHERE run_key = ?)",
            [run_key],
        )
    db.execute("UPDATE artifact_version SET run_key = NULL WHERE run_key = ?", [run_key])
    for table in RUN_TABLES:
        db.execute(f"DELETE FROM {table} WHERE run_key = ?", [run_key])


def _is_edit(intake: Intake) -> bool:
    return intake.first is not None and intake.first.resume == "edit"


def _begin(db: duckdb.DuckDBPyConnection, stem: str, intake: Intake, begin: facts.Begin) -> None:
    intake.first = begin
    attach(db, intake)
    if begin.resume == "edit":
        return
    if intake.run_key is not None and begin.resume == "overwrite":
        delete_run(db, intake.run_key)
        intake.run_key = None
        intake.series.clear()
    before_s = _insert_or_resume(db, intake, begin)
    first_step = 0
    if begin.rewind_to is not None or begin.fork_from is not None:
        from tracker.store import branch

        branch.branch(db, intake, begin)
        attach(db, intake)
    if found := first_row(db, "SELECT last_step FROM run WHERE run_key = ?", [intake.run_key]):
        first_step = int(found[0]) + 1
    db.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?)",
        [intake.run_key, stem, stamp(begin.time_us), before_s, first_step, begin.host, begin.pid],
    )


def _insert_or_resume(db: duckdb.DuckDBPyConnection, intake: Intake, begin: facts.Begin) -> float:
    now = stamp(begin.time_us)
    if intake.run_key is not None:
        changes = {**begin.fields, "state": "running", "config": begin.config}
        _update_fields(db, intake.run_key, changes)
        db.execute(
            "UPDATE run SET updated_at = ?, ended_at = NULL, exit_code = NULL WHERE run_key = ?",
            [now, intake.run_key],
        )
        row = first_row(db, "SELECT runtime_s FROM run WHERE run_key = ?", [intake.run_key])
        return float(row[0]) if row else 0.0
    row = first_row(db, "SELECT coalesce(max(run_key), 0) + 1 FROM run")
    assert row is not None
    intake.run_key = int(row[0])
    given = begin.fields
    db.execute(
        "INSERT INTO run (run_key, project, run_id, name, group_name, job_type, tags, notes, "
        "state, config, summary, metadata, created_at, updated_at, runtime_s, last_step, "
        "parent, sweep_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, '{}', ?, ?, ?, 0, -1, "
        "NULL, ?)",
        [
            intake.run_key, begin.project, begin.run_id, given.get("name") or begin.run_id,
            given.get("group"), given.get("job_type"), list(given.get("tags") or ()),
            given.get("notes"), dump_json(begin.config), dump_json(given.get("metadata") or {}),
            now, now, given.get("sweep_id"),
        ],
    )  # fmt: skip
    return 0.0


def _update_fields(db: duckdb.DuckDBPyConnection, run_key: int, changes: dict[str, Any]) -> None:
    for field, value in changes.items():
        column = FIELD_COLUMNS.get(field)
        if column is None:
            continue
        if field == "metadata":
            row = first_row(db, "SELECT metadata FROM run WHERE run_key = ?", [run_key])
            value = {**(load_json(row[0]) if row and row[0] else {}), **(value or {})}
        given = dump_json(value) if field in JSON_FIELDS else value
        db.execute(f"UPDATE run SET {column} = ? WHERE run_key = ?", [given, run_key])


def _put_facts(db: duckdb.DuckDBPyConnection, run_key: int, batch: Batch) -> None:
    if batch.changes:
        _update_fields(db, run_key, batch.changes)
    if batch.metrics:
        db.execute(
            "DELETE FROM metric WHERE run_key = ? AND list_contains(?, name)",
            [run_key, list(batch.metrics)],
        )
        for rule in batch.metrics.values():
            db.execute(
                "INSERT INTO metric VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    run_key, rule.name, rule.step_metric, rule.step_sync, list(rule.summary),
                    rule.goal, rule.hidden,
                ],
            )  # fmt: skip
    if batch.lines:
        _put_lines(db, run_key, list(batch.lines.values()))
    if batch.cells:
        _put_cells(db, run_key, list(batch.cells.values()))
    for event in batch.events:
        db.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?)",
            [run_key, stamp(event.time_us), event.kind, dump_json(event.payload)],
        )
    for version in batch.versions:
        put_version(db, run_key, version)


def _put_lines(db: duckdb.DuckDBPyConnection, run_key: int, lines: list[facts.Line]) -> None:
    numbers = [line.number for line in lines]
    db.execute(
        "DELETE FROM console WHERE run_key = ? AND number BETWEEN ? AND ? "
        "AND list_contains(?, number)",
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
    db.executemany(
        "INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [
                run_key, cell.number, cell.execution_count, cell.source,
                None if cell.started_us is None else stamp(cell.started_us), cell.duration_s,
                cell.status, cell.error, cell.cell_id,
            ]
            for cell in cells
        ],
    )  # fmt: skip


def _put_series(db: duckdb.DuckDBPyConnection, run_key: int, intake: Intake, batch: Batch) -> None:
    wanted: dict[SeriesName, str] = {name: column.kind for name, column in batch.columns.items()}
    wanted |= {_json_name(name): "json" for name, *_ in batch.values}
    _name_series(db, run_key, intake, wanted)
    for name, step in batch.replaced:
        for table, known in (("point", name), ("value", _json_name(name))):
            if known in intake.series:
                db.execute(
                    f"DELETE FROM {table} WHERE series_key = ? AND step = ?",
                    [intake.series[known][0], step],
                )
    if batch.columns:
        _put_points(db, intake, batch.columns)
    if batch.values:
        _insert(
            db,
            "value",
            {
                "series_key": np.array(
                    [intake.series[_json_name(name)][0] for name, *_ in batch.values],
                    dtype=np.int32,
                ),
                "step": np.array([step for _, step, _, _ in batch.values], dtype=np.int64),
                "time": _times([time_us for _, _, time_us, _ in batch.values]),
                "value": np.array([dump_json(v) for *_, v in batch.values], dtype=object),
            },
        )


def _json_name(name: SeriesName) -> SeriesName:
    return (name[0], "\0json" + name[1])


def _name_series(
    db: duckdb.DuckDBPyConnection, run_key: int, intake: Intake, wanted: dict[SeriesName, str]
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
                "stream": np.array([stream for stream, _ in fresh], dtype=object),
                "key": np.array([key.removeprefix("\0json") for _, key in fresh], dtype=object),
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


def _put_points(
    db: duckdb.DuckDBPyConnection, intake: Intake, columns: dict[SeriesName, Column]
) -> None:
    keys = [intake.series[name][0] for name in columns]
    lengths = [len(column.steps) for column in columns.values()]
    parts = list(columns.values())
    _insert(
        db,
        "point",
        {
            "series_key": np.repeat(np.array(keys, dtype=np.int32), lengths),
            "step": np.concatenate([part.steps for part in parts]).astype(np.int64),
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


def _update_run(
    db: duckdb.DuckDBPyConnection, run_key: int, batch: Batch, *, is_edit: bool
) -> None:
    if batch.is_summary_changed and not is_edit:
        db.execute(
            "UPDATE run SET summary = ? WHERE run_key = ?", [dump_json(batch.summary), run_key]
        )
    if batch.last_time_us and not is_edit:
        db.execute(
            "UPDATE run SET updated_at = greatest(updated_at, $now), "
            "last_step = greatest(last_step, $step), "
            "runtime_s = greatest(runtime_s, (SELECT max_by(runtime_before_s + epoch($now) - "
            "epoch(started_at), started_at) FROM session WHERE run_key = $run)) "
            "WHERE run_key = $run",
            {
                "now": stamp(batch.last_time_us),
                "step": -1 if batch.last_step is None else batch.last_step,
                "run": run_key,
            },
        )
    if batch.finish is not None:
        db.execute(
            "UPDATE run SET state = ?, exit_code = ?, ended_at = ? WHERE run_key = ?",
            [batch.finish.state, batch.finish.exit_code, stamp(batch.finish.time_us), run_key],
        )


def _put_positions(db: duckdb.DuckDBPyConnection, run_key: int | None, batch: Batch) -> None:
    if not batch.positions:
        return
    last = max(batch.positions)
    db.execute("DELETE FROM journal WHERE list_contains(?, name)", [list(batch.positions)])
    for name, position in batch.positions.items():
        fold = dump_json(batch.fold) if name == last else None
        db.execute(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?)",
            [name, run_key, position, fold, batch.finish is not None],
        )
