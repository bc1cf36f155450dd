"""Points: a run each, over any two columns, with colour and size by two more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from tracker.errors import UsageError
from tracker.figures.canvas import (
    canvas,
    colour_bar,
    column_axis,
    drawn_places,
    left_out,
    message,
    scale,
)
from tracker.figures.colours import PALETTE
from tracker.figures.columns import Column, RunLike, read_column
from tracker.figures.formats import escape, shorten

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Front = Literal["none", "min", "max"]

_SIZES = (5.0, 22.0)
_SIZE = 8.0
# How much of the room between two categories their points take.
_WIDTH = 0.3
# More categories than this are no legend that anybody reads.
_LEGEND = 12


def scatter_figure(
    runs: Sequence[RunLike],
    x: str,
    y: str,
    *,
    colour: str | None = None,
    size: str | None = None,
    log_x: bool = False,
    log_y: bool = False,
    log_colour: bool = False,
    front: Front = "none",
    title: str = "",
) -> go.Figure:
    """Draw a point for each run.

    Parameters
    ----------
    runs : sequence of RunLike
    x, y : str
        Columns such as ``"config.lr"`` and ``"summary.loss"``.
    colour : str, optional
        A column: numbers on a scale, anything else by category. Default: each run's own.
    size : str, optional
        A column of numbers; runs without one there have the smallest. Default: all equal.
    log_x, log_y, log_colour : bool
        Logarithmic axes and colours, for columns of numbers. Runs that have 0 and less there
        are not drawn; on the colour scale they are grey.
    front : {"none", "min", "max"}
        Add a line through the best `y` so far, going along `x`.
    title : str
        Not yet escaped.

    Returns
    -------
    plotly.graph_objects.Figure
        With the runs' ids as `customdata`, and a note of how many runs lack a value and are
        not drawn.

    Raises
    ------
    UsageError
        If the kind of front does not exist.
    """
    import plotly.graph_objects as go

    if front not in get_args(Front):
        raise UsageError(f"front is {front!r}: expected 'none', 'min' or 'max'.")
    across, up = read_column(runs, x), read_column(runs, y)
    log_x, log_y = log_x and across.kind == "number", log_y and up.kind == "number"
    is_drawn = _has_place(across, is_log=log_x) & _has_place(up, is_log=log_y)
    if not is_drawn.any():
        return message(_nothing(runs, across, up), title)
    traces, shows_legend = _points(runs, across, up, is_drawn, colour, size, log_colour)
    if front != "none" and not across.is_category and not up.is_category:
        traces.append(_front(across, up, is_drawn, front))
    layout = canvas(
        title,
        xaxis=column_axis(across, is_log=log_x),
        yaxis=column_axis(up, is_log=log_y),
        annotations=left_out(
            int((~is_drawn).sum()), len(runs), f"no number for {across.title} or {up.title}"
        ),
        showlegend=shows_legend,
        legend={"font": {"size": 10}, "itemsizing": "constant", "tracegroupgap": 2},
    )
    layout["margin"] = layout["margin"] | {"t": 40 if title else 18}
    return go.Figure(data=traces, layout=layout)


def _points(
    runs: Sequence[RunLike],
    across: Column,
    up: Column,
    is_drawn: Flags,
    colour: str | None,
    size: str | None,
    log_colour: bool,
) -> tuple[list[dict[str, Any]], bool]:
    """Return the traces of the points, and whether they need a legend."""
    import numpy as np

    by = read_column(runs, colour) if colour else None
    sizes = _sizes(read_column(runs, size)) if size else np.full(len(runs), _SIZE)
    extra = [column for column in (by, read_column(runs, size) if size else None) if column]
    texts = np.array(_texts(runs, [across, up, *extra]), dtype=object)
    ids = np.array([run.id for run in runs], dtype=object)
    common = {"type": "scatter", "mode": "markers", "cliponaxis": False}

    def trace(where: Flags, marker: dict[str, Any], **more: Any) -> dict[str, Any]:
        outline = {"width": 0.6, "color": "rgba(128,128,128,0.55)"}
        return {
            **common,
            "x": _spread(across)[where],
            "y": _spread(up)[where],
            "customdata": ids[where],
            "hovertext": texts[where],
            "hovertemplate": "%{hovertext}<extra></extra>",
            "marker": {"size": sizes[where], "opacity": 0.85, "line": outline, **marker},
            **more,
        }

    if by is None:
        own = np.array([run.colour for run in runs], dtype=object)
        return [trace(is_drawn, {"color": own[is_drawn]}, name="runs")], False
    if by.is_category:
        parts = []
        for place, label in enumerate(by.labels):
            where = is_drawn & (by.places == place)
            if where.any():
                name = escape(shorten(label, 30))
                parts.append(trace(where, {"color": PALETTE[place % len(PALETTE)]}, name=name))
    else:
        shown = is_drawn & _has_place(by, is_log=log_colour)
        parts = [trace(shown, _coloured(by, shown, log_colour), name=escape(by.title))]
    none = is_drawn & ~_has_place(by, is_log=log_colour and not by.is_category)
    if none.any():
        parts.append(trace(none, {"color": "#9a9da5", "symbol": "circle-open"}, name="no value"))
    return parts, by.is_category and 1 < len(by.labels) <= _LEGEND


def _coloured(column: Column, where: Flags, is_log: bool) -> dict[str, Any]:
    import numpy as np

    values = column.places[where]
    bar = colour_bar(column.title)
    if column.kind == "time":
        values = values - (values.min() if len(values) else 0.0)
        bar = colour_bar(f"{column.title} (s after the first)")
    elif is_log:
        values = np.log10(values)
        bar = colour_bar(column.title, **log_ticks(values))
    return {"color": values, "colorscale": scale(), "colorbar": bar, "showscale": bool(len(values))}


def log_ticks(exponents: Floats) -> dict[str, Any]:
    """Return the ticks of a scale whose numbers are decimal logarithms."""
    import numpy as np

    if not len(exponents):
        return {}
    low, high = float(exponents.min()), float(exponents.max())
    if high - low < 1:
        places = np.linspace(low, high, 3) if high > low else np.array([low])
        return {"tickvals": places, "ticktext": [f"{10.0**place:.3g}" for place in places]}
    first, last = int(np.ceil(low)), int(np.floor(high))
    whole = np.arange(first, last + 1, max(1, (last - first) // 5))
    return {"tickvals": whole, "ticktext": [f"{10.0 ** float(place):g}" for place in whole]}


def _sizes(column: Column) -> Floats:
    import numpy as np

    low, high = np.nan, np.nan
    given = column.places[np.isfinite(column.places)]
    if len(given):
        low, high = float(given.min()), float(given.max())
    if not high > low:
        return np.full(len(column.places), _SIZE)
    shares = np.nan_to_num((column.places - low) / (high - low), nan=0.0)
    # Area, not width, goes with the number: eyes compare areas.
    return _SIZES[0] + np.sqrt(shares) * (_SIZES[1] - _SIZES[0])


def _spread(column: Column) -> Floats:
    """Return a column's places; those of a category side by side, so that all can be seen."""
    import numpy as np

    if not column.is_category:
        return drawn_places(column)  # type: ignore[no-any-return]
    # Multiples of the golden ratio, of which any few are far from each other.
    turns = np.arange(len(column.places)) * 0.6180339887498949 % 1.0
    return column.places + (turns - 0.5) * _WIDTH


def _front(across: Column, up: Column, is_drawn: Flags, front: Front) -> dict[str, Any]:
    import numpy as np

    x, y = drawn_places(across)[is_drawn], up.places[is_drawn]
    order = np.lexsort((y if front == "min" else -y, x))
    best = np.minimum if front == "min" else np.maximum
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x[order],
        "y": best.accumulate(y[order]),
        "line": {"shape": "hv", "width": 1.4, "dash": "dot", "color": "#80868f"},
        "name": f"running {front}",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _has_place(column: Column, *, is_log: bool = False) -> Flags:
    import numpy as np

    return (column.places > 0) if is_log else np.isfinite(column.places)


def _texts(runs: Sequence[RunLike], columns: Sequence[Column]) -> list[str]:
    unique = list({column.name: column for column in columns}.values())
    return [
        "<br>".join(
            [
                f"<b>{escape(shorten(run.name, 60))}</b>",
                *(f"{escape(shorten(c.title, 40))}: {escape(c.texts[place])}" for c in unique),
            ]
        )
        for place, run in enumerate(runs)
    ]


def _nothing(runs: Sequence[RunLike], across: Column, up: Column) -> str:
    if not runs:
        return "No run is shown: switch some on in the table."
    return f"None of the {len(runs):,} shown runs has a value for both {across.name} and {up.name}."
