"""Runs in the tables: a process begins or resumes one, changes its fields, or deletes it."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tracker.store.database.encode import dump_json, load_json
from tracker.store.database.rows import first_row
from tracker.store.journal import facts, journal
from tracker.store.series import rollups
from tracker.store.writing import branch
from tracker.store.writing.intake import Intake
from tracker.store.writing.rules import read_rules

RUN_TABLES = ("run", "session", "series", "metric", "console", "cell", "event", "lineage")
FIELD_COLUMNS = {
    "name": "name",
    "group": "group_name",
    "job_type": "job_type",
    "tags": "tags",
    "notes": "notes",
    "state": "state",
    "config": "config",
    "config_changed": "config",
    "summary": "summary",
    "metadata": "metadata",
    "sweep_id": "sweep_id",
}
COPY = "copy"
EDITS = ("edit", "artifacts", COPY)  # what Begin.resume says of journals that are no sessions
# … and of those of processes that write a run together: the one that says how it is called and
# how it ends, and the others.
SHARED = ("shared", "joined")
ADDED_TO = {"metadata", "config_changed"}
JSON_FIELDS = {"config", "summary", *ADDED_TO}
# How long a run had run; of one that others are writing, up to this moment.
_RUNTIME = """SELECT greatest(runtime_s, coalesce((
    SELECT max(runtime_before_s + epoch(?::TIMESTAMP) - epoch(started_at)) FROM session
    WHERE run_key = run.run_key AND run.state = 'running' AND ?), 0))
    FROM run WHERE run_key = ?"""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - DuckDB keeps naive UTC


def stamp(time_us: int) -> datetime:
    """Return microseconds since the epoch as the naive UTC datetime that DuckDB keeps."""
    return _EPOCH + timedelta(microseconds=time_us)


def is_edit(intake: Intake) -> bool:
    """Whether the journal is no process' session but changes a stored run, or artifacts."""
    return intake.first is not None and intake.first.resume in EDITS


def is_copy(intake: Intake) -> bool:
    """Whether the journal repeats what a deleted run's journals say of artifacts."""
    return intake.first is not None and intake.first.resume == COPY


def is_shared(intake: Intake) -> bool:
    """Whether other processes may write the same run meanwhile."""
    return intake.first is not None and intake.first.resume in SHARED


def is_joined(intake: Intake) -> bool:
    """Whether the journal is that of a process whose end is not the run's."""
    return intake.first is not None and intake.first.resume == "joined"


def is_late(db: duckdb.DuckDBPyConnection, intake: Intake, stem: str) -> bool:
    """Whether the journal is a dead process's, and the run has been resumed since."""
    if not intake.is_final or is_edit(intake) or is_shared(intake):
        return False
    return newest(db, intake.run_key) > stem


def begun(journals: Path, project: str, run_id: str) -> set[str]:
    """Return the names of the journals, not archived, that begin or change a run."""
    return {
        stem
        for stem, segments in journal.stems(journals).items()
        if (first := _first(segments[0])) and (first.project, first.run_id) == (project, run_id)
    }


def _first(segment: Path) -> facts.Begin | None:
    """Return what a segment begins with, if that is there by now, and sound."""
    intake = Intake()
    with contextlib.suppress(FileNotFoundError), contextlib.closing(intake):
        intake.follow(segment)
        return next(iter(intake.read(1).begins), None)
    return None


def known(db: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of the journals that the tables have something of."""
    rows = db.execute("SELECT DISTINCT split_part(name, '.', 1) FROM journal").fetchall()
    return {row[0] for row in rows}


def begin(db: duckdb.DuckDBPyConnection, stem: str, intake: Intake, first: facts.Begin) -> None:
    """Find or make the run that a journal's first frame names, and note the session."""
    intake.first = first
    attach(db, intake)
    if is_edit(intake):
        return
    intake.is_late = is_late(db, intake, stem)
    if intake.run_key is not None and first.resume == "overwrite" and not intake.is_late:
        delete_run(db, intake.run_key)
        intake.run_key = None
        intake.series.clear()
    if intake.run_key is not None:
        rollups.drop(db, intake.run_key)
    before_s = _insert_or_resume(db, intake, first)
    if first.fork_from is not None or (first.rewind_to is not None and not intake.is_late):
        before_s = branch.branch(db, intake, first)
        attach(db, intake)
    row = first_row(db, "SELECT last_step FROM run WHERE run_key = ?", [intake.run_key])
    assert row is not None
    db.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            intake.run_key, stem, stamp(first.time_us), before_s, int(row[0]) + 1, first.host,
            first.pid,
        ],
    )  # fmt: skip


def attach(db: duckdb.DuckDBPyConnection, intake: Intake, run_key: int | None = None) -> None:
    """Let an intake go on from the tables: the number and the series of its run.

    Parameters
    ----------
    db : connection
        A store open for writing.
    intake : Intake
        What reads the journal.
    run_key : int, optional
        The run's number; by default the run that the first frame names is looked up.
    """
    intake.series.clear()
    first = intake.first
    if run_key is None and first is not None:
        row = first_row(
            db,
            "SELECT run_key FROM run WHERE project = ? AND run_id = ?",
            [first.project, first.run_id],
        )
        run_key = int(row[0]) if row else None
    intake.run_key = run_key
    for stream, key, series_key, kind in db.execute(
        "SELECT stream, key, series_key, kind FROM series WHERE run_key = ?", [run_key]
    ).fetchall():
        intake.series[(stream, key, kind == "json")] = (series_key, kind)


def load_fold(db: duckdb.DuckDBPyConnection, intake: Intake) -> None:
    """Give the intake the summary that its run has in the tables."""
    row = first_row(db, "SELECT summary, fold FROM run WHERE run_key = ?", [intake.run_key])
    if row is not None:
        rules = read_rules(db, intake.run_key)
        intake.fold.load(load_json(row[0] or "{}"), rules, load_json(row[1] or "{}"))


def delete_run(db: duckdb.DuckDBPyConnection, run_key: int) -> None:
    """Remove every row of a run; its journals' watermarks stay, and show that it was there."""
    for table in ("point", "value", *rollups.TABLES):
        db.execute(
            f"DELETE FROM {table} WHERE series_key IN "
            "(SELECT series_key FROM series WHERE run_key = ?)",
            [run_key],
        )
    db.execute("UPDATE artifact_version SET run_key = NULL WHERE run_key = ?", [run_key])
    for table in RUN_TABLES:
        db.execute(f"DELETE FROM {table} WHERE run_key = ?", [run_key])


def mark_crashed(db: duckdb.DuckDBPyConnection, run_key: int, stem: str, intake: Intake) -> None:
    """Mark the run of a dead writer's journal crashed, unless it ended or was resumed since.

    Of those that write a run together the one dies for all whose end would be the run's.
    """
    if not is_joined(intake):
        db.execute(
            "UPDATE run SET state = 'crashed', ended_at = updated_at WHERE run_key = $run AND "
            "state = 'running' AND ($is_shared OR "
            "(SELECT max(journal) FROM session WHERE run_key = $run) = $stem)",
            {"run": run_key, "stem": stem, "is_shared": is_shared(intake)},
        )
    rollups.build(db, run_key)


def update_fields(db: duckdb.DuckDBPyConnection, run_key: int, changes: dict[str, Any]) -> None:
    """Change fields of a run; metadata and what changed in a config are added to what there is."""
    for field, value in changes.items():
        column = FIELD_COLUMNS.get(field)
        if column is None:
            continue
        given = value
        if field in ADDED_TO:
            row = first_row(db, f"SELECT {column} FROM run WHERE run_key = ?", [run_key])
            given = {**(load_json(row[0]) if row and row[0] else {}), **(value or {})}
        given = dump_json(given) if field in JSON_FIELDS else given
        db.execute(f"UPDATE run SET {column} = ? WHERE run_key = ?", [given, run_key])


def newest(db: duckdb.DuckDBPyConnection, run_key: int | None) -> str:
    """Return the journal of the last process that opened the run, "" for none."""
    row = first_row(db, "SELECT max(journal) FROM session WHERE run_key = ?", [run_key])
    return str(row[0]) if row and row[0] else ""


def _insert_or_resume(db: duckdb.DuckDBPyConnection, intake: Intake, first: facts.Begin) -> float:
    now = stamp(first.time_us)
    if intake.run_key is not None:
        row = first_row(db, _RUNTIME, [stamp(first.time_us), is_shared(intake), intake.run_key])
        if is_joined(intake):
            update_fields(db, intake.run_key, {"config_changed": first.config})
        elif not intake.is_late:
            config = "config_changed" if is_shared(intake) else "config"
            changes = {**first.fields, "state": "running", config: first.config}
            update_fields(db, intake.run_key, changes)
            db.execute(
                "UPDATE run SET updated_at = greatest(updated_at, ?), ended_at = NULL, "
                "exit_code = NULL WHERE run_key = ?",
                [now, intake.run_key],
            )
        return float(row[0]) if row else 0.0
    # The key of a deleted run is not given again: somebody may still hold it.
    row = first_row(
        db,
        "SELECT greatest((SELECT coalesce(max(run_key), 0) FROM run), "
        "(SELECT coalesce(max(run_key), 0) FROM journal)) + 1",
    )
    assert row is not None
    intake.run_key = int(row[0])
    given = first.fields
    db.execute(
        "INSERT INTO run (run_key, project, run_id, name, group_name, job_type, tags, notes, "
        "state, config, summary, fold, metadata, created_at, updated_at, runtime_s, last_step, "
        "parent, sweep_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, '{}', '{}', ?, ?, ?, 0, "
        "-1, NULL, ?)",
        [
            intake.run_key, first.project, first.run_id, given.get("name") or first.run_id,
            given.get("group"), given.get("job_type"), list(given.get("tags") or ()),
            given.get("notes"), dump_json(first.config), dump_json(given.get("metadata") or {}),
            now, now, given.get("sweep_id"),
        ],
    )  # fmt: skip
    return 0.0
