"""Keeps the curves that a panel has read: of ended runs for good, of live ones to go on."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tracker.figures.expressions import Expression
from tracker.panels.curves.charts import Ask
from tracker.panels.curves.formulas import Formulas
from tracker.panels.curves.readings import Reading, merged, read_together
from tracker.records import Curve, RunRecord, Series
from tracker.store.database.connection import Connection
from tracker.store.series import buckets, rollups
from tracker.store.series.buckets import Buckets
from tracker.store.series.clock import Span, read_spans
from tracker.store.series.tail import Tail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# A column is 0.8 to 1.6 pixels wide.
_COLUMNS_PER_PIXEL: Final = 1.25
_POINTS_PER_PIXEL: Final = 4
_LIVE_COLUMNS: Final = 2 * rollups.COLUMNS
_MAX_KEPT: Final = 6000
_BATCH: Final = 1200


@dataclass(slots=True)
class _Kept:
    """What is known of the series of an ended run."""

    stamp: tuple[Any, ...]
    ends: tuple[int, int] | None
    readings: dict[tuple[str, int, int], Reading] = field(default_factory=dict)


class Shelf:
    """Reads curves over steps or time for one panel.

    All runs share buckets of a power of two of steps, see :mod:`tracker.store.series.buckets`: a
    growing curve changes only at its end, and costs only what is new. Not safe for threads
    to share: a panel reads under its own lock.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._live: dict[int, Buckets] = {}
        self._tail = Tail()
        self._formulas = Formulas()

    def catch_up(self, db: Connection) -> None:
        """Take in what is new of live runs; to be called once for every opening of the store."""
        if self._live and not self._tail.is_sure(db):
            self._live.clear()
        self._live = {key: line for key, line in self._live.items() if key > 0}
        grown, broken = self._tail.move(db, self._live)
        self._live |= {key: _bounded(line) for key, line in grown.items()}
        for key in broken:
            del self._live[key]

    def derive(self, expression: Expression, operands: Mapping[str, Series]) -> Series:
        """Return what stands for an expression over series of one run among series to read."""
        return self._formulas.derive(expression, operands)

    def live(self, db: Connection, series_keys: Sequence[int]) -> dict[int, Buckets]:
        """Return lines of live runs as far as they have got."""
        self._read_live(db, [key for key in series_keys if key not in self._live])
        return {key: self._live[key] for key in series_keys if key in self._live}

    def points(self, db: Connection, series_keys: Sequence[int]) -> dict[int, Buckets]:
        """Return whole lines with every point, of expressions too."""
        return self._read_points(db, series_keys, {})

    def read(
        self,
        db: Connection,
        charts: Mapping[str, Sequence[Series]],
        runs: Mapping[int, RunRecord],
        ask: Ask,
    ) -> dict[str, dict[int, Reading]]:
        """Read the curves of charts, by chart and series key; those without points are absent.

        Parameters
        ----------
        db : connection
        charts : mapping of str to sequence of Series
            The series of each chart, which share its columns.
        runs : mapping of int to RunRecord
            The runs of all the series, by key.
        ask : Ask
        """
        found: dict[str, dict[int, Reading]] = {}
        for batch in _batches(charts):
            loaded = self._prepare(db, [one for name in batch for one in charts[name]], runs)
            for name in batch:
                found[name] = self._whole(db, charts[name], runs, ask, loaded)
        if ask.span is not None:
            for name, whole in found.items():
                parts = self._closely(db, charts[name], whole, ask, ask.span)
                closer = {key: merged(whole[key], part) for key, part in parts.items()}
                found[name] = whole | closer
        return found

    def _closely(
        self,
        db: Connection,
        series: Sequence[Series],
        whole: Mapping[int, Reading],
        ask: Ask,
        span: tuple[float, float],
    ) -> dict[int, Reading]:
        """Read a stretch of curves from their points, and a little on both sides."""
        if ask.x != "step":
            return read_together(db, list(whole), ask)
        low, high = math.floor(span[0]), math.ceil(span[1])
        shift = buckets.shift_for(low, high, int(ask.width * _COLUMNS_PER_PIXEL))
        margin = max(high - low, 1)
        steps = _outwards(whole.values(), low, high, margin)
        lines = self._read_points(db, list(whole), dict.fromkeys(whole, shift), steps)
        made = _Maker(db, ask, shift, series)
        named = {one.series_key: one for one in series}
        found = {key: made.reading(named[key], line) for key, line in lines.items()}
        return {key: found.get(key, reading) for key, reading in whole.items()}

    def _prepare(
        self, db: Connection, series: Sequence[Series], runs: Mapping[int, RunRecord]
    ) -> dict[int, Buckets]:
        """Have all lines of ended runs known and those of live runs at hand."""
        live, fresh = [], {}
        for one in series:
            key, run = one.series_key, runs[one.run_key]
            kept = self._kept.get(key)
            if run.state == "running":
                if key not in self._live:
                    live.append(key)
            elif kept is None or kept.stamp != _stamp(run):
                self._live.pop(key, None)
                fresh[key] = _stamp(run)
        self._read_live(db, live)
        loaded = self._load(db, list(fresh))
        for key, stamp in fresh.items():
            line = loaded.get(key)
            self._kept[key] = _Kept(stamp, None if line is None else line.ends)
        return loaded

    def _whole(
        self,
        db: Connection,
        series: Sequence[Series],
        runs: Mapping[int, RunRecord],
        ask: Ask,
        loaded: Mapping[int, Buckets],
    ) -> dict[int, Reading]:
        named = {one.series_key: one for one in series}
        ended = [key for key, one in named.items() if runs[one.run_key].state != "running"]
        shift = self._common_shift(ended, list(named), ask.width)
        kind = (ask.x, shift, ask.width)
        missing = [key for key in ended if kind not in self._kept[key].readings]
        lines = {key: loaded[key] for key in missing if key in loaded}
        lines |= self._load(db, [k for k in missing if k not in lines and self._kept[k].ends])
        rough = [key for key, line in lines.items() if line.shift > shift]
        if rough:
            lines |= self._read_points(db, rough, dict.fromkeys(rough, shift))
        made = _Maker(db, ask, shift, series)
        for key, line in lines.items():
            self._kept[key].readings[kind] = made.reading(named[key], line)
        found: dict[int, Reading | None] = {}
        for key, one in named.items():
            if runs[one.run_key].state == "running":
                live = self._live.get(key)
                found[key] = made.reading(one, live) if live is not None else None
            else:
                found[key] = self._kept[key].readings.get(kind)
                self._kept.move_to_end(key)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        return {key: reading for key, reading in found.items() if reading is not None}

    def _read_live(self, db: Connection, keys: Sequence[int]) -> None:
        made = [key for key in keys if key < 0]
        stored = [key for key in keys if key > 0]
        for batch in (*rollups.batches(db, stored), made):
            lines = self._read_points(db, batch, {})
            self._live |= {key: _bounded(line) for key, line in lines.items()}

    def _load(self, db: Connection, keys: Sequence[int]) -> dict[int, Buckets]:
        """Read lines of ended runs: from the rollup, or from the points where there is none."""
        stored = [key for key in keys if key > 0]
        found = rollups.read(db, stored) if stored else {}
        return found | self._read_points(db, [key for key in keys if key not in found], {})

    def _read_points(
        self,
        db: Connection,
        keys: Sequence[int],
        shifts: dict[int, int],
        steps: tuple[int, int] | None = None,
    ) -> dict[int, Buckets]:
        stored = [key for key in keys if key > 0]
        found = rollups.read_points(db, stored, shifts, steps) if stored else {}
        for key, line in self._formulas.read(db, [key for key in keys if key < 0]).items():
            line = line if steps is None else buckets.between(line, *steps)
            found[key] = buckets.coarser(line, max(shifts.get(key, 0), line.shift))
        return found

    def _common_shift(self, ended: Sequence[int], keys: Sequence[int], width: int) -> int:
        own = set(ended)
        ends = [self._kept[key].ends for key in ended]
        ends += [self._live[key].ends for key in keys if key not in own and key in self._live]
        known = [end for end in ends if end is not None]
        if not known:
            return 0
        first, last = min(end[0] for end in known), max(end[1] for end in known)
        return buckets.shift_for(first, last, int(width * _COLUMNS_PER_PIXEL))


def _batches(charts: Mapping[str, Sequence[Series]]) -> Iterator[list[str]]:
    """Share charts out so that the lines of a batch fit into memory."""
    batch: list[str] = []
    held = 0
    for name, series in charts.items():
        if batch and held + len(series) > _BATCH:
            yield batch
            batch, held = [], 0
        batch.append(name)
        held += len(series)
    yield batch


def _outwards(whole: Iterable[Reading], low: int, high: int, margin: int) -> tuple[int, int]:
    """Widen a stretch so that every line has a point on either side, but not by too much."""
    first, last = low, high
    for reading in whole:
        x = reading.curve.x
        before, after = x[x < low], x[x > high]
        if len(before):
            first = min(first, int(before[-1]))
        if len(after):
            last = max(last, int(after[0]))
    return max(first, low - margin), min(last, high + margin)


class _Maker:
    """Makes curves of lines, for one chart."""

    def __init__(self, db: Connection, ask: Ask, shift: int, series: Sequence[Series]) -> None:
        self._ask = ask
        self._shift = shift
        self._spans: dict[int, list[Span]] = {}
        if ask.x == "relative":
            self._spans = read_spans(db, {one.run_key for one in series})

    def reading(self, one: Series, line: Buckets) -> Reading:
        import numpy as np

        is_short = line.count <= _POINTS_PER_PIXEL * self._ask.width
        if line.shift < self._shift and not (is_short and line.is_exact):
            line = buckets.coarser(line, self._shift)
        steps, values = buckets.points(line)
        base: NDArray[np.intp] | None = None
        if not line.is_exact:
            column = steps >> line.shift
            base = np.flatnonzero(np.append(column[1:] != column[:-1], True))
        x = self._x(one, line, steps)
        if (np.diff(x) < 0).any():
            order = np.argsort(x, kind="stable")
            x, values = x[order], values[order]
            base = None if base is None else np.flatnonzero(np.isin(order, base))
        exact = line.is_exact
        curve = Curve(one.series_key, one.run_key, one.key, x, values, line.count, exact)
        return Reading(curve, base)

    def _x(self, one: Series, line: Buckets, steps: NDArray[np.int64]) -> Floats:
        import numpy as np

        if self._ask.x == "step":
            return steps.astype(np.float64)
        us = buckets.times(line, steps)
        spans = self._spans.get(one.run_key, [])
        if self._ask.x == "relative" and spans:
            since = np.array([span.since_us for span in spans], dtype=np.float64)
            shift = np.array([span.shift_us for span in spans], dtype=np.float64)
            us = us - shift[np.searchsorted(since, us, side="right") - 1]
        return us / 1e6


def _bounded(line: Buckets) -> Buckets:
    """Keep a live line small; of its points a panel has no room for more."""
    if len(line.bucket) <= _LIVE_COLUMNS:
        return line
    assert line.ends is not None
    return buckets.coarser(line, max(line.shift, buckets.shift_for(*line.ends, _LIVE_COLUMNS)))


def _stamp(run: RunRecord) -> tuple[Any, ...]:
    return run.state, run.updated_at, run.last_step
