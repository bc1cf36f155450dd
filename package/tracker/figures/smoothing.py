"""Smoothed curves: what the slider of a panel does.

The live panel smooths in the browser, so that the slider answers at once; its
``static/smoothing.js`` holds the same arithmetic, and a test compares the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from tracker.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tracker.records import Curve

    Floats = NDArray[np.float64]

SmoothingKind = Literal["time-weighted", "exponential", "gaussian", "average", "none"]

# Of the x-range: W&B's time weighting counts distances in thousandths of it.
_VIEWPORT_SCALE = 1000.0
_MAX_WEIGHT = 0.999
_MAX_SIGMA = 0.1
_MAX_WINDOW = 101


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How a curve is smoothed.

    Attributes
    ----------
    kind : {"time-weighted", "exponential", "gaussian", "average", "none"}
        See :func:`time_weighted`, :func:`exponential`, :func:`gaussian`,
        :func:`running_average`.
    amount : float
        From 0 (the curve as it is) to 1: the weight of the two exponential kinds; the
        share of the widest Gaussian (a standard deviation of a tenth of the x-range) or
        of the widest window (101 points).
    show_original : bool
        Keep the curve itself in the background.
    """

    kind: SmoothingKind = "time-weighted"
    amount: float = 0.0
    show_original: bool = True

    def __post_init__(self) -> None:
        if self.kind not in get_args(SmoothingKind):
            kinds = ", ".join(map(repr, get_args(SmoothingKind)))
            raise UsageError(f"The kind of smoothing is {self.kind!r}: expected one of {kinds}.")
        if not 0 <= self.amount <= 1:
            raise UsageError(f"The amount of smoothing is {self.amount!r}: expected 0 to 1.")


def smooth(x: Floats, y: Floats, smoothing: Smoothing) -> Floats:
    """Smooth `y` over `x` (ascending); where `y` is not finite the result is NaN."""
    if smoothing.kind == "none":
        return running_average(y, 1)
    if smoothing.kind == "time-weighted":
        return time_weighted(x, y, smoothing.amount)
    if smoothing.kind == "exponential":
        return exponential(y, smoothing.amount)
    if smoothing.kind == "gaussian":
        return gaussian(x, y, smoothing.amount * _MAX_SIGMA)
    return running_average(y, 1 + 2 * round(smoothing.amount * (_MAX_WINDOW - 1) / 2))


def time_weighted(x: Floats, y: Floats, weight: float) -> Floats:
    """Exponential moving average whose weights follow the distance on the x-axis.

    The algorithm that W&B documents as *Time weighted exponential moving average* (docs,
    "Smooth line plots"): the weight is ``min(sqrt(weight), 0.999)`` to the power of the
    distance to the point before, in thousandths of the x-range; the sum of the weights
    takes out the bias towards zero at the start. Lines of different density are smoothed
    alike, which the ordinary average does not do.
    """
    import numpy as np

    base = min(math.sqrt(weight), _MAX_WEIGHT)
    span = float(x[-1] - x[0]) if len(x) else 0.0
    result = np.full(len(y), math.nan)
    last = total = 0.0
    before = float(x[0]) if len(x) else 0.0
    for i, (at, value) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        if not math.isfinite(value):
            continue
        share = base ** ((at - before) / span * _VIEWPORT_SCALE) if span else 1.0
        last = last * share + value
        total = total * share + 1.0
        result[i] = last / total
        before = at
    return result


def exponential(y: Floats, weight: float) -> Floats:
    """Exponential moving average over the order of the points, without bias at the start.

    TensorBoard's smoothing: ``last = last * w + (1 - w) * value``, divided by
    ``1 - w ** n`` after n points (tensorboard, ``line-chart.ts``, `resmoothDataset`).
    """
    import numpy as np

    weight = min(weight, _MAX_WEIGHT)
    result = np.full(len(y), math.nan)
    last, unbias = 0.0, 1.0
    for i, value in enumerate(y.tolist()):
        if not math.isfinite(value):
            continue
        last = last * weight + (1.0 - weight) * value
        unbias *= weight
        result[i] = last / (1.0 - unbias)
    return result


def gaussian(x: Floats, y: Floats, sigma: float) -> Floats:
    """Mean of the points around, weighted by a Gaussian of their distance on the x-axis.

    Kernel regression after Nadaraya and Watson (1964), cut off at three standard
    deviations. `sigma` is a share of the x-range.
    """
    import numpy as np

    result = np.full(len(y), math.nan)
    good = np.flatnonzero(np.isfinite(y))
    if not len(good):
        return result
    places, values = x[good], y[good]
    width = sigma * float(places[-1] - places[0])
    if width <= 0:
        result[good] = values
        return result
    starts = np.searchsorted(places, places - 3 * width, side="left")
    ends = np.searchsorted(places, places + 3 * width, side="right")
    for i, start, end in zip(range(len(good)), starts, ends, strict=True):
        weights = np.exp(-0.5 * ((places[start:end] - places[i]) / width) ** 2)
        result[good[i]] = float(weights @ values[start:end]) / float(weights.sum())
    return result


def running_average(y: Floats, window: int) -> Floats:
    """Mean of a window of points centred on each; at the ends the window is cut, not moved.

    The boxcar filter (https://en.wikipedia.org/wiki/Moving_average), W&B's *Running average*.
    `window` is an odd number of points.
    """
    import numpy as np

    result = np.full(len(y), math.nan)
    good = np.flatnonzero(np.isfinite(y))
    half = window // 2
    values = y[good]
    for i in range(len(good)):
        result[good[i]] = float(np.mean(values[max(0, i - half) : i + half + 1]))
    return result


def representatives(
    curve: Curve, width: int = 640, low: float | None = None, high: float | None = None
) -> NDArray[np.intp]:
    """Return the places of the points that smoothing may use.

    A thinned curve consists of extremes, whose mean is not the mean of the curve: one
    spike a column would lift it severalfold. So of a thinned curve only the last point of
    each pixel column counts, which was chosen by its place and not by its value.

    Parameters
    ----------
    curve : Curve
    width, low, high
        Number and edges of the pixel columns that the curve was thinned by: those that
        :func:`tracker.store.series.curves.curves` was given or, by default, found.
    """
    import numpy as np

    x = curve.x
    low = float(x[0]) if low is None and len(x) else low
    high = float(x[-1]) if high is None and len(x) else high
    if curve.is_exact or low is None or high is None or high <= low:
        return np.arange(len(x))
    # The same arithmetic as that of the thinning, so that no point changes its column.
    column = np.clip(np.floor((x - low) * (width / (high - low))), 0, width - 1)
    is_last = np.append(column[1:] != column[:-1], True)
    is_last[0] = True
    return np.flatnonzero(is_last)
