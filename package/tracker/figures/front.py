"""Drawing of what trials achieved by two metrics, and of those that no other is better than."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.canvas import axis, canvas, message
from tracker.figures.formats import escape, format_number, shorten
from tracker.figures.sweep import BEST_COLOUR, TrialMark, is_finite

if TYPE_CHECKING:
    import plotly.graph_objects as go

_NAME: Final = 30


def front_figure(
    trials: Sequence[TrialMark],
    metrics: Sequence[str],
    best: Collection[int],
    are_maximized: Sequence[bool],
    *,
    title: str = "",
) -> go.Figure:
    """Draw each trial that has values over the first two metrics, and the Pareto front.

    Parameters
    ----------
    trials : sequence of TrialMark
    metrics : sequence of str
        Names of two metrics or more, not yet escaped; further ones are told where a trial is
        pointed at.
    best : collection of int
        The numbers of the trials that no other is better than.
    are_maximized : sequence of bool
        For each metric whether a larger value is better.
    title : str
        Not yet escaped.
    """
    import plotly.graph_objects as go

    known = [(t, (t.value, *t.others)) for t in trials if len(t.others) + 1 == len(metrics)]
    placed = [(t, v) for t, v in known if all(map(is_finite, v))]
    if not placed:
        return message("No trial has ended with a value of each metric yet.", title)
    front = sorted((each for each in placed if each[0].number in best), key=lambda each: each[1])
    traces: list[Any] = []
    if len(metrics) == 2 and front:
        # Where the line runs, nothing better has been found.
        shape = "vh" if are_maximized[0] else "hv"
        traces.append(
            go.Scatter(
                x=[v[0] for _, v in front], y=[v[1] for _, v in front], mode="lines",
                line={"color": BEST_COLOUR, "width": 2, "shape": shape},
                name="front", showlegend=False, hoverinfo="skip",
            )
        )  # fmt: skip
    others = [each for each in placed if each[0].number not in best]
    for state in dict.fromkeys(t.state for t, _ in others):
        some = [each for each in others if each[0].state == state]
        traces.append(_points(some, metrics, state, {"color": some[0][0].colour, "opacity": 0.5}))
    traces.append(_points(front, metrics, "best", {"color": BEST_COLOUR, "size": 10}))
    words = [
        f"{shorten(name, _NAME)}, {'larger' if is_maximized else 'smaller'} is better"
        for name, is_maximized in zip(metrics, are_maximized, strict=True)
    ]
    return go.Figure(data=traces, layout=canvas(title, xaxis=axis(words[0]), yaxis=axis(words[1])))


def _points(
    placed: Sequence[tuple[TrialMark, Sequence[float | None]]],
    metrics: Sequence[str],
    name: str,
    marker: dict[str, Any],
) -> go.Scatter:
    import plotly.graph_objects as go

    texts = []
    for trial, values in placed:
        told = [
            f"{escape(shorten(metric, _NAME))} <b>{format_number(value or 0.0)}</b>"
            for metric, value in zip(metrics, values, strict=True)
        ]
        texts.append("<br>".join([trial.label, *told]))
    return go.Scatter(
        x=[values[0] for _, values in placed], y=[values[1] for _, values in placed],
        mode="markers", name=name, text=texts, customdata=[trial.run_id for trial, _ in placed],
        marker={"size": 7, **marker}, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
