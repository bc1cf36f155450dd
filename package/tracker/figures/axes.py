"""The x-axis of a chart: steps, the time since the run began, or the time of day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tracker.errors import UsageError
from tracker.figures.formats import DAY_S, HOUR_S, MINUTE_S

XKind = Literal["step", "relative", "time"]


@dataclass(frozen=True, slots=True)
class XAxis:
    """What stands below a chart.

    Attributes
    ----------
    kind : {"step", "relative", "time"}
        Steps, seconds since the run began, or epoch seconds: what the curves' `x` holds.
    scale : float
        Number drawn for each unit of a curve's `x`: Plotly's dates count milliseconds, and
        long times are drawn in minutes, hours or days.
    title : str
        Not yet escaped.
    suffix : str
        Behind the numbers of the ticks.
    """

    kind: XKind = "step"
    scale: float = 1.0
    title: str = "Step"
    suffix: str = ""


def x_axis(kind: str, longest_s: float = 0.0, title: str | None = None) -> XAxis:
    """Make the axis for curves of a kind.

    Parameters
    ----------
    kind : {"step", "relative", "time"}
    longest_s : float
        Seconds that the axis must reach, which settle the unit of a relative time.
    title : str, optional
        Instead of the usual one, such as the name of the metric that is the x-axis.
    """
    if kind == "step":
        return XAxis("step", 1.0, title or "Step")
    if kind == "time":
        return XAxis("time", 1000.0, title or "Time (UTC)")
    if kind == "relative":
        unit, unit_s = _unit(longest_s)
        return XAxis("relative", 1.0 / unit_s, title or f"Relative time ({unit})", unit[0])
    raise UsageError(f"The x-axis is {kind!r}: expected 'step', 'relative' or 'time'.")


def _unit(longest_s: float) -> tuple[str, float]:
    if longest_s > 2 * DAY_S:
        return "days", float(DAY_S)
    if longest_s > 2 * HOUR_S:
        return "h", float(HOUR_S)
    if longest_s > 2 * MINUTE_S:
        return "min", float(MINUTE_S)
    return "s", 1.0
