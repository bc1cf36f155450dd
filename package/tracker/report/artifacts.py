"""A version of an artifact as a block of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tracker.figures.formats import escape, format_time
from tracker.report.answers import Version
from tracker.report.drawing.tables import cell, table

_SAID: Final = {"out": "made by", "output": "made by", "in": "used by", "input": "used by"}


def artifact_html(version: Version, tab: str) -> str:
    """Return what there is to say of a version; `tab` is that of the block."""
    parts = [_head(version.name, version.facts)]
    if tab in ("overview", "metadata") and version.metadata:
        rows = [[cell(str(key)), cell(value)] for key, value in version.metadata.items()]
        parts.append(table(["Metadata", ""], rows))
    if tab == "files":
        parts.append(_files(version.files))
    if tab in ("overview", "usage", "lineage") and version.uses:
        parts.append(_uses(version.uses))
    return f'<div class="artifact">{"".join(parts)}</div>'


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


def _files(rows: Sequence[Sequence[Any]]) -> str:
    cells = [
        [cell(path), cell(_size(size or 0)), cell(digest or "")] for path, size, digest in rows
    ]
    return table(["File", "Size", "SHA-256"], cells)


def _uses(rows: Sequence[Sequence[Any]]) -> str:
    cells = [
        [cell(_SAID.get(direction, direction)), cell(f"{name} ({run_id})"), cell(state), cell(time)]
        for direction, name, run_id, state, time in rows
    ]
    return table(["", "Run", "State", "When"], cells)


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return ""
