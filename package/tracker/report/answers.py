"""What blocks that hold no runs ask of the store: rows of a query, a version of an artifact."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tracker.errors import NotFoundError
from tracker.figures.summary import value_text
from tracker.report.blocks import ArtifactBlock, SQLBlock
from tracker.report.manuscript import Manuscript
from tracker.store.database.encode import load_json
from tracker.store.reading.query import run_query

if TYPE_CHECKING:
    from tracker.store.database.connection import Connection

_FILE_LIMIT = 200
_CELL_LENGTH = 2000
Answered = SQLBlock | ArtifactBlock


class Rows(msgspec.Struct):
    """The first rows that a query gave, and how many there were."""

    names: list[str]
    rows: list[list[Any]]
    total: int


class Version(msgspec.Struct):
    """A version of an artifact: facts, metadata, files, and the runs that made and used it."""

    name: str
    facts: dict[str, Any]
    metadata: dict[str, Any]
    files: list[list[Any]]
    uses: list[list[Any]]


def question_of(report: Manuscript, block: Answered) -> tuple[Any, ...]:
    """Return what a block asks."""
    if isinstance(block, SQLBlock):
        return "sql", block.query, block.limit
    return "artifact", block.project or report.project, block.artifact


def ask(report: Manuscript, block: Answered) -> Rows | Version:
    """Ask the store as it is now.

    Raises
    ------
    QueryError
        If a query does not read, or cannot be carried out.
    NotFoundError
        If there is no such version.
    """
    if isinstance(block, SQLBlock):
        return _rows(report, block)
    project = block.project or report.project
    name, _, wanted = block.artifact.rpartition("/")[2].partition(":")
    with report.store.reading() as db:
        return _version(db, project, name, wanted or "latest")


def _rows(report: Manuscript, block: SQLBlock) -> Rows:
    with report.store.querying() as db:
        frame = run_query(db, block.query, objects_dir=report.store.objects_dir)
    shown = frame.head(block.limit).astype(object)
    rows = [[_plain(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    return Rows([str(name) for name in frame.columns], rows, len(frame))


def _plain(value: Any) -> Any:
    """Return a value of a data frame as one that is shown, and can be kept."""
    if hasattr(value, "to_pydatetime"):
        value = None if value != value else value.to_pydatetime()
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(2**63) <= value < 2**63 else float(value)
    is_plain = value is None or isinstance(value, bool | float | str)
    return value if is_plain else value_text(value, _CELL_LENGTH)


def _version(db: Connection, project: str, name: str, wanted: str) -> Version:
    facts = _facts(db, project, name, wanted)
    place = [project, name, facts["version"]]
    metadata = load_json(facts.pop("metadata") or "{}")
    files = db.execute(
        "SELECT path, size_bytes, sha256[:16] FROM artifact_files "
        f"WHERE project = ? AND name = ? AND version = ? ORDER BY path LIMIT {_FILE_LIMIT}",
        place,
    ).fetchall()
    uses = db.execute(
        "SELECT u.direction, r.name, u.run_id, r.state, u.time FROM artifact_uses u "
        "JOIN runs r USING (project, run_id) "
        "WHERE u.artifact_project = ? AND u.name = ? AND u.version = ? ORDER BY u.time",
        place,
    ).fetchall()
    told = metadata if isinstance(metadata, dict) else {}
    facts["created_at"] = _plain(facts["created_at"])
    return Version(
        name, facts, told, *([list(map(_plain, row)) for row in r] for r in (files, uses))
    )


def _facts(db: Connection, project: str, name: str, wanted: str) -> dict[str, Any]:
    columns = "type, version, digest, description, metadata, aliases, size_bytes, created_at"
    rows = db.execute(
        f"SELECT {columns} FROM artifacts WHERE project = ? AND name = ? ORDER BY created_at DESC",
        [project, name],
    ).fetchall()
    found = [dict(zip(columns.split(", "), row, strict=True)) for row in rows]
    for each in found:
        if wanted == each["version"] or wanted in (each["aliases"] or ()):
            return each
    if found and wanted == "latest":
        return found[0]
    known = ", ".join(each["version"] for each in found[:10])
    raise NotFoundError(
        f"There is no artifact {name + ':' + wanted!r} in project {project!r}"
        + (f": it has {known}." if known else ".")
    )
