"""Reads curves for charts: whole, or a stretch of them closely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tracker.figures.smoothing import representatives
from tracker.panels.curves.charts import Ask, Span
from tracker.records import Curve
from tracker.store.database.connection import Connection
from tracker.store.series.curves import curves

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A curve that was read, and which of its points smoothing may use (None: all)."""

    curve: Curve
    base: NDArray[np.intp] | None = None


CurveReader = Callable[[float | None, float | None], dict[int, Curve]]


def read_readings(read: CurveReader, ask: Ask) -> dict[int, Reading]:
    """Read curves that share a chart; over a stretch, the whole curves stay around it.

    Parameters
    ----------
    read : callable
        Reads the curves between two places of the x-axis, which may be None.
    ask : Ask
    """
    found = _readings(read(None, None), ask.width, None)
    if ask.span is None:
        return found
    parts = _readings(read(*ask.span), ask.width, ask.span)
    return {key: merged(found[key], part) for key, part in parts.items()}


def read_together(db: Connection, series_keys: Sequence[int], ask: Ask) -> dict[int, Reading]:
    """Read curves that share a chart, over steps or time."""

    def read(low: float | None, high: float | None) -> dict[int, Curve]:
        return curves(db, series_keys, x=ask.x, width=ask.width, lo=low, hi=high)

    return read_readings(read, ask)


def _readings(found: dict[int, Curve], width: int, span: Span | None) -> dict[int, Reading]:
    low, high = span or _extent(found.values())
    return {
        key: Reading(curve, None if curve.is_exact else representatives(curve, width, low, high))
        for key, curve in found.items()
    }


def _extent(found: Iterable[Curve]) -> Span:
    xs = [curve.x for curve in found if len(curve.x)]
    return min((float(x[0]) for x in xs), default=0.0), max((float(x[-1]) for x in xs), default=0.0)


def merged(whole: Reading, part: Reading) -> Reading:
    """Put a stretch that was read closely into the whole curve, so that lines go on beyond it."""
    import numpy as np

    inner, outer = part.curve, whole.curve
    if not len(inner.x):
        return whole
    before = int(np.searchsorted(outer.x, inner.x[0], side="left"))
    after = int(np.searchsorted(outer.x, inner.x[-1], side="right"))
    x = np.concatenate((outer.x[:before], inner.x, outer.x[after:]))
    y = np.concatenate((outer.y[:before], inner.y, outer.y[after:]))
    curve = replace(inner, x=x, y=y, total=outer.total)
    if part.base is None:
        return Reading(curve)
    around = np.arange(len(outer.x)) if whole.base is None else whole.base
    base = np.concatenate(
        (
            around[around < before],
            part.base + before,
            around[around >= after] + before + len(inner.x) - after,
        )
    )
    return Reading(curve, base)
