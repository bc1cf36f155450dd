"""Puts runs from elsewhere into the store, or what is new of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from tracker.artifacts.home import Home
from tracker.artifacts.keeping import keeping
from tracker.errors import TrackerError, UsageError
from tracker.exchange.elsewhere import (
    Elsewhere,
    Event,
    Item,
    Line,
    Readings,
    Row,
    Version,
    all_made,
)
from tracker.exchange.files import keep_files, version_fact
from tracker.records import MetricRule, RunRecord
from tracker.run.outbox import encodable
from tracker.run.values import PLAIN, Coercer, clean_text
from tracker.store.files.objects import Objects
from tracker.store.journal import facts
from tracker.store.reading import read
from tracker.store.store import Store
from tracker.store.writing.whole import WholeJournal, take_in_whole

Outcome = Literal["new", "grown", "replaced", "unchanged"]
# Where a run's metadata says what of it was imported.
MARK = "imported"
# What one transaction takes in: to open the database costs more than most runs.
GROUP_BYTES = 4 * 1024 * 1024
GROUP_RUNS = 64
# What msgspec says of numbers and text that it cannot hold.
_UNFIT = (OverflowError, UnicodeError, TypeError, ValueError)


class _ChangedError(TrackerError):
    """What was imported earlier is not what the source says now."""


class Taking:
    """Puts runs into a store, many in one transaction.

    Parameters
    ----------
    store : Store
        Where to.
    told : callable
        Is called with a number of items, now and then.
    """

    def __init__(self, store: Store, told: Callable[[int], None]) -> None:
        self._store = store
        self._told = told
        self._records: dict[str, dict[str, RunRecord]] = {}
        self._waiting: list[Path] = []
        self._waiting_bytes = 0
        self._written: set[tuple[str, str]] = set()

    def take(self, source: Elsewhere) -> Outcome:
        """Put a run into the store; of one that is there add what is new.

        It is there, and stays there, when this returns; :meth:`flush` lets everybody see it.

        Raises
        ------
        UsageError
            If the store has a run of this id that does not come from there.
        StoreError
            If the store cannot be written.
        """
        record, parts = self._stored(source)
        known = parts.get(source.part, {})
        if known and known.get("fingerprint") == source.fingerprint:
            return "unchanged"
        if record is not None and source.is_timeless:
            source.started_us = int(record.created_at.timestamp() * 1e6)
        try:
            self._write(source, record, parts)
        except _ChangedError:
            if len(parts) > 1:
                raise UsageError(
                    f"{source.part} is not what was imported of it as run {source.run_id} of "
                    f"project {source.project!r}: the run is left as it is. Delete it to import "
                    "it anew."
                ) from None
            source.lost.clear()
            self._write(source, record, {})
            return "replaced"
        return "new" if record is None else "grown"

    def flush(self) -> None:
        """Put what waits into the database.

        Raises
        ------
        StoreError
            If it cannot be written now: the next run that starts takes in what waits.
        """
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting:
            take_in_whole(self._store, waiting)
            # What could not be taken in together is taken in, or put aside, one by one.
            self._store.recover()

    def _stored(self, source: Elsewhere) -> tuple[RunRecord | None, dict[str, Any]]:
        record = self._find(source.project, source.run_id)
        if record is None:
            return None, {}
        mark = record.metadata.get(MARK)
        if not isinstance(mark, dict) or mark.get("from") != source.format:
            raise UsageError(
                f"Project {source.project!r} has a run {source.run_id} already, which does not "
                f"come from {source.format}: it is left as it is. Give the import another project."
            )
        parts = mark.get("parts")
        return record, dict(parts) if isinstance(parts, dict) else {}

    def _find(self, project: str, run_id: str) -> RunRecord | None:
        if (project, run_id) in self._written:
            self.flush()
            with self._store.reading() as db:
                return read.run(db, project, run_id)
        if project not in self._records:
            with self._store.reading() as db:
                found = read.runs(db, project)
            self._records[project] = {record.run_id: record for record in found}
        return self._records[project].get(run_id)

    def _write(self, source: Elsewhere, record: RunRecord | None, parts: dict[str, Any]) -> None:
        known = parts.get(source.part, {})
        home = Home(self._store)
        begin = _begin(source, record if parts else None, is_there=record is not None)
        with (
            keeping(home),
            WholeJournal(self._store, begin, int(known.get("items", 0))) as journal,
        ):
            writer = _Writer(home, source, journal)
            number = 0
            for number, item in enumerate(source.read(source), 1):
                writer.put(item)
                if number % 1000 == 0:
                    self._told(1000)
            self._told(number % 1000)
            if known and (not journal.is_new or journal.known_checksum != known.get("checksum")):
                raise _ChangedError
            mark = {
                "fingerprint": source.fingerprint,
                "items": journal.count,
                "checksum": journal.checksum,
            }
            config = record.config if record is not None and parts else {}
            writer.end(record, config, {**parts, source.part: mark})
            keep_files(source, journal.files)
            self._written.add((source.project, source.run_id))
            path = journal.complete()
        self._waiting.append(path)
        self._waiting_bytes += path.stat().st_size
        if self._waiting_bytes > GROUP_BYTES or len(self._waiting) >= GROUP_RUNS:
            self.flush()


def _begin(source: Elsewhere, record: RunRecord | None, *, is_there: bool) -> facts.Begin:
    begin = facts.Begin(source.project, source.run_id, source.started_us)
    begin.host, begin.pid = socket.gethostname(), os.getpid()
    if record is None:
        begin.fields = {"name": source.name, "tags": []}
        begin.resume = "overwrite" if is_there else "never"
        return begin
    begin.resume, begin.config = "resume", record.config
    # It goes on where it ended here, so that no time counts twice.
    begin.time_us = max(source.started_us, int(record.updated_at.timestamp() * 1e6))
    return begin


class _Writer:
    """Makes facts of what a source says."""

    def __init__(self, home: Home, source: Elsewhere, journal: WholeJournal) -> None:
        self._home = home
        self._source = source
        self._journal = journal
        self._put_bytes = Objects(home.store.objects_dir).put_bytes
        self._coercer = Coercer(self._put_bytes, self._complain)
        self._numbers: dict[tuple[str, tuple[str, ...]], int] = {}
        self._clean: dict[tuple[str, ...], bool] = {}
        self._written: set[int] = set()
        self._lines = self._readings = 0
        self._latest_us = source.started_us

    def put(self, item: Item) -> None:
        """Append an item."""
        match item:
            case Row():
                self._put_row(item)
            case Readings():
                keys = tuple(f"system/{clean_text(key)}" for key in item.values)
                values = [float(value) for value in item.values.values()]
                row = facts.Row(0, self._readings, item.time_us, values)
                self._append_row("system", keys, row)
                self._readings += 1
            case Line():
                text = clean_text(item.text)
                self._append(facts.Line(self._lines, item.stream, item.time_us, text))
                self._lines += 1
            case Event():
                payload = self._coercer.plain(item.payload)
                self._append(facts.Event(item.kind, item.time_us, payload))
            case Version():
                self._append(version_fact(self._home, self._source, item))
            case MetricRule():
                self._append(
                    facts.Metric(
                        item.name, item.step_metric, item.step_sync, list(item.summary),
                        item.goal, item.hidden,
                    )
                )  # fmt: skip
        time_us = getattr(item, "time_us", 0)
        self._latest_us = max(self._latest_us, time_us)

    def _put_row(self, item: Row) -> None:
        data = item.values
        keys = tuple(data)
        if not PLAIN.issuperset(map(type, data.values())) or not self._is_clean(keys):
            data = self._coercer.flatten(all_made(data))
            keys = tuple(data)
        if keys:
            row = facts.Row(0, item.step, item.time_us, list(data.values()), item.merges)
            self._append_row("default", keys, row)

    def _is_clean(self, keys: tuple[str, ...]) -> bool:
        known = self._clean.get(keys)
        if known is None:
            known = self._clean[keys] = all(
                type(key) is str and key == clean_text(key) for key in keys
            )
        return known

    def _append_row(self, stream: str, keys: tuple[str, ...], row: facts.Row) -> None:
        row.keys = self._numbers.setdefault((stream, keys), len(self._numbers) + 1)
        if self._journal.is_new and row.keys not in self._written:
            self._written.add(row.keys)
            self._journal.add(facts.Keys(row.keys, stream, list(keys)))
        self._append(row)

    def _append(self, fact: facts.Fact) -> None:
        try:
            self._journal.add_item(fact)
        except _UNFIT:
            self._journal.add_item(encodable(fact))

    def end(self, record: RunRecord | None, config: dict[str, Any], parts: dict[str, Any]) -> None:
        """Append what is known when everything has been read: fields, summary, how it ended."""
        source, plain = self._source, self._coercer.plain
        ended_us = max(self._latest_us, source.ended_us or 0)
        summary = {
            key: plain(value, "summary")
            for key, value in source.summary.items()
            if not (isinstance(value, dict) and self._is_logged(key))
        }
        config = {**config, **plain(source.config)}
        metadata = {**plain(source.metadata), MARK: {"from": source.format, "parts": parts}}
        changes = {"config": config, "metadata": metadata, **self._words(record)}
        self._journal.add(encodable(facts.Change(ended_us, changes)))
        for version in source.artifacts:
            self._journal.add(encodable(version_fact(self._home, source, version)))
        if summary:
            self._journal.add(encodable(facts.SummaryChange(summary)))
        self._journal.add(facts.Finish(source.state, source.exit_code, ended_us))

    def _is_logged(self, key: str) -> bool:
        """Say whether the summary has a key, or those below it, by itself: its rows are here."""
        logged = (name for stream, keys in self._numbers for name in keys if stream == "default")
        return any(name == key or name.startswith(f"{key}.") for name in logged)

    def _words(self, record: RunRecord | None) -> dict[str, Any]:
        """Return what people read of the run; what they have changed here stays."""
        source = self._source
        words = {
            "name": source.name,
            "group": source.group,
            "job_type": source.job_type,
            "notes": source.notes,
        }
        if record is None:
            return {**words, "tags": source.tags}
        merged = {name: getattr(record, name) or word for name, word in words.items()}
        return {**merged, "tags": list(dict.fromkeys([*record.tags, *source.tags]))}

    def _complain(self, sentence: str) -> None:
        self._source.remarks[sentence] = None
