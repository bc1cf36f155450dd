"""The distributions that a parameter can have, W&B's names.

Every distribution maps the unit interval onto its values (``ppf``) and back (``cdf``). Models
use a second, symmetric pair: ``position`` is the middle of the stretch of the unit interval that
a value stands for, and ``at`` finds the value again.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from statistics import NormalDist
from typing import Any, Literal

from tracker.sweep.axes import Axis, Choices, Steps, decimal

Kind = Literal["continuous", "ordered", "unordered"]
# How far into the tails of an unbounded distribution a model looks: about 3.7 sigma.
TAIL = 1e-4


class Distribution(ABC):
    """A random value of one parameter.

    Attributes
    ----------
    support : Axis or None
        The values where they can be counted.
    """

    support: Axis | None = None

    @abstractmethod
    def ppf(self, unit: float) -> Any:
        """Return the value below which the share ``unit`` of all samples lies."""

    @abstractmethod
    def cdf(self, value: Any) -> float:
        """Return the share of all samples that are at most ``value``."""

    def sample(self, rng: Random) -> Any:
        """Draw one value."""
        return self.ppf(rng.random())

    @property
    def size(self) -> int | None:
        """How many values there are; None where they cannot be counted."""
        return None if self.support is None else self.support.size

    @property
    def grid(self) -> Axis | None:
        """The values that a grid search tries, None where there is no end of them."""
        return self.support

    @property
    def kind(self) -> Kind:
        """Whether neighbouring positions mean similar values."""
        return "continuous" if self.support is None else "ordered"

    def position(self, value: Any) -> float | None:
        """Return a value's place in the unit interval, None for a value of another kind.

        A number outside the bounds may lie outside the interval.
        """
        return self.cdf(value) if _is_number(value) else None

    def at(self, position: float) -> Any:
        """Return the value at a place of the unit interval; the way back of `position`."""
        return self.ppf(min(max(position, 0.0), 1.0))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class Uniform(Distribution):
    """A real number between two bounds, each as likely as the other."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = float(low), float(high)

    def ppf(self, unit: float) -> float:
        """Return the number at a share of the way from low to high."""
        between = self.low * (1 - unit) + self.high * unit
        return min(max(between, self.low), self.high)

    def cdf(self, value: float) -> float:
        """Return the share of the way, within 0 and 1."""
        return min(max(self._share(value), 0.0), 1.0)

    def position(self, value: Any) -> float | None:
        """Return the share of the way, also beyond the bounds."""
        return self._share(value) if _is_number(value) else None

    def _share(self, value: float) -> float:
        # In halves, so that the widest interval does not overflow.
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)


class LogUniform(Distribution):
    """A positive number whose logarithm is uniform.

    The inverse log-uniform distributions of W&B have the same law: 1/X is log-uniform too.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = float(low), float(high)
        self._log = Uniform(math.log(low), math.log(high))

    def ppf(self, unit: float) -> float:
        """Return the number at a share of the way in logarithms."""
        return min(max(math.exp(self._log.ppf(unit)), self.low), self.high)

    def cdf(self, value: float) -> float:
        """Return the share of the way in logarithms; 0 for what has none."""
        return self._log.cdf(math.log(value)) if value > 0 else 0.0

    def position(self, value: Any) -> float | None:
        """Return the share of the way in logarithms, also beyond the bounds."""
        return self._log.position(math.log(value)) if _is_number(value) and value > 0 else None


class Normal(Distribution):
    """A normally distributed number."""

    low, high = -math.inf, math.inf

    def __init__(self, mu: float, sigma: float) -> None:
        self._normal = NormalDist(mu, sigma)

    def ppf(self, unit: float) -> float:
        """Return the quantile; infinite at 0 and 1."""
        if not 0 < unit < 1:
            return -math.inf if unit <= 0 else math.inf
        return self._normal.inv_cdf(unit)

    def cdf(self, value: float) -> float:
        """Return the share of numbers below."""
        return self._normal.cdf(value)

    def sample(self, rng: Random) -> float:
        """Draw one number, never an infinite one."""
        return self.ppf(rng.random() or TAIL)

    def at(self, position: float) -> float:
        """Return the quantile, the tails cut."""
        return self.ppf(min(max(position, TAIL), 1 - TAIL))


class LogNormal(Normal):
    """A positive number whose logarithm is normally distributed."""

    low = 0.0

    def ppf(self, unit: float) -> float:
        """Return the quantile; 0 at 0, infinite at 1."""
        return _exp(super().ppf(unit))

    def cdf(self, value: float) -> float:
        """Return the share of numbers below."""
        return super().cdf(math.log(value)) if value > 0 else 0.0


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


class Beta(Distribution):
    """A number between 0 and 1 with the beta distribution."""

    low, high = 0.0, 1.0

    def __init__(self, a: float, b: float) -> None:
        self._a, self._b = float(a), float(b)

    def ppf(self, unit: float) -> float:
        """Return the quantile."""
        from scipy.special import betaincinv

        return float(betaincinv(self._a, self._b, unit))

    def cdf(self, value: float) -> float:
        """Return the share of numbers below."""
        from scipy.special import betainc

        return float(betainc(self._a, self._b, min(max(value, 0.0), 1.0)))


Continuous = Uniform | LogUniform | Normal | Beta


class Quantised(Distribution):
    """A continuous distribution rounded to the nearest multiple of ``q`` within its bounds.

    Parameters
    ----------
    inner : Distribution
        What is rounded.
    q : int or float
        The step. Values are integers where it is one.
    grid_start : float, optional
        Where a grid search starts to count in steps of ``q``, up to but without the upper
        bound, as W&B's does for ``q_uniform``. Default: the multiples of ``q``.
    """

    def __init__(self, inner: Continuous, q: float, grid_start: float | None = None) -> None:
        self._inner, self._q = inner, q
        self._step = decimal(q)
        self._grid_start = grid_start
        self._first, self._last = self._bounds()
        if math.isfinite(inner.low) and math.isfinite(inner.high):
            count = int(self._last - self._first) + 1
            start = int(self._first) * self._step
            self.support = Steps(start, self._step, count, isinstance(q, int))

    def _bounds(self) -> tuple[float, float]:
        low, high = self._inner.low, self._inner.high
        first = math.ceil(decimal(low) / self._step) if math.isfinite(low) else low
        last = math.floor(decimal(high) / self._step) if math.isfinite(high) else high
        if first <= last:
            return first, last
        # No multiple lies between the bounds: the nearest ones, as W&B gives them.
        return round(low / self._q), round(high / self._q)

    @property
    def grid(self) -> Axis | None:
        """The values that a grid search tries."""
        if self._grid_start is None:
            return self.support
        start, high = decimal(self._grid_start), decimal(self._inner.high)
        count = math.ceil((high - start) / self._step)
        whole = isinstance(self._q, int) and start == int(start)
        return Steps(start, self._step, count, whole)

    def ppf(self, unit: float) -> float:
        """Return the rounded quantile."""
        return self._multiple(self._inner.ppf(unit))

    def sample(self, rng: Random) -> float:
        """Draw one value."""
        return self._multiple(self._inner.sample(rng))

    def at(self, position: float) -> float:
        """Return the value at a place of the unit interval."""
        return self._multiple(self._inner.at(position))

    def _multiple(self, value: float) -> float:
        if not math.isfinite(value):
            return value
        steps = int(min(max(round(value / self._q), self._first), self._last))
        return steps * self._q if isinstance(self._q, int) else float(steps * self._step)

    def cdf(self, value: float) -> float:
        """Return the share of values that are at most ``value``."""
        return self._upper_edge(math.floor(value / self._q + 1e-9))

    def _upper_edge(self, steps: float) -> float:
        if steps >= self._last:
            return 1.0
        return self._inner.cdf((steps + 0.5) * self._q) if steps >= self._first else 0.0

    @property
    def kind(self) -> Kind:
        """Multiples have an order."""
        return "ordered"

    def position(self, value: Any) -> float | None:
        """Return the middle of the stretch that is rounded to this value."""
        if not _is_number(value):
            return None
        steps = round(value / self._q)
        return (self._upper_edge(steps - 1) + self._upper_edge(steps)) / 2


class IntUniform(Distribution):
    """An integer between two bounds, both included."""

    support: Steps

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self._count = high - low + 1
        self.support = Steps(decimal(low), decimal(1), self._count, whole=True)

    def ppf(self, unit: float) -> int:
        """Return the integer at a share of the way."""
        return self.low + min(int(unit * self._count), self._count - 1)

    def cdf(self, value: float) -> float:
        """Return the share of integers that are at most ``value``."""
        return min(max((math.floor(value) - self.low + 1) / self._count, 0.0), 1.0)

    def position(self, value: Any) -> float | None:
        """Return the middle of the integer's stretch, also beyond the bounds."""
        return (value - self.low + 0.5) / self._count if _is_number(value) else None


class Categorical(Distribution):
    """One of a list of values of any kind.

    Three or more numbers have an order for models; everything else is a name.

    Parameters
    ----------
    values : sequence
        Plain values. One that is there twice is twice as likely, and still one value.
    probabilities : sequence of float, optional
        One for each value, adding up to 1. Default: all alike.
    """

    support: Choices

    def __init__(self, values: Sequence[Any], probabilities: Sequence[float] | None = None) -> None:
        weights = probabilities or [1.0] * len(values)
        pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if weight]
        self.support = Choices([value for value, _ in pairs])
        shares = [0.0] * self.support.size
        for value, weight in pairs:
            shares[self.support.index_of(value) or 0] += weight / math.fsum(weights)
        self._edges = [*accumulate(shares)]
        self._ranks = self._order()

    def _order(self) -> list[int] | None:
        """Return each value's rank among the others, None where they have no order."""
        values = self.support.values
        if len(values) < 3 or not all(map(_is_number, values)):
            return None
        in_order = sorted(range(len(values)), key=values.__getitem__)
        ranks = {place: rank for rank, place in enumerate(in_order)}
        return [ranks[place] for place in range(len(values))]

    @property
    def kind(self) -> Kind:
        """Whether the values are numbers."""
        return "unordered" if self._ranks is None else "ordered"

    def ppf(self, unit: float) -> Any:
        """Return the value at a share of the way through the list."""
        return self.support[min(bisect_right(self._edges, unit), self.support.size - 1)]

    def cdf(self, value: Any) -> float:
        """Return the share of the list up to and with this value; 0 for a stranger."""
        place = self.support.index_of(value)
        return 0.0 if place is None else min(self._edges[place], 1.0)

    def position(self, value: Any) -> float | None:
        """Return the middle of the value's share of the interval, all shares alike."""
        place = self.support.index_of(value)
        if place is None:
            return None
        return ((self._ranks[place] if self._ranks else place) + 0.5) / self.support.size

    def at(self, position: float) -> Any:
        """Return the value whose stretch holds this position."""
        count = self.support.size
        rank = min(max(int(position * count), 0), count - 1)
        return self.support[self._ranks.index(rank) if self._ranks else rank]


class Constant(Categorical):
    """Always the same value."""

    def __init__(self, value: Any) -> None:
        super().__init__([value])
