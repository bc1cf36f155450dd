"""All points of a finite space in order, counted and found without ever listing them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.errors import UsageError
from tracker.sweep.axes import Axis
from tracker.sweep.parameters import Parameter
from tracker.sweep.values import value_key

MAX_BLOCKS = 100_000


@dataclass(frozen=True, slots=True)
class _Block:
    """The points that share the values of all parameters that conditions ask for."""

    fixed: dict[str, Any]
    axes: tuple[tuple[str, Axis], ...]
    offset: int
    size: int


class Lattice:
    """The points of a space with countable parameters; the last name changes fastest.

    Parameters
    ----------
    parameters : sequence of Parameter
        In the order in which they change, slowest first.
    axis_of : callable
        Gives the values of one parameter.

    Attributes
    ----------
    size : int
        How many points there are.
    """

    def __init__(
        self, parameters: Sequence[Parameter], axis_of: Callable[[Parameter], Axis]
    ) -> None:
        self._axes = {parameter.name: axis_of(parameter) for parameter in parameters}
        self._parameters = {parameter.name: parameter for parameter in parameters}
        asked = {name for parameter in parameters for name in parameter.condition}
        self._asked = [name for name in inner_last(self._parameters) if name in asked]
        self._blocks: dict[tuple[int | None, ...], _Block] = {}
        self.size = 0
        for places in self._assignments((), {}):
            self._add(places)

    def _assignments(
        self, places: tuple[int | None, ...], fixed: dict[str, Any]
    ) -> Iterator[tuple[int | None, ...]]:
        if len(places) == len(self._asked):
            yield places
            return
        name = self._asked[len(places)]
        if not is_active(self._parameters[name], fixed):
            yield from self._assignments((*places, None), fixed)
            return
        axis = self._axes[name]
        for place in range(axis.size):
            yield from self._assignments((*places, place), {**fixed, name: axis[place]})

    def _add(self, places: tuple[int | None, ...]) -> None:
        if len(self._blocks) >= MAX_BLOCKS:
            names = ", ".join(self._asked)
            raise UsageError(
                f"The parameters {names} have more than {MAX_BLOCKS} combinations: too many to "
                "hang conditions on. Put conditions on parameters with fewer values."
            )
        fixed = {
            name: self._axes[name][place]
            for name, place in zip(self._asked, places, strict=True)
            if place is not None
        }
        axes = tuple(
            (name, self._axes[name])
            for name, parameter in self._parameters.items()
            if name not in self._asked and is_active(parameter, fixed)
        )
        size = math.prod(axis.size for _, axis in axes)
        self._blocks[places] = _Block(fixed, axes, self.size, size)
        self.size += size

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < self.size:
            raise IndexError(index)
        block = self._block_at(index)
        index -= block.offset
        point = dict(block.fixed)
        for name, axis in reversed(block.axes):
            index, place = divmod(index, axis.size)
            point[name] = axis[place]
        return point

    def _block_at(self, index: int) -> _Block:
        blocks = self._blocks
        if len(blocks) == 1:
            return next(iter(blocks.values()))
        return next(b for b in blocks.values() if b.offset <= index < b.offset + b.size)

    def index_of(self, point: Mapping[str, Any]) -> int | None:
        """Return the place of a point, None where it is not one of these points.

        Parameters that are not there in such a point do not count.
        """
        places: list[int | None] = []
        fixed: dict[str, Any] = {}
        for name in self._asked:
            place = None
            if is_active(self._parameters[name], fixed):
                place = self._axes[name].index_of(point[name]) if name in point else None
                if place is None:
                    return None
                fixed[name] = self._axes[name][place]
            places.append(place)
        block = self._blocks[tuple(places)]
        index = 0
        for name, axis in block.axes:
            place = axis.index_of(point[name]) if name in point else None
            if place is None:
                return None
            index = index * axis.size + place
        return block.offset + index


def is_active(parameter: Parameter, values: Mapping[str, Any]) -> bool:
    """Return whether all conditions of a parameter hold; a missing parameter has no value."""
    return all(
        name in values and value_key(values[name]) in map(value_key, allowed)
        for name, allowed in parameter.condition.items()
    )


def inner_last(parameters: Mapping[str, Parameter]) -> list[str]:
    """Return the names so that each comes after those that its condition asks for."""
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in done:
            for other in sorted(parameters[name].condition):
                visit(other)
            done[name] = None

    for name in parameters:
        visit(name)
    return list(done)
