"""Remembers the groups that the database has put together: of runs that have ended, over steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.figures.grouped import Grouped
from tracker.panels.curves.charts import Ask
from tracker.panels.curves.group_axis import Member
from tracker.store.database.connection import Connection
from tracker.store.series.columnar import Columns
from tracker.store.series.group_cells import read_groups

_MAX_KEPT: Final = 400


class GroupSums:
    """Has the lines of those groups whose columns need not be known member by member."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, dict[int, tuple[Grouped, int]]]] = {}

    def prepare(
        self, db: Connection, charts: Mapping[str, Sequence[Member]], shift: int, ask: Ask
    ) -> None:
        """Read the groups of several charts, which share no series, in one go."""
        plain = {name: _plain(members, ask) for name, members in charts.items()}
        wanted = {name: own for name, own in plain.items() if not self._has(name, own, shift)}
        names = list(wanted)
        size = 1 + max((member.group for own in wanted.values() for member in own), default=0)
        places = {
            member.series.series_key: chart * size + member.group
            for chart, name in enumerate(names)
            for member in wanted[name]
        }
        if not places:
            return
        rows, found = read_groups(db, places, shift)
        for chart, name in enumerate(names):
            first = chart * size
            groups = sorted(place - first for place in found if first <= place < first + size)
            lines = {group: _line(rows, first + group) for group in groups}
            self._kept.pop(name, None)
            self._kept[name] = _stamp(wanted[name], shift), lines
        while len(self._kept) > _MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))

    def of(
        self, name: str, members: Sequence[Member], shift: int, ask: Ask
    ) -> Mapping[int, tuple[Grouped, int]]:
        """Return the groups of a chart that are known, each with the number of its points."""
        own = _plain(members, ask)
        return self._kept[name][1] if own and self._has(name, own, shift) else {}

    def _has(self, name: str, members: Sequence[Member], shift: int) -> bool:
        return name in self._kept and self._kept[name][0] == _stamp(members, shift)


def _plain(members: Sequence[Member], ask: Ask) -> list[Member]:
    """Return the members of groups that have ended altogether, where groups are over steps."""
    if ask.x != "step" or ask.span is not None:
        return []
    others = {
        member.group
        for member in members
        if member.series.series_key < 0 or member.run.record.state == "running"
    }
    return [member for member in members if member.group not in others]


def _stamp(members: Sequence[Member], shift: int) -> Any:
    own = [(m.series.series_key, m.group, m.run.record.updated_at) for m in members]
    return shift, own


def _line(rows: Columns, place: int) -> tuple[Grouped, int]:
    import numpy as np

    first, end = np.searchsorted(rows["place"], (place, place + 1))
    own = {name: column[first:end] for name, column in rows.items()}
    # A mean lies among its values, which rounding does not know.
    mean = np.clip(own["mean"], own["least"], own["most"])
    x = (own["x_low"].astype(float) + own["x_high"]) / 2
    line = Grouped(x, mean, own["low"], own["high"], own["std"], own["count"].astype(np.int64))
    return line, int(own["n"].sum())
