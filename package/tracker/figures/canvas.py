"""What all drawings of runs have in common: a transparent ground, quiet axes, and notes.

Text and grid have greys that are readable on light and dark; a page that knows its theme puts
its own colours in their place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.columns import Column
from tracker.figures.formats import escape, shorten

if TYPE_CHECKING:
    import plotly.graph_objects as go

GRID: Final = "rgba(128,128,128,0.16)"
AXIS: Final = "rgba(128,128,128,0.45)"
TEXT: Final = "#80868f"
FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
# Mid tones only: each stands out from white and from near-black.
SCALE: Final = (
    (0.0, "#4f6df5"),
    (0.25, "#8a5fe0"),
    (0.5, "#c2539f"),
    (0.75, "#ea6a5c"),
    (1.0, "#f0a030"),
)
_LABEL = 24
_TITLE = 48


def canvas(title: str = "", **more: Any) -> dict[str, Any]:
    """Return a layout without axes; `more` replaces and adds.

    Parameters
    ----------
    title : str
        Above the drawing, not yet escaped; empty for none.
    """
    heading: dict[str, Any] = {}
    if title:
        text = {"text": escape(title), "font": {"size": 13}}
        heading["title"] = text | {"x": 0.02, "xanchor": "left", "y": 0.97, "yanchor": "top"}
    return (
        heading
        | {
            "template": "none",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 11, "color": TEXT},
            "margin": {"l": 8, "r": 12, "t": 34 if title else 12, "b": 8, "pad": 0},
            "hovermode": "closest",
            "hoverlabel": {"namelength": -1, "align": "left"},
            "showlegend": False,
            "dragmode": "zoom",
        }
        | more
    )


def axis(title: str = "", *, is_log: bool = False, **more: Any) -> dict[str, Any]:
    """Return an axis with a grid; `title` is not yet escaped."""
    return {
        "type": "log" if is_log else "linear",
        "title": {"text": escape(shorten(title, _TITLE)), "font": {"size": 10}, "standoff": 6},
        "automargin": True,
        "zeroline": False,
        "gridcolor": GRID,
        "linecolor": AXIS,
        "tickcolor": AXIS,
        "tickfont": {"size": 10},
        "exponentformat": "power",
        "minexponent": 5,
    } | more


def column_axis(column: Column, *, is_log: bool = False) -> dict[str, Any]:
    """Return the axis on which a column's places stand."""
    if column.kind == "time":
        return axis(column.title, type="date")
    if column.kind == "number":
        return axis(column.title, is_log=is_log)
    places = list(range(len(column.labels)))
    shown = [escape(shorten(label, _LABEL)) for label in column.labels]
    every = max(1, math.ceil(len(places) / 30))
    ticks: dict[str, Any] = {
        "tickmode": "array",
        "tickvals": places[::every],
        "ticktext": shown[::every],
    }
    return axis(column.title, range=[-0.5, len(places) - 0.5], **ticks)


def drawn_places(column: Column) -> Any:
    """Return a column's places as Plotly wants them: dates count milliseconds."""
    return column.places * 1000 if column.kind == "time" else column.places


def note(text: str) -> dict[str, Any]:
    """Return an annotation in the top right corner; `text` is not yet escaped."""
    place = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right"}
    look = {"yanchor": "bottom", "showarrow": False, "font": {"size": 9}, "opacity": 0.8}
    return {"text": escape(text), "name": "note"} | place | look


def left_out(count: int, total: int, why: str) -> list[dict[str, Any]]:
    """Return a note that says how many runs are not drawn; none where all are."""
    if not count:
        return []
    return [note(f"{count:,} of {total:,} run{'' if total == 1 else 's'} not drawn: {why}")]


def message(text: str, title: str = "") -> go.Figure:
    """Return a figure that says in words why nothing is drawn; `text` is not yet escaped."""
    import plotly.graph_objects as go

    hidden = {"visible": False, "range": [0, 1]}
    place = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    words = {"text": "<br>".join(map(escape, wrapped(text))), "font": {"size": 12}}
    layout = canvas(title, xaxis=hidden, yaxis=hidden, annotations=[place | words])
    return go.Figure(layout=layout | {"dragmode": False})


def wrapped(text: str, length: int = 60) -> list[str]:
    """Break text into lines of about `length` characters."""
    import textwrap

    return textwrap.wrap(text, length) or [""]


def colour_bar(title: str, **more: Any) -> dict[str, Any]:
    """Return a thin colour bar; `title` is not yet escaped."""
    return {
        "title": {"text": escape(shorten(title, 30)), "side": "right", "font": {"size": 10}},
        "thickness": 8,
        "len": 1,
        "outlinewidth": 0,
        "tickfont": {"size": 9},
        "ypad": 0,
        "xpad": 6,
        "nticks": 6,
        "exponentformat": "power",
    } | more


def scale() -> list[list[Any]]:
    """Return the colours of :data:`SCALE` as Plotly wants them."""
    return [[place, colour] for place, colour in SCALE]


def scale_colour(share: float) -> str:
    """Return the colour at a place from 0 to 1 of :data:`SCALE`, as ``#rrggbb``."""
    share = min(max(share, 0.0), 1.0)
    for (low, first), (high, second) in pairwise(SCALE):
        if share <= high:
            part = (share - low) / (high - low)
            pairs = zip(_channels(first), _channels(second), strict=True)
            mixed = [round(a + (b - a) * part) for a, b in pairs]
            return "#" + "".join(f"{channel:02x}" for channel in mixed)
    return SCALE[-1][1]


def _channels(colour: str) -> Sequence[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
