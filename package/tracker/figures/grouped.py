"""Several curves as one: their mean, how far they spread, and how many there are at each place.

The rule: the places are the steps at which any member has a value, or, where those are too
many, columns of them. To each place a member contributes what it logged there (of a column the
mean for the line, the lowest and the highest for the band); where it logged nothing there, its
last value before; and nothing before its first value nor after its last. A value that is no
number contributes nothing and is marked, and the line is broken where nobody has a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BandKind = Literal["minmax", "std", "sem", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What members logged in the columns of a chart: a row a member and column, in any order.

    Attributes
    ----------
    member, column : int64 arrays
        Who, as a number from 0, and where.
    x_low, x_high : float64 arrays
        From where to where on the x-axis.
    n, total, low, high, last : float64 arrays
        Number, sum, lowest, highest and last of the values; the sum is NaN and `n` 0 where none
        is a number.
    """

    member: Ints
    column: Ints
    x_low: Floats
    x_high: Floats
    n: Floats
    total: Floats
    low: Floats
    high: Floats
    last: Floats

    def of(self, where: NDArray[Any]) -> Cells:
        """Return some of the rows."""
        return Cells(*(getattr(self, name)[where] for name in self.__slots__))

    @staticmethod
    def joined(parts: list[Cells]) -> Cells:
        """Return all rows together."""
        import numpy as np

        if len(parts) == 1:
            return parts[0]
        names = Cells.__slots__
        return Cells(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """A group's line.

    Attributes
    ----------
    x, mean, low, high, std : float64 arrays
        NaN where no member has a number. `std` is that of a sample (n - 1), 0 for one member.
    count : int64 array
        How many members contribute.
    """

    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    std: Floats
    count: Ints

    def band(self, kind: BandKind) -> tuple[Floats, Floats] | None:
        """Return the lower and the upper edge of the band around the mean."""
        import numpy as np

        if kind == "minmax":
            return self.low, self.high
        if kind == "none":
            return None
        width = self.std if kind == "std" else self.std / np.sqrt(np.maximum(self.count, 1))
        return self.mean - width, self.mean + width


def cells(member: int, x: Floats, y: Floats, column: Ints | None = None) -> Cells:
    """Return single points of a member as cells; those of equal column are put together later.

    Parameters
    ----------
    member : int
    x, y : float64 arrays
    column : int64 array, optional
        By default each x is a column of its own, numbered by its bits.
    """
    import numpy as np

    is_number = np.isfinite(y)
    value = np.where(is_number, y, np.nan)
    if column is None:
        column = np.asarray(x + 0.0).view(np.int64)
    who = np.full(len(x), member, dtype=np.int64)
    return Cells(who, column, x, x, is_number.astype(np.float64), value, value, value, value)


def grouped(rows: Cells, groups: Ints, count: int) -> list[Grouped]:
    """Put members together.

    Parameters
    ----------
    rows : Cells
    groups : int64 array
        The group of each member, from 0; -1 for none.
    count : int
        Number of groups.
    """
    import numpy as np

    rows = _merged(rows)
    of_row = groups[rows.member]
    return [_one(rows.of(np.flatnonzero(of_row == group))) for group in range(count)]


def _merged(rows: Cells) -> Cells:
    """Make one row of several of the same member and column, which are in the order of x."""
    import numpy as np

    if not len(rows.member):
        return rows
    rise = np.diff(rows.member)
    if not ((rise > 0) | ((rise == 0) & (np.diff(rows.x_high) >= 0))).all():
        rows = rows.of(np.lexsort((rows.x_high, rows.member)))
    is_new = np.ones(len(rows.member), dtype=bool)
    is_new[1:] = (np.diff(rows.member) != 0) | (np.diff(rows.column) != 0)
    if is_new.all():
        return rows
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(rows.member)) - 1
    n = np.add.reduceat(rows.n, starts)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(np.where(rows.n > 0, rows.total, 0.0), starts)
    return Cells(
        rows.member[starts], rows.column[starts], rows.x_low[starts], rows.x_high[ends], n,
        np.where(n > 0, total, np.nan), np.fmin.reduceat(rows.low, starts),
        np.fmax.reduceat(rows.high, starts), rows.last[ends],
    )  # fmt: skip


def _one(rows: Cells) -> Grouped:
    import numpy as np

    _, member = np.unique(rows.member, return_inverse=True)
    # Columns in the order of x, whatever their numbers are.
    numbers, first_at, column = np.unique(rows.column, return_index=True, return_inverse=True)
    place = np.argsort(rows.x_low[first_at], kind="stable")
    rank = np.empty_like(place)
    rank[place] = np.arange(len(place))
    column = rank[column]
    shape = (int(member.max()) + 1 if len(member) else 0, len(numbers))
    x_low, x_high = np.full(shape[1], np.inf), np.full(shape[1], -np.inf)
    np.minimum.at(x_low, column, rows.x_low)
    np.maximum.at(x_high, column, rows.x_high)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = _filled(shape, member, column, rows.total / rows.n, rows.last)
    low = _filled(shape, member, column, rows.low, rows.last)
    high = _filled(shape, member, column, rows.high, rows.last)
    return _statistics((x_low + x_high) / 2, mean, low, high)


def _filled(
    shape: tuple[int, int], member: Ints, column: Ints, value: Floats, last: Floats
) -> Floats:
    """Return values as a row a member, with the last one before where a member logged nothing."""
    import numpy as np

    table = np.full(shape, np.nan)
    table[member, column] = value
    lasts = np.full(shape, np.nan)
    lasts[member, column] = last
    is_there = np.zeros(shape, dtype=bool)
    is_there[member, column] = True
    if is_there.all():
        return table
    places = np.where(is_there, np.arange(shape[1]), -1)
    before = np.maximum.accumulate(places, axis=1)
    end = places.max(axis=1, initial=-1)[:, None]
    is_carried = ~is_there & (before >= 0) & (np.arange(shape[1]) < end)
    carried = np.take_along_axis(lasts, np.maximum(before, 0), axis=1)
    return np.where(is_carried, carried, table)


def _statistics(x: Floats, mean: Floats, low: Floats, high: Floats) -> Grouped:
    import numpy as np

    is_number = ~np.isnan(mean)
    count = is_number.sum(axis=0)
    some = np.maximum(count, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        least = np.fmin.reduce(mean, axis=0, initial=np.inf)
        most = np.fmax.reduce(mean, axis=0, initial=-np.inf)
        middle = np.where(is_number, mean, 0.0).sum(axis=0) / some
        # A mean lies among its values, which rounding does not know.
        middle = np.clip(middle, least, most)
        square = np.where(is_number, (mean - middle) ** 2, 0.0).sum(axis=0)
        std = np.sqrt(square / np.maximum(count - 1, 1))
    is_empty = count == 0
    lowest = np.fmin.reduce(low, axis=0, initial=np.inf)
    highest = np.fmax.reduce(high, axis=0, initial=-np.inf)
    middle, lowest, highest, std = (
        np.where(is_empty, np.nan, column) for column in (middle, lowest, highest, std)
    )
    return Grouped(x, middle, lowest, highest, std, count.astype(np.int64))
