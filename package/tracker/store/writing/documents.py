"""Documents that belong to a project and to no run: saved workspaces, reports, sweeps.

Each version is a row of the table ``document`` and a small JSON file beside the store, from
which a rebuild of the database takes it back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import duckdb
import msgspec

from tracker.errors import ConflictError
from tracker.store.database.database import DOCUMENTS, Database
from tracker.store.database.encode import dump_json, load_json
from tracker.store.database.rows import first_row
from tracker.store.files.whole_file import partial_file, settle
from tracker.store.writing.sessions import stamp

_COLUMNS = "kind, project, name, version, content, updated_at"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document.

    Attributes
    ----------
    kind : str
        What it is, such as ``"workspace"``.
    project, name : str
        Where it belongs, and what it is called there.
    version : int
        1 for the first, one more for each later one.
    content : dict
    updated_at : datetime
        When this version was saved; aware, in UTC.
    """

    kind: str
    project: str
    name: str
    version: int
    content: dict[str, Any]
    updated_at: datetime


class _Saved(msgspec.Struct):
    """What a document's file holds; `content` is JSON text as in the table."""

    kind: str
    project: str
    name: str
    version: int
    content: str
    time_us: int


def put(
    store: Database,
    kind: str,
    project: str,
    name: str,
    content: dict[str, Any],
    *,
    expected: int | None = None,
    keep: int | None = 1,
) -> Document:
    """Save a new version of a document.

    Parameters
    ----------
    store : Database
    kind, project, name : str
        Which document; made if it is not there.
    content : dict
        Anything that JSON can say; see :func:`tracker.store.database.encode.dump_json`.
    expected : int, optional
        The version that this one replaces, 0 for none. Default: whichever there is.
    keep : int, optional
        How many versions stay, this one included; None keeps all. Default 1.

    Raises
    ------
    ConflictError
        If the newest version is not the `expected` one: somebody else saved another.
    StoreError
        If the store cannot be written; nothing has been changed then.
    """
    saved = _Saved(kind, project, name, 0, dump_json(content), time.time_ns() // 1000)
    with store.writing() as db:
        saved.version = _newest(db, kind, project, name) + 1
        if expected is not None and expected != saved.version - 1:
            raise ConflictError(
                f"The {kind} {name!r} of {project!r} is at version {saved.version - 1} and not at "
                f"{expected}: somebody else has saved it since. Read it again, and save then."
            )
        path = _path(store.root, saved)
        _write(path, saved)
        try:
            _insert(db, [saved])
            dropped = _prune(db, saved, keep)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    for version in dropped:
        _path(store.root, saved, version).unlink(missing_ok=True)
    return _document(saved)


def get(
    db: duckdb.DuckDBPyConnection,
    kind: str,
    project: str,
    name: str,
    version: int | None = None,
) -> Document | None:
    """Return a version of a document, by default the newest; None if it is not there."""
    row = first_row(
        db,
        f"SELECT {_COLUMNS} FROM document WHERE kind = ? AND project = ? AND name = ? "
        "AND version = coalesce(?, version) ORDER BY version DESC LIMIT 1",
        [kind, project, name, version],
    )
    return None if row is None else _read(row)


def find(db: duckdb.DuckDBPyConnection, kind: str, project: str | None = None) -> list[Document]:
    """Return the newest version of each document of a kind, of one project or of all, by name."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM document WHERE kind = $kind "
        "AND project = coalesce($project, project) QUALIFY version = "
        "max(version) OVER (PARTITION BY project, name) ORDER BY project, name",
        {"kind": kind, "project": project},
    ).fetchall()
    return [_read(row) for row in rows]


def versions(db: duckdb.DuckDBPyConnection, kind: str, project: str, name: str) -> list[Document]:
    """Return every kept version of a document, the oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM document WHERE kind = ? AND project = ? AND name = ? "
        "ORDER BY version",
        [kind, project, name],
    ).fetchall()
    return [_read(row) for row in rows]


def delete(store: Database, kind: str, project: str, name: str) -> bool:
    """Delete a document with all its versions; say whether it was there."""
    with store.writing() as db:
        gone = db.execute(
            "DELETE FROM document WHERE kind = ? AND project = ? AND name = ? RETURNING version",
            [kind, project, name],
        ).fetchall()
        # Files first: what a rebuild finds has not been deleted.
        for (version,) in gone:
            saved = _Saved(kind, project, name, version, "", 0)
            _path(store.root, saved).unlink(missing_ok=True)
    return bool(gone)


def restore(db: duckdb.DuckDBPyConnection, root: Path) -> list[str]:
    """Put what the files hold into an empty table; return sentences on files that cannot be read.

    Called by a rebuild, inside its transaction.
    """
    found: list[_Saved] = []
    sentences: list[str] = []
    for path in sorted((root / DOCUMENTS).glob("*/*.json")):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=_Saved))
        except (OSError, msgspec.MsgspecError) as error:
            sentences.append(f"The document {path} cannot be read, and stays: {error}.")
    _insert(db, found)
    return sentences


def _newest(db: duckdb.DuckDBPyConnection, kind: str, project: str, name: str) -> int:
    row = first_row(
        db,
        "SELECT max(version) FROM document WHERE kind = ? AND project = ? AND name = ?",
        [kind, project, name],
    )
    return int(row[0]) if row and row[0] is not None else 0


def _insert(db: duckdb.DuckDBPyConnection, saved: Iterable[_Saved]) -> None:
    for one in saved:
        db.execute(
            f"INSERT INTO document ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            [one.kind, one.project, one.name, one.version, one.content, stamp(one.time_us)],
        )


def _prune(db: duckdb.DuckDBPyConnection, saved: _Saved, keep: int | None) -> list[int]:
    if keep is None:
        return []
    rows = db.execute(
        "DELETE FROM document WHERE kind = ? AND project = ? AND name = ? AND version <= ? "
        "RETURNING version",
        [saved.kind, saved.project, saved.name, saved.version - max(1, keep)],
    ).fetchall()
    return [version for (version,) in rows]


def _path(root: Path, saved: _Saved, version: int | None = None) -> Path:
    """Return where a version's file is; names are hashed, because they may be any text."""
    whose = "\0".join((saved.kind, saved.project, saved.name))
    digest = hashlib.sha256(whose.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    number = saved.version if version is None else version
    return root / DOCUMENTS / digest / f"{number:06}.json"


def _write(path: Path, saved: _Saved) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{token_hex(4)}.partial")
    with partial_file(partial) as writer:
        writer.write(msgspec.json.encode(saved))
        settle(writer, partial, path)


def _document(saved: _Saved) -> Document:
    when = datetime.fromtimestamp(saved.time_us / 1e6, UTC)
    content = load_json(saved.content)
    return Document(saved.kind, saved.project, saved.name, saved.version, content, when)


def _read(row: tuple[Any, ...]) -> Document:
    kind, project, name, version, content, updated_at = row
    return Document(
        kind, project, name, version, load_json(content), updated_at.replace(tzinfo=UTC)
    )
