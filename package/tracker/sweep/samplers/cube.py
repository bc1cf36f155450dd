"""The unit cube of a space as arrays: which places there are, and which are next to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skopt.sampler import Lhs
from skopt.space import Categorical, Real
from skopt.space import Space as Dimensions

from tracker.sweep.space import ABSENT, Dimension, Space

Array = NDArray[np.float64]

# Stands for all levels of an unordered dimension that a model does not know; none is below 0.
UNKNOWN = -1.0


class Cube:
    """The places of a space.

    Parameters
    ----------
    space : Space
        A space with at least one dimension.
    known : array of shape (n, d), optional
        The places that a model knows. To it all other levels of an unordered dimension are alike,
        so they share a column: thousands of levels are then as few columns as there are trials.

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

    def __init__(self, space: Space, known: Array | None = None) -> None:
        dimensions = space.dimensions
        self.width = len(dimensions)
        self.unordered = np.array([each.kind == "unordered" for each in dimensions])
        self.levels: list[Array] = [
            np.array([] if each.levels is None else each.levels) for each in dimensions
        ]
        self.stepped = [n for n, each in enumerate(dimensions) if each.levels is not None]
        self._smooth = np.array([each.levels is None for each in dimensions])
        self.dimensions = [_dimension(each) for each in dimensions]
        known = np.empty((0, self.width)) if known is None else known
        conditional = {name for name, _, _ in space.conditions}
        self._codes = [
            _Codes(levels, column, each.name in conditional) if each.kind == "unordered" else None
            for each, levels, column in zip(dimensions, self.levels, known.T, strict=True)
        ]
        widths = [1 if codes is None else codes.width for codes in self._codes]
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
            column[:, None] if codes is None else codes.columns(column)
            for column, codes in zip(places.T, self._codes, strict=True)
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


def _dimension(dimension: Dimension) -> Real | Categorical:
    if dimension.levels is None:
        return Real(0.0, 1.0)
    return Categorical(dimension.levels, transform="identity")


class _Codes:
    """The columns of an unordered dimension: scikit-optimize's, of the levels that are known."""

    def __init__(self, levels: Array, known: Array, is_conditional: bool) -> None:
        self._known = np.unique(known)
        possible = [*levels, ABSENT] if is_conditional else levels
        are_all = np.isin(possible, self._known).all()
        rows = [*self._known] if are_all else [*self._known, UNKNOWN]
        encoder = Categorical(rows, transform="onehot")
        self._columns = np.asarray(encoder.transform(rows), dtype=float)
        self.width = self._columns.shape[1]

    def columns(self, places: Array) -> Array:
        rows = np.searchsorted(self._known, places)
        rows[~np.isin(places, self._known)] = len(self._known)
        return np.asarray(self._columns[rows])
