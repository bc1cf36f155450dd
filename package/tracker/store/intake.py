"""Turns the frames of a run's journal into columns for the store.

The same code serves a live run, whose journal grows, and a dead one's, which is replayed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tracker.records import MetricRule
from tracker.store import facts
from tracker.store.fold import Fold
from tracker.store.journal import SegmentReader

BATCH_BYTES = 4 * 1024 * 1024
EXACT_INT = 2**53

SeriesName = tuple[str, str]  # stream, key


class _Gone:
    """Stands where a value was that a later call for the same open row replaced."""


_GONE = _Gone()


@dataclass(slots=True)
class Column:
    """Numeric values of one series, in the order in which they were logged."""

    kind: str
    steps: np.ndarray
    times_us: np.ndarray
    values: np.ndarray


@dataclass(slots=True)
class Batch:
    """What one flush puts into the store for one run."""

    begins: list[facts.Begin] = field(default_factory=list)
    columns: dict[SeriesName, Column] = field(default_factory=dict)
    values: list[tuple[SeriesName, int, int, Any]] = field(default_factory=list)
    replaced: list[tuple[SeriesName, int]] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, facts.Metric] = field(default_factory=dict)
    lines: dict[int, facts.Line] = field(default_factory=dict)
    cells: dict[int, facts.Cell] = field(default_factory=dict)
    events: list[facts.Event] = field(default_factory=list)
    versions: list[facts.Version] = field(default_factory=list)
    finish: facts.Finish | None = None
    is_deleted: bool = False
    last_step: int | None = None
    last_time_us: int = 0
    is_summary_changed: bool = False
    has_more: bool = False
    frames: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    fold: dict[str, Any] = field(default_factory=dict)

    def add(self, fact: facts.Fact) -> None:
        """Keep a fact that needs nothing of those before it."""
        match fact:
            case facts.Change():
                metadata = {**self.changes.get("metadata", {}), **fact.fields.get("metadata", {})}
                self.changes.update(fact.fields)
                if metadata:
                    self.changes["metadata"] = metadata
            case facts.Line():
                self.lines[fact.number] = fact
            case facts.Cell():
                self.cells[fact.number] = fact
            case facts.Event():
                self.events.append(fact)
            case facts.Version():
                self.versions.append(fact)
            case facts.Finish():
                self.finish = fact
            case facts.Delete():
                self.is_deleted = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing was read."""
        return not self.frames

    @property
    def keys(self) -> set[str]:
        """The keys of the default stream that have new values."""
        named = set(self.columns) | {name for name, *_ in self.values}
        return {key for stream, key in named if stream == "default"}


class Intake:
    """Reads a journal's segments from where it stopped, and keeps the run's summary.

    Attributes
    ----------
    fold : Fold
        The summary after everything that was read.
    positions : dict of str to int
        Bytes read of each segment, by file name.
    damaged : list of str
        Sentences about stretches of the journal that could not be read.
    """

    def __init__(self, *, is_final: bool = False) -> None:
        self.fold = Fold()
        self.positions: dict[str, int] = {}
        self.damaged: list[str] = []
        self.run_key: int | None = None
        self.series: dict[SeriesName, tuple[int, str]] = {}
        self.first: facts.Begin | None = None
        self._is_final = is_final
        self._readers: list[SegmentReader] = []
        self._decoder = msgspec.msgpack.Decoder(facts.Fact)
        self._keysets: dict[int, facts.Keys] = {}
        self._rows_read = 0
        self._open_step: int | None = None
        self._open_rows: list[tuple[_Rows | None, int, list[str]]] = []

    def follow(self, path: Path, position: int = 0) -> None:
        """Read `path` after the segments followed so far, from `position` on."""
        reader = SegmentReader(path)
        self._readers.append(reader)
        if position:
            for payload in _until(reader, position):
                fact = self._decode(payload)
                if isinstance(fact, facts.Keys):
                    self._keysets[fact.number] = fact
                elif isinstance(fact, facts.Begin):
                    self.first = self.first or fact
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

    def read(self, limit_bytes: int = BATCH_BYTES) -> Batch:
        """Read on, at most `limit_bytes` of the journal."""
        batch = Batch()
        groups: dict[int, _Rows] = {}
        for payload in self._payloads(limit_bytes, batch):
            batch.frames += 1
            fact = self._decode(payload)
            if type(fact) is facts.Row:
                self._take_row(fact, groups, batch)
            elif fact is not None:
                if type(fact) in (facts.SummaryChange, facts.Metric) and groups:
                    self._settle(groups, batch)
                    groups = {}
                self._take_fact(fact, batch)
        self._settle(groups, batch)
        self._open_rows = [(None, 0, keys) for _, _, keys in self._open_rows]
        batch.positions = dict(self.positions)
        batch.summary = dict(self.fold.values)
        batch.fold = self.fold.dump()
        return batch

    def _payloads(self, limit_bytes: int, batch: Batch) -> Iterator[bytes]:
        for reader in self._readers:
            if limit_bytes <= 0:
                batch.has_more = True
                return
            begun_at = reader.position
            is_last = reader is self._readers[-1]
            yield from reader.payloads(limit_bytes, is_final=self._is_final or not is_last)
            limit_bytes -= reader.position - begun_at
            self.positions[reader.path.name] = reader.position
            for start, end in reader.damaged:
                self.damaged.append(
                    f"{reader.path.name}: bytes {start} to {end} are no valid frames and were "
                    "passed over."
                )
            reader.damaged.clear()
            size = reader.path.stat().st_size if reader.path.exists() else 0
            if reader.position < size and reader.position > begun_at:
                batch.has_more = True
                return

    def _decode(self, payload: bytes) -> facts.Fact | None:
        try:
            return self._decoder.decode(payload)
        except msgspec.MsgspecError as error:
            self.damaged.append(f"A frame could not be understood and was passed over: {error}.")
            return None

    def _take_row(self, row: facts.Row, groups: dict[int, _Rows], batch: Batch) -> None:
        group = groups.get(row.keys)
        if group is None:
            keyset = self._keysets.get(row.keys)
            if keyset is None:
                self.damaged.append(f"A row of step {row.step} has lost its keys.")
                return
            group = groups[row.keys] = _Rows(keyset)
        index = len(group.steps)
        if group.is_default:
            if row.step == self._open_step:
                self._replace(group.keys, batch)
            else:
                self._open_step = row.step
                self._open_rows.clear()
            self._open_rows.append((group, index, group.keys))
            if batch.last_step is None or row.step > batch.last_step:
                batch.last_step = row.step
        self._rows_read += 1
        group.order.append(self._rows_read)
        group.steps.append(row.step)
        group.times_us.append(row.time_us)
        group.values.append(row.values)
        batch.last_time_us = row.time_us

    def _replace(self, keys: list[str], batch: Batch) -> None:
        for group, index, earlier in self._open_rows:
            for key in set(earlier).intersection(keys):
                if group is None:
                    assert self._open_step is not None
                    batch.replaced.append((("default", key), self._open_step))
                else:
                    group.values[index][group.keys.index(key)] = _GONE

    def _take_fact(self, fact: facts.Fact, batch: Batch) -> None:
        match fact:
            case facts.Keys():
                self._keysets[fact.number] = fact
            case facts.Begin():
                self.first = self.first or fact
                self._keysets.clear()
                batch.begins.append(fact)
            case facts.SummaryChange():
                self.fold.change(fact.changed, fact.deleted)
                batch.is_summary_changed = True
            case facts.Metric():
                self.fold.rules[fact.name] = MetricRule(
                    fact.name, fact.step_metric, fact.step_sync, tuple(fact.summary), fact.goal,
                    fact.hidden,
                )  # fmt: skip
                batch.metrics[fact.name] = fact
            case _:
                batch.add(fact)
        batch.last_time_us = max(batch.last_time_us, getattr(fact, "time_us", 0))

    def _settle(self, groups: dict[int, _Rows], batch: Batch) -> None:
        pieces: dict[SeriesName, list[tuple[_Rows, tuple[Any, ...]]]] = {}
        for group in groups.values():
            for key, column in zip(group.keys, zip(*group.values, strict=True), strict=True):
                pieces.setdefault((group.stream, key), []).append((group, column))
        for name, parts in pieces.items():
            self._settle_column(name, parts, batch)

    def _settle_column(
        self, name: SeriesName, parts: list[tuple[_Rows, tuple[Any, ...]]], batch: Batch
    ) -> None:
        steps, times_us, values = _join(parts)
        last = next((value for value in reversed(values) if value is not _GONE), _GONE)
        kinds = set(map(type, values))
        if not kinds <= {float, int, bool}:
            steps, times_us, values = self._set_aside(name, steps, times_us, values, batch)
            kinds = set(map(type, values))
        numbers = np.array(values, dtype=np.float64)
        if int in kinds and len(numbers) and np.abs(numbers).max() > EXACT_INT:
            steps, times_us, values = self._set_aside(name, steps, times_us, values, batch)
            numbers = np.array(values, dtype=np.float64)
        if len(numbers):
            column = Column(_kind(kinds), np.asarray(steps), np.asarray(times_us), numbers)
            earlier = batch.columns.get(name)
            batch.columns[name] = _append(earlier, column) if earlier else column
        if name[0] == "default" and last is not _GONE:
            self.fold.add(name[1], numbers, last)
            batch.is_summary_changed = True

    def _set_aside(
        self, name: SeriesName, steps: Any, times_us: Any, values: Any, batch: Batch
    ) -> tuple[list[int], list[int], list[Any]]:
        """Move what a DOUBLE cannot hold to the JSON values; return the rest."""
        kept: tuple[list[int], list[int], list[Any]] = ([], [], [])
        for step, time_us, value in zip(steps, times_us, values, strict=True):
            if value is _GONE:
                continue
            if type(value) is float or (type(value) in (int, bool) and abs(value) <= EXACT_INT):
                kept[0].append(step)
                kept[1].append(time_us)
                kept[2].append(value)
            else:
                batch.values.append((name, int(step), int(time_us), value))
        return kept


class _Rows:
    """Rows of one batch that have the same keys."""

    __slots__ = ("is_default", "keys", "order", "steps", "stream", "times_us", "values")

    def __init__(self, keyset: facts.Keys) -> None:
        self.keys = keyset.keys
        self.stream = keyset.stream
        self.is_default = keyset.stream == "default"
        self.order: list[int] = []
        self.steps: list[int] = []
        self.times_us: list[int] = []
        self.values: list[list[Any]] = []


def _join(parts: list[tuple[_Rows, tuple[Any, ...]]]) -> tuple[Any, Any, Any]:
    if len(parts) == 1:
        group, values = parts[0]
        return group.steps, group.times_us, values
    rows = [
        row
        for group, values in parts
        for row in zip(group.order, group.steps, group.times_us, values, strict=True)
    ]
    rows.sort(key=lambda row: row[0])
    _, steps, times_us, values = zip(*rows, strict=True)
    return steps, times_us, values


def _kind(kinds: set[type]) -> str:
    if kinds == {bool}:
        return "bool"
    return "float" if float in kinds else "int"


def _append(first: Column, second: Column) -> Column:
    kind = first.kind if first.kind == second.kind else wider(first.kind, second.kind)
    return Column(
        kind,
        np.concatenate([first.steps, second.steps]),
        np.concatenate([first.times_us, second.times_us]),
        np.concatenate([first.values, second.values]),
    )


def wider(one: str, other: str) -> str:
    """Return the kind that holds values of both kinds."""
    order = ("bool", "int", "float")
    return max(one, other, key=order.index)


def _until(reader: SegmentReader, position: int) -> Iterator[bytes]:
    while reader.position < position:
        begun_at = reader.position
        with contextlib.closing(reader.payloads(position - begun_at)) as payloads:
            yield from payloads
        if reader.position == begun_at:
            reader.position = position
