"""Histograms: of a column over runs, and of the values that runs logged at a step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tracker.figures.bars import GroupLike
from tracker.figures.canvas import axis, canvas, left_out, message
from tracker.figures.columns import RunLike, read_column
from tracker.figures.formats import escape, format_number, shorten

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_BINS = 80
_NAMED = 6
_PLAIN = "#3b82f6"


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """A logged histogram: how many values lie between which edges, at a step.

    Attributes
    ----------
    step : int
    counts, edges : float64 arrays
        Edges ascend, and are one more than counts.
    x : float, optional
        Where it stands on an axis that is another metric. Default: at its step.
    """

    step: int
    counts: Floats
    edges: Floats
    x: float | None = None

    @property
    def place(self) -> float:
        """Where it stands on the x-axis."""
        return float(self.step) if self.x is None else self.x

    @property
    def total(self) -> float:
        """How many values there are."""
        return float(self.counts.sum())


def counts_of(step: int, reference: Any) -> Counts | None:
    """Return the histogram of a value in the history; None where it is none, or empty."""
    import numpy as np

    if not isinstance(reference, Mapping):
        return None
    values, edges = reference.get("values"), reference.get("bins")
    if not isinstance(values, list) or not isinstance(edges, list):
        return None
    try:
        counts = Counts(step, np.array(values, dtype=float), np.array(edges, dtype=float))
    except (TypeError, ValueError):
        return None
    is_sound = len(counts.edges) == len(counts.counts) + 1 and np.isfinite(counts.edges).all()
    return counts if is_sound and counts.total > 0 else None


def histogram_figure(
    runs: Sequence[RunLike],
    column: str,
    *,
    groups: Sequence[GroupLike] = (),
    bins: int | None = None,
    is_log: bool = False,
    title: str = "",
) -> go.Figure:
    """Draw how often values of a column occur among runs.

    Parameters
    ----------
    runs : sequence of RunLike
    column : str
        Such as ``"summary.accuracy"``; text and booleans have a bar for each value.
    groups : sequence of GroupLike
        The same runs in groups, which are stacked in their colours. Default: one colour.
    bins : int, optional
        How many stretches of equal width the numbers are sorted into. Default: as many as
        suit the number of runs (twice its cube root, 5 to 80).
    is_log : bool
        Stretches of equal width on a logarithmic axis; runs with 0 and less are left out.
    title : str
        Not yet escaped.
    """
    import numpy as np
    import plotly.graph_objects as go

    found = read_column(runs, column)
    is_log = is_log and found.kind == "number"
    places = found.places
    if is_log:
        with np.errstate(invalid="ignore", divide="ignore"):
            places = np.where(places > 0, np.log10(places), np.nan)
    is_given = np.isfinite(places)
    if not is_given.any():
        return message(f"No run that is shown has a value for {column}.", title)
    if found.is_category:
        edges = np.arange(len(found.labels) + 1, dtype=np.float64) - 0.5
        names = found.labels
    else:
        edges = _edges(places[is_given], bins)
        names = [_between(low, high, is_log=is_log) for low, high in pairwise(edges)]
    parts = _parts(runs, groups)
    traces = [
        _bars(
            name,
            colour,
            [i for i in members if is_given[i]],
            places,
            edges,
            names,
            runs,
            found.is_category,
        )
        for name, colour, members in parts
    ]
    across = axis(found.title)
    if found.is_category or is_log:
        across |= _ticks(edges, found.labels, is_log=is_log)
    why = f"no number for {found.title}"
    layout = canvas(
        title,
        xaxis=across,
        yaxis=axis("runs", rangemode="tozero", dtick=_step(traces)),
        barmode="stack",
        bargap=0.04,
        showlegend=len(parts) > 1,
        legend={"font": {"size": 10}},
        annotations=left_out(int((~is_given).sum()), len(runs), why),
    )
    layout["margin"] = layout["margin"] | {"t": 40 if title else 18}
    return go.Figure(data=traces, layout=layout)


def logged_histogram_figure(
    logged: Sequence[tuple[str, str, Counts]], key: str, *, title: str = ""
) -> go.Figure:
    """Draw histograms that runs logged, each as a line of density over the values.

    Parameters
    ----------
    logged : sequence of (name, colour, Counts)
        One for each run; names are not yet escaped.
    key : str
        The logged key.
    title : str
        Not yet escaped.
    """
    import plotly.graph_objects as go

    if not logged:
        return message(f"No run that is shown has logged a Histogram as {key}.", title)
    traces = []
    for name, colour, counts in logged:
        x, y = _outline(counts)
        label = escape(shorten(name, 60))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": y,
                "name": label,
                "line": {"color": colour, "width": 1.5, "shape": "hv"},
                "fill": "tozeroy" if len(logged) <= 3 else "none",
                "fillcolor": _faint(colour),
                "hovertemplate": f"{label} · step {counts.step:,}<br>%{{x:.4g}}: %{{y:.4g}}"
                "<extra></extra>",
            }
        )
    layout = canvas(
        title,
        xaxis=axis(key),
        yaxis=axis("density", rangemode="tozero", nticks=5),
        showlegend=1 < len(logged) <= 12,
        legend={"font": {"size": 10}, "orientation": "h", "y": -0.2},
    )
    return go.Figure(data=traces, layout=layout)


def _edges(values: Floats, bins: int | None) -> Floats:
    import numpy as np

    low, high = float(values.min()), float(values.max())
    count = bins or min(_MOST_BINS, max(5, math.ceil(2 * len(values) ** (1 / 3))))
    if low == high:
        reach = abs(low) * 0.05 or 0.5
        return np.array([low - reach, low + reach])
    # Halves, because the range of two floats may be more than a float can hold.
    edges = np.unique(np.linspace(low / 2, high / 2, count + 1) * 2)
    edges[0], edges[-1] = low, high
    return edges


def _parts(
    runs: Sequence[RunLike], groups: Sequence[GroupLike]
) -> list[tuple[str, str, list[int]]]:
    if not groups:
        return [("runs", _PLAIN, list(range(len(runs))))]
    places = {run.id: place for place, run in enumerate(runs)}
    return [
        (group.name, group.colour, [places[r.id] for r in group.members if r.id in places])
        for group in groups
    ]


def _bars(
    name: str,
    colour: str,
    members: Sequence[int],
    places: Floats,
    edges: Floats,
    names: Sequence[str],
    runs: Sequence[RunLike],
    is_category: bool,
) -> dict[str, Any]:
    import numpy as np

    slots = np.clip(np.searchsorted(edges, places[members], side="right") - 1, 0, len(edges) - 2)
    inside: list[list[str]] = [[] for _ in names]
    for member, slot in zip(members, slots.tolist(), strict=True):
        inside[slot].append(runs[member].name)
    texts = [
        f"<b>{escape(shorten(label, 60))}</b><br>{_listed(found)}"
        for label, found in zip(names, inside, strict=True)
    ]
    return {
        "type": "bar",
        "x": edges[:-1] / 2 + edges[1:] / 2,
        "width": np.diff(edges) * (0.8 if is_category else 1.0),
        "y": [len(found) for found in inside],
        "name": escape(shorten(name, 40)),
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _step(traces: Sequence[dict[str, Any]]) -> int:
    """Return the distance of ticks: runs are whole."""
    highest = max((sum(stack) for stack in zip(*(t["y"] for t in traces), strict=True)), default=0)
    raw = max(1, math.ceil(highest / 5))
    power: int = 10 ** (len(str(raw)) - 1)
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)


def _listed(names: Sequence[str]) -> str:
    head = f"{len(names):,} run{'' if len(names) == 1 else 's'}"
    lines = [head, *(escape(shorten(name, 50)) for name in names[:_NAMED])]
    if len(names) > _NAMED:
        lines.append("…")
    return "<br>".join(lines)


def _between(low: float, high: float, *, is_log: bool) -> str:
    if is_log:
        low, high = 10.0**low, 10.0**high
    return f"{format_number(float(low))} to {format_number(float(high))}"


def _ticks(edges: Floats, labels: Sequence[str], *, is_log: bool) -> dict[str, Any]:
    if not is_log:
        every = max(1, math.ceil(len(labels) / 30))
        shown = [escape(shorten(label, 24)) for label in labels]
        return {"tickvals": list(range(len(labels)))[::every], "ticktext": shown[::every]}
    from tracker.figures.scatter import log_ticks

    return log_ticks(edges)


def _outline(counts: Counts) -> tuple[Floats, Floats]:
    """Return a staircase of the density; bins without width have none of their own."""
    import numpy as np

    widths = np.diff(counts.edges)
    has_width = widths > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        density = np.where(has_width, counts.counts / counts.total / widths, 0.0)
    x = np.concatenate([counts.edges[:1], counts.edges])
    y = np.concatenate([[0.0], density, [0.0]])
    return x, np.nan_to_num(y, posinf=0.0)


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"
