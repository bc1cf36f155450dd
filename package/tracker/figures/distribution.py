"""Histograms over steps as a heat map, and one as bars: Plotly figures, in plain dicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.colours import PALETTE

if TYPE_CHECKING:
    from tracker.media.histogram import Histogram

ROWS: Final = 64


def distribution_figure(steps: Sequence[int], histograms: Sequence[Histogram]) -> dict[str, Any]:
    """Return how a distribution moves: steps to the right, values upwards, shares as colour.

    All histograms are spread over the same 64 stretches of values, each bin by as much as it
    lies in one. A single histogram becomes bars of its own bins.
    """
    import numpy as np

    if len(histograms) == 1:
        return _bars(histograms[0])
    low = min(one.bins[0] for one in histograms)
    high = max(one.bins[-1] for one in histograms)
    edges = np.linspace(low, high if high > low else low + 1, ROWS + 1)
    shares = np.zeros((ROWS, len(histograms)))
    for column, one in enumerate(histograms):
        counts, bins = one.to_value()
        total = counts.sum()
        if total > 0:
            below = np.concatenate([[0.0], np.cumsum(counts)]) / total
            shares[:, column] = np.diff(np.interp(edges, bins, below))
    heat = {
        "type": "heatmap", "x": list(steps), "y": ((edges[1:] + edges[:-1]) / 2).tolist(),
        "z": shares.round(6).tolist(), "colorscale": "Viridis", "showscale": False,
        "hovertemplate": "step %{x}<br>%{y:.4g}: %{z:.2%}<extra></extra>",
    }  # fmt: skip
    layout = {"xaxis": {"title": {"text": "step"}}, "yaxis": {}, "hovermode": "closest"}
    return {"data": [heat], "layout": layout}


def _bars(one: Histogram) -> dict[str, Any]:
    middles = [(low + high) / 2 for low, high in zip(one.bins, one.bins[1:], strict=False)]
    widths = [high - low for low, high in zip(one.bins, one.bins[1:], strict=False)]
    bars = {"type": "bar", "x": middles, "y": list(one.histogram), "width": widths,
            "marker": {"color": PALETTE[0], "line": {"width": 0}},
            "hovertemplate": "%{x:.4g}: %{y}<extra></extra>"}  # fmt: skip
    return {"data": [bars], "layout": {"bargap": 0, "hovermode": "closest"}}
