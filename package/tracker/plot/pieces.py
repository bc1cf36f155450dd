"""What charts are drawn of: columns by their names in the chart, traces, axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Names = Mapping[str, str]
Figure = dict[str, Any]
Trace = dict[str, Any]


class Fields:
    """The columns of a table by the chart's names for them.

    Parameters
    ----------
    columns : dict
        Column to its values.
    fields : dict
        The chart's field to the column; one that is not here is the column of its name.
    """

    def __init__(self, columns: Mapping[str, list[Any]], fields: Names) -> None:
        self._columns = columns
        self._fields = fields

    def name(self, field: str) -> str:
        """Return the column for a field."""
        return self._fields.get(field, field)

    def __getitem__(self, field: str) -> list[Any]:
        return self._columns[self.name(field)]

    def has(self, field: str) -> bool:
        """Return whether there is a column for a field."""
        return self.name(field) in self._columns


Drawing = Callable[[Fields, Mapping[str, Any]], tuple[list[Trace], Figure]]


def axes(x: Any, y: Any, **more: Any) -> Figure:
    """Return a layout with titles at both axes."""
    return {"xaxis": {"title": {"text": str(x)}}, "yaxis": {"title": {"text": str(y)}}, **more}


def by_group(groups: Sequence[Any], *columns: Sequence[Any]) -> list[tuple[Any, list[list[Any]]]]:
    """Return each group with its part of the columns, in order of appearance."""
    parts: dict[Any, list[list[Any]]] = {}
    for group, *row in zip(groups, *columns, strict=True):
        part = parts.setdefault(group, [[] for _ in columns])
        for held, value in zip(part, row, strict=True):
            held.append(value)
    return list(parts.items())


def lines(groups: list[tuple[Any, list[list[Any]]]], mode: str = "lines") -> list[Trace]:
    """Return a line, or points, for each group."""
    return [
        {"type": "scatter", "mode": mode, "name": str(group), "x": part[0], "y": part[1]}
        for group, part in groups
    ]
