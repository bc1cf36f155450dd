"""Lines in buckets of steps: what is kept of a long curve, and how it is made coarser.

A bucket holds the steps that agree in all but their lowest `shift` bits, so every bucket of a
coarser line is made of whole buckets of a finer one, for all runs alike, and a growing line
changes only at its end. Of the numbers in a bucket the first, the lowest, the highest and the
last are kept where they were (M4; see :mod:`tracker.store.series.m4`), with their count and sum.
Values that are no numbers are kept apart, so that no line is drawn across one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Fewer values that are no numbers than this are all kept.
FEW_ODD = 256


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """One series in buckets of ``2 ** shift`` steps, in the order of the steps.

    Attributes
    ----------
    shift : int
    bucket : int64 array
        ``step >> shift`` of each bucket that holds a number.
    n, total : int64 and float64 arrays
        Number of numbers in each, and their sum.
    first_step, first, first_us : arrays
        The first number: its step, value and time, microseconds since 1970.
    low_step, low, high_step, high : arrays
        The lowest and the highest; of equal ones the first and the last.
    last_step, last, last_us : arrays
        The last number.
    odd_step, odd : arrays
        NaN and infinities: all of few, of many those that break a line of the kept points.
    count : int
        Points before thinning, odd ones included.
    """

    shift: int
    bucket: Ints
    n: Ints
    total: Floats
    first_step: Ints
    first: Floats
    first_us: Ints
    low_step: Ints
    low: Floats
    high_step: Ints
    high: Floats
    last_step: Ints
    last: Floats
    last_us: Ints
    odd_step: Ints
    odd: Floats
    count: int

    @property
    def is_exact(self) -> bool:
        """Whether every point is here."""
        return int(self.n.sum()) + len(self.odd) == self.count and bool((self.n == 1).all())

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first and the last step; None without points."""
        parts = [a for a in (self.first_step, self.odd_step) if len(a)]
        if not parts:
            return None
        last = [a for a in (self.last_step, self.odd_step) if len(a)]
        return min(int(a[0]) for a in parts), max(int(a[-1]) for a in last)


BUCKET_FIELDS = tuple(f.name for f in fields(Buckets))[1:-3]


def empty(shift: int = 0) -> Buckets:
    """Return a line without points."""
    nothing = np.empty(0, dtype=np.int64)
    return from_points(nothing, np.empty(0), nothing, shift)


def from_points(step: Ints, value: Floats, time_us: Ints, shift: int = 0) -> Buckets:
    """Put points into buckets.

    Parameters
    ----------
    step : int64 array
        Ascending; points of equal step in the order in which they were logged.
    value, time_us : arrays
    shift : int
        Buckets of ``2 ** shift`` steps. Default 0: one bucket a step.
    """
    is_number = np.isfinite(value)
    odd_step, odd = step[:0], value[:0]
    count = len(step)
    if not is_number.all():
        odd_step, odd = step[~is_number], value[~is_number]
        step, value, time_us = step[is_number], value[is_number], time_us[is_number]
    if not shift and (step[1:] != step[:-1]).all():
        one = np.ones(len(step), dtype=np.int64)
        same = step, value, time_us
        return Buckets(
            0, step, one, value, *same, step, value, step, value, *same, odd_step, odd, count
        )
    one = np.ones(len(step), dtype=np.int64)
    rows = {
        "n": one, "total": value, "first_step": step, "first": value, "first_us": time_us,
        "low_step": step, "low": value, "high_step": step, "high": value,
        "last_step": step, "last": value, "last_us": time_us,
    }  # fmt: skip
    return _grouped(shift, step >> shift, rows, odd_step, odd, count)


def coarser(line: Buckets, shift: int) -> Buckets:
    """Return the line in larger buckets; `shift` is at least the line's own."""
    rows = {name: getattr(line, name) for name in BUCKET_FIELDS if name != "bucket"}
    bucket = line.bucket >> (shift - line.shift)
    return _grouped(shift, bucket, rows, line.odd_step, line.odd, line.count)


def joined(line: Buckets, after: Buckets) -> Buckets:
    """Return the line with points that come behind it, both in the same buckets."""
    rows = {
        name: np.concatenate((getattr(line, name), getattr(after, name))) for name in BUCKET_FIELDS
    }
    odd_step = np.concatenate((line.odd_step, after.odd_step))
    odd = np.concatenate((line.odd, after.odd))
    bucket = rows.pop("bucket")
    return _grouped(line.shift, bucket, rows, odd_step, odd, line.count + after.count)


def between(line: Buckets, first: int, last: int) -> Buckets:
    """Return the buckets that lie between two steps; the count stays that of the whole line."""
    is_in = (line.first_step >= first) & (line.last_step <= last)
    is_odd_in = (line.odd_step >= first) & (line.odd_step <= last)
    parts = {name: getattr(line, name)[is_in] for name in BUCKET_FIELDS}
    odd_step, odd = line.odd_step[is_odd_in], line.odd[is_odd_in]
    return Buckets(line.shift, **parts, odd_step=odd_step, odd=odd, count=line.count)


def points(line: Buckets) -> tuple[Ints, Floats]:
    """Return the steps and values that are drawn of a line, odd ones among them."""
    m = len(line.bucket)
    is_low_first = line.low_step <= line.high_step
    step, value = np.empty((m, 4), dtype=np.int64), np.empty((m, 4))
    step[:, 0], value[:, 0] = line.first_step, line.first
    step[:, 1] = np.where(is_low_first, line.low_step, line.high_step)
    value[:, 1] = np.where(is_low_first, line.low, line.high)
    step[:, 2] = np.where(is_low_first, line.high_step, line.low_step)
    value[:, 2] = np.where(is_low_first, line.high, line.low)
    step[:, 3], value[:, 3] = line.last_step, line.last
    steps, values = step.ravel(), value.ravel()
    is_new = np.ones(len(steps), dtype=bool)
    is_new[1:] = (steps[1:] != steps[:-1]) | (values[1:] != values[:-1])
    # Two buckets of one point each may hold the same value at the same step: both are kept.
    is_new[::4] = True
    steps, values = steps[is_new], values[is_new]
    if len(line.odd_step):
        steps = np.concatenate((steps, line.odd_step))
        values = np.concatenate((values, line.odd))
        order = np.argsort(steps, kind="stable")
        steps, values = steps[order], values[order]
    return steps, values


def times(line: Buckets, steps: Ints) -> Floats:
    """Return when steps were logged, microseconds since 1970.

    Exact for the first and the last number of each bucket, between those interpolated.
    """
    if not len(line.bucket):
        return np.zeros(len(steps))
    known = np.ravel((line.first_step, line.last_step), order="F")
    known_us = np.ravel((line.first_us, line.last_us), order="F")
    return np.asarray(np.interp(steps, known, known_us), dtype=np.float64)


def shift_for(first: int, last: int, columns: int) -> int:
    """Return the least shift with which steps from `first` to `last` need few enough buckets."""
    shift = max(0, (max(last - first, 0) // max(columns, 1)).bit_length() - 1)
    while (last >> shift) - (first >> shift) + 1 > columns:
        shift += 1
    return shift


def _grouped(
    shift: int, bucket: Ints, rows: dict[str, Any], odd_step: Ints, odd: Floats, count: int
) -> Buckets:
    """Make one bucket of neighbours with the same number."""
    if not len(bucket):
        parts = {name: rows[name] for name in BUCKET_FIELDS if name != "bucket"}
        return Buckets(shift, bucket, **parts, odd_step=odd_step, odd=odd, count=count)
    starts = np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1])))
    ends = np.append(starts[1:], len(bucket)) - 1
    sizes = ends - starts + 1
    low, low_at = _extreme(np.minimum, rows["low"], starts, sizes)
    high, high_at = _extreme(np.maximum, rows["high"], starts, sizes, is_last=True)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(rows["total"], starts)
    line = Buckets(
        shift, bucket[starts], np.add.reduceat(rows["n"], starts), total,
        rows["first_step"][starts], rows["first"][starts], rows["first_us"][starts],
        rows["low_step"][low_at], low, rows["high_step"][high_at], high,
        rows["last_step"][ends], rows["last"][ends], rows["last_us"][ends],
        odd_step, odd, count,
    )  # fmt: skip
    if len(odd) <= FEW_ODD:
        return line
    keep = _breaks(line)
    parts = {name: getattr(line, name) for name in BUCKET_FIELDS}
    return Buckets(shift, **parts, odd_step=odd_step[keep], odd=odd[keep], count=count)


def _extreme(
    least: np.ufunc, values: Floats, starts: Ints, sizes: Ints, *, is_last: bool = False
) -> tuple[Floats, Ints]:
    """Return the extreme of each group and where it is, of equal ones the first or the last."""
    found = least.reduceat(values, starts)
    places = np.flatnonzero(values == np.repeat(found, sizes))
    group = np.searchsorted(starts, places, side="right")
    is_kept = np.ones(len(places), dtype=bool)
    if is_last:
        is_kept[:-1] = group[1:] != group[:-1]
    else:
        is_kept[1:] = group[1:] != group[:-1]
    return found, places[is_kept]


def _breaks(line: Buckets) -> NDArray[np.intp]:
    """Return which odd values to keep.

    Of each kind the first and the last of each bucket, and the last one before each kept
    number: between any two kept numbers with an odd one between them, one stays.
    """
    kind = np.where(np.isnan(line.odd), 0, np.where(line.odd > 0, 1, 2))
    bucket = line.odd_step >> line.shift
    order = np.lexsort((bucket, kind))
    is_start = np.ones(len(order), dtype=bool)
    is_start[1:] = (np.diff(kind[order]) != 0) | (np.diff(bucket[order]) != 0)
    is_end = np.append(is_start[1:], True)
    numbers = np.concatenate((line.first_step, line.low_step, line.high_step, line.last_step))
    before = np.searchsorted(line.odd_step, numbers, side="left") - 1
    return np.unique(np.concatenate((order[is_start | is_end], before[before >= 0])))
