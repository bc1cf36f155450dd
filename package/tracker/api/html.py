"""Small tables for notebooks. Whatever a run was named or logged is text, never markup."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from tracker.records import RunRecord

TEXT_LIMIT = 60
COLUMN_LIMIT = 8
ROW_LIMIT = 12
_CELL = 'style="text-align:left;padding:2px 10px"'


def runs_table(records: Sequence[RunRecord], limit: int) -> str:
    """Return the first `limit` runs with some of their config and summary."""
    shown = records[:limit]
    config = _common(record.config for record in shown)
    summary = _common(record.summary for record in shown)
    head = ["name", "id", "state", "created", "duration", *config, *summary]
    body = [
        [
            record.name, record.run_id, record.state, f"{record.created_at:%Y-%m-%d %H:%M}",
            duration(record.runtime_s), *(record.config.get(key, "") for key in config),
            *(record.summary.get(key, "") for key in summary),
        ]
        for record in shown
    ]  # fmt: skip
    more = f"<div>… {len(records) - limit:,} more</div>" if len(records) > limit else ""
    title = f"{len(records):,} run{'' if len(records) == 1 else 's'}"
    return f"<div>{title}</div>{_table(head, body)}{more}"


def run_table(record: RunRecord) -> str:
    """Return what is to say of one run."""
    rows: list[list[Any]] = [
        ["name", record.name],
        ["project", record.project],
        ["id", record.run_id],
        ["state", record.state],
        ["created", f"{record.created_at:%Y-%m-%d %H:%M} UTC"],
        ["duration", duration(record.runtime_s)],
    ]
    if record.tags:
        rows.append(["tags", ", ".join(record.tags)])
    for title, values in (("config", record.config), ("summary", record.summary)):
        for key, value in list(values.items())[:ROW_LIMIT]:
            rows.append([f"{title}.{key}", value])
        if len(values) > ROW_LIMIT:
            rows.append([title, f"… {len(values) - ROW_LIMIT:,} more"])
    return _table([], rows)


def duration(seconds: float) -> str:
    """Return a duration as people say it: ``1 h 02 min``, ``3 min 20 s``, ``4.2 s``."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s:02d} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def _common(mappings: Iterable[dict[str, Any]]) -> list[str]:
    """Return the keys with plain values that most runs have, a few of them."""
    counts: dict[str, int] = {}
    for mapping in mappings:
        for key, value in mapping.items():
            if not key.startswith("_") and isinstance(value, int | float | str | bool):
                counts[key] = counts.get(key, 0) + 1
    return sorted(counts, key=lambda key: -counts[key])[:COLUMN_LIMIT]


def _table(head: Sequence[str], body: Iterable[Iterable[Any]]) -> str:
    row = "".join(f"<th {_CELL}>{_text(cell)}</th>" for cell in head)
    rows = "".join(
        f"<tr>{''.join(f'<td {_CELL}>{_text(cell)}</td>' for cell in cells)}</tr>" for cells in body
    )
    top = f"<thead><tr>{row}</tr></thead>" if head else ""
    return f"<table>{top}<tbody>{rows}</tbody></table>"


def _text(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    shown = text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"
    return escape(shown)
