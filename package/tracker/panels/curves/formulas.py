"""Expressions over metrics as series of their own, worked out of the points when they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tracker.figures.expressions import Expression, joined
from tracker.records import Series
from tracker.store.database.connection import Connection
from tracker.store.series import buckets, rollups
from tracker.store.series.buckets import Buckets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Series read at once.
_BATCH = 400


class Formulas:
    """Gives expressions over the series of a run a number, below 0, and reads them by it."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str], int] = {}
        self._made: dict[int, tuple[Expression, dict[str, int]]] = {}

    def derive(self, expression: Expression, operands: Mapping[str, Series]) -> Series:
        """Return a series that stands for an expression over series of one run."""
        run_key = next(iter(operands.values())).run_key
        name = run_key, expression.text
        number = self._numbers.setdefault(name, -1 - len(self._numbers))
        keys = {key: operands[key].series_key for key in expression.keys}
        self._made[number] = expression, keys
        return Series(number, run_key, "default", expression.text, "float")

    def read(self, db: Connection, numbers: Sequence[int]) -> dict[int, Buckets]:
        """Return the lines of expressions, with every point; those without any are absent."""
        found: dict[int, Buckets] = {}
        for start in range(0, len(numbers), _BATCH):
            batch = numbers[start : start + _BATCH]
            needed = {key for number in batch for key in self._made[number][1].values()}
            lines = rollups.read_points(db, sorted(needed), {})
            for number in batch:
                line = self._line(number, lines)
                if line is not None:
                    found[number] = line
        return found

    def _line(self, number: int, lines: Mapping[int, Buckets]) -> Buckets | None:
        expression, keys = self._made[number]
        if any(key not in lines for key in keys.values()):
            return None
        given = {name: _values(lines[key]) for name, key in keys.items()}
        steps, values = joined(expression, given)
        if not len(steps):
            return None
        import numpy as np

        clock = max((lines[key] for key in keys.values()), key=lambda line: line.count)
        times = np.rint(buckets.times(clock, steps)).astype(np.int64)
        return buckets.from_points(steps, values, times)


def _values(line: Buckets) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the last value at each step, odd ones among them."""
    import numpy as np

    steps = np.concatenate((line.last_step, line.odd_step))
    values = np.concatenate((line.last, line.odd))
    order = np.argsort(steps, kind="stable")
    return steps[order], values[order]
