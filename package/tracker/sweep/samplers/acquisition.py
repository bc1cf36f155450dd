"""Which place promises most? The logarithm of the expected improvement, and its maximum.

Ament et al., "Unexpected Improvements to Expected Improvement for Bayesian Optimization",
NeurIPS 2023: far from the optimum the expected improvement is 0 in floating point and leads a
search nowhere; its logarithm does not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import erfcx, log_ndtr, ndtr
from scipy.stats import qmc

from tracker.sweep.samplers.cube import Cube
from tracker.sweep.samplers.surrogate import Surrogate

Array = NDArray[np.float64]

SPREAD, NEARBY = 1024, 256
STARTS = 8
ROUNDS = 10


class LogExpectedImprovement:
    """How much better than the best a place is expected to be, as a logarithm.

    Parameters
    ----------
    surrogate : Surrogate
        What is known of the metric.
    best : float
        The value to improve on. Under noise that is the best expected, not the best observed.
    """

    def __init__(self, surrogate: Surrogate, best: float) -> None:
        self.surrogate = surrogate
        self._best = best

    def at(self, places: Array) -> Array:
        """Return the values at places (m, d)."""
        mean, variance = self.surrogate.predict(places)
        deviation = np.sqrt(variance)
        return np.asarray(_log_h((self._best - mean) / deviation) + np.log(deviation))

    def with_gradient(self, place: Array) -> tuple[float, Array]:
        """Return the value at one place (d,) and its gradient."""
        mean, variance, mean_slope, variance_slope = self.surrogate.predict_with_gradients(place)
        deviation = math.sqrt(variance)
        slope = variance_slope / (2 * deviation)
        ratio = (self._best - mean) / deviation
        log_h = float(_log_h(np.array([ratio]))[0])
        by_ratio = math.exp(float(log_ndtr(ratio)) - log_h)
        gradient = by_ratio * (-mean_slope - ratio * slope) / deviation + slope / deviation
        return log_h + math.log(deviation), gradient


def _log_h(ratio: Array) -> Array:
    """Return log(φ(z) + z Φ(z)) for any z, section 4.1 of the paper."""
    near = np.maximum(ratio, -1.0)
    direct = np.log(np.exp(-near * near / 2) / math.sqrt(2 * math.pi) + near * ndtr(near))
    far = np.clip(ratio, -1e100, -1.0)
    middle = np.maximum(far, -50.0)
    tail = np.where(
        far < -50.0,
        -2 * np.log(-far),
        np.log1p(math.sqrt(math.pi / 2) * middle * erfcx(-middle / math.sqrt(2))),
    )
    asymptotic = -far * far / 2 - math.log(2 * math.pi) / 2 + tail
    return np.asarray(np.where(ratio > -1.0, direct, asymptotic))


def maximize(
    gain: LogExpectedImprovement, cube: Cube, good: Array, rng: np.random.Generator
) -> Array:
    """Return places of high gain, the highest first.

    Candidates all over the cube and around the good places; from the best ones, and from some
    drawn by their gain, a local search: gradients in the smooth dimensions, all levels one
    dimension after the other in the stepped ones, in turns until nothing moves.

    Parameters
    ----------
    gain : LogExpectedImprovement
        What to maximise.
    cube : Cube
        The places that there are.
    good : array of shape (m, d)
        Places with the best expected values, the best first.
    rng : Generator
        Random numbers.
    """
    spread = qmc.Sobol(cube.width, seed=rng).random(SPREAD)
    around = cube.near(good[rng.integers(len(good), size=NEARBY)], rng)
    candidates = np.vstack([cube.snap(spread), around, cube.snap(good[:1])])
    values = gain.at(candidates)
    starts = _drawn(values, rng)
    found = [_climb(gain, cube, candidates[n], values[n]) for n in [*starts, len(values) - 1]]
    found.sort(key=lambda each: -each[1])
    rest = candidates[np.argsort(-values, kind="stable")]
    return np.vstack([*(place for place, _ in found), rest])


def _drawn(values: Array, rng: np.random.Generator) -> list[int]:
    best = int(np.argmax(values))
    chances = np.exp(values - values[best])
    chances[best] = 0.0
    count = min(STARTS - 1, int((chances > 0).sum()))
    if count == 0:
        return [best]
    drawn = rng.choice(len(values), count, replace=False, p=chances / chances.sum())
    return [best, *map(int, drawn)]


def _climb(
    gain: LogExpectedImprovement, cube: Cube, place: Array, value: float
) -> tuple[Array, float]:
    for _ in range(ROUNDS):
        before = value
        place, value = _climb_smoothly(gain, cube, place, value)
        stepped = False
        for number in cube.stepped:
            others = cube.along(place, number)
            values = gain.at(others)
            best = int(np.argmax(values))
            if values[best] > value + 1e-9:
                place, value, stepped = others[best], float(values[best]), True
        if not stepped or value - before < 1e-4:
            break
    return place, value


def _climb_smoothly(
    gain: LogExpectedImprovement, cube: Cube, place: Array, value: float
) -> tuple[Array, float]:
    """Follow the gradient, in units of the length scales so that all dimensions are alike."""
    smooth = cube.smooth(place)
    if not len(smooth):
        return place, value
    unit = gain.surrogate.length_scales[smooth]

    def loss(moved: Array) -> tuple[float, Array]:
        there = place.copy()
        there[smooth] = moved * unit
        height, gradient = gain.with_gradient(there)
        return -height, -gradient[smooth] * unit

    bounds = [(0.0, 1 / each) for each in unit]
    begin = place[smooth] / unit
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds)
    if -found.fun <= value:
        return place, value
    moved = place.copy()
    moved[smooth] = np.clip(found.x * unit, 0.0, 1.0)
    return moved, float(-found.fun)
