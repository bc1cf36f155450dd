"""Drawings of a sweep: what its trials achieved over time, and the curve of each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.canvas import axis, canvas, message
from tracker.figures.colours import STATE_COLOURS
from tracker.figures.formats import escape, format_number, shorten
from tracker.records import Curve

if TYPE_CHECKING:
    import plotly.graph_objects as go

BEST_COLOUR: Final = "#e2762b"
_RUNG: Final = "rgba(128,128,128,0.55)"
_FADED: Final = 0.45
_SHOWN_PARAMETERS: Final = 6
_MINUTE_S, _HOUR_S = 120.0, 7200.0


@dataclass(frozen=True, slots=True)
class TrialMark:
    """One trial, as far as drawings go.

    Attributes
    ----------
    number : int
    state : str
    value : float or None
        By which it is compared.
    ended_s : float or None
        Seconds after the sweep began.
    params : dict
        Names, joined by dots, and values.
    run_id : str
        Empty where it has none.
    curve : Curve or None
        The metric, where it was read.
    name : str
        What it is called; empty for its number.
    is_prior : bool
        Whether it is one of the sweep that was extended.
    others : tuple of float or None
        The values of the metrics after the first, where there are several.
    """

    number: int
    state: str
    value: float | None
    ended_s: float | None
    params: dict[str, Any]
    run_id: str = ""
    curve: Curve | None = None
    name: str = ""
    is_prior: bool = False
    others: tuple[float | None, ...] = ()

    @property
    def title(self) -> str:
        """What it is called, not escaped."""
        return self.name or f"trial {self.number}"

    @property
    def colour(self) -> str:
        """The colour of its state."""
        return STATE_COLOURS.get(self.state, STATE_COLOURS["stopped"])

    @property
    def label(self) -> str:
        """Text of what it is, for pointing at it: safe HTML."""
        lines = [f"<b>{escape(shorten(self.title, 40))}</b> {escape(self.state)}"]
        for name, value in list(self.params.items())[:_SHOWN_PARAMETERS]:
            shown = format_number(value) if isinstance(value, float) else str(value)
            lines.append(f"{escape(shorten(name, 30))} = {escape(shorten(shown, 30))}")
        return "<br>".join(lines)


def progress_figure(
    trials: Sequence[TrialMark],
    metric: str,
    *,
    is_maximized: bool = False,
    title: str = "",
    since: str = "the sweep",
) -> go.Figure:
    """Draw the value of each trial that has ended, and the best so far, over time.

    Parameters
    ----------
    trials : sequence of TrialMark
    metric : str
        The name of the value, not yet escaped.
    is_maximized : bool
        Whether a larger one is better.
    title : str
        Not yet escaped.
    since : str
        What began at time 0. Default the sweep.
    """
    import plotly.graph_objects as go

    ended = [t for t in trials if t.value is not None and t.ended_s is not None]
    ended = sorted((t for t in ended if is_finite(t.value)), key=lambda t: t.ended_s or 0.0)
    if not ended:
        return message("No trial has ended with a value yet.", title)
    unit, scale = _unit(max(t.ended_s or 0.0 for t in ended))
    best_x, best_y = _best_so_far(ended, is_maximized=is_maximized)
    traces: list[Any] = [
        go.Scatter(
            x=[x / scale for x in best_x], y=best_y, mode="lines", name="best so far",
            line={"color": BEST_COLOUR, "width": 2, "shape": "hv"}, hoverinfo="skip",
        )
    ]  # fmt: skip
    for state in dict.fromkeys(t.state for t in ended):
        some = [t for t in ended if t.state == state]
        traces.append(
            go.Scatter(
                x=[(t.ended_s or 0.0) / scale for t in some], y=[t.value for t in some],
                mode="markers", name=state, customdata=[t.run_id for t in some],
                marker={"color": some[0].colour, "size": 7, "opacity": 0.85},
                text=[t.label for t in some],
                hovertemplate="%{text}<br>" + escape(shorten(metric, 30)) + " %{y}<extra></extra>",
            )
        )  # fmt: skip
    layout = canvas(title, xaxis=axis(f"{unit} since {since} began"), yaxis=axis(metric))
    return go.Figure(data=traces, layout=layout)


def trial_curves_figure(
    trials: Sequence[TrialMark], metric: str, rungs: Sequence[int] = (), *, title: str = ""
) -> go.Figure:
    """Draw the metric of each trial over its iterations, and where trials are judged.

    An iteration is one logged value, as for the rules that end trials; where curves are thinned
    they are drawn over steps, without rungs.

    Parameters
    ----------
    trials : sequence of TrialMark
        Those with a curve are drawn, the last ones on top.
    metric : str
        The name of the value, not yet escaped.
    rungs : sequence of int
        Iterations at which trials may be stopped.
    title : str
        Not yet escaped.
    """
    import plotly.graph_objects as go

    drawn = [t for t in trials if t.curve is not None and len(t.curve.x)]
    if not drawn:
        return message("No trial has logged the metric yet.", title)
    is_exact = all(t.curve is not None and t.curve.is_exact for t in drawn)
    traces, longest = [], 1.0
    for trial in drawn:
        assert trial.curve is not None
        x = list(range(1, len(trial.curve.x) + 1)) if is_exact else trial.curve.x.tolist()
        longest = max(longest, x[-1])
        traces.append(
            go.Scatter(
                x=x, y=trial.curve.y.tolist(), name=escape(shorten(trial.title, 40)),
                mode="lines" if len(x) > 1 else "markers", customdata=[trial.run_id] * len(x),
                line={"color": trial.colour, "width": 1.4}, marker={"color": trial.colour},
                opacity=1.0 if trial.state == "running" else _FADED,
                hovertemplate=f"{trial.label}<br>%{{x}}: %{{y}}<extra></extra>",
            )
        )  # fmt: skip
    shown = [rung for rung in rungs if is_exact and rung <= longest]
    layout = canvas(
        title,
        xaxis=axis("Iteration" if is_exact else "Step"), yaxis=axis(metric),
        shapes=[_rung(rung) for rung in shown],
        annotations=[_rung_words(rung) for rung in shown],
    )  # fmt: skip
    return go.Figure(data=traces, layout=layout)


def _rung(place: int) -> dict[str, Any]:
    line = {"color": _RUNG, "width": 1, "dash": "dot"}
    return {
        "type": "line", "x0": place, "x1": place, "yref": "paper", "y0": 0, "y1": 1, "line": line,
    }  # fmt: skip


def _rung_words(place: int) -> dict[str, Any]:
    return {
        "x": place, "y": 1, "yref": "paper", "yanchor": "bottom", "text": str(place),
        "showarrow": False, "font": {"size": 9},
    }  # fmt: skip


def _best_so_far(
    ended: Sequence[TrialMark], *, is_maximized: bool
) -> tuple[list[float], list[float]]:
    """Return the steps of the best value over time; a trial that failed is not the best."""
    sign = -1.0 if is_maximized else 1.0
    x: list[float] = []
    y: list[float] = []
    best = math.inf
    for trial in ended:
        if trial.value is None or trial.ended_s is None or trial.state in ("failed", "crashed"):
            continue
        if sign * trial.value < best:
            best = sign * trial.value
            x.append(trial.ended_s)
            y.append(trial.value)
    last = ended[-1].ended_s
    if x and last is not None:
        x.append(last)
        y.append(y[-1])
    return x, y


def _unit(longest_s: float) -> tuple[str, float]:
    if longest_s < _MINUTE_S:
        return "Seconds", 1.0
    return ("Minutes", 60.0) if longest_s < _HOUR_S else ("Hours", 3600.0)


def is_finite(value: float | None) -> bool:
    """Say whether there is a value, and a number that can be drawn."""
    return value is not None and math.isfinite(value)
