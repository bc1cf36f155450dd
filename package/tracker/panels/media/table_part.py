"""A part of a logged table, as a page asks for it: sorted, filtered, grouped, projected."""

from __future__ import annotations

import datetime
import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tracker.errors import UsageError
from tracker.figures.embedding import embedding_figure
from tracker.media.embedding import project
from tracker.media.table_file import read_table
from tracker.panels.media.items import describe, kind_of
from tracker.store.files.objects import Objects

MOST_ROWS: Final = 300
MOST_GROUPS: Final = 500
MOST_POINTS: Final = 20_000
# t-SNE and UMAP take seconds beyond this.
MOST_NEIGHBOURS: Final = 3000
_LONGEST = 300
_METHODS = ("pca", "tsne", "umap")

Cell = Any


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A table in memory, media in its cells as references."""

    columns: list[str]
    rows: list[list[Any]]


def show_table(
    reference: Mapping[str, Any], files: Objects, ask: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the rows of a table that a page asks for.

    Parameters
    ----------
    reference : mapping
        A table, or a join of two.
    files : Objects
    ask : mapping
        ``from`` and ``to``, rows after sorting; ``sort``, a column and ``"asc"`` or ``"desc"``;
        ``filter``, a text that some cell of a row contains; ``group``, a column; ``project``, a
        column of vectors with ``method`` and ``colour``.
    """
    table = _held(reference, files)
    places = _filtered(table, str(ask.get("filter") or ""))
    group = ask.get("group")
    item: dict[str, Any] = {
        "view": "table",
        "columns": [_column(table, place) for place in range(len(table.columns))],
        "total": len(table.rows),
        "matched": len(places),
    }
    if ask.get("project") in table.columns:
        figure = _projected(table, places, ask)
        return item | {"large": json.dumps(figure).encode(), "projected": ask["project"]}
    if group in table.columns:
        return item | {"group": group, "groups": _grouped(table, places, str(group))}
    places = _sorted(table, places, ask.get("sort"))
    first = max(0, _whole(ask.get("from"), 0))
    last = min(max(first, _whole(ask.get("to"), 60)), first + MOST_ROWS)
    rows = [
        [places[at], *map(_cell, table.rows[places[at]])] for at in range(len(places))[first:last]
    ]
    return item | {"from": first, "rows": rows}


def _held(reference: Mapping[str, Any], files: Objects) -> Held:
    if reference.get("_type") == "joined-table":
        return _joined(reference, files)
    return _read(str(reference.get("sha256")), files.root)


@functools.lru_cache(maxsize=4)
def _read(digest: str, root: Any) -> Held:
    files = Objects(root)
    stored = read_table(files.path(digest), lambda inner: inner)
    parts = [stored]
    while parts[-1].previous is not None:
        previous = str(parts[-1].previous["sha256"])
        parts.append(read_table(files.path(previous), lambda inner: inner))
    rows = [row for part in reversed(parts) for row in part.rows]
    return Held([str(name) for name in stored.columns], rows)


def _joined(reference: Mapping[str, Any], files: Objects) -> Held:
    one, other = (_held(reference[name], files) for name in ("table1", "table2"))
    key = reference["join_key"]
    left, right = (key, key) if isinstance(key, str) else (str(key[0]), str(key[1]))
    place, there = one.columns.index(left), other.columns.index(right)
    partners: dict[str, list[list[Any]]] = {}
    for row in other.rows:
        partners.setdefault(_text(row[there]), []).append(row)
    rows = [[*row, *more] for row in one.rows for more in partners.get(_text(row[place]), ())]
    names = [f"{name}_1" if name in other.columns else name for name in one.columns]
    names += [f"{name}_2" if name in one.columns else name for name in other.columns]
    return Held(names, rows)


# -- columns


def _column(table: Held, place: int) -> dict[str, Any]:
    sample = [row[place] for row in table.rows[:200] if row[place] is not None]
    kind = "text"
    if sample and all(_is_number(value) for value in sample):
        kind = "number"
    elif sample and all(isinstance(value, Mapping) and "_type" in value for value in sample):
        kind = kind_of(str(sample[0]["_type"]))
    elif sample and all(_is_vector(value) for value in sample):
        kind = "vector"
    return {"name": table.columns[place][:200], "kind": kind}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_vector(value: Any) -> bool:
    if hasattr(value, "ndim"):
        return bool(value.ndim == 1 and value.size > 1 and value.dtype.kind in "iuf")
    return isinstance(value, list) and len(value) > 1 and all(_is_number(one) for one in value)


# -- rows


def _filtered(table: Held, text: str) -> list[int]:
    wanted = text.strip().casefold()
    if not wanted:
        return list(range(len(table.rows)))
    column, colon, rest = wanted.partition(":")
    places = [at for at, name in enumerate(table.columns) if name.casefold() == column.strip()]
    if colon and places:
        wanted = rest.strip()
    else:
        places = list(range(len(table.columns)))
    return [
        at
        for at, row in enumerate(table.rows)
        if any(wanted in _text(row[place]).casefold() for place in places)
    ]


def _sorted(table: Held, places: list[int], sort: Any) -> list[int]:
    if not isinstance(sort, list) or len(sort) != 2 or sort[0] not in table.columns:
        return places
    column, is_down = table.columns.index(sort[0]), sort[1] == "desc"

    def value(at: int) -> Any:
        return table.rows[at][column]

    def is_missing(at: int) -> bool:
        found = value(at)
        return found is None or (isinstance(found, float) and math.isnan(found))

    missing = [at for at in places if is_missing(at)]
    there = [at for at in places if not is_missing(at)]
    key: Callable[[int], Any] = value
    if not all(_is_number(value(at)) for at in there):
        key = lambda at: _text(value(at)).casefold()  # noqa: E731 - one of two ways to compare
    return [*sorted(there, key=key, reverse=is_down), *missing]


def _grouped(table: Held, places: Sequence[int], group: str) -> list[list[Any]]:
    """Return value and size of each group, the largest first, and the means of its numbers."""
    at = table.columns.index(group)
    found: dict[str, list[int]] = {}
    for place in places:
        found.setdefault(_text(table.rows[place][at]), []).append(place)
    largest = sorted(found.items(), key=lambda pair: -len(pair[1]))[:MOST_GROUPS]
    return [[name, len(rows), _means(table, rows, at)] for name, rows in largest]


def _means(table: Held, rows: Sequence[int], group: int) -> list[float | None]:
    found: list[float | None] = []
    for column in range(len(table.columns)):
        values = [table.rows[row][column] for row in rows]
        numbers = [float(v) for v in values if _is_number(v) and math.isfinite(v)]
        is_shown = column != group and numbers and len(numbers) * 2 >= len(values)
        found.append(sum(numbers) / len(numbers) if is_shown else None)
    return found


def _projected(table: Held, places: Sequence[int], ask: Mapping[str, Any]) -> dict[str, Any]:
    method = ask.get("method") if ask.get("method") in _METHODS else "pca"
    limit = MOST_POINTS if method == "pca" else MOST_NEIGHBOURS
    at = table.columns.index(str(ask["project"]))
    kept = [p for p in places[:: -(-len(places) // limit) or 1] if _is_vector(table.rows[p][at])]
    if len(kept) < 3:
        raise UsageError(f"{len(kept)} rows have a vector there: at least 3 are needed.")
    vectors = [table.rows[place][at] for place in kept]
    dimensions = 3 if ask.get("dimensions") == 3 else 2
    points = project(vectors, method, dimensions).round(5).tolist()  # type: ignore[arg-type]
    others = [place for place in range(len(table.columns)) if place != at]
    colour = ask.get("colour")
    labels = None
    if colour in table.columns:
        labels = [_plain(table.rows[p][table.columns.index(str(colour))]) for p in kept]
    texts = [
        "<br>".join(
            f"{table.columns[o][:40]}: {_text(table.rows[place][o])[:60]}".replace("<", "&lt;")
            for o in others[:8]
        )
        for place in kept
    ]
    return embedding_figure(points, labels, texts)


# -- cells


def _cell(value: Any) -> Cell:
    """Return a cell as JSON: a number or a text, or what stands for media."""
    if isinstance(value, Mapping) and "_type" in value:
        kind = kind_of(str(value["_type"]))
        return {"kind": kind, **describe(value)}
    return _plain(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value[:_LONGEST] if isinstance(value, str) else value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _text(value)


def _text(value: Any) -> str:
    """Return a value as people read it, which is also what is searched."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value[:_LONGEST]
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        shape = " × ".join(map(str, value.shape))
        return f"{value.dtype} {shape}: {str(value.ravel()[:8].tolist())[1:-1]}"
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat(" ") if isinstance(value, datetime.datetime) else str(value)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, default=str, ensure_ascii=False)[:_LONGEST]
    return str(value)[:_LONGEST]


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
