"""Which place promises most? The logarithm of the expected improvement, and its maximum.

The expected improvement is scikit-optimize's. Far from the optimum it is 0 in floating point and
leads a search nowhere; its logarithm, there by what it tends to, does not (Ament et al.,
"Unexpected Improvements to Expected Improvement for Bayesian Optimization", NeurIPS 2023).

Under noise it is multiplied by what one more observation can tell (Huang, Allen, Notz and Zeng,
"Global Optimization of Stochastic Black-Box Systems via Sequential Kriging Meta-Models", Journal of
Global Optimization 2006, section 3): else a search tries the same place again and again in the hope
of a lucky draw.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from skopt.acquisition import gaussian_ei

from tracker.sweep.samplers.cube import Cube
from tracker.sweep.samplers.surrogate import Surrogate

Array = NDArray[np.float64]

# An expected improvement below this is that of floating point, not of the model.
LEAST_GAIN = 1e-290
SPREAD, NEARBY = 1024, 256
STARTS = 8
ROUNDS = 10


class Gain(Protocol):
    """What a place promises."""

    length_scales: Array

    def at(self, places: Array) -> Array:
        """Return the values at places (m, d)."""

    def with_gradient(self, place: Array) -> tuple[float, Array]:
        """Return the value at one place (d,) and its gradient."""


class LogExpectedImprovement:
    """How much better than the best a place is expected to be, as a logarithm.

    Parameters
    ----------
    surrogate : Surrogate
        What is known of the metric.
    cube : Cube
        The places that there are.
    best : float
        The value to improve on. Under noise that is the best expected, not the best observed.
    """

    def __init__(self, surrogate: Surrogate, cube: Cube, best: float) -> None:
        self.surrogate, self.cube = surrogate, cube
        self.length_scales = surrogate.length_scales
        self._best, self._noise = best, surrogate.noise

    def at(self, places: Array) -> Array:
        """Return the values at places (m, d)."""
        said = _Said(self.surrogate)
        gain = gaussian_ei(self.cube.columns(places), said, self._best, xi=0.0)
        mean, deviation = said.answer
        ratio = np.minimum((self._best - mean) / deviation, -1.0)
        far = -ratio * ratio / 2 - 2 * np.log(-ratio) - math.log(2 * math.pi) / 2
        near = np.log(np.maximum(gain, LEAST_GAIN))
        value = np.where(gain > LEAST_GAIN, near, far + np.log(deviation))
        total = np.hypot(deviation, self._noise)
        # What an observation can tell is 1 - noise / total; here so that it never rounds to 0.
        told = 2 * np.log(deviation) - np.log(total * (total + self._noise))
        return np.asarray(value + told)

    def with_gradient(self, place: Array) -> tuple[float, Array]:
        """Return the value at one place (d,) and its gradient."""
        said = _Said(self.surrogate)
        column = self.cube.columns(place[None])
        (gain,), by_gain = gaussian_ei(column, said, self._best, xi=0.0, return_grad=True)
        (mean,), (deviation,), mean_slope, slope = said.answer
        if gain > LEAST_GAIN:
            value, gradient = math.log(gain), by_gain / gain
        else:
            ratio = (self._best - mean) / deviation
            value = -ratio * ratio / 2 - math.log(
                ratio * ratio * math.sqrt(2 * math.pi) / deviation
            )
            by_ratio = -(mean_slope + ratio * slope) / deviation
            gradient = slope / deviation - (ratio + 2 / ratio) * by_ratio
        total = math.hypot(deviation, self._noise)
        told = 2 * math.log(deviation) - math.log(total * (total + self._noise))
        by_told = self._noise * (total + self._noise) / (deviation * total**2)
        return value + told, (gradient + by_told * slope)[self.cube.first]


class _Said:
    """A model that remembers its last answer: the gain is not all that is asked of it."""

    def __init__(self, surrogate: Surrogate) -> None:
        self._surrogate = surrogate
        self.answer: Any = ()

    def predict(self, places: Array, **wanted: bool) -> Any:
        """Answer as scikit-optimize's model does."""
        self.answer = self._surrogate.predict(places, **wanted)
        return self.answer


def maximize(gain: Gain, cube: Cube, good: Array, rng: np.random.Generator) -> Array:
    """Return places of high gain, the highest first.

    Candidates all over the cube and around the good places; from the best ones, and from some
    drawn by their gain, a local search: gradients in the smooth dimensions, all levels one
    dimension after the other in the stepped ones, in turns until nothing moves.

    Parameters
    ----------
    gain : Gain
        What to maximise.
    cube : Cube
        The places that there are.
    good : array of shape (m, d)
        Places with the best expected values, the best first.
    rng : Generator
        Random numbers.
    """
    spread = cube.draw(SPREAD, rng)
    around = cube.near(good[rng.integers(len(good), size=NEARBY)], rng)
    candidates = np.vstack([spread, around, cube.snap(good[:1])])
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


def _climb(gain: Gain, cube: Cube, place: Array, value: float) -> tuple[Array, float]:
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


def _climb_smoothly(gain: Gain, cube: Cube, place: Array, value: float) -> tuple[Array, float]:
    """Follow the gradient, in units of the length scales so that all dimensions are alike."""
    smooth = cube.smooth(place)
    if not len(smooth):
        return place, value
    unit = gain.length_scales[cube.first][smooth]

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
