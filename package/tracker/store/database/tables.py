"""Lets SQL read the tables that runs logged, by the key that they were logged under."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from tracker.errors import warn

TABLE_TYPES = ("table-file", "incremental-table-file")
_EXPLAIN = re.compile(r"\s*EXPLAIN\s*(?:ANALYZE\b)?\s*(?:\([^)]*\))?", re.IGNORECASE)
_LOGGED = """
    SELECT key, project, run_id, step, (value ->> '$.sha256') AS sha256,
           (value ->> '$._type') = 'incremental-table-file' OR step = max(step) OVER
               (PARTITION BY key, project, run_id) AS is_last
    FROM history_values
    WHERE lower(key) IN (SELECT lower(unnest($names)))
          AND (value ->> '$._type') IN (SELECT unnest($types))
    ORDER BY project, run_id, step
"""


def guard(db: duckdb.DuckDBPyConnection, objects_dir: Path) -> None:
    """Shut a fresh connection off from files, network and settings, but for the store's objects.

    Parameters
    ----------
    db : connection
        Opened without ``enable_external_access=false``, which would not let a folder be named.
    objects_dir : Path
        What may still be read.
    """
    # Also as the pattern that read_parquet is given, which DuckDB compares letter by letter.
    names = dict.fromkeys([f"{objects_dir}/", f"{glob.escape(str(objects_dir))}/"])
    db.execute(f"SET allowed_directories = [{', '.join(map(_text, names))}]")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")


def bind_tables(db: duckdb.DuckDBPyConnection, objects_dir: Path, query: str) -> list[str]:
    """Make a view of each logged table that a query names and the store has no table of.

    A view has the rows of all runs: ``project``, ``run_id``, ``_step``, ``_is_last`` (whether
    the run did not log it again later; of tables logged in increments always true), then the
    columns of the table, those of all runs together.

    Parameters
    ----------
    db : connection
        An open store that may read `objects_dir`; see :func:`guard`.
    objects_dir : Path
        Where the files are.
    query : str
        For example ``SELECT * FROM predictions JOIN runs USING (project, run_id)``, or, for a
        key that is no name in SQL, ``SELECT * FROM "eval/predictions"``.

    Returns
    -------
    list of str
        The names of the views.
    """
    taken = {name.lower() for (name,) in db.execute(_OWN).fetchall()}
    names = [name for name in dict.fromkeys(_names(db, query)) if name.lower() not in taken]
    if not names:
        return []
    logged = db.execute(_LOGGED, {"names": names, "types": list(TABLE_TYPES)}).fetchall()
    bound = []
    for name in names:
        key = _key(name, [row[0] for row in logged])
        rows = [row[1:] for row in logged if row[0] == key and _is_digest(row[4])]
        kept = [row for row in rows if _place(objects_dir, row[3]).is_file()]
        if len(kept) < len(rows):
            warn(f"{len(rows) - len(kept)} of {len(rows)} tables {name!r} have lost their file.")
        if kept:
            db.execute(_view(name, kept, objects_dir))
            bound.append(name)
    return bound


_OWN = (
    "SELECT table_name FROM duckdb_tables() WHERE NOT temporary "
    "UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
)


def _view(name: str, rows: list[tuple[Any, ...]], objects_dir: Path) -> str:
    places = [str(_place(objects_dir, sha256)) for _, _, _, sha256, _ in rows]
    logged = ", ".join(
        f"({_text(place)}, {_text(project)}, {_text(run_id)}, {int(step)}, {bool(is_last)})"
        for place, (project, run_id, step, _, is_last) in zip(places, rows, strict=True)
    )
    files = ", ".join(_text(glob.escape(place)) for place in dict.fromkeys(places))
    quoted = '"' + name.replace('"', '""') + '"'
    return (
        f"CREATE TEMP VIEW {quoted} AS "
        "SELECT logged.* EXCLUDE (_tracker_file), cells.* EXCLUDE (_tracker_file) FROM (VALUES "
        f"{logged}) logged (_tracker_file, project, run_id, _step, _is_last) "
        f"JOIN read_parquet([{files}], union_by_name = true, filename = '_tracker_file') cells "
        "USING (_tracker_file)"
    )


def _names(db: duckdb.DuckDBPyConnection, query: str) -> Iterator[str]:
    """Yield the names of relations in a query, perhaps with some that are none."""
    body = query[found.end() :] if (found := _EXPLAIN.match(query)) else query
    row = db.execute("SELECT json_serialize_sql(?)", [body]).fetchone()
    tree = json.loads(row[0]) if row else {}
    yield from _relations(tree)
    if tree.get("error") or not tree.get("statements"):
        yield from re.findall(r"\w+", body)
        yield from (name.replace('""', '"') for name in re.findall(r'"((?:[^"]|"")+)"', body))


def _relations(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE" and not node.get("schema_name"):
            yield str(node["table_name"])
        for inner in node.values():
            yield from _relations(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _relations(inner)


def _key(name: str, keys: list[str]) -> str | None:
    """Return the key that a name in SQL means, whose case does not matter but where two differ."""
    alike = [key for key in keys if key.lower() == name.lower()]
    return name if name in alike else next(iter(alike), None)


def _is_digest(sha256: Any) -> bool:
    return isinstance(sha256, str) and re.fullmatch("[0-9a-f]{64}", sha256) is not None


def _place(objects_dir: Path, sha256: str) -> Path:
    return objects_dir / sha256[:2] / sha256[2:]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
