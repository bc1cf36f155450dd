"""Lines, points and bars of a table's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tracker.errors import UsageError
from tracker.media.chart import CustomChart, make_chart
from tracker.media.table import Table


def line(
    table: Table,
    x: str,
    y: str,
    stroke: str | None = None,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """Return a line chart.

    Parameters
    ----------
    table : Table
        What is drawn.
    x, y : str
        Columns.
    stroke : str, optional
        The column that says which line a row belongs to.
    title : str
        Default none.
    split_table : bool
        Show the table in a section of its own. Default False.

    Raises
    ------
    UsageError
        If there is no such column.
    """
    fields = {"x": x, "y": y, "stroke": stroke}
    return _chart("wandb/line/v0", table, fields, {"title": title}, split_table)


def scatter(
    table: Table, x: str, y: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """Return a chart of points; the parameters and errors are those of :func:`line`."""
    return _chart("wandb/scatter/v0", table, {"x": x, "y": y}, {"title": title}, split_table)


def bar(
    table: Table, label: str, value: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """Return a bar for each row, named by one column and as long as another says.

    The parameters and errors are those of :func:`line`.
    """
    fields = {"label": label, "value": value}
    return _chart("wandb/bar/v0", table, fields, {"title": title}, split_table)


def histogram(table: Table, value: str, title: str = "", split_table: bool = False) -> CustomChart:
    """Return a histogram of a column; the parameters and errors are those of :func:`line`."""
    return _chart("wandb/histogram/v0", table, {"value": value}, {"title": title}, split_table)


def line_series(
    xs: Any,
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> CustomChart:
    """Return a chart of several lines.

    Parameters
    ----------
    xs : sequence, or sequence of sequences
        The places on the x-axis, one row for all lines or one for each.
    ys : sequence of sequences
        The lines.
    keys : sequence of str, optional
        Their names. Default ``line_0``, ``line_1`` ….
    title : str
        Default none.
    xname : str
        What the x-axis is called. Default ``"x"``.
    split_table : bool
        Show the table in a section of its own. Default False.

    Raises
    ------
    UsageError
        If there are not as many x-series or names as lines.
    """
    lines = [list(each) for each in ys]
    places = list(xs)
    if not places or not isinstance(places[0], Iterable) or isinstance(places[0], str | bytes):
        places = [places] * len(lines)
    if len(places) != len(lines):
        raise UsageError(f"Number of x-series ({len(places)}) must match y-series ({len(lines)}).")
    names: Sequence[str] = [f"line_{n}" for n in range(len(lines))] if keys is None else list(keys)
    if len(names) != len(lines):
        raise UsageError(f"Number of keys ({len(names)}) must match y-series ({len(lines)}).")
    rows = [
        [x, name, y]
        for across, name, along in zip(places, names, lines, strict=True)
        for x, y in zip(across, along, strict=False)
    ]
    table = Table(columns=["step", "lineKey", "lineVal"], data=rows)
    fields = {"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"}
    strings = {"title": title, "xname": xname}
    return make_chart("wandb/lineseries/v0", table, fields, strings, split_table)


def _chart(
    name: str, table: Table, fields: dict[str, Any], strings: dict[str, Any], split_table: bool
) -> CustomChart:
    chart = make_chart(name, table, fields, strings, split_table)
    missing = [c for c in fields.values() if c is not None and c not in table.columns]
    if missing:
        raise UsageError(f"There is no column {missing[0]!r}: the table has {table.columns}.")
    return chart
