"""Artifact versions read from the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from tracker.records import CollectionRecord, VersionRecord
from tracker.store.database.encode import load_json
from tracker.store.database.rows import first_row
from tracker.store.journal import facts

# What a link lacks, its source has.
_VERSIONS = """
SELECT a.version_key, a.project, a.name, s.type, a.version, s.digest, s.description, s.metadata,
       (SELECT list(x.alias ORDER BY x.time_us, x.alias) FROM alias x
        WHERE x.version_key = a.version_key), s.tags, s.size_bytes,
       (SELECT count(*) FROM artifact_file f WHERE f.version_key = s.version_key),
       a.created_at, epoch_us(a.created_at), greatest(a.updated_at, s.updated_at), a.state, s.step,
       s.ttl_s, r.project, r.run_id, a.source_key, s.project, s.name, s.version
FROM artifact_version a
JOIN artifact_version s ON s.version_key = coalesce(a.source_key, a.version_key)
LEFT JOIN run r ON r.run_key = s.run_key
"""


def find(
    db: duckdb.DuckDBPyConnection,
    project: str,
    name: str,
    *,
    alias: str | None = None,
    digest: str | None = None,
) -> VersionRecord | None:
    """Return the version with this alias (or ``v3``) or this digest, None if there is none."""
    rows = _read(
        db,
        "WHERE a.project = $project AND a.name = $name AND a.state = 'committed' AND "
        "(s.digest = $digest OR 'v' || a.version = $alias OR a.version_key IN (SELECT version_key "
        "FROM alias WHERE project = $project AND name = $name AND alias = $alias)) "
        "ORDER BY a.version DESC LIMIT 1",
        {"project": project, "name": name, "digest": digest, "alias": alias},
    )
    return rows[0] if rows else None


def by_key(db: duckdb.DuckDBPyConnection, version_keys: list[int]) -> list[VersionRecord]:
    """Return these versions, deleted ones too, the oldest first."""
    return _read(
        db,
        "WHERE a.version_key IN (SELECT unnest($keys::INTEGER[])) AND a.state <> 'pending' "
        "ORDER BY a.created_at",
        {"keys": version_keys},
    )


def versions(
    db: duckdb.DuckDBPyConnection,
    project: str | None = None,
    name: str | None = None,
    artifact_type: str | None = None,
    *,
    state: str = "committed",
) -> list[VersionRecord]:
    """Return versions by project and name, the newest of each first."""
    return _read(
        db,
        "WHERE a.project = coalesce($project, a.project) AND a.name = coalesce($name, a.name) "
        "AND s.type = coalesce($type, s.type) AND a.state = $state "
        "ORDER BY a.project, a.name, a.version DESC",
        {"project": project, "name": name, "type": artifact_type, "state": state},
    )


def links(db: duckdb.DuckDBPyConnection, version_key: int) -> list[VersionRecord]:
    """Return the links to a version."""
    return _read(
        db,
        "WHERE a.source_key = $key AND a.state = 'committed' ORDER BY a.created_at",
        {"key": version_key},
    )


def of_run(
    db: duckdb.DuckDBPyConnection, project: str, run_id: str, direction: str
) -> list[VersionRecord]:
    """Return the versions that a run logged (``output``) or used (``input``), in that order."""
    return _read(
        db,
        "JOIN lineage l ON l.version_key = a.version_key "
        "JOIN run u ON u.run_key = l.run_key WHERE u.project = $project AND u.run_id = $run "
        "AND l.direction = $direction AND a.state <> 'pending' ORDER BY l.time, a.version_key",
        {"project": project, "run": run_id, "direction": direction},
    )


def runs_of(
    db: duckdb.DuckDBPyConnection, version_key: int, direction: str
) -> list[tuple[str, str]]:
    """Return project and id of the runs that logged or used a version, in that order."""
    return db.execute(
        "SELECT r.project, r.run_id FROM lineage l JOIN run r USING (run_key) WHERE "
        "l.version_key = (SELECT coalesce(source_key, version_key) FROM artifact_version "
        "WHERE version_key = ?) AND l.direction = ? ORDER BY l.time, r.run_key",
        [version_key, direction],
    ).fetchall()


def files(db: duckdb.DuckDBPyConnection, version_key: int) -> list[facts.File]:
    """Return the files of a version by path; of a link those of its source."""
    rows = db.execute(
        "SELECT path, sha256, size_bytes, reference, checksum, extra FROM artifact_file "
        "WHERE version_key = (SELECT coalesce(source_key, version_key) FROM artifact_version "
        "WHERE version_key = ?) ORDER BY path",
        [version_key],
    ).fetchall()
    return [
        facts.File(path, sha256, size, reference, checksum, load_json(extra) if extra else {})
        for path, sha256, size, reference, checksum, extra in rows
    ]


def contents(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the sizes in bytes of all contents that versions have, by digest."""
    rows = db.execute(
        "SELECT DISTINCT sha256, size_bytes FROM artifact_file WHERE reference IS NULL"
    ).fetchall()
    return dict(rows)


def code_of(db: duckdb.DuckDBPyConnection, run_keys: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the source files that runs logged as artifacts of the type ``code``.

    Returns
    -------
    dict of int to (dict of str to str)
        By run, the content's digest of each path; of one that was logged again the last.
    """
    rows = db.execute(
        "SELECT l.run_key, f.path, f.sha256 FROM lineage l JOIN artifact_version a USING "
        "(version_key) JOIN artifact_file f ON f.version_key = coalesce(a.source_key, "
        "a.version_key) WHERE l.run_key IN (SELECT unnest($runs::INTEGER[])) "
        "AND l.direction = 'output' AND a.type = 'code' AND a.state = 'committed' "
        "AND f.sha256 IS NOT NULL ORDER BY l.time, f.path",
        {"runs": list(run_keys)},
    ).fetchall()
    found: dict[int, dict[str, str]] = {key: {} for key in run_keys}
    for run_key, path, digest in rows:
        found[run_key][path] = digest
    return found


def parts(
    db: duckdb.DuckDBPyConnection, project: str, name: str, digest: str
) -> tuple[list[facts.File], list[str]]:
    """Return the files and the aliases of a version that several processes still make."""
    row = first_row(
        db,
        "SELECT version_key, (SELECT list(alias) FROM alias x WHERE x.version_key = "
        "v.version_key) FROM artifact_version v WHERE project = ? AND name = ? "
        "AND digest = ? AND state = 'pending'",
        [project, name, digest],
    )
    return (files(db, row[0]), list(row[1] or ())) if row else ([], [])


def next_number(db: duckdb.DuckDBPyConnection, project: str, name: str) -> int:
    """Return the number of the next version; that of a deleted one is not given again."""
    row = first_row(
        db,
        "SELECT coalesce(max(version), -1) + 1 FROM artifact_version "
        "WHERE project = ? AND name = ?",
        [project, name],
    )
    return int(row[0]) if row else 0


def collections(
    db: duckdb.DuckDBPyConnection, project: str | None = None, artifact_type: str | None = None
) -> list[CollectionRecord]:
    """Return the names that have versions, of one project or of all."""
    rows = db.execute(
        "SELECT a.project, a.name, arg_max(s.type, a.version), count(*), min(a.created_at), "
        "max(a.created_at), bool_or(a.source_key IS NOT NULL) "
        "FROM artifact_version a JOIN artifact_version s "
        "ON s.version_key = coalesce(a.source_key, a.version_key) "
        "WHERE a.state = 'committed' AND a.project = coalesce($project, a.project) "
        "GROUP BY a.project, a.name HAVING arg_max(s.type, a.version) = "
        "coalesce($type, arg_max(s.type, a.version)) ORDER BY a.project, a.name",
        {"project": project, "type": artifact_type},
    ).fetchall()
    return [
        CollectionRecord(where, name, kind, count, _aware(first), _aware(last), bool(is_linked))
        for where, name, kind, count, first, last, is_linked in rows
    ]


def deleted(
    db: duckdb.DuckDBPyConnection, project: str, name: str, alias: str
) -> VersionRecord | None:
    """Return the deleted version with this number, such as ``v3``, None if there is none."""
    rows = _read(
        db,
        "WHERE a.project = $project AND a.name = $name AND a.state = 'deleted' "
        "AND 'v' || a.version = $alias",
        {"project": project, "name": name, "alias": alias},
    )
    return rows[0] if rows else None


def _read(
    db: duckdb.DuckDBPyConnection, where: str, parameters: dict[str, Any]
) -> list[VersionRecord]:
    return [_record(row) for row in db.execute(_VERSIONS + where, parameters).fetchall()]


def _record(row: tuple[Any, ...]) -> VersionRecord:
    (
        version_key, project, name, artifact_type, version, digest, description, metadata, aliases,
        tags, size_bytes, file_count, created_at, created_us, updated_at, state, step, ttl_s,
        run_project, run_id, source_key, *source,
    ) = row  # fmt: skip
    return VersionRecord(
        version_key, project, name, artifact_type, version, digest, description,
        load_json(metadata or "{}"), tuple(aliases or ()), tuple(tags or ()), size_bytes or 0,
        file_count, _aware(created_at), created_us, _aware(updated_at), state, step, ttl_s,
        None if run_id is None else (run_project, run_id),
        None if source_key is None else (source[0], source[1], source[2]),
    )  # fmt: skip


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
