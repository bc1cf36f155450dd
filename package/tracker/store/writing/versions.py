"""Puts what journals say of artifact versions into the tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from tracker.store.database.encode import dump_json
from tracker.store.database.rows import first_row
from tracker.store.journal import facts
from tracker.store.writing.sessions import stamp

Saying = facts.Version | facts.VersionChange
# Project, name and digest -> the numbers that versions of it got, one after the other.
Numbers = Mapping[tuple[str, str, str], list[int]]

LATEST = "latest"
_COLUMNS = {"description": "description", "ttl_s": "ttl_s", "name": "name", "type": "type"}


def put_version(
    db: duckdb.DuckDBPyConnection,
    run_key: int | None,
    fact: Saying,
    numbers: Numbers | None = None,
) -> None:
    """Put one saying about a version into the tables.

    The same content under the same name is the same version. The aliases move to it.

    Parameters
    ----------
    db : connection
        A store open for writing.
    run_key : int or None
        The run that says it; None where it has been deleted since: the version stays.
    fact : facts.Version or facts.VersionChange
    numbers : mapping, optional
        What :func:`read_numbers` found, where a database is made anew.
    """
    if isinstance(fact, facts.VersionChange):
        _change(db, fact)
        return
    version_key = _find_or_insert(db, run_key, fact, numbers)
    if version_key is None:
        return
    if fact.distributed_id is not None and fact.direction == "output":
        _absorb_parts(db, fact, version_key)
    if fact.direction == "part":
        # They are nobody else's before the version is one.
        _say_aliases(db, fact.project, fact.digest, version_key, fact.aliases, fact.time_us)
    elif fact.direction != "input":
        _give_aliases(db, version_key, [*fact.aliases, LATEST], fact.time_us)
    if run_key is not None and fact.direction != "link":
        _put_lineage(db, run_key, version_key, fact)


def read_numbers(sayings: Iterable[Saying]) -> dict[tuple[str, str, str], list[int]]:
    """Return the numbers that versions got, as far as their processes could write them down."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for said in sorted(sayings, key=lambda each: each.time_us):
        if isinstance(said, facts.VersionChange) and "version" in said.fields:
            numbers = found.setdefault((said.project, said.name, said.digest), [])
            if said.fields["version"] not in numbers:
                numbers.append(int(said.fields["version"]))
    return found


# --- versions -------------------------------------------------------------------------------


def _find_or_insert(
    db: duckdb.DuckDBPyConnection,
    run_key: int | None,
    fact: facts.Version,
    numbers: Numbers | None,
) -> int | None:
    if fact.direction == "link":
        return _insert_link(db, fact, numbers)
    if fact.direction == "part":
        return _put_part(db, run_key, fact)
    found = find_key(db, fact.project, fact.name, fact.digest)
    if fact.direction == "input":
        return found or find_key(db, fact.project, fact.name, fact.digest, state="deleted")
    if found is None and not fact.is_known:
        return _insert(db, run_key, fact, numbers)
    if found is not None:
        _add_to(db, found, run_key, fact)
    return found


def _add_to(
    db: duckdb.DuckDBPyConnection, version_key: int, run_key: int | None, fact: facts.Version
) -> None:
    """Add a further logging's tags to a version; whose logging was the first has made it.

    Journals may be taken in in another order than they were written in.
    """
    row = first_row(
        db, "SELECT created_at, run_key FROM artifact_version WHERE version_key = ?", [version_key]
    )
    assert row is not None
    time = stamp(fact.time_us)
    if time < row[0] or (time == row[0] and row[1] is None):
        _set(db, version_key, "created_at", time)
        _set(db, version_key, "run_key", run_key)
    if time != row[0]:
        _change_tags(db, version_key, {"tags_added": fact.tags})


def find_key(
    db: duckdb.DuckDBPyConnection, project: str, name: str, digest: str, state: str = "committed"
) -> int | None:
    """Return the number that the tables know a version by; a link's is that of its source."""
    row = first_row(
        db,
        "SELECT coalesce(source_key, version_key) FROM artifact_version WHERE project = ? "
        "AND name = ? AND digest = ? AND state = ? ORDER BY version DESC LIMIT 1",
        [project, name, digest, state],
    )
    return int(row[0]) if row else None


def _insert(
    db: duckdb.DuckDBPyConnection,
    run_key: int | None,
    fact: facts.Version,
    numbers: Numbers | None = None,
    *,
    state: str = "committed",
    source_key: int | None = None,
) -> int:
    row = first_row(db, "SELECT coalesce(max(version_key), 0) + 1 FROM artifact_version")
    assert row is not None
    version_key = int(row[0])
    time = stamp(fact.time_us)
    db.execute(
        "INSERT INTO artifact_version VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            version_key, fact.project, fact.name, fact.artifact_type,
            None if state == "pending" else _number(db, fact, numbers), fact.digest,
            fact.description, dump_json(fact.metadata), fact.tags,
            sum(file.size_bytes for file in fact.files), time, run_key, state, time, fact.step,
            fact.ttl_s, source_key,
        ],
    )  # fmt: skip
    _insert_files(db, version_key, fact.files)
    return version_key


def _number(db: duckdb.DuckDBPyConnection, fact: facts.Version, numbers: Numbers | None) -> int:
    """Return the number that it has had, else the expected one if that is free, else another."""
    rows = db.execute(
        "SELECT version FROM artifact_version WHERE project = ? AND name = ? "
        "AND version IS NOT NULL",
        [fact.project, fact.name],
    ).fetchall()
    taken = {int(number) for (number,) in rows}
    if numbers is not None:
        own = numbers.get((fact.project, fact.name, fact.digest), [])
        left = [number for number in own if number not in taken]
        if left:
            return left[0]
        for (project, name, _), others in numbers.items():
            if (project, name) == (fact.project, fact.name):
                taken.update(others)
    if fact.version is not None and fact.version not in taken:
        return fact.version
    if numbers is None:
        return max(taken, default=-1) + 1
    # Of a process that died before it could write down which number it got.
    return next(number for number in itertools.count() if number not in taken)


def _insert_files(db: duckdb.DuckDBPyConnection, version_key: int, files: list[facts.File]) -> None:
    if not files:
        return
    db.execute(
        "INSERT INTO artifact_file SELECT $version, unnest($paths::VARCHAR[]), "
        "unnest($digests::VARCHAR[]), unnest($sizes::BIGINT[]), unnest($references::VARCHAR[]), "
        "unnest($checksums::VARCHAR[]), unnest($extra::VARCHAR[])",
        {
            "version": version_key,
            "paths": [file.path for file in files],
            "digests": [file.sha256 for file in files],
            "sizes": [file.size_bytes for file in files],
            "references": [file.reference for file in files],
            "checksums": [file.checksum for file in files],
            "extra": [dump_json(file.extra) if file.extra else None for file in files],
        },
    )


def _insert_link(
    db: duckdb.DuckDBPyConnection, fact: facts.Version, numbers: Numbers | None
) -> int | None:
    assert fact.source is not None
    source_key = _committed(db, *fact.source)
    if source_key is None:
        return None
    row = first_row(
        db,
        "SELECT version_key FROM artifact_version WHERE project = ? AND name = ? "
        "AND source_key = ? AND state = 'committed'",
        [fact.project, fact.name, source_key],
    )
    return int(row[0]) if row else _insert(db, None, fact, numbers, source_key=source_key)


def _put_part(db: duckdb.DuckDBPyConnection, run_key: int | None, fact: facts.Version) -> int:
    """Add the files of one process to the version that several processes make."""
    found = find_key(db, fact.project, fact.name, fact.digest, state="pending")
    if found is None:
        return _insert(db, run_key, fact, state="pending")
    db.execute(
        "DELETE FROM artifact_file WHERE version_key = ? AND list_contains(?, path)",
        [found, [file.path for file in fact.files]],
    )
    _insert_files(db, found, fact.files)
    return found


def part_digest(distributed_id: str) -> str:
    """Return what stands for the digest of a version that several processes still make."""
    return f"distributed:{distributed_id}"


def _absorb_parts(db: duckdb.DuckDBPyConnection, fact: facts.Version, version_key: int) -> None:
    """Make the parts' runs makers of the whole, and forget the parts."""
    digest = part_digest(fact.distributed_id or "")
    part_key = find_key(db, fact.project, fact.name, digest, state="pending")
    if part_key is not None:
        db.execute(
            "UPDATE lineage SET version_key = ? WHERE version_key = ?", [version_key, part_key]
        )
        for table in ("alias", "artifact_file", "artifact_version"):
            db.execute(f"DELETE FROM {table} WHERE version_key = ?", [part_key])


def _put_lineage(
    db: duckdb.DuckDBPyConnection, run_key: int, version_key: int, fact: facts.Version
) -> None:
    direction = "input" if fact.direction == "input" else "output"
    db.execute(
        "INSERT INTO lineage SELECT $run, $version, $direction, $time WHERE NOT EXISTS "
        "(SELECT 1 FROM lineage WHERE run_key = $run AND version_key = $version "
        "AND direction = $direction)",
        {
            "run": run_key, "version": version_key, "direction": direction,
            "time": stamp(fact.time_us),
        },
    )  # fmt: skip


# --- aliases --------------------------------------------------------------------------------


def _give_aliases(
    db: duckdb.DuckDBPyConnection, version_key: int, aliases: Iterable[str], time_us: int
) -> None:
    project, name = _place(db, version_key)
    _say_aliases(db, project, name, version_key, aliases, time_us)


def _place(db: duckdb.DuckDBPyConnection, version_key: int) -> tuple[str, str]:
    row = first_row(
        db, "SELECT project, name FROM artifact_version WHERE version_key = ?", [version_key]
    )
    assert row is not None
    return row[0], row[1]


def _say_aliases(
    db: duckdb.DuckDBPyConnection,
    project: str,
    name: str,
    version_key: int | None,
    aliases: Iterable[str],
    time_us: int,
) -> None:
    """Let aliases mean a version, or none, unless there has been a later word on them."""
    for alias in dict.fromkeys(aliases):
        known = first_row(
            db,
            "SELECT time_us FROM alias WHERE project = ? AND name = ? AND alias = ?",
            [project, name, alias],
        )
        if known is not None and known[0] > time_us:
            continue
        db.execute(
            "DELETE FROM alias WHERE project = ? AND name = ? AND alias = ?", [project, name, alias]
        )
        db.execute(
            "INSERT INTO alias VALUES (?, ?, ?, ?, ?)", [project, name, alias, version_key, time_us]
        )


def _take_aliases(
    db: duckdb.DuckDBPyConnection, version_key: int, aliases: Iterable[str], time_us: int
) -> None:
    """Take aliases away from a version, unless they mean another one by now."""
    project, name = _place(db, version_key)
    rows = db.execute(
        "SELECT alias FROM alias WHERE project = ? AND name = ? AND version_key <> ?",
        [project, name, version_key],
    ).fetchall()
    others = {alias for (alias,) in rows}
    gone = [alias for alias in aliases if alias not in others]
    _say_aliases(db, project, name, None, gone, time_us)


# --- changes --------------------------------------------------------------------------------


def _committed(db: duckdb.DuckDBPyConnection, project: str, name: str, digest: str) -> int | None:
    row = first_row(
        db,
        "SELECT version_key FROM artifact_version WHERE project = ? AND name = ? "
        "AND digest = ? AND state = 'committed' ORDER BY version DESC LIMIT 1",
        [project, name, digest],
    )
    return int(row[0]) if row else None


def _change(db: duckdb.DuckDBPyConnection, fact: facts.VersionChange) -> None:
    version_key = _committed(db, fact.project, fact.name, fact.digest)
    if version_key is None or not fact.fields.keys() - {"version"}:
        return
    if fact.fields.get("is_deleted"):
        _delete(db, version_key, fact)
        return
    _set(db, version_key, "updated_at", stamp(fact.time_us))
    _take_aliases(db, version_key, fact.fields.get("aliases_removed") or (), fact.time_us)
    _give_aliases(db, version_key, fact.fields.get("aliases_added") or (), fact.time_us)
    _change_tags(db, version_key, fact.fields)
    for field, column in _COLUMNS.items():
        if field in fact.fields:
            _set(db, version_key, column, fact.fields[field])
    if "metadata" in fact.fields:
        _set(db, version_key, "metadata", dump_json(fact.fields["metadata"]))
    if "name" in fact.fields:
        db.execute(
            "UPDATE alias SET name = ? WHERE version_key = ?", [fact.fields["name"], version_key]
        )


def _set(db: duckdb.DuckDBPyConnection, version_key: int, column: str, value: Any) -> None:
    db.execute(
        f"UPDATE artifact_version SET {column} = ? WHERE version_key = ?", [value, version_key]
    )


def _change_tags(db: duckdb.DuckDBPyConnection, version_key: int, fields: dict[str, Any]) -> None:
    added, removed = fields.get("tags_added") or [], fields.get("tags_removed") or []
    if not added and not removed:
        return
    row = first_row(db, "SELECT tags FROM artifact_version WHERE version_key = ?", [version_key])
    held = list(row[0] or ()) if row else []
    kept = [tag for tag in held if tag not in removed]
    _set(db, version_key, "tags", list(dict.fromkeys([*kept, *added])))


def _delete(db: duckdb.DuckDBPyConnection, version_key: int, fact: facts.VersionChange) -> None:
    links = db.execute(
        "SELECT version_key FROM artifact_version WHERE source_key = ? AND state = 'committed'",
        [version_key],
    ).fetchall()
    for key in [version_key, *(link for (link,) in links)]:
        db.execute(
            "UPDATE artifact_version SET state = 'deleted', updated_at = ? WHERE version_key = ?",
            [stamp(fact.time_us), key],
        )
        db.execute("DELETE FROM artifact_file WHERE version_key = ?", [key])
        rows = db.execute("SELECT alias FROM alias WHERE version_key = ?", [key]).fetchall()
        held = [alias for (alias,) in rows]
        _take_aliases(db, key, held, fact.time_us)
        if LATEST in held:
            _give_latest(db, key, fact.time_us)


def _give_latest(db: duckdb.DuckDBPyConnection, version_key: int, time_us: int) -> None:
    """Let the newest version that is left in a deleted one's collection be the latest."""
    project, name = _place(db, version_key)
    row = first_row(
        db,
        "SELECT version_key FROM artifact_version WHERE project = ? AND name = ? "
        "AND state = 'committed' ORDER BY version DESC LIMIT 1",
        [project, name],
    )
    if row is not None:
        _give_aliases(db, row[0], [LATEST], time_us)
