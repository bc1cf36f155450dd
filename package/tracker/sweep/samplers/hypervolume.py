"""Which place promises most for two metrics at once? The expected gain of hypervolume.

What some losses dominate, up to a corner, is their hypervolume; what a place is expected to add to
it is an integral over what they do not dominate. That is cut into strips, over each of which it is
a product of one-dimensional expected improvements (Emmerich, Deutz and Klinkenberg,
"Hypervolume-based expected improvement: Monotonicity properties and exact computation", CEC 2011).
Its logarithm is taken, for the same reason as with one metric, and under noise each metric's share
of what an observation can tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, logsumexp, ndtr

from tracker.sweep.samplers.cube import Cube
from tracker.sweep.samplers.surrogate import Surrogate

Array = NDArray[np.float64]

# So many deviations below the mean the gain is what it tends to.
FAR = 1e3
# A difference below this is that of floating point.
LEAST = 1e-15
_LOG_ROOT = math.log(2 * math.pi) / 2


class LogHypervolumeGain:
    """How much hypervolume a place is expected to add, as a logarithm.

    Parameters
    ----------
    surrogates : sequence of two Surrogate
        What is known of each metric.
    cube : Cube
        The places that there are.
    front : array of shape (n, 2)
        What is to be improved on: losses that no other dominates.
    corner : array of shape (2,)
        Losses that are no gain: a place must be better by each of them.

    Attributes
    ----------
    length_scales : array
        How far in each column the metrics are alike.
    """

    def __init__(
        self, surrogates: Sequence[Surrogate], cube: Cube, front: Array, corner: Array
    ) -> None:
        self.surrogates, self.cube = surrogates, cube
        self.length_scales = np.min([each.length_scales for each in surrogates], axis=0)
        front = front[(front < corner).all(axis=1)]
        self._lower, self._upper = strips(front, corner)

    def at(self, places: Array) -> Array:
        """Return the values at places (m, d)."""
        columns = self.cube.columns(places)
        total = np.zeros((len(places), len(self._lower)))
        told = np.zeros(len(places))
        for number, surrogate in enumerate(self.surrogates):
            mean, deviation = surrogate.predict(columns)
            total += self._log_share(number, mean[:, None], deviation[:, None])
            told += _told(deviation, surrogate.noise)
        return np.asarray(logsumexp(total, axis=1) + told / len(self.surrogates))

    def with_gradient(self, place: Array) -> tuple[float, Array]:
        """Return the value at one place (d,) and its gradient."""
        column = self.cube.columns(place[None])
        total, told, slope = np.zeros(len(self._lower)), 0.0, 0.0
        by_strip = np.zeros((len(self._lower), len(place)))
        for number, surrogate in enumerate(self.surrogates):
            (mean,), (deviation,), *slopes = surrogate.predict(
                column, return_mean_grad=True, return_std_grad=True
            )
            mean_slope, deviation_slope = (each[self.cube.first] for each in slopes)
            share = self._log_share(number, mean, deviation)
            high, low = (
                (side[:, number] - mean) / deviation for side in (self._upper, self._lower)
            )
            by_mean = -np.exp(_log_difference(log_ndtr(high), log_ndtr(low)) - share)
            by_deviation = np.exp(_log_density(high) - share) - np.exp(_log_density(low) - share)
            by_strip += by_mean[:, None] * mean_slope + by_deviation[:, None] * deviation_slope
            total += share
            whole, noise = math.hypot(deviation, surrogate.noise), surrogate.noise
            told += float(_told(deviation, noise))
            slope = slope + noise * (whole + noise) / (deviation * whole**2) * deviation_slope
        value = float(logsumexp(total))
        gradient = np.exp(total - value) @ by_strip
        count = len(self.surrogates)
        return value + told / count, np.asarray(gradient + slope / count)

    def _log_share(self, number: int, mean: Any, deviation: Any) -> Array:
        """Return the logarithm of what one metric is expected to add within each strip."""
        high, low = (
            _log_gain((side[:, number] - mean) / deviation) for side in (self._upper, self._lower)
        )
        return np.asarray(np.log(deviation) + _log_difference(high, low))


def _told(deviation: Any, noise: float) -> Any:
    """Return the logarithm of the share of an observation that is no noise."""
    whole = np.hypot(deviation, noise)
    return 2 * np.log(deviation) - np.log(whole * (whole + noise))


def _log_difference(high: Array, low: Array) -> Array:
    """Return the logarithm of the difference of two numbers that are given by theirs."""
    return np.asarray(high + np.log(np.maximum(-np.expm1(low - high), LEAST)))


def _log_density(ratio: Array) -> Array:
    return np.asarray(-ratio * ratio / 2 - _LOG_ROOT)


def _log_gain(ratio: Array) -> Array:
    """Return the logarithm of what a standard normal value is expected to be below `ratio`."""
    near, far = ratio > -1.0, ratio < -FAR
    inner = np.where(near, ratio, 0.0)
    gain = np.exp(-inner * inner / 2 - _LOG_ROOT) + inner * ndtr(inner)
    depth = np.where(near | far, 1.0, -ratio)
    rest = 1.0 - depth * math.sqrt(math.pi / 2) * erfcx(depth / math.sqrt(2))
    depth = np.where(near, 1.0, -ratio)
    tail = np.where(far, -2 * np.log(depth), np.log(rest))
    return np.where(near, np.log(gain), -depth * depth / 2 - _LOG_ROOT + tail)


def strips(front: Array, corner: Array) -> tuple[Array, Array]:
    """Cut what no place of a front dominates, up to a corner, into strips along the second loss.

    Parameters
    ----------
    front : array of shape (n, 2)
        Places that do not dominate each other, all before the corner.
    corner : array of shape (2,)

    Returns
    -------
    lower, upper : arrays of shape (n + 1, 2)
        The strips' ends; minus infinity where one has none.
    """
    order = front[np.argsort(front[:, 0], kind="stable")]
    edges = np.concatenate([[-np.inf], order[:, 0], corner[:1]])
    heights = np.concatenate([corner[1:], order[:, 1]])
    lower = np.column_stack([edges[:-1], np.full(len(heights), -np.inf)])
    return lower, np.column_stack([edges[1:], heights])
