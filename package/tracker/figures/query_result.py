"""What a query gives, as a table, lines, bars or points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from tracker.errors import UsageError
from tracker.figures.canvas import axis, canvas, message, note
from tracker.figures.colours import PALETTE
from tracker.figures.columns import text_of
from tracker.figures.formats import escape, format_time, shorten

if TYPE_CHECKING:
    import plotly.graph_objects as go

Drawing = Literal["line", "bar", "scatter"]
# column -> its values
Columns = Mapping[str, Sequence[Any]]

ROWS: Final = 500
_CELL = 200
_MOST_LINES = 60


def result_html(columns: Columns, *, limit: int = ROWS, is_cut: bool = False) -> str:
    """Return a query's result as an HTML table, escaped, of at most `limit` rows.

    A last line says how many rows there are, and how many are shown; `is_cut` says that the
    result has more rows than are given.
    """
    names = list(columns)
    total = len(columns[names[0]]) if names else 0
    is_number = {name: _are_numbers(columns[name]) for name in names}
    head = "".join(
        f'<th class="{_side(is_number[n])}">{escape(shorten(n, 60))}</th>' for n in names
    )
    rows = []
    for place in range(min(total, limit)):
        cells = [
            f'<td class="{_side(is_number[name])}">{_cell(columns[name][place])}</td>'
            for name in names
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    words = f"{'more than ' if is_cut else ''}{total:,} row{'' if total == 1 else 's'}"
    if total > limit:
        words += f", the first {limit:,} shown"
    table = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<table class="tkv-result">{table}</table><p class="tkv-dim">{words}</p>'


def result_figure(
    columns: Columns,
    kind: Drawing,
    *,
    x: str = "",
    y: Sequence[str] = (),
    colour: str = "",
    title: str = "",
) -> go.Figure:
    """Draw a query's result.

    Parameters
    ----------
    columns : mapping of str to sequence
        The result, by column.
    kind : {"line", "bar", "scatter"}
    x : str
        The column along the x-axis. Default: the first.
    y : sequence of str
        Columns of numbers, one drawing each. Default: all others that hold numbers.
    colour : str
        A column whose values part the rows: a line, or a set of bars or points, for each.
    title : str
        Not yet escaped.

    Raises
    ------
    UsageError
        If the kind, or a column, does not exist, or there is no column of numbers to draw.
    """
    import plotly.graph_objects as go

    if kind not in get_args(Drawing):
        raise UsageError(f"kind is {kind!r}: expected 'line', 'bar' or 'scatter'.")
    names = list(columns)
    for name in filter(None, (x, *y, colour)):
        if name not in columns:
            raise UsageError(f"The result has no column {name!r}: it has {', '.join(names)}.")
    if not names or not len(columns[names[0]]):
        return message("The query gives no rows.", title)
    across = x or names[0]
    wanted = list(y) or [n for n in names if n not in (across, colour) and _are_numbers(columns[n])]
    if not wanted:
        raise UsageError("The result has no column of numbers to draw beside the x-axis.")
    parts = _parts(columns, colour)
    traces: list[dict[str, Any]] = []
    for value in wanted:
        for label, rows in parts[:_MOST_LINES]:
            name = " · ".join(filter(None, [label, value if len(wanted) > 1 or not label else ""]))
            traces.append(_trace(kind, columns, across, value, rows, name, len(traces)))
    is_time = any(isinstance(value, datetime | date) for value in columns[across])
    is_number = not is_time and _are_numbers(columns[across])
    horizontal = axis(across, type="date" if is_time else "linear" if is_number else "category")
    vertical = axis(wanted[0] if len(wanted) == 1 else "")
    layout = canvas(title, xaxis=horizontal, yaxis=vertical, barmode="group")
    if len(parts) > _MOST_LINES:
        layout["annotations"] = [note(f"the first {_MOST_LINES} of {len(parts):,} are drawn")]
    layout |= {"showlegend": 1 < len(traces) <= 20, "legend": {"font": {"size": 10}}}
    return go.Figure(data=traces, layout=layout)


def _trace(
    kind: Drawing,
    columns: Columns,
    across: str,
    value: str,
    rows: Sequence[int],
    name: str,
    number: int,
) -> dict[str, Any]:
    colour = PALETTE[number % len(PALETTE)]
    xs, ys = [columns[across][row] for row in rows], [_number(columns[value][row]) for row in rows]
    trace: dict[str, Any] = {
        "x": [
            x if isinstance(x, int | float | datetime | date) else escape(text_of(x)) for x in xs
        ],
        "y": ys,
        "name": escape(shorten(name, 60)),
        "marker": {"color": colour},
    }
    if kind == "bar":
        return trace | {"type": "bar"}
    mode = "markers" if kind == "scatter" else "lines"
    line = {"color": colour, "width": 1.6}
    return trace | {"type": "scatter", "mode": mode, "line": line, "connectgaps": False}


def _parts(columns: Columns, colour: str) -> list[tuple[str, list[int]]]:
    count = len(next(iter(columns.values())))
    if not colour:
        return [("", list(range(count)))]
    found: dict[str, list[int]] = {}
    for row, value in enumerate(columns[colour]):
        found.setdefault("–" if value is None else text_of(value), []).append(row)
    return list(found.items())


def _are_numbers(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in given
    )


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _side(is_number: bool) -> str:
    return "tkv-num" if is_number else "tkv-text"


def _cell(value: Any) -> str:
    if value is None:
        return '<span class="tkv-dim">–</span>'
    if isinstance(value, datetime):
        return escape(format_time(value))
    if isinstance(value, int | float):
        return escape(text_of(value))
    return escape(shorten(" ".join(str(value).split()), _CELL))
