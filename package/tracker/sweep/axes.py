"""The values of a finite parameter as a sequence, however long, that costs no memory."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from tracker.sweep.values import loose_key, value_key


class Axis(Protocol):
    """Values in order, and the way back from a value to its place."""

    @property
    def size(self) -> int:
        """How many values there are, possibly more than ``len`` can say."""

    def __getitem__(self, index: int) -> Any: ...

    def index_of(self, value: Any) -> int | None:
        """Return the place of a value, or None."""


def decimal(number: float) -> Decimal:
    """Return the number as it is written, so that 0.1 is a tenth."""
    return Decimal(repr(number))


@dataclass(frozen=True, slots=True)
class Steps:
    """The numbers ``start``, ``start + step``, …: ``size`` of them, exact in decimals."""

    start: Decimal
    step: Decimal
    size: int
    whole: bool

    def __getitem__(self, index: int) -> float:
        if not 0 <= index < self.size:
            raise IndexError(index)
        value = self.start + index * self.step
        return int(value) if self.whole else float(value)

    def index_of(self, value: Any) -> int | None:
        """Return the place of a number, or None where it is not one of the steps."""
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return None
        if value in (float("inf"), float("-inf")):
            return None
        index = round((decimal(value) - self.start) / self.step)
        is_here = 0 <= index < self.size and _is_close(self[index], value)
        return index if is_here else None


def _is_close(one: float, other: float) -> bool:
    return one == other or abs(one - other) <= 1e-9 * max(abs(one), abs(other))


class Choices:
    """A list of any values, each once.

    Parameters
    ----------
    values : sequence
        Plain values; a later one that equals an earlier one is left out.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        self._places: dict[Hashable, int] = {}
        self.values: list[Any] = []
        for value in values:
            if self._places.setdefault(value_key(value), len(self.values)) == len(self.values):
                self.values.append(value)
        self._loose = {loose_key(v): place for place, v in reversed([*enumerate(self.values)])}
        dicts = [value for value in self.values if isinstance(value, Mapping)]
        self._known = {key for value in dicts for key in value}

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values)

    def __getitem__(self, index: int) -> Any:
        return self.values[index]

    def index_of(self, value: Any) -> int | None:
        """Return the place of a value; keys that a run added to a dict do not count."""
        if isinstance(value, Mapping):
            value = {key: item for key, item in value.items() if key in self._known}
        place = self._places.get(value_key(value))
        return self._loose.get(loose_key(value)) if place is None else place
