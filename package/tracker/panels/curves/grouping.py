"""Reads the groups of a workspace as lines: mean, band and count of their members."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.curve import Line
from tracker.figures.grouped import Cells, Grouped, cells, grouped
from tracker.panels.curves.charts import Ask
from tracker.panels.curves.curve_options import CurveOptions
from tracker.panels.curves.group_axis import (
    COLUMNS_PER_PIXEL,
    NUMBERS,
    POINTS_PER_PIXEL,
    Member,
    Odd,
    on_axis,
    time_columns,
)
from tracker.panels.curves.group_sums import GroupSums
from tracker.panels.curves.shelf import Shelf
from tracker.panels.runs.runset import Group
from tracker.records import Curve
from tracker.store.database.connection import Connection
from tracker.store.series import buckets
from tracker.store.series.cells import read_cells
from tracker.store.series.columnar import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MAX_KEPT: Final = 24


class GroupReader:
    """Reads groups over steps or time, and remembers what members that have ended are made of."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._kept: dict[Any, tuple[Any, Columns, Columns]] = {}
        self._sums = GroupSums()

    def read(
        self,
        db: Connection,
        name: str,
        members: Sequence[Member],
        groups: Sequence[Group],
        ask: Ask,
        options: CurveOptions,
    ) -> list[tuple[Group, Line]]:
        """Return the lines of the groups that have values.

        Parameters
        ----------
        db : connection
        name : str
            What the result is for, by which the kernel remembers parts of it.
        members : sequence of Member
        groups : sequence of Group
        ask : Ask
        options : CurveOptions
        """
        import numpy as np

        if not members:
            return []
        shift = _shift_of(members, ask)
        known = self._sums.of(name, members, shift, ask)
        nothing = np.empty(0), np.empty(0)
        found = {
            number: _line(groups[number], _key(members, number), one, nothing, count, options)
            for number, (one, count) in known.items()
        }
        if rest := _without(members, known):
            found |= self._carried(db, name, rest, groups, shift, ask, options)
        return [(groups[number], found[number]) for number in sorted(found)]

    def _carried(
        self,
        db: Connection,
        name: str,
        members: Sequence[Member],
        groups: Sequence[Group],
        shift: int,
        ask: Ask,
        options: CurveOptions,
    ) -> dict[int, Line]:
        """Return the lines of groups of which every column of every member is needed."""
        derived = [member for member in members if member.series.series_key < 0]
        if derived:
            rows, odd = self._derived(db, members, shift)
        else:
            rows, odd = self._stored(db, name, members, shift, ask)
            if ask.span is not None and ask.x == "step":
                rows, odd = self._closely(db, members, rows, odd, ask, shift)
        return lines_of(*on_axis(db, members, rows, odd, ask), members, groups, options)

    def prepare(self, db: Connection, wanted: Mapping[str, Sequence[Member]], ask: Ask) -> None:
        """Read in one go what several charts need of runs that have ended."""
        by_shift: dict[int, dict[str, Sequence[Member]]] = {}
        taken: set[int] = set()
        for name, members in wanted.items():
            keys = {member.series.series_key for member in members}
            if not members or min(keys) < 0 or keys & taken:
                continue
            taken |= keys
            by_shift.setdefault(_shift_of(members, ask), {})[name] = members
        for shift, charts in by_shift.items():
            self._sums.prepare(db, charts, shift, ask)
            rest = {
                name: _without(members, self._sums.of(name, members, shift, ask))
                for name, members in charts.items()
            }
            self._prepare_rest(db, rest, shift, ask)

    def _prepare_rest(
        self, db: Connection, charts: Mapping[str, Sequence[Member]], shift: int, ask: Ask
    ) -> None:
        ended = {
            name: _ended(members)
            for name, members in charts.items()
            if name not in self._kept or self._kept[name][0] != _stamp(members, shift)
        }
        every = [key for keys in ended.values() for key in keys]
        if not every:
            return
        rows, odd = _read_ended(db, every, shift, ask)
        for name, keys in ended.items():
            own = _of_series(rows, keys), _of_series(odd, keys)
            self._kept[name] = _stamp(charts[name], shift), *own

    def _derived(
        self, db: Connection, members: Sequence[Member], shift: int
    ) -> tuple[Columns, Columns]:
        lines = self._shelf.points(db, [member.series.series_key for member in members])
        return _of_lines(lines, shift)

    def _stored(
        self, db: Connection, name: str, members: Sequence[Member], shift: int, ask: Ask
    ) -> tuple[Columns, Columns]:
        ended = _ended(members)
        stamp = _stamp(members, shift)
        kept = self._kept.pop(name, None)
        if kept is None or kept[0] != stamp:
            kept = stamp, *_read_ended(db, ended, shift, ask)
        self._kept[name] = kept
        while len(self._kept) > _MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))
        done = set(ended)
        keys = [member.series.series_key for member in members]
        live = self._shelf.live(db, [key for key in keys if key not in done])
        more, more_odd = _of_lines(live, shift)
        return _both(kept[1], more), _both(kept[2], more_odd)

    def _closely(
        self,
        db: Connection,
        members: Sequence[Member],
        rows: Columns,
        odd: Columns,
        ask: Ask,
        shift: int,
    ) -> tuple[Columns, Columns]:
        """Put the points of a stretch in the place of the large columns there."""
        assert ask.span is not None
        low = (math.floor(ask.span[0]) >> shift) << shift
        high = (((math.ceil(ask.span[1]) >> shift) + 1) << shift) - 1
        fine = buckets.shift_for(low, high, int(ask.width * POINTS_PER_PIXEL / 2))
        if fine >= shift:
            return rows, odd
        keys = [member.series.series_key for member in members]
        inside, odd_inside = read_cells(db, keys, fine, (low, high))
        inside["column"] = inside["column"] << fine
        around = _where(rows, (rows["column"] < low) | (rows["column"] > high))
        odd_around = _where(odd, (odd["step"] < low) | (odd["step"] > high))
        return _both(around, inside), _both(odd_around, odd_inside)


def _shift_of(members: Sequence[Member], ask: Ask) -> int:
    last = max(member.run.record.last_step for member in members)
    if last < POINTS_PER_PIXEL * ask.width:
        return 0
    return buckets.shift_for(0, last, int(ask.width * COLUMNS_PER_PIXEL))


def _stamp(members: Sequence[Member], shift: int) -> Any:
    """Return what changes when members that have ended are others, or are ended no more."""
    ended = [m for m in members if m.run.record.state != "running"]
    return shift, [(m.series.series_key, m.run.record.updated_at) for m in ended]


def _ended(members: Sequence[Member]) -> list[int]:
    return [m.series.series_key for m in members if m.run.record.state != "running"]


def _read_ended(
    db: Connection, keys: Sequence[int], shift: int, ask: Ask
) -> tuple[Columns, Columns]:
    """Read members that have ended; columns are numbered by their first step."""
    if not keys:
        return _of_lines({}, shift)
    rows, odd = read_cells(db, keys, shift, has_clock=ask.x != "step")
    rows["column"] = rows["column"] << shift
    return rows, odd


def _of_series(rows: Columns, keys: Sequence[int]) -> Columns:
    import numpy as np

    if not len(rows["series_key"]) or not keys:
        return _where(rows, np.zeros(len(rows["series_key"]), dtype=bool))
    is_own = np.zeros(max(int(rows["series_key"].max()), max(keys)) + 1, dtype=bool)
    is_own[list(keys)] = True
    which = is_own[rows["series_key"]]
    return rows if which.all() else _where(rows, np.flatnonzero(which))


def lines_of(
    rows: Cells,
    odd: Odd,
    members: Sequence[Member],
    groups: Sequence[Group],
    options: CurveOptions,
) -> dict[int, Line]:
    """Put members together, by the places of their groups; those without values are left out."""
    import numpy as np

    places = np.array([member.group for member in members], dtype=np.int64)
    found = {}
    made = grouped(rows, places, len(groups))
    for number, (group, one) in enumerate(zip(groups, made, strict=True)):
        if not len(one.x):
            continue
        where = np.flatnonzero(places[odd[0]] == number)
        where = where[np.argsort(odd[1][where], kind="stable")]
        own = odd[1][where], odd[2][where]
        count = int(rows.n[places[rows.member] == number].sum()) + len(own[0])
        found[number] = _line(group, _key(members, number), one, own, count, options)
    return found


def _key(members: Sequence[Member], group: int) -> str:
    return next(member.series.key for member in members if member.group == group)


def _without(members: Sequence[Member], groups: Container[int]) -> list[Member]:
    return [member for member in members if member.group not in groups]


def _line(
    group: Group,
    key: str,
    one: Grouped,
    odd: tuple[Floats, Floats],
    count: int,
    options: CurveOptions,
) -> Line:
    import numpy as np

    y = one.mean.copy()
    marks = odd
    if len(odd[0]):
        # Where nobody has a number the line is broken, by what was there instead.
        place = np.clip(np.searchsorted(one.x, odd[0]), 1, max(len(one.x) - 1, 1))
        left, right = one.x[place - 1], one.x[np.minimum(place, len(one.x) - 1)]
        place = np.where(np.abs(odd[0] - left) <= np.abs(right - odd[0]), place - 1, place)
        place = np.minimum(place, len(one.x) - 1)
        is_break = np.isnan(y[place])
        y[place[is_break]] = odd[1][is_break]
        marks = odd[0][~is_break], odd[1][~is_break]
    curve = Curve(0, 0, key, one.x, y, count, False)
    band = one.band(options.band)
    low, high = band if band is not None else (None, None)
    label = f"{group.name} ({len(group.members)})"
    return Line(
        label, group.colour, curve, low, high, one.count.astype(np.float64),
        marks if len(marks[0]) else None,
    )  # fmt: skip


# -- columns of numbers


_ENDS: Final = ("first_step", "last_step", "first_us", "last_us")


def _of_lines(lines: Mapping[int, buckets.Buckets], shift: int) -> tuple[Columns, Columns]:
    """Return what :func:`read_cells` would of lines at hand, columns numbered by their steps."""
    import numpy as np

    made = {
        key: line if line.shift >= shift else buckets.coarser(line, shift)
        for key, line in lines.items()
    }
    names = (*NUMBERS, *_ENDS)
    if not made:
        floats = {name: np.empty(0) for name in (*NUMBERS, "value")}
        whole = {
            name: np.empty(0, dtype=np.int64) for name in ("series_key", "column", "step", *_ENDS)
        }
        return {**floats, **whole}, {**floats, **whole}
    rows: Columns = {
        name: np.concatenate([getattr(line, name) for line in made.values()]) for name in names
    }
    rows["n"] = rows["n"].astype(np.float64)
    lengths = [len(line.bucket) for line in made.values()]
    rows["series_key"] = np.repeat(list(made), lengths)
    parts = [(line.bucket << line.shift) >> shift << shift for line in made.values()]
    rows["column"] = np.concatenate(parts)
    odd = {
        "series_key": np.repeat(list(made), [len(line.odd) for line in made.values()]),
        "step": np.concatenate([line.odd_step for line in made.values()]),
        "value": np.concatenate([line.odd for line in made.values()]),
    }
    return rows, odd


def _both(one: Columns, other: Columns) -> Columns:
    import numpy as np

    if not len(other["series_key"]):
        return one
    if not len(one["series_key"]):
        return other
    return {name: np.concatenate((one[name], other[name])) for name in one if name in other}


def _where(rows: Columns, which: NDArray[Any]) -> Columns:
    return {name: column[which] for name, column in rows.items()}


def over_metric(
    curves: Mapping[int, Curve],
    members: Sequence[Member],
    groups: Sequence[Group],
    ask: Ask,
    options: CurveOptions,
) -> list[tuple[Group, Line]]:
    """Put members together over another metric; of each every point is at hand."""
    import numpy as np

    parts, odd = [], []
    for number, member in enumerate(members):
        curve = curves.get(member.series.series_key)
        if curve is None or not len(curve.x):
            continue
        parts.append((number, curve.x, curve.y))
        is_odd = ~np.isfinite(curve.y)
        odd.append((np.full(int(is_odd.sum()), number), curve.x[is_odd], curve.y[is_odd]))
    if not parts:
        return []
    column, _ = time_columns(np.concatenate([x for _, x, _ in parts]), np.empty(0), ask.width)
    ends = np.cumsum([len(x) for _, x, _ in parts])
    columns = np.split(column, ends[:-1])
    rows = Cells.joined(
        [cells(number, x, y, own) for (number, x, y), own in zip(parts, columns, strict=True)]
    )
    whole = tuple(np.concatenate(column) for column in zip(*odd, strict=True))
    lines = lines_of(rows, (whole[0], whole[1], whole[2]), members, groups, options)
    return [(groups[number], line) for number, line in lines.items()]
