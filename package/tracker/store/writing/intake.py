"""Turns the frames of a run's journal into columns for the store.

The same code serves a live run, whose journal grows, and a dead one's, which is replayed.
What the store holds in the end does not depend on where one batch ends and the next begins.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tracker.records import MetricRule
from tracker.store.journal import facts
from tracker.store.journal.frames import SegmentReader
from tracker.store.writing.batch import Batch, OpenStep, SeriesName
from tracker.store.writing.columns import Column, kind_of
from tracker.store.writing.fold import Fold, Number

BATCH_BYTES = 4 * 1024 * 1024
EXACT_INT = 2**53

_NUMBERS = frozenset((float, int, bool))
_ROW_HEAD = msgspec.msgpack.encode(facts.Row(0, 0, 0, []))[:2]


class _Gone:
    """Stands where a value was that a later call for the same open step replaced."""


_GONE = _Gone()


# Values of one key: their order among all rows, the values, their steps and their times.
_Part = tuple[list[int], Sequence[Any], list[int], list[int]]


class _Rows:
    """Rows of one batch that have the same keys."""

    __slots__ = ("folded", "keys", "keyset", "order", "steps", "stream", "times_us", "values")

    def __init__(self, keyset: facts.Keys) -> None:
        self.keyset = keyset
        self.keys = keyset.keys
        self.stream = keyset.stream
        self.order: list[int] = []
        self.steps: list[int] = []
        self.times_us: list[int] = []
        self.values: list[list[Any]] = []
        self.folded = 0

    def part(self, place: int, start: int = 0) -> _Part:
        """Return the values of one key from row `start` on."""
        values = [row[place] for row in self.values[start:]]
        return self.order[start:], values, self.steps[start:], self.times_us[start:]

    def last(self, place: int) -> tuple[int, Any]:
        """Return the last value of one key that stands, and its order; order -1 for none."""
        for index in range(len(self.values) - 1, self.folded - 1, -1):
            if self.values[index][place] is not _GONE:
                return self.order[index], self.values[index][place]
        return -1, None


class Intake:
    """Reads a journal's segments from where it stopped, and keeps the run's summary.

    Attributes
    ----------
    fold : Fold
        The summary after everything that was read.
    positions : dict of str to int
        Bytes read of each segment, by file name.
    damaged : dict of Path to dict with sentences as keys
        What to say about stretches of segments that could not be read.
    run_key : int or None
        The run's number in the tables, once it has one.
    series : dict
        Number and kind of the run's series, by stream, key and whether it holds JSON.
    is_late : bool
        The journal is that of a dead process, and the run has been resumed since.
    is_ended : bool
        The run's end lies before the position from which reading began.
    open_step : OpenStep or None
        The step that the next row may belong to.
    """

    def __init__(self, *, is_final: bool = False) -> None:
        self.fold = Fold()
        self.positions: dict[str, int] = {}
        self.damaged: dict[Path, dict[str, None]] = {}
        self.run_key: int | None = None
        self.series: dict[tuple[str, str, bool], tuple[int, str]] = {}
        self.first: facts.Begin | None = None
        self.is_late = False
        self.is_ended = False
        self.open_step: OpenStep | None = None
        self._is_open_stored = True
        self._open_rows: list[tuple[_Rows, int]] = []
        self._open_keys: dict[str, tuple[_Rows, int]] = {}
        self._refold: dict[str, OpenStep | None] = {}
        self.is_final = is_final
        self._readers: list[SegmentReader] = []
        self._reading: SegmentReader | None = None
        self._decoder = msgspec.msgpack.Decoder(facts.Fact)
        self._keysets: dict[int, facts.Keys] = {}
        self._rows_read = 0

    @property
    def is_behind(self) -> bool:
        """Whether the journal holds what was not read yet."""
        return any(reader.position < reader.size for reader in self._readers)

    def follow(self, path: Path, position: int = 0) -> None:
        """Read `path` after the segments followed so far, from `position` on."""
        reader = SegmentReader(path)
        self._readers.append(reader)
        for payload in reader.skip_to(position):
            if payload[:2] == _ROW_HEAD:
                continue
            with contextlib.suppress(msgspec.MsgspecError, RecursionError):
                fact = self._decoder.decode(payload)
                if isinstance(fact, facts.Keys):
                    self._keysets[fact.number] = fact
                elif isinstance(fact, facts.Begin):
                    self.first = self.first or fact
                elif isinstance(fact, facts.Finish | facts.Delete):
                    self.is_ended = True
        self.positions[path.name] = reader.position

    def unfollow(self, path: Path) -> None:
        """Forget a segment that has been read whole."""
        for reader in [r for r in self._readers if r.path == path]:
            reader.close()
            self._readers.remove(reader)
        self.positions.pop(path.name, None)

    def close(self) -> None:
        """Close every file."""
        for reader in self._readers:
            reader.close()
        self._readers.clear()

    def read(self, limit_bytes: int = BATCH_BYTES) -> Batch:
        """Read on, at most `limit_bytes` of the journal."""
        before = dict(self.positions)
        batch = Batch()
        groups: dict[int, _Rows] = {}
        for payload in self._payloads(limit_bytes, batch):
            fact = self._decode(payload)
            if type(fact) is facts.Row:
                self._take_row(fact, groups, batch)
            elif fact is not None:
                self._take_fact(fact, groups, batch)
            batch.count += fact is not None
        self._settle(groups, batch)
        self._is_open_stored, self._open_rows, self._open_keys = True, [], {}
        batch.open_step = self.open_step
        batch.summary, batch.dropped, batch.states = self.fold.take_changes()
        batch.positions = dict(self.positions)
        batch.is_empty = batch.positions == before
        return batch

    def _payloads(self, limit_bytes: int, batch: Batch) -> Iterator[bytes]:
        for reader in self._readers:
            if limit_bytes <= 0:
                batch.has_more = True
                return
            self._reading = reader
            begun_at, size = reader.position, reader.size
            is_last = reader is self._readers[-1]
            yield from reader.payloads(limit_bytes, is_final=self.is_final or not is_last)
            limit_bytes -= reader.position - begun_at
            self.positions[reader.path.name] = reader.position
            for start, end in reader.damaged:
                if is_last and reader.is_torn(start, end):
                    continue  # nothing that was logged is lost
                self._report(f"bytes {start} to {end} are no valid frames and were passed over")
            reader.damaged.clear()
            if begun_at < reader.position < size:  # not what came meanwhile
                batch.has_more = True
                return

    def _report(self, sentence: str) -> None:
        # Once each, though what follows the watermark may be read several times.
        assert self._reading is not None
        path = self._reading.path
        self.damaged.setdefault(path, {})[f"{path.name}: {sentence}."] = None

    def _decode(self, payload: bytes) -> facts.Fact | None:
        try:
            fact: facts.Fact = self._decoder.decode(payload)
        except (msgspec.MsgspecError, RecursionError) as error:
            end = 0 if self._reading is None else self._reading.position
            self._report(f"the frame that ends at byte {end} was not understood ({error})")
            return None
        return fact

    # --- rows

    def _take_row(self, row: facts.Row, groups: dict[int, _Rows], batch: Batch) -> None:
        keyset = self._keysets.get(row.keys) or self._lost_keys(row)
        if len(row.values) != len(keyset.keys):
            self._report(f"a row of step {row.step} has the wrong number of values")
            return
        group = groups.get(id(keyset))  # a later segment may use its number again
        if group is None:
            group = groups[id(keyset)] = _Rows(keyset)
        if group.stream == "default":
            self._note_step(row, group, batch)
        self._rows_read += 1
        group.order.append(self._rows_read)
        group.steps.append(row.step)
        group.times_us.append(row.time_us)
        group.values.append(row.values)
        if row.time_us > batch.last_time_us:
            batch.last_time_us = row.time_us

    def _lost_keys(self, row: facts.Row) -> facts.Keys:
        names = [f"lost/{row.keys}.{index}" for index in range(len(row.values))]
        self._report(f"the keys of rows from step {row.step} on are lost, they are now {names[:3]}")
        keyset = self._keysets[row.keys] = facts.Keys(row.keys, "default", names)
        return keyset

    def _note_step(self, row: facts.Row, group: _Rows, batch: Batch) -> None:
        known = self.open_step
        if row.merges and known is not None and row.step == known.step:
            self._replace(group, batch)
            self._open_rows.append((group, len(group.steps)))
        elif row.merges or known is None or row.step >= known.step:
            self.open_step = OpenStep(row.step, row.time_us)
            self._is_open_stored = False
            self._open_rows = [(group, len(group.steps))]
            if self._open_keys:
                self._open_keys.clear()
        # Else it is a late row, and the open step stays open.
        if batch.last_step is None or row.step > batch.last_step:
            batch.last_step = row.step

    def _replace(self, group: _Rows, batch: Batch) -> None:
        """Take out what earlier rows of the open step say of the keys of this one."""
        self._index_open_rows()
        for key in group.keys:
            place = self._open_keys.get(key)
            if place is None and self._is_open_stored:
                batch.replaced.add(key)
                batch.replaced_in = self.open_step
                self._refold[key] = self.open_step
            elif place is not None:
                earlier, index = place
                earlier.values[index][earlier.keys.index(key)] = _GONE
                if index < earlier.folded:
                    self._refold[key] = self.open_step

    def _index_open_rows(self) -> None:
        for group, index in self._open_rows:
            self._open_keys.update(dict.fromkeys(group.keys, (group, index)))
        self._open_rows.clear()

    # --- other facts

    def _take_fact(self, fact: facts.Fact, groups: dict[int, _Rows], batch: Batch) -> None:
        match fact:
            case facts.Keys():
                self._keysets[fact.number] = fact
            case facts.Begin():
                self.first = self.first or fact
                self._keysets.clear()
                batch.begins.append(fact)
            case facts.SummaryChange():
                self._fold(groups)
                self.fold.change(fact.changed, fact.deleted)
            case facts.Metric():
                self._fold(groups)
                self.fold.rules[fact.name] = MetricRule(
                    fact.name, fact.step_metric, fact.step_sync, tuple(fact.summary), fact.goal,
                    fact.hidden,
                )  # fmt: skip
                batch.add(fact)
            case _:
                batch.add(fact)
        batch.last_time_us = max(batch.last_time_us, getattr(fact, "time_us", 0))

    # --- from rows to columns

    def _fold(self, groups: dict[int, _Rows]) -> None:
        """Bring the summary up to the last row."""
        new: dict[str, list[tuple[_Rows, int]]] = {}
        fresh = [g for g in groups.values() if g.stream == "default" and g.folded < len(g.steps)]
        for group in fresh:
            for place, key in enumerate(group.keys):
                new.setdefault(key, []).append((group, place))
        for key, places in new.items():
            if self.fold.is_numeric(key):
                self._fold_numbers(key, places)
            else:
                newest = max((group.last(place) for group, place in places), key=itemgetter(0))
                self.fold.show(key, newest[1])
        for group in fresh:
            group.folded = len(group.steps)
        self._refold.clear()

    def _fold_numbers(self, key: str, places: list[tuple[_Rows, int]]) -> None:
        self._index_open_rows()
        group, index = self._open_keys.get(key, (None, 0))
        open_order = None if group is None else group.order[index]
        last: Any = None
        held: Number | None = None
        closed: list[Number] = []
        parts = [group.part(place, group.folded) for group, place in places]
        for order, value, _, time_us in zip(*_in_order(parts), strict=True):
            if value is _GONE:
                continue
            last = value
            if type(value) in _NUMBERS and order == open_order:
                held = (value, time_us)
            elif type(value) in _NUMBERS:
                closed.append((value, time_us))
        self.fold.add(key, closed, last, held, self.open_step, self._refold.get(key))

    def _settle(self, groups: dict[int, _Rows], batch: Batch) -> None:
        self._fold(groups)
        found: dict[SeriesName, list[_Part]] = {}
        for group in groups.values():
            for key, values in zip(group.keys, zip(*group.values, strict=True), strict=True):
                part = (group.order, values, group.steps, group.times_us)
                found.setdefault((group.stream, key), []).append(part)
        for name, parts in found.items():
            self._settle_series(name, parts, batch)

    def _settle_series(self, name: SeriesName, parts: list[_Part], batch: Batch) -> None:
        _, values, steps, times_us = _in_order(parts)
        kinds = set(map(type, values))
        if not (kinds <= _NUMBERS) or (int in kinds and _has_large(values)):
            values, steps, times_us = _set_aside(name, values, steps, times_us, batch)
            kinds = set(map(type, values))
        if values:
            batch.columns[name] = Column(
                kind_of(kinds), np.asarray(steps, dtype=np.int64),
                np.asarray(times_us, dtype=np.int64), np.array(values, dtype=np.float64),
            )  # fmt: skip


def _in_order(parts: list[_Part]) -> _Part:
    """Return all parts as one, in the order in which the rows were logged."""
    if len(parts) == 1:
        return parts[0]
    rows = [row for part in parts for row in zip(*part, strict=True)]
    rows.sort(key=lambda row: row[0])
    order, values, steps, times_us = map(list, zip(*rows, strict=True))
    return order, values, steps, times_us


def _has_large(values: Sequence[Any]) -> bool:
    numbers = np.abs(np.array(values, dtype=np.float64))
    return bool(np.fmax.reduce(numbers) >= EXACT_INT)


def _set_aside(
    name: SeriesName,
    values: Sequence[Any],
    steps: Sequence[int],
    times_us: Sequence[int],
    batch: Batch,
) -> tuple[list[Any], list[int], list[int]]:
    """Move what a DOUBLE cannot hold to the JSON values; return the rest."""
    kept: tuple[list[Any], list[int], list[int]] = ([], [], [])
    for value, step, time_us in zip(values, steps, times_us, strict=True):
        if value is _GONE:
            continue
        if type(value) is float or (type(value) in _NUMBERS and abs(value) <= EXACT_INT):
            kept[0].append(value)
            kept[1].append(step)
            kept[2].append(time_us)
        else:
            batch.values.append((name, step, time_us, value))
    return kept
