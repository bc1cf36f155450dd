"""The table of runs, as windows of rows: what a page shows of it, and no more."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from tracker.figures.summary import value_text
from tracker.panels.runs.columns import TIMES
from tracker.panels.runs.runset import Group, Run, RunSet, finite

_TEXT = 300


@dataclass(frozen=True, slots=True)
class Window:
    """What a page shows of the table.

    Attributes
    ----------
    first, last : int
        Rows, the last one not included.
    columns : tuple of str
        Ids of the columns on the screen.
    open : frozenset of str
        Ids of the groups whose runs are shown.
    """

    first: int = 0
    last: int = 30
    columns: tuple[str, ...] = ()
    open: frozenset[str] = frozenset()


# A run or a group, the group that it stands in, and whether it is drawn.
Row = tuple[Run | Group, Group | None, bool]


def rows_message(runset: RunSet, window: Window) -> dict[str, Any]:
    """Return the rows of a window, and how many there are in all."""
    groups = window.open
    count = len(runset.runs)
    if runset.group_by:
        opened = (len(group.members) for group in runset.groups if group.id in groups)
        count = len(runset.groups) + sum(opened)
    rows = islice(_rows(runset, groups), window.first, window.last)
    message: dict[str, Any] = {
        "count": count,
        "from": window.first,
        "columns": list(window.columns),
        "rows": [_row_message(window, row) for row in rows],
    }
    if (baseline := runset.baseline) is not None:
        cells = [cell(baseline.value(column)) for column in window.columns]
        message["baseline"] = {"id": baseline.id, "cells": cells}
    return message


def csv_text(runset: RunSet) -> str:
    """Return the runs that pass, with the shown columns and their ids, as CSV.

    Text that a spreadsheet would take for a formula stands behind an apostrophe.
    """
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    columns = runset.shown_columns
    writer.writerow(["id", *columns])
    for run in runset.runs:
        writer.writerow([run.id, *(_field(column, run.value(column)) for column in columns)])
    return sink.getvalue()


def _field(column: str, value: Any) -> Any:
    if column in TIMES and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def cell(value: Any) -> Any:
    """Return a value as a page shows it: numbers as numbers, what JSON lacks as ``{"n": word}``."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return {"n": "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")}
    if isinstance(value, int) and abs(value) >= 2**53:
        return str(value)
    return value if isinstance(value, int | float) else _words(value)


def _words(value: Any) -> str:
    """Return a value as text; of a list of texts, as of tags, the texts."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value_text(", ".join(value), _TEXT)
    return value_text(value, _TEXT)


def statistics(values: Sequence[Any]) -> Any:
    """Sum up a column of a group.

    Returns
    -------
    dict or str
        ``{"mean", "min", "max", "std", "count"}`` of the numbers, NaN and infinities left out
        and counted as ``odd``; ``std`` is that of a sample and missing for one number. Without
        numbers: the one text that all have, or ``{"distinct": how many}``. None for nothing.
    """
    given = [value for value in values if value not in (None, [])]
    numbers = finite(given)
    odd = sum(isinstance(value, float) and value - value != 0 for value in given)
    if numbers or odd:
        found: dict[str, Any] = {"count": len(numbers), "odd": odd}
        if numbers:
            mean = math.fsum(numbers) / len(numbers)
            found |= {"mean": mean, "min": min(numbers), "max": max(numbers)}
            if len(numbers) > 1:
                squares = math.fsum((number - mean) ** 2 for number in numbers)
                found["std"] = math.sqrt(squares / (len(numbers) - 1))
        return found
    words = {_words(value) for value in given}
    if len(words) <= 1:
        return next(iter(words), None)
    return {"distinct": len(words)}


def _rows(runset: RunSet, opened: frozenset[str]) -> Iterable[Row]:
    """Return the rows of the table in order."""
    if not runset.group_by:
        for place, run in enumerate(runset.runs):
            yield run, None, runset.is_shown(run.id, place)
        return
    hidden = set(runset.spec.get("hidden") or ())
    for place, group in enumerate(runset.groups):
        is_shown = runset.is_shown(group.id, place)
        yield group, None, is_shown
        if group.id in opened:
            for run in group.members:
                yield run, group, is_shown and run.id not in hidden


def _row_message(window: Window, row: Row) -> dict[str, Any]:
    thing, group, is_shown = row
    common: Mapping[str, Any] = {
        "id": thing.id,
        "name": thing.name[:_TEXT],
        "colour": thing.colour,
        "depth": int(group is not None),
        "eye": is_shown,
    }
    if isinstance(thing, Group):
        states = [run.record.state for run in thing.members]
        cells = [statistics([run.value(c) for run in thing.members]) for c in window.columns]
        return {
            **common,
            "size": len(states),
            "open": thing.id in window.open,
            "state": "running" if "running" in states else "",
            "cells": cells,
        }
    record = thing.record
    return {
        **common,
        "within": group.id if group else None,
        "state": record.state,
        "tags": list(record.tags),
        "notes": record.notes or "",
        "updated_ms": record.updated_at.timestamp() * 1000,
        "cells": [cell(thing.value(column)) for column in window.columns],
    }
