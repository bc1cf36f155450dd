"""Bars: a number of each run, or of each group with how far its members are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from tracker.errors import UsageError
from tracker.figures.canvas import AXIS, axis, canvas, message
from tracker.figures.columns import RunLike, as_number, title_of
from tracker.figures.formats import escape, format_number, shorten

if TYPE_CHECKING:
    import plotly.graph_objects as go

Spread = Literal["std", "sem", "minmax", "none"]
Aggregate = Literal["mean", "median", "min", "max"]
Order = Literal["runs", "descending", "ascending"]

_LABEL = 28
# More bars than this have no number behind them.
_LABELLED = 20


class GroupLike(Protocol):
    """Runs that belong together."""

    @property
    def name(self) -> str:
        """What they have in common, not escaped."""

    @property
    def colour(self) -> str:
        """Their colour, as ``#rrggbb``."""

    @property
    def members(self) -> Sequence[RunLike]:
        """The runs."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes
    ----------
    name, colour : str
    value : float
        NaN where there is no number.
    below, above : float
        How far the spread reaches to either side; 0 for none.
    text : str
        What is known of it, in a few lines; not escaped.
    id : str
        The run's; empty for a group.
    """

    name: str
    colour: str
    value: float
    below: float = 0.0
    above: float = 0.0
    text: str = ""
    id: str = ""


def run_bars(runs: Sequence[RunLike], columns: Sequence[str]) -> list[Bar]:
    """Return a bar for each column of each run that has a value there."""
    found = []
    for run in runs:
        for column in columns:
            value = run.value(column)
            if value is None:
                continue
            name = run.name if len(columns) == 1 else f"{run.name} · {title_of(column)}"
            shown = format_number(value) if isinstance(value, int | float) else str(value)
            text = f"{run.name}\n{title_of(column)}: {shorten(shown, 60)}"
            found.append(Bar(name, run.colour, as_number(value), text=text, id=run.id))
    return found


def group_bars(
    groups: Sequence[GroupLike],
    columns: Sequence[str],
    aggregate: Aggregate = "mean",
    spread: Spread = "std",
) -> list[Bar]:
    """Return a bar for each column of each group, over the members that have a number there.

    The spread of one member is none. ``std`` is the sample's standard deviation (n - 1),
    ``sem`` that divided by the root of n, ``minmax`` reaches to the least and the greatest.

    Raises
    ------
    UsageError
        If the aggregate or the spread does not exist.
    """
    for name, given, known in (("spread", spread, Spread), ("aggregate", aggregate, Aggregate)):
        if given not in get_args(known):
            expected = ", ".join(map(repr, get_args(known)))
            raise UsageError(f"{name} is {given!r}: expected one of {expected}.")
    found = []
    for group in groups:
        for column in columns:
            values = [as_number(run.value(column)) for run in group.members]
            numbers = [value for value in values if math.isfinite(value)]
            if numbers:
                name = group.name if len(columns) == 1 else f"{group.name} · {title_of(column)}"
                missing = len(values) - len(numbers)
                found.append(
                    _group_bar(name, group.colour, column, numbers, missing, aggregate, spread)
                )
    return found


def bar_figure(
    bars: Sequence[Bar],
    *,
    x_title: str = "",
    title: str = "",
    is_log: bool = False,
    order: Order = "runs",
) -> go.Figure:
    """Draw bars that lie, so that long names can be read.

    Parameters
    ----------
    bars : sequence of Bar
        Of :func:`run_bars` or :func:`group_bars`.
    x_title, title : str
        Not yet escaped.
    is_log : bool
        Logarithmic axis; bars of 0 and less have no length on it.
    order : {"runs", "descending", "ascending"}
        As given, the first on top; or by value. Bars without a number come last then.

    Returns
    -------
    plotly.graph_objects.Figure
        Every bar; `customdata` holds the runs' ids. A value that is NaN or infinite has no bar
        and is written instead.

    Raises
    ------
    UsageError
        If the order does not exist.
    """
    import plotly.graph_objects as go

    if order not in get_args(Order):
        expected = ", ".join(map(repr, get_args(Order)))
        raise UsageError(f"order is {order!r}: expected one of {expected}.")
    if not bars:
        return message("No run that is shown has a number here.", title)
    bars = _ordered(bars, order)
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "x": [bar.value for bar in bars],
        "y": [str(place) for place in range(len(bars))],
        "marker": {"color": [bar.colour for bar in bars], "line": {"width": 0}},
        "customdata": [bar.id for bar in bars],
        "hovertext": [_lines(bar.text) for bar in bars],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "cliponaxis": False,
    }
    if any(bar.below or bar.above for bar in bars):
        trace["error_x"] = _error_bars(bars)
    elif len(bars) <= _LABELLED:
        trace |= {
            "text": [_label(bar) for bar in bars],
            "textposition": "outside",
            "textfont": {"size": 10},
        }
    # Names as aliases: they need not differ, and Plotly shows as many as there is room for.
    vertical = axis(
        type="category",
        range=[len(bars) - 0.5, -0.5],
        labelalias={str(n): escape(shorten(bar.name, _LABEL)) for n, bar in enumerate(bars)},
        showgrid=False,
    )
    horizontal = axis(x_title, is_log=is_log, zeroline=True, zerolinecolor=AXIS, nticks=6)
    layout = canvas(title, xaxis=horizontal, yaxis=vertical, bargap=0.25)
    layout["annotations"] = [
        _unlike_a_number(place, bar) for place, bar in enumerate(bars) if bar.value != bar.value
    ][:_LABELLED]
    layout["margin"] = layout["margin"] | {"r": 42}
    return go.Figure(data=[trace], layout=layout)


def _group_bar(
    name: str,
    colour: str,
    column: str,
    numbers: Sequence[float],
    missing: int,
    aggregate: Aggregate,
    spread: Spread,
) -> Bar:
    import numpy as np

    array = np.array(numbers)
    value = float(getattr(np, aggregate)(array))
    below = above = 0.0
    std = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    if spread in ("std", "sem"):
        below = above = std / (math.sqrt(len(array)) if spread == "sem" else 1.0)
    elif spread == "minmax":
        below, above = value - float(array.min()), float(array.max()) - value
    lines = [
        name,
        f"{aggregate} of {title_of(column)}: {format_number(value)}",
        f"min {format_number(float(array.min()))} · max {format_number(float(array.max()))}",
        f"std {format_number(std)} · {len(array):,} run{'' if len(array) == 1 else 's'}",
    ]
    if missing:
        lines.append(f"{missing:,} without a number")
    return Bar(name, colour, value, below, above, "\n".join(lines))


def _ordered(bars: Sequence[Bar], order: Order) -> list[Bar]:
    if order == "runs":
        return list(bars)
    numbers = [bar for bar in bars if math.isfinite(bar.value)]
    numbers.sort(key=lambda bar: bar.value, reverse=order == "descending")
    return [*numbers, *(bar for bar in bars if not math.isfinite(bar.value))]


def _error_bars(bars: Sequence[Bar]) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [bar.above for bar in bars],
        "arrayminus": [bar.below for bar in bars],
        "thickness": 1.2,
        "width": 3,
        "color": "#80868f",
    }


def _label(bar: Bar) -> str:
    return escape(format_number(bar.value)) if bar.value == bar.value else ""


def _unlike_a_number(place: int, bar: Bar) -> dict[str, Any]:
    """Return what stands where a bar would be whose value is NaN, infinite or text."""
    where = {"x": 0, "xref": "paper", "xanchor": "left", "xshift": 4, "y": str(place)}
    look = {"showarrow": False, "font": {"size": 10}, "opacity": 0.8}
    return where | look | {"text": escape(bar.text.rpartition(": ")[2])}


def _lines(text: str) -> str:
    return "<br>".join(escape(shorten(line, 90)) for line in text.split("\n"))
