"""The chart of parameter importance: what matters for a result, and which way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracker.figures.canvas import AXIS, axis, canvas, note
from tracker.figures.columns import title_of
from tracker.figures.forest import Importance
from tracker.figures.formats import escape, format_number, shorten

if TYPE_CHECKING:
    import plotly.graph_objects as go

_IMPORTANCE = "#3b82f6"
_WITH, _AGAINST = "#2f9e62", "#e5484d"
_LABEL = 30
_SHOWN = 30


def importance_figure(
    ranked: Sequence[Importance],
    target: str,
    runs: int,
    *,
    limit: int | None = _SHOWN,
    title: str = "",
) -> go.Figure:
    """Draw importances beside correlations, the most important on top.

    Parameters
    ----------
    ranked : sequence of Importance
        Of :func:`tracker.figures.forest.importances`, which also returns `runs`.
    target : str
        The result's column, such as ``"summary.loss"``.
    runs : int
        How many runs were learned from.
    limit : int or None
        At most so many rows; a note says how many are left out. None for all. Default 30.
    title : str
        Not yet escaped.

    Returns
    -------
    plotly.graph_objects.Figure
        Correlations are green where the result grows with the setting, and red where it falls.
    """
    import plotly.graph_objects as go

    shown = ranked if limit is None else ranked[:limit]
    places = list(range(len(shown)))
    texts = [_text(each) for each in shown]
    common = {
        "type": "bar",
        "orientation": "h",
        "y": places,
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
        # Within a short bar it would be shrunk until nobody can read it.
        "textposition": "outside",
        "textangle": 0,
        "cliponaxis": False,
        "textfont": {"size": 9.5},
    }
    correlations = [each.correlation for each in shown]
    traces = [
        common
        | {
            "x": [each.importance for each in shown],
            "text": [f"{each.importance:.3f}" for each in shown],
            "marker": {"color": _IMPORTANCE},
            "name": "importance",
        },
        common
        | {
            "x": correlations,
            "text": ["" if value != value else f"{value:+.3f}" for value in correlations],
            "marker": {"color": [_WITH if value > 0 else _AGAINST for value in correlations]},
            "name": "correlation",
            "xaxis": "x2",
        },
    ]
    top = max((each.importance for each in shown), default=1.0)
    words = f"{title_of(target)} in {runs:,} runs"
    if len(shown) < len(ranked):
        words += f" · {len(ranked) - len(shown):,} lesser rows not shown"
    layout = canvas(
        title,
        xaxis=axis(
            "importance", domain=[0, 0.48], range=[0, top * 1.2 or 1], nticks=4, tickangle=0
        ),
        xaxis2=axis(
            "correlation",
            domain=[0.54, 1],
            range=[-1.4, 1.4],
            tickvals=[-1, -0.5, 0, 0.5, 1],
            ticktext=["−1", "", "0", "", "1"],
            tickangle=0,
            zeroline=True,
            zerolinecolor=AXIS,
            anchor="y",
        ),
        yaxis=axis(
            range=[len(shown) - 0.5, -0.5],
            tickvals=places,
            ticktext=[escape(shorten(each.label, _LABEL)) for each in shown],
            showgrid=False,
        ),
        bargap=0.3,
        annotations=[note(words)],
    )
    layout["margin"] = layout["margin"] | {"t": 40 if title else 20}
    return go.Figure(data=traces, layout=layout)


def _text(each: Importance) -> str:
    way = "–" if math.isnan(each.correlation) else format_number(round(each.correlation, 4))
    rows = [
        f"<b>{escape(shorten(each.label, 60))}</b>",
        f"importance {each.importance:.4f}",
        f"correlation {way}",
        f"{each.runs:,} runs have a value",
    ]
    return "<br>".join(rows)
