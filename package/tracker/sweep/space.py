"""The search space of a sweep: draws points, counts them, and places them in a unit cube."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, TypeVar

from tracker.errors import UsageError
from tracker.sweep.axes import Axis
from tracker.sweep.distributions import Distribution, Kind
from tracker.sweep.lattice import Lattice, inner_last, is_active
from tracker.sweep.parameters import Parameter
from tracker.sweep.values import value_key

# Where a parameter is placed while its condition does not hold.
ABSENT = 0.5
# With more ordered levels than this a model takes them for a continuum.
MAX_LEVELS = 64


@dataclass(frozen=True, slots=True)
class Dimension:
    """One coordinate of the unit cube.

    Attributes
    ----------
    name : str
        The parameter's name in dots.
    kind : {"continuous", "ordered", "unordered"}
        Whether neighbouring positions mean similar values.
    levels : tuple of float or None
        The positions that there are, in order, where they are few; None where any will do.
    """

    name: str
    kind: Kind
    levels: tuple[float, ...] | None


class Space:
    """All parameters of a sweep together.

    Points are nested dicts as the training function gets them. Inside, names of nested
    parameters are joined with dots. A parameter whose condition does not hold is left out.

    Parameters
    ----------
    parameters : iterable of Parameter
        As `tracker.sweep.config.parse_sweep` reads them.

    Attributes
    ----------
    dimensions : list of Dimension
        The coordinates of the unit cube: all parameters with more than one value.
    conditions : list of tuple
        For each conditional dimension the name of another one and the positions there with
        which it is there; dimensions that others ask for come first.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self.parameters = tuple(parameters)
        by_name = {parameter.name: parameter for parameter in self.parameters}
        self._in_order = [by_name[name] for name in inner_last(by_name)]
        self._tried: dict[int, tuple[Mapping[str, Any], Hashable]] = {}
        self._on_grid: dict[int, tuple[Mapping[str, Any], int | None]] = {}
        self._searched = [p for p in self.parameters if p.distribution.size != 1]
        asked = {name for p in self.parameters for name in p.condition}
        self.dimensions = [_dimension(p, p.name in asked) for p in self._searched]
        self.conditions = [
            (p.name, *asked_of)
            for p in self._in_order
            if p.distribution.size != 1
            for asked_of in _asked_of(p, by_name)
        ]

    # --- points

    def sample(self, rng: Random) -> dict[str, Any]:
        """Draw one point, every parameter from its distribution."""
        flat: dict[str, Any] = {}
        for parameter in self._in_order:
            if is_active(parameter, flat):
                flat[parameter.name] = parameter.distribution.sample(rng)
        return self.nest(flat)

    def flatten(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of this space's parameters by dotted name; others are left out.

        Groups may be nested or already joined with dots.
        """
        found = ((p.name, _look_up(params, p.path)) for p in self.parameters)
        return {name: value for name, value in found if value is not _MISSING}

    def nest(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        """Return dotted values as nested dicts."""
        nested: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.name in flat:
                group = nested
                for name in parameter.path[:-1]:
                    group = group.setdefault(name, {})
                group[parameter.path[-1]] = flat[parameter.name]
        return nested

    def identity(self, params: Mapping[str, Any]) -> Hashable:
        """Return what two points have in common exactly if they are the same point."""
        flat = self.flatten(params)
        there: dict[str, Any] = {}
        for parameter in self._in_order:
            if parameter.name in flat and is_active(parameter, there):
                there[parameter.name] = flat[parameter.name]
        return frozenset((name, self._value_key(name, value)) for name, value in there.items())

    def tried(self, points: Iterable[Mapping[str, Any]]) -> set[Hashable]:
        """Return the identities of points, which are remembered: they must not be changed."""
        return set(_remembered(self._tried, points, self.identity))

    def tried_on_grid(self, points: Iterable[Mapping[str, Any]]) -> set[int | None]:
        """Return the places of points on the grid; they must not be changed."""
        return set(
            _remembered(self._on_grid, points, lambda p: self.grid.index_of(self.flatten(p)))
        )

    def _value_key(self, name: str, value: Any) -> Hashable:
        axis = self._supports.get(name)
        place = None if axis is None else axis.index_of(value)
        return value_key(value) if place is None else place

    @cached_property
    def _supports(self) -> dict[str, Axis | None]:
        return {p.name: p.distribution.support for p in self.parameters}

    # --- counting

    @property
    def size(self) -> int | None:
        """How many points there are; None where they cannot be counted."""
        return None if self.points is None else self.points.size

    @cached_property
    def points(self) -> Lattice | None:
        """All points that can be drawn, if they can be counted."""
        if any(support is None for support in self._supports.values()):
            return None
        return Lattice(self.parameters, lambda p: _need(p, p.distribution.support))

    @cached_property
    def grid(self) -> Lattice:
        """All points of a grid search, W&B's order.

        Raises
        ------
        UsageError
            Where a parameter has endlessly many values.
        """
        return Lattice(self.parameters, lambda p: _need(p, p.distribution.grid))

    # --- the unit cube of a model

    def to_unit(self, params: Mapping[str, Any]) -> list[float] | None:
        """Return a point's place in the unit cube, one number for each of ``dimensions``.

        Returns None for a point of another space: one that lacks a parameter or has a value
        that cannot be. A number outside its bounds may lie outside the cube.
        """
        flat = self.flatten(params)
        there: dict[str, Any] = {}
        for parameter in self._in_order:
            if is_active(parameter, there):
                if parameter.name not in flat:
                    return None
                there[parameter.name] = flat[parameter.name]
        places = [
            p.distribution.position(there[p.name]) if p.name in there else ABSENT
            for p in self._searched
        ]
        return None if None in places else [place for place in places if place is not None]

    def from_unit(self, places: Iterable[float]) -> dict[str, Any]:
        """Return the point at a place in the unit cube."""
        by_name = dict(zip((p.name for p in self._searched), places, strict=True))
        flat: dict[str, Any] = {}
        for parameter in self._in_order:
            if is_active(parameter, flat):
                place = float(by_name.get(parameter.name, ABSENT))
                flat[parameter.name] = parameter.distribution.at(place)
        return self.nest(flat)


Key = TypeVar("Key")


def _remembered(
    memory: dict[int, tuple[Mapping[str, Any], Key]],
    points: Iterable[Mapping[str, Any]],
    read: Callable[[Mapping[str, Any]], Key],
) -> Iterator[Key]:
    """Yield what is read of each point, once: a sampler asks for all trials each time."""
    for point in points:
        known = memory.get(id(point))
        # What is remembered keeps the point, so that no other one gets its id.
        if known is None or known[0] is not point:
            known = memory[id(point)] = (point, read(point))
        yield known[1]


def _dimension(parameter: Parameter, is_asked: bool) -> Dimension:
    distribution, levels = parameter.distribution, None
    axis = distribution.support
    has_steps = is_asked or distribution.kind == "unordered"
    if axis is not None and (has_steps or axis.size <= MAX_LEVELS):
        levels = _positions(distribution, (axis[place] for place in range(axis.size)))
    return Dimension(parameter.name, distribution.kind, levels)


def _positions(distribution: Distribution, values: Iterable[Any]) -> tuple[float, ...]:
    places = map(distribution.position, values)
    return tuple(sorted(place for place in places if place is not None))


def _asked_of(
    parameter: Parameter, by_name: Mapping[str, Parameter]
) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield the dimensions that a parameter depends on, through constants too."""
    for name, allowed in parameter.condition.items():
        other = by_name[name]
        if other.distribution.size == 1:
            yield from _asked_of(other, by_name)
        else:
            yield name, _positions(other.distribution, allowed)


_MISSING = object()


def _look_up(params: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    if path[0] in params and len(path) == 1:
        return params[path[0]]
    for length in range(1, len(path)):
        group = params.get(".".join(path[:length]), _MISSING)
        if isinstance(group, Mapping):
            value = _look_up(group, path[length:])
            if value is not _MISSING:
                return value
    return params.get(".".join(path), _MISSING)


def _need(parameter: Parameter, axis: Axis | None) -> Axis:
    if axis is None:
        raise UsageError(
            f"A grid search cannot try all values of {parameter.name}: give it values, whole "
            "min and max, or a quantised distribution, or use method random or bayes."
        )
    return axis
