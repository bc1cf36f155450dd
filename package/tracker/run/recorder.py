"""Writes what a run says into its journal: the hot path of ``log``."""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tracker.errors import RunFinishedError
from tracker.records import MetricRule
from tracker.run.complaints import Complaints
from tracker.run.encoder import Encoder, Job, Late
from tracker.run.keysets import Keysets
from tracker.run.outbox import Outbox
from tracker.run.steps import CommonSteps, whole_step
from tracker.run.values import PLAIN, Coercer
from tracker.settings import Settings
from tracker.store.files.objects import Objects
from tracker.store.flusher import FLUSHER, Live
from tracker.store.journal import facts, journal
from tracker.store.journal.journal import JournalWriter
from tracker.store.journal.shared_steps import SharedSteps
from tracker.store.store import Store
from tracker.store.writing.feed import Feed
from tracker.store.writing.sessions import SHARED

ROW_TAG = 2
_live_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def now_us() -> int:
    """Return microseconds since the epoch."""
    return time.time_ns() // 1000


class Recorder:
    """The journal of one run, its steps and its metric rules.

    Parameters
    ----------
    settings : Settings
        Where and how to write.
    store : Store
        The store that takes the journal in.
    begin : facts.Begin
        The first frame.
    first_step : int
        The step that the first row without ``step`` gets.
    """

    def __init__(
        self, settings: Settings, store: Store, begin: facts.Begin, first_step: int = 0
    ) -> None:
        self.settings = settings
        self.begin = begin
        self.lock = threading.RLock()
        self.step = first_step
        self.is_closed = False
        self.is_foreign = False
        self._is_open = False
        self._system_step = 0
        self.encoder = Encoder(self._log_late)
        # In the encoder's thread nobody would see what a warning led to.
        self._complaints = Complaints(lambda: self.encoder.is_worker)
        self._last_summary: dict[str, Any] = {}
        self._summary_at: tuple[Path, int] | None = None
        self._writer = JournalWriter(store.journal_dir, fsync=settings.fsync)
        self._outbox = Outbox(self._writer, self.warn_once)
        self._keysets = Keysets(self._outbox.put)
        self._known = self._keysets.known
        begin.host, begin.pid = socket.gethostname(), os.getpid()
        self._writer.open_segment(begin)
        self._shared: CommonSteps | None = None
        if begin.resume in SHARED:
            steps = SharedSteps(store.root, store.journal_dir, self.project, self.run_id)
            steps.join(self._writer.stem, first_step)
            self._shared = CommonSteps(steps, self.warn_once)
        self.objects = Objects(store.objects_dir)
        self.coercer = Coercer(self.objects.put_bytes, self.warn_once, may_wait=True)
        self._newest_step = -1
        self.live = Live(
            store,
            self._writer,
            Feed(self._writer.stem, self._writer.segments),
            settings.flush_interval_s,
            settings.keep_journal,
        )
        FLUSHER.add(self.live)
        _live_recorders.add(self)

    @property
    def project(self) -> str:
        """The run's project."""
        return self.begin.project

    @property
    def rules(self) -> dict[str, MetricRule]:
        """The run's metric rules, by name."""
        return self._keysets.rules

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.begin.run_id

    @property
    def store(self) -> Store:
        """The store that takes the journal in."""
        return self.live.store

    def plain(self, value: Any) -> Any:
        """Return any value as plain data."""
        return self.coercer.plain(value)

    # ------------------------------------------------------------------ logging

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        """Append one row; see :meth:`tracker.Run.log`.

        Raises
        ------
        RunFinishedError
            If the run has finished.
        """
        with self.lock:
            if self.is_closed:
                raise RunFinishedError(self.run_id, "log")
            if self.is_foreign:
                self._warn_of_fork()
                return
            self._complaints.is_busy = True
            try:
                self._log(data, step, commit)
            finally:
                self._complaints.is_busy = False
        if self.encoder.keys:
            self.encoder.wait_for_room()
        if self._complaints.unsaid:
            self._complaints.say()

    # Once a training step: where caches are cold, each call of a function takes 2 µs here.
    def _log(self, data: Mapping[str, Any], step: Any, commit: bool | None) -> None:
        if step is None and self._shared is None:
            at, closes = self.step, commit is not False
        elif (settled := self._settle_step(step, commit)) is None:
            return
        else:
            at, closes = settled
        # A copy, because another thread may be changing the user's dict.
        data = data.copy() if type(data) is dict else self.coercer.flatten(data)
        keys, values = tuple(data), list(data.values())
        keyset = self._known.get(keys)
        late: list[tuple[str, Late]] = []
        if keyset is None or self.encoder.keys or not PLAIN.issuperset(map(type, values)):
            data = self.coercer.flatten(data)
            late = self._take_late(data)
            keys, values = tuple(data), list(data.values())
            keyset = self._known.get(keys) or self._keysets.make(keys)
        if keyset.missing:
            values += [self._keysets.synced[metric] for metric in keyset.missing]
        for metric, place in keyset.given:
            self._keysets.synced[metric] = values[place]
        merges = self._is_open and at == self.step
        if at == self.step:
            # First, so that a row that an interrupt cuts off leaves its step to no other row.
            self._is_open = not closes
            self.step = at + closes
        now = time.time_ns() // 1000
        if late:
            for key, value in late:
                self.encoder.put(Job(key, value, at, now))
            if not values:
                return
        self._put_row(keyset.number, at, now, values, merges)

    def _put_row(self, number: int, at: int, time_us: int, values: list[Any], merges: bool) -> None:
        if at > self._newest_step:
            self._newest_step = at
        row = (ROW_TAG, number, at, time_us, values)
        self._outbox.put((*row, True) if merges else row)
        if self._writer.size >= journal.SEGMENT_BYTES:
            self._rotate()

    def _take_late(self, data: dict[str, Any]) -> list[tuple[str, Late]]:
        """Take out of a row what is appended later: what takes time, and what waits for that."""
        found = [
            (key, value if type(value) is Late else Late(value))
            for key, value in data.items()
            if type(value) is Late or key in self.encoder.keys
        ]
        for key, _ in found:
            del data[key]
        return found

    def _log_late(self, job: Job) -> None:
        """Encode a value and append it to its step; the encoder's thread calls it."""
        value = self.coercer.plain(job.late.value, "inner")
        with self.lock:
            if self.is_closed or self.is_foreign:
                return
            number = self._keysets.number((job.key,), "default")
            # A row of the newest step joins it; a row of an earlier one is late.
            joins = job.step == self._newest_step
            self._put_row(number, job.step, job.time_us, [value], joins)

    def _settle_step(self, step: Any, commit: bool | None) -> tuple[int, bool] | None:
        if self._shared is not None:
            self.step = self._shared.settle(step, self.step, self._is_open)
            return self.step, commit is not False
        at = whole_step(step, self.warn_once)
        if at is None:
            return self.step, commit is not False
        if at > self.step:
            self.step, self._is_open = at, False
        elif at < self.step and self.settings.strict_steps:
            self.warn_once(
                f"Tried to log to step {at} that is less than the current step {self.step}. "
                "strict_steps is on, so rows with an earlier step are dropped.",
                "late",
            )
            return None
        return at, bool(commit)

    def log_system(self, readings: Mapping[str, float], time_s: float) -> None:
        """Append one row of system readings, keys without ``system/``."""
        keys = tuple(readings)
        with self.lock:
            if self.is_closed or self.is_foreign or not keys:
                return
            number = self._keysets.number(tuple(f"system/{key}" for key in keys), "system")
            values = [float(value) for value in readings.values()]
            self._outbox.put(facts.Row(number, self._system_step, int(time_s * 1e6), values))
            self._system_step += 1

    def append(self, *several: Any) -> None:
        """Append facts to the journal by one write; after the end of the run do nothing."""
        with self.lock:
            if self.is_closed:
                return
            if self.is_foreign:
                self._warn_of_fork()
            elif len(several) == 1:
                self._outbox.put(several[0])
            else:
                self._outbox.put_many(list(several))

    def define(self, rule: MetricRule) -> None:
        """Keep a metric rule."""
        with self.lock:
            self.rules[rule.name] = rule
            self._keysets.sync([rule], {})
            self.append(
                facts.Metric(
                    rule.name, rule.step_metric, rule.step_sync, list(rule.summary), rule.goal,
                    rule.hidden,
                )
            )  # fmt: skip

    def go_on(self, rules: list[MetricRule], summary: Mapping[str, Any]) -> None:
        """Take over the rules and the last step metrics of the run that this one goes on from."""
        with self.lock:
            self.rules.update({rule.name: rule for rule in rules})
            self.coercer.earlier = summary
            self._keysets.sync(rules, summary)

    def _rotate(self) -> None:
        begin = facts.Begin(
            self.begin.project, self.begin.run_id, now_us(), segment=len(self._writer.segments),
            resume=self.begin.resume if self._shared else "never", host=self.begin.host,
            pid=self.begin.pid,
        )  # fmt: skip
        try:
            self._writer.open_segment(begin)
        except OSError as error:
            self.warn_once(f"A new journal segment cannot be begun ({error.strerror}).", "segment")
            return
        self._keysets.forget()
        self.live.feed.add_segment(self._writer.segments[-1])

    # ------------------------------------------------------------------ reading

    def summary(self) -> Mapping[str, Any]:
        """Return the summary, of every row logged so far, not to be changed."""
        if self.is_closed or self.is_foreign:
            return self._last_summary
        self.encoder.drain()
        newest = (self._writer.segments[-1], self._writer.size)
        if newest == self._summary_at:
            return self._last_summary
        feed = self.live.feed
        feed.read_ahead()
        if not self._is_read():
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - reading a summary must not end a training
                self.warn_once(f"The summary is behind: {error}", "behind")
        with feed.lock:
            self._last_summary, self._summary_at = dict(feed.intake.fold.values), newest
        return self._last_summary

    def _is_read(self) -> bool:
        """Say whether the feed has read what was logged: not before its first flush."""
        newest = self._writer.segments[-1]
        return self.live.feed.intake.positions.get(newest.name, 0) >= self._writer.size

    def flush(self) -> None:
        """Bring everything logged so far into the store.

        Raises
        ------
        StoreError
            If the store cannot be written now; nothing is lost.
        """
        if not self.is_closed and not self.is_foreign:
            self.encoder.drain()
            FLUSHER.flush(self.live)
            self._complaints.say()

    def subscribe(self, listener: Callable[[set[str]], None]) -> Callable[[], None]:
        """Call `listener` with the keys that have news after each flush; return how to stop."""
        self.live.listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self.live.listeners:
                self.live.listeners.remove(listener)

        return unsubscribe

    # ------------------------------------------------------------------- ending

    def finish(self, state: str, exit_code: int) -> None:
        """Append the end of the run and take everything in; what is logged later raises."""
        while not self.is_closed and not self.is_foreign:
            self.encoder.drain()
            with self.lock:
                if self.encoder.keys:  # of another thread, which goes on logging
                    continue
                if not self.is_closed:
                    self._outbox.put(facts.Finish(state, exit_code, now_us()))
                    self.is_closed = True
                    break
        else:
            return
        if waiting := len(self._outbox.waiting):
            self.warn_once(
                f"The journal still cannot be written: the last {waiting:,} facts of run "
                f"{self.run_id}, its end among them, are lost."
            )
        try:
            FLUSHER.finish(self.live)
        except Exception as error:  # noqa: BLE001 - whatever the database says, training goes on
            self.warn_once(
                f"Run {self.run_id} has ended, but the store cannot be written now: {error} "
                "Nothing is lost: the next run that starts takes the journal in."
            )
        self._last_summary = dict(self.live.feed.intake.fold.values)
        self._complaints.say()

    def warn_once(self, sentence: str, about: str | None = None) -> None:
        """Warn of something, once a run; `about` tells sentences apart."""
        self._complaints.add(sentence, about)

    def warn_later(self, sentence: str) -> None:
        """Warn of something, once a run, when the run is used next; from any thread."""
        self._complaints.add_unsaid(sentence)

    def _warn_of_fork(self) -> None:
        self.warn_once(
            f"A forked process logs to run {self.run_id} of its parent: nothing is stored. Start "
            "a run of its own there with tracker.init().",
            "fork",
        )

    def disown(self) -> None:
        """In a forked child: the journal is the parent's, and nothing is read or written."""
        self.is_foreign = True
        self.lock = threading.RLock()
        self.encoder = Encoder(self._log_late)
        self._complaints.is_busy = False
        self._last_summary = dict(self.live.feed.intake.fold.values)


def _disown_all() -> None:
    for recorder in list(_live_recorders):
        recorder.disown()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_all)
