"""How logged histograms change over steps: a heat map for each run, with lines of quantiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.canvas import axis, canvas, message, note
from tracker.figures.formats import escape, format_number, shorten
from tracker.figures.histogram import Counts

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_TRIMMED: Final = (0.01, 0.99)
_ROWS = 60
_GAP = 0.04
# No ink where no value is; the rest stands out from light and dark.
_HEAT: Final = (
    (0.0, "rgba(79,109,245,0)"),
    (0.02, "rgba(79,109,245,0.35)"),
    (0.3, "rgba(138,95,224,0.8)"),
    (0.6, "rgba(234,106,92,0.95)"),
    (1.0, "rgba(240,160,48,1)"),
)


def distribution_figure(
    logged: Sequence[tuple[str, Sequence[Counts]]],
    key: str,
    *,
    trim: bool = False,
    title: str = "",
    words: str = "",
    x_key: str | None = None,
) -> go.Figure:
    """Draw histograms over steps or another metric, the runs side by side on one scale.

    Parameters
    ----------
    logged : sequence of (name, sequence of Counts)
        For each run its histograms in the order in which they stand; names are not yet escaped.
    key : str
        The logged key.
    trim : bool
        Leave out the outermost hundredth of the values on either side, so that a few outliers
        do not squeeze the rest. Default False.
    title, words : str
        Above the drawing, and a note in its corner; not yet escaped.
    x_key : str, optional
        The metric that the histograms' ``x`` are of. Default: steps.

    Returns
    -------
    plotly.graph_objects.Figure
        A column for each histogram: the share of its values in each of 60 stretches. Lines
        are the quantiles 5, 25, 50, 75 and 95 %. Within a logged bin values count as spread
        evenly.
    """
    import plotly.graph_objects as go

    shown = [(name, list(counts)) for name, counts in logged if counts]
    if not shown:
        return message(f"No run that is shown has logged a Histogram as {key}.", title)
    edges = common_edges([each for _, counts in shown for each in counts], trim=trim)
    count = len(shown)
    width = (1 - _GAP * (count - 1)) / count
    layout = canvas(
        title, yaxis=axis(key, range=[float(edges[0]), float(edges[-1])], showgrid=False)
    )
    annotations = [note(words) | {"yshift": 13}] if words else []
    traces = []
    for place, (name, counts) in enumerate(shown):
        left = place * (width + _GAP)
        number = "" if place == 0 else str(place + 1)
        ticks = {"tickvals": [counts[0].place]} if len(counts) == 1 else {"nticks": 6 // count + 1}
        steps = axis(x_key or "step", domain=[left, left + width], showgrid=False, **ticks)
        layout[f"xaxis{number}"] = steps | {"anchor": "y"}
        traces += _heat(counts, edges, f"x{number}", name, x_key, has_scale=place == 0)
        if count > 1:
            head = {"x": left, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left"}
            text = escape(shorten(name, max(8, 60 // count)))
            look = {"yanchor": "bottom", "showarrow": False, "font": {"size": 10}}
            annotations.append(head | look | {"text": text})
    layout["annotations"] = annotations
    layout["margin"] = layout["margin"] | {"t": (40 if title else 20) + (13 if words else 0)}
    return go.Figure(data=traces, layout=layout)


def placed(
    counts: Iterable[Counts], places: Mapping[tuple[int, int], float], run_key: int
) -> list[Counts]:
    """Return the histograms of a run that have a place, in the order of these; of several the last.

    Parameters
    ----------
    counts : iterable of Counts
        In the order of their steps.
    places : mapping of (int, int) to float
        By run and step where on the x-axis they stand.
    run_key : int
    """
    found = {
        place: replace(each, x=place)
        for each in counts
        if (place := places.get((run_key, each.step))) is not None
    }
    return [found[place] for place in sorted(found)]


def common_edges(histograms: Sequence[Counts], *, trim: bool = False) -> Floats:
    """Return 61 edges that all histograms are drawn between."""
    import numpy as np

    if trim:
        low = min(float(quantiles(each, _TRIMMED[:1])[0]) for each in histograms)
        high = max(float(quantiles(each, _TRIMMED[1:])[0]) for each in histograms)
    else:
        low = min(float(each.edges[0]) for each in histograms)
        high = max(float(each.edges[-1]) for each in histograms)
    if not high > low:
        reach = abs(low) * 0.05 or 0.5
        low, high = low - reach, high + reach
    return np.linspace(low / 2, high / 2, _ROWS + 1) * 2


def shares(histogram: Counts, edges: Floats) -> Floats:
    """Return which share of a histogram's values lies between each two neighbours of `edges`.

    What lies outside all of them is not counted.
    """
    import numpy as np

    places, below = _cumulative(histogram)
    at = np.interp(edges, places, below, left=0.0, right=1.0)
    # Values that equal the lowest edge lie in the first stretch.
    at[0] = np.interp(np.nextafter(edges[0], -np.inf), places, below, left=0.0, right=1.0)
    return np.diff(at)


def quantiles(histogram: Counts, wanted: Sequence[float]) -> Floats:
    """Return quantiles of a histogram's values, which count as spread evenly in each bin."""
    import numpy as np

    places, below = _cumulative(histogram)
    return np.interp(wanted, below, places)


def _cumulative(histogram: Counts) -> tuple[Floats, Floats]:
    """Return places, and the share of the values that lies at or below each."""
    import numpy as np

    below = np.concatenate([[0.0], np.cumsum(histogram.counts)]) / histogram.total
    return histogram.edges, below


def _heat(
    counts: Sequence[Counts],
    edges: Floats,
    x_axis: str,
    name: str,
    x_key: str | None,
    *,
    has_scale: bool,
) -> list[dict[str, Any]]:
    import numpy as np

    steps = np.array([each.place for each in counts], dtype=float)
    grid = np.column_stack([shares(each, edges) for each in counts])
    label = escape(shorten(name, 40))
    at = "step %{x:,.0f}" if x_key is None else f"{escape(shorten(x_key, 40))} %{{x:,.6~g}}"
    heat = {
        "type": "heatmap",
        "x": _borders(steps),
        "y": edges,
        "z": grid,
        "xaxis": x_axis,
        "colorscale": [list(pair) for pair in _HEAT],
        "zmin": 0,
        "showscale": has_scale,
        "colorbar": {
            "thickness": 8,
            "outlinewidth": 0,
            "tickformat": ".0%",
            "tickfont": {"size": 9},
            "nticks": 5,
            "xpad": 4,
        },
        "name": label,
        "hovertemplate": f"{label}<br>{at}<br>near %{{y:.4g}}: %{{z:.2%}}<extra></extra>",
    }
    lines = np.column_stack([quantiles(each, QUANTILES) for each in counts])
    traces = [heat]
    for quantile, y in zip(QUANTILES, lines, strict=True):
        is_median = quantile == 0.5
        traces.append(
            {
                "type": "scatter",
                "mode": "lines" if len(steps) > 1 else "markers",
                "x": steps,
                "y": y,
                "xaxis": x_axis,
                "name": f"{quantile:.0%}",
                "line": {
                    "width": 1.6 if is_median else 0.9,
                    "dash": "solid" if is_median else "dot",
                    "color": "#80868f",
                },
                "marker": {"color": "#80868f", "size": 5},
                "showlegend": False,
                "hovertext": [f"{quantile:.0%}: {format_number(float(v))}" for v in y],
                "hovertemplate": f"{at}<br>%{{hovertext}}<extra></extra>",
            }
        )
    return traces


def _borders(steps: Floats) -> Floats:
    """Return where the column of each step begins and ends: half way to its neighbours."""
    import numpy as np

    if len(steps) == 1:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    middles = (steps[:-1] + steps[1:]) / 2
    first, last = steps[0] - (middles[0] - steps[0]), steps[-1] + (steps[-1] - middles[-1])
    return np.concatenate([[first], middles, [last]])
