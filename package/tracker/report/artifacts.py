"""A version of an artifact as a block of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.errors import NotFoundError
from tracker.figures.formats import escape, format_time
from tracker.report.drawing.tables import cell, table
from tracker.store.encode import load_json

if TYPE_CHECKING:
    from tracker.report.blocks import ArtifactBlock
    from tracker.report.report import Report
    from tracker.store.read import Connection

_FILE_LIMIT = 200


def artifact_html(report: Report, block: ArtifactBlock) -> str:
    """Return what there is to say of a version.

    Raises
    ------
    NotFoundError
        If there is no such version.
    """
    project = block.project or report.project
    name, _, wanted = block.artifact.rpartition("/")[2].partition(":")
    with report.store.reading() as db:
        found = _version(db, project, name, wanted or "latest")
        place = [project, name, found["version"]]
        parts = [_head(name, found)]
        if block.tab in ("overview", "metadata"):
            parts.append(_metadata(found))
        if block.tab == "files":
            parts.append(_files(db, place))
        if block.tab in ("overview", "usage", "lineage"):
            parts.append(_lineage(db, found, place))
    return f'<div class="artifact">{"".join(parts)}</div>'


def _version(db: Connection, project: str, name: str, wanted: str) -> dict[str, Any]:
    columns = (
        "type, version, digest, description, metadata, aliases, size_bytes, created_at, run_id"
    )
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


def _head(name: str, found: dict[str, Any]) -> str:
    aliases = "".join(f'<span class="tag">{escape(each)}</span>' for each in found["aliases"] or ())
    words = f"<p>{escape(found['description'])}</p>" if found["description"] else ""
    facts = (
        f"{escape(found['type'])} · {_size(found['size_bytes'] or 0)} · "
        f"{format_time(found['created_at'])} · <code>{escape(found['digest'])[:16]}</code>"
    )
    return (
        f'<p class="head"><b>{escape(name)}:{escape(found["version"])}</b> {aliases}</p>'
        f'<p class="facts">{facts}</p>{words}'
    )


def _metadata(found: dict[str, Any]) -> str:
    values = load_json(found["metadata"]) if found["metadata"] else {}
    if not isinstance(values, dict) or not values:
        return ""
    return table(["Metadata", ""], [[cell(str(key)), cell(value)] for key, value in values.items()])


def _files(db: Connection, place: list[str]) -> str:
    rows = db.execute(
        "SELECT path, size_bytes, sha256 FROM artifact_files "
        "WHERE project = ? AND name = ? AND version = ? ORDER BY path "
        f"LIMIT {_FILE_LIMIT}",
        place,
    ).fetchall()
    cells = [[cell(path), cell(_size(size or 0)), cell((sha256 or "")[:16])]
             for path, size, sha256 in rows]  # fmt: skip
    return table(["File", "Size", "SHA-256"], cells)


def _lineage(db: Connection, found: dict[str, Any], place: list[str]) -> str:
    rows = db.execute(
        "SELECT u.direction, r.name, u.run_id, r.state, u.time FROM artifact_uses u "
        "JOIN runs r USING (project, run_id) "
        "WHERE u.artifact_project = ? AND u.name = ? AND u.version = ? ORDER BY u.time",
        place,
    ).fetchall()
    if not rows:
        return ""
    said = {"out": "made by", "output": "made by", "in": "used by", "input": "used by"}
    cells = [
        [cell(said.get(direction, direction)), cell(f"{name} ({run_id})"), cell(state), cell(time)]
        for direction, name, run_id, state, time in rows
    ]
    return table(["", "Run", "State", "When"], cells)


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return ""
