"""What a card of a lineage says of its run or its version when it is clicked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.figures.lineage_layout import Place, lay_out
from tracker.records import Lineage, LineageNode, VersionRecord
from tracker.store.database.connection import Connection
from tracker.store.reading import version_reads
from tracker.store.reading.lineage import run_times

MOST_NAMES = 20


def cards(db: Connection, found: Lineage) -> dict[str, dict[str, Any]]:
    """Return for each card of a figure what it says.

    Returns
    -------
    dict of str to dict
        By the card's id: ``title``, ``kind``, ``rows`` of names and values, of a single
        version ``code`` that uses it and ``start``, its name, and of a run ``run``, its id.
    """
    nodes = found.nodes.values()
    keys = [node.key for node in nodes if node.kind == "version"]
    records = {record.version_key: record for record in version_reads.by_key(db, keys)}
    begun = run_times(db, [node.key for node in nodes if node.kind == "run"])
    return {
        name: _card(place, records, begun)
        for name, place in lay_out(found, group=True).cards.items()
    }


def _card(
    place: Place, records: Mapping[int, VersionRecord], begun: Mapping[int, datetime]
) -> dict[str, Any]:
    node = place.nodes[0]
    if len(place.nodes) > 1:
        return _of_many(place.nodes)
    if node.kind == "run":
        rows = [("state", node.state), ("project", node.project), ("job type", node.type)]
        if node.key in begun:
            rows.append(("started", _moment(begun[node.key])))
        return {"title": node.name, "kind": "run", "rows": _told(rows), "run": node.run_id}
    record = records.get(node.key)
    return _of_version(node, record) if record is not None else {
        "title": node.name, "kind": node.type, "rows": _told([("state", node.state)]),
    }  # fmt: skip


def _of_many(nodes: list[LineageNode]) -> dict[str, Any]:
    what = "runs" if nodes[0].kind == "run" else nodes[0].type
    rows = [(node.state, node.name) for node in nodes[:MOST_NAMES]]
    if len(nodes) > MOST_NAMES:
        rows.append(("", f"and {len(nodes) - MOST_NAMES} more"))
    return {"title": f"{len(nodes)} that are alike", "kind": what, "rows": rows}


def _of_version(node: LineageNode, record: VersionRecord) -> dict[str, Any]:
    rows = [
        ("state", "" if record.state == "committed" else record.state),
        ("project", record.project),
        ("description", record.description or ""),
        ("aliases", ", ".join(record.aliases)),
        ("tags", ", ".join(record.tags)),
        ("size", f"{_counted(record.size_bytes, 'byte')} in {_counted(record.file_count, 'file')}"),
        ("made", _moment(record.created_at)),
        *((key, str(value)[:80]) for key, value in list(record.metadata.items())[:5]),
    ]
    said: dict[str, Any] = {"title": node.name, "kind": node.type, "rows": _told(rows)}
    if record.state == "committed":
        path = f"{record.project}/{node.name}"
        said |= {"code": f'run.use_artifact("{path}")', "start": path}
    return said


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _told(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in rows if value]


def _moment(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M}"
