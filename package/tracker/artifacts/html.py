"""How a notebook shows an artifact that is a cell's last value."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.artifacts.reading import Readable

SHOWN = 10


def artifact_html(artifact: Readable) -> str:
    """Return a small table: what it is, what was said of it, its first files."""
    facts: dict[str, Any] = {
        "type": artifact.type,
        "aliases": ", ".join(artifact.aliases),
        "tags": ", ".join(artifact.tags),
        "description": artifact.description,
        "size": f"{artifact.size:,} bytes in {_counted(artifact.file_count)}",
        **{f"metadata.{key}": value for key, value in list(artifact.metadata.items())[:SHOWN]},
    }
    entries = sorted(artifact.manifest, key=lambda entry: entry.path)
    files = [(entry.path, f"{entry.size:,}") for entry in entries[:SHOWN]]
    if len(entries) > SHOWN:
        files.append((f"and {len(entries) - SHOWN:,} more", ""))
    told = [(key, value) for key, value in facts.items() if value not in (None, "")]
    return f"<b>{escape(artifact.qualified_name)}</b>{_table(told)}{_table(files)}"


def _counted(number: int) -> str:
    return f"{number:,} file" if number == 1 else f"{number:,} files"


def _table(rows: Iterable[tuple[str, Any]]) -> str:
    cells = "".join(
        f"<tr><td style='text-align:left'>{escape(str(key)[:200])}</td>"
        f"<td style='text-align:left'>{escape(str(value)[:200])}</td></tr>"
        for key, value in rows
    )
    return f"<table>{cells}</table>" if cells else ""
