"""The unit cube of a space as arrays: which places there are, and which are next to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skopt.sampler import Lhs
from skopt.space import Categorical, Real
from skopt.space import Space as Dimensions

from tracker.sweep.space import ABSENT, Dimension, Space

Array = NDArray[np.float64]


class Cube:
    """The places of a space.

    Parameters
    ----------
    space : Space
        A space with at least one dimension.

    Attributes
    ----------
    width : int
        The number of dimensions.
    unordered : array of bool
        Dimensions in which two places are either the same or different.
    stepped : list of int
        Dimensions with few levels.
    dimensions : list of skopt.space.Dimension
        The same as scikit-optimize has them.
    first : list of int
        The first column of each dimension in what `columns` returns.
    """

    def __init__(self, space: Space) -> None:
        dimensions = space.dimensions
        self.width = len(dimensions)
        self.unordered = np.array([each.kind == "unordered" for each in dimensions])
        self.levels: list[Array] = [
            np.array([] if each.levels is None else each.levels) for each in dimensions
        ]
        self.stepped = [n for n, each in enumerate(dimensions) if each.levels is not None]
        self._smooth = np.array([each.levels is None for each in dimensions])
        conditional = {name for name, _, _ in space.conditions}
        self.dimensions = [_dimension(each, each.name in conditional) for each in dimensions]
        self._codes = [_codes(each) for each in self.dimensions]
        widths = [1 if codes is None else codes.shape[1] for _, codes in self._codes]
        self.first: list[int] = np.cumsum([0, *widths[:-1]]).tolist()
        column = {each.name: n for n, each in enumerate(dimensions)}
        self._conditions = [
            (column[name], column[other], np.array(places))
            for name, other, places in space.conditions
        ]

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Return random places all over the space."""
        drawn = Dimensions(self.dimensions).rvs(count, int(rng.integers(2**31)))
        return self.snap(np.array(drawn, dtype=float))

    def spread(self, count: int, seed: int) -> Array:
        """Return a few places that are far from each other, the same ones for a seed."""
        sampler = Lhs(criterion="maximin", iterations=100)
        return self.snap(np.array(sampler.generate(self.dimensions, count, seed), dtype=float))

    def columns(self, places: Array) -> Array:
        """Return places as a model sees them: unordered dimensions one-hot."""
        columns = [
            column[:, None] if codes is None else codes[np.searchsorted(levels, column)]
            for column, (levels, codes) in zip(places.T, self._codes, strict=True)
        ]
        return np.hstack(columns)

    def snap(self, places: Array) -> Array:
        """Return the nearest places that there are, one for each row."""
        snapped = np.clip(places, 0.0, 1.0)
        for number in self.stepped:
            levels = self.levels[number]
            middles = (levels[1:] + levels[:-1]) / 2
            snapped[:, number] = levels[np.searchsorted(middles, snapped[:, number])]
        snapped[~self.present(snapped)] = ABSENT
        return snapped

    def present(self, places: Array) -> NDArray[np.bool_]:
        """Return for each place and dimension whether its parameter's condition holds."""
        there = np.ones(places.shape, dtype=bool)
        for child, parent, allowed in self._conditions:
            fits = np.isclose(places[:, parent, None], allowed, atol=1e-9).any(axis=1)
            there[:, child] &= there[:, parent] & fits
        return there

    def smooth(self, place: Array) -> NDArray[np.intp]:
        """Return the dimensions in which a place can be moved by any amount."""
        return np.flatnonzero(self._smooth & self.present(place[None])[0])

    def along(self, place: Array, number: int) -> Array:
        """Return the place with each level of one dimension, all else alike."""
        levels = self.levels[number]
        places = np.repeat(place[None], len(levels), axis=0)
        places[:, number] = levels
        return self.snap(places)

    def near(self, places: Array, rng: np.random.Generator) -> Array:
        """Return random places around given ones, some near, some farther away."""
        shape = places.shape
        moved = places + 10 ** rng.uniform(-3, -0.7, (len(places), 1)) * rng.normal(size=shape)
        for number in self.stepped:
            levels = self.levels[number]
            chosen = levels[self._neighbours(places[:, number], number, rng)]
            stays = rng.random(len(places)) < 0.75
            moved[:, number] = np.where(stays, places[:, number], chosen)
        return self.snap(moved)

    def _neighbours(self, column: Array, number: int, rng: np.random.Generator) -> NDArray[np.intp]:
        count = len(self.levels[number])
        if self.unordered[number]:
            return rng.integers(count, size=len(column))
        index: NDArray[np.intp] = np.searchsorted(self.levels[number], column - 1e-9)
        moved: NDArray[np.intp] = np.clip(index + rng.choice([-1, 1], len(column)), 0, count - 1)
        return moved


def _dimension(dimension: Dimension, is_conditional: bool) -> Real | Categorical:
    if dimension.levels is None:
        return Real(0.0, 1.0)
    levels = dimension.levels
    if dimension.kind == "ordered":
        return Categorical(levels, transform="identity")
    if is_conditional and ABSENT not in levels:
        levels = (*sorted([*levels, ABSENT]),)
    return Categorical(levels, transform="onehot")


def _codes(dimension: Real | Categorical) -> tuple[Array, Array | None]:
    """Return the levels of an unordered dimension and their columns, None for any other."""
    if dimension.transform_ != "onehot":
        return np.array([]), None
    levels = np.array(dimension.categories)
    return levels, np.asarray(dimension.transform(levels), dtype=float)
