"""Artifact versions in the tables: who logged and who used them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from tracker.store import facts
from tracker.store.encode import dump_json, load_json
from tracker.store.rows import first_row
from tracker.store.sessions import stamp


def put_version(db: duckdb.DuckDBPyConnection, run_key: int | None, fact: facts.Version) -> None:
    """Put a version that a run logged or used into the tables.

    The same content under the same name is the same version. The aliases move to it.
    `run_key` is None where the run has been deleted since: the version stays.
    """
    time = stamp(fact.time_us)
    version_key = _find(db, fact)
    if version_key is None and fact.direction == "output":
        version_key = _insert(db, run_key, fact, time)
    if version_key is None:
        return
    if fact.direction == "output":
        _move_aliases(db, fact, version_key)
    if run_key is None:
        return
    db.execute(
        "INSERT INTO lineage SELECT $run, $version, $direction, $time WHERE NOT EXISTS "
        "(SELECT 1 FROM lineage WHERE run_key = $run AND version_key = $version "
        "AND direction = $direction)",
        {"run": run_key, "version": version_key, "direction": fact.direction, "time": time},
    )


def _find(db: duckdb.DuckDBPyConnection, fact: facts.Version) -> int | None:
    row = first_row(
        db,
        "SELECT version_key FROM artifact_version WHERE project = ? AND name = ? AND digest = ?",
        [fact.project, fact.name, fact.digest],
    )
    return int(row[0]) if row else None


def _insert(
    db: duckdb.DuckDBPyConnection, run_key: int | None, fact: facts.Version, time: datetime
) -> int:
    row = first_row(
        db,
        "SELECT coalesce(max(version_key), 0) + 1, "
        "coalesce(max(version) FILTER (project = ? AND name = ?), -1) + 1 FROM artifact_version",
        [fact.project, fact.name],
    )
    assert row is not None
    version_key, version = int(row[0]), int(row[1])
    db.execute(
        "INSERT INTO artifact_version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            version_key, fact.project, fact.name, fact.artifact_type, version, fact.digest,
            fact.description, dump_json(fact.metadata), [], fact.tags,
            sum(size for *_, size in fact.files), time, run_key,
        ],
    )  # fmt: skip
    if fact.files:
        paths, digests, sizes = zip(*fact.files, strict=True)
        db.execute(
            "INSERT INTO artifact_file SELECT $version, unnest($paths::VARCHAR[]), "
            "unnest($digests::VARCHAR[]), unnest($sizes::BIGINT[]), NULL",
            {
                "version": version_key, "paths": list(paths), "digests": list(digests),
                "sizes": list(sizes),
            },
        )  # fmt: skip
    return version_key


def _move_aliases(db: duckdb.DuckDBPyConnection, fact: facts.Version, version_key: int) -> None:
    aliases = list(dict.fromkeys([*fact.aliases, "latest"]))
    holders = db.execute(
        "SELECT version_key, aliases FROM artifact_version WHERE project = ? AND name = ?",
        [fact.project, fact.name],
    ).fetchall()
    for holder, held in holders:
        kept = [alias for alias in held or [] if alias not in aliases]
        if holder == version_key:
            kept += aliases
        if kept != (held or []):
            db.execute(
                "UPDATE artifact_version SET aliases = ? WHERE version_key = ?", [kept, holder]
            )


@dataclass(frozen=True, slots=True)
class Found:
    """A version as the tables have it; `files` are path, SHA-256 and size in bytes."""

    version: int
    artifact_type: str
    aliases: list[str]
    description: str | None
    metadata: dict[str, Any]
    files: list[tuple[str, str, int]]


def find(
    db: duckdb.DuckDBPyConnection,
    project: str,
    name: str,
    *,
    alias: str | None = None,
    digest: str | None = None,
) -> Found | None:
    """Return the version with this alias (or ``v3``) or this digest, None if there is none."""
    row = first_row(
        db,
        "SELECT version_key, version, type, aliases, description, metadata FROM artifact_version "
        "WHERE project = $project AND name = $name AND (digest = $digest OR "
        "list_contains(aliases, $alias) OR 'v' || version = $alias) ORDER BY version DESC LIMIT 1",
        {"project": project, "name": name, "digest": digest, "alias": alias},
    )
    if row is None:
        return None
    files = db.execute(
        "SELECT path, sha256, size_bytes FROM artifact_file WHERE version_key = ? ORDER BY path",
        [row[0]],
    ).fetchall()
    return Found(row[1], row[2], list(row[3] or ()), row[4], load_json(row[5] or "{}"), files)
