"""Writes what a run says into its journal: the hot path of ``log``."""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tracker.errors import TrackerWarning
from tracker.records import MetricRule
from tracker.run.values import PLAIN, Coercer
from tracker.settings import Settings
from tracker.store import facts
from tracker.store.feed import Feed
from tracker.store.flusher import FLUSHER, Live
from tracker.store.fold import rule_for
from tracker.store.journal import JournalWriter
from tracker.store.objects import Objects
from tracker.store.store import Store

ROW_TAG = 2
SPARE_FACTS = 100_000
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
        self.rules: dict[str, MetricRule] = {}
        self.step = first_step
        self.is_closed = False
        self._is_foreign = False
        self._keysets: dict[tuple[str, ...], int] = {}
        self._keyset_count = 0
        self._system_keysets: dict[tuple[str, ...], int] = {}
        self._system_step = 0
        self._synced: dict[str, Any] = {}
        self._warned: set[str] = set()
        self._spare: deque[Any] = deque(maxlen=SPARE_FACTS)
        self._writer = JournalWriter(store.journal_dir, fsync=settings.fsync)
        begin.host, begin.pid = socket.gethostname(), os.getpid()
        self._writer.open_segment(begin)
        self._objects = Objects(store.objects_dir)
        self.coercer = Coercer(self._objects.put_bytes, self.warn_once)
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

    @property
    def objects(self) -> Objects:
        """The store's files."""
        return self._objects

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        """Append one row; see :meth:`tracker.Run.log`."""
        with self.lock:
            if step is None:
                at = self.step
                closes = commit is not False
            else:
                at, closes = self._settle_step(step), bool(commit)
                if at is None:
                    return
            keys = tuple(data)
            values = list(data.values())
            if not PLAIN.issuperset(map(type, values)) or keys not in self._keysets or self._synced:
                data = self._prepared(data)
                keys, values = tuple(data), list(data.values())
            number = self._keysets.get(keys)
            if number is None:
                number = self._new_keyset(keys, "default", self._keysets)
            row = (ROW_TAG, number, at, time.time_ns() // 1000, values)
            self._put(row)
            if closes and at == self.step:
                self.step = at + 1
            if self._writer.is_full:
                self._rotate()

    def _settle_step(self, step: Any) -> Any:
        at = self._whole(step)
        if at is None:
            return self.step
        if at >= self.step:
            self.step = at
        elif self.settings.strict_steps:
            self.warn_once(
                f"Tried to log to step {at} that is less than the current step {self.step}: "
                "strict_steps is on, so the row is dropped.",
                "late",
            )
            return None
        return at

    def _whole(self, step: Any) -> int | None:
        if type(step) is int and -(2**62) < step < 2**62:
            return step
        try:
            number = float(step.item() if hasattr(step, "item") else step)
            at = int(number)
        except (TypeError, ValueError, OverflowError):
            at = number = None  # type: ignore[assignment]
        if at is None or not -(2**62) < at < 2**62:
            self.warn_once(
                f"step is {step!r}: expected a whole number. The row has the next step instead."
            )
            return None
        if at != number:
            self.warn_once(f"step is {step!r}: expected a whole number. Stored at step {at}.")
        return at

    def _prepared(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        flat = self.coercer.flatten(data)
        for key in list(flat) if self._synced else ():
            rule = rule_for(key, self.rules)
            metric = rule.step_metric if rule is not None and rule.step_sync else None
            if metric is not None and metric not in flat:
                flat[metric] = self._synced.get(metric, 0)
        for metric in self._synced:
            if metric in flat:
                self._synced[metric] = flat[metric]
        return flat

    def _new_keyset(
        self, keys: tuple[str, ...], stream: str, keysets: dict[tuple[str, ...], int]
    ) -> int:
        self._keyset_count += 1
        number = keysets[keys] = self._keyset_count
        self.append(facts.Keys(number, stream, list(keys)))
        return number

    def log_system(self, readings: Mapping[str, float], time_s: float) -> None:
        """Append one row of system readings, keys without ``system/``."""
        keys = tuple(readings)
        with self.lock:
            if self.is_closed or not keys:
                return
            number = self._system_keysets.get(keys)
            if number is None:
                number = self._new_keyset(
                    tuple(f"system/{key}" for key in keys), "system", self._system_keysets
                )
                self._system_keysets[keys] = number
            values = [float(value) for value in readings.values()]
            self.append(facts.Row(number, self._system_step, int(time_s * 1e6), values))
            self._system_step += 1

    def append(self, fact: Any) -> None:
        """Append any fact to the journal; a full disk is survived."""
        with self.lock:
            if not self.is_closed:
                self._put(fact)

    def append_many(self, several: list[Any]) -> None:
        """Append several facts by one write."""
        with self.lock:
            if self.is_closed or self._is_foreign:
                return
            try:
                self._writer.append_many(several)
            except Exception:  # noqa: BLE001 - one by one, each is rescued on its own
                for fact in several:
                    self._put(fact)

    def define(self, rule: MetricRule) -> None:
        """Keep a metric rule."""
        with self.lock:
            self.rules[rule.name] = rule
            if rule.step_metric and rule.step_sync:
                self._synced.setdefault(rule.step_metric, 0)
            self.append(
                facts.Metric(
                    rule.name, rule.step_metric, rule.step_sync, list(rule.summary), rule.goal,
                    rule.hidden,
                )
            )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Return the summary, of every row logged so far."""
        feed = self.live.feed
        feed.read_ahead()
        with feed.lock:
            return dict(feed.intake.fold.values)

    def flush(self) -> None:
        """Bring everything logged so far into the store."""
        FLUSHER.flush(self.live)

    def subscribe(self, listener: Callable[[set[str]], None]) -> Callable[[], None]:
        """Call `listener` with the keys that have news after each flush; return how to stop."""
        self.live.listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self.live.listeners:
                self.live.listeners.remove(listener)

        return unsubscribe

    def finish(self, state: str, exit_code: int) -> None:
        """Append the end of the run and take everything in."""
        with self.lock:
            self._drain()
            self.append(facts.Finish(state, exit_code, now_us()))
            self.is_closed = True
        FLUSHER.finish(self.live)

    def warn_once(self, sentence: str, about: str | None = None) -> None:
        """Warn of something, once a run; `about` tells sentences apart."""
        if (about or sentence) not in self._warned and len(self._warned) < 1000:
            self._warned.add(about or sentence)
            warnings.warn(sentence, TrackerWarning, stacklevel=4)

    def disown(self) -> None:
        """In a forked child: the journal is the parent's, and nothing is written to it."""
        self.lock = threading.RLock()
        self._is_foreign = True

    @property
    def is_foreign(self) -> bool:
        """Whether this process is a fork of the one that began the run."""
        return self._is_foreign

    def _put(self, fact: Any) -> None:
        if self._is_foreign:
            self.warn_once(
                "A forked process logs to its parent's run: nothing is stored. Start a run of "
                "its own there with tracker.init(reinit='create_new').",
                "fork",
            )
            return
        if self._spare and not self._drain():
            self._spare.append(fact)
            return
        try:
            self._writer.append(fact)
        except OSError as error:
            self._keep(fact, error)
        except Exception:  # noqa: BLE001 - msgspec, a number or a text that it cannot hold
            self._put_plainer(fact)

    def _put_plainer(self, fact: Any) -> None:
        try:
            self._writer.append(_encodable(fact))
        except OSError as error:
            self._keep(fact, error)

    def _keep(self, fact: Any, error: OSError) -> None:
        if len(self._spare) == self._spare.maxlen:
            self.warn_once("The disk has been full for too long: the oldest rows are lost.")
        self._spare.append(fact)
        self.warn_once(
            f"The journal cannot be written ({error.strerror}): rows are kept in memory until it "
            "can be, the last 100,000 of them.",
            "disk",
        )

    def _drain(self) -> bool:
        """Write what a full disk had refused; say whether it all went."""
        with self.lock:
            while self._spare:
                try:
                    self._writer.append(_encodable(self._spare[0]))
                except OSError:
                    return False
                self._spare.popleft()
            return True

    def _rotate(self) -> None:
        begin = facts.Begin(
            self.begin.project, self.begin.run_id, now_us(), segment=len(self._writer.segments),
            host=self.begin.host, pid=self.begin.pid,
        )  # fmt: skip
        try:
            self._writer.open_segment(begin)
        except OSError as error:
            self.warn_once(f"A new journal segment cannot be begun ({error}).", "disk")
            return
        self._keysets.clear()
        self._system_keysets.clear()
        self.live.feed.add_segment(self._writer.segments[-1])


def _encodable(fact: Any) -> Any:
    if isinstance(fact, str):
        return fact.encode("utf-8", "replace").decode()
    if isinstance(fact, Mapping):
        return {_encodable(k): _encodable(v) for k, v in fact.items()}
    if isinstance(fact, list | tuple):
        return type(fact)(_encodable(item) for item in fact)
    if isinstance(fact, int) and not isinstance(fact, bool) and not -(2**63) <= fact < 2**64:
        return float(fact)
    if hasattr(fact, "__struct_fields__"):
        return type(fact)(*(_encodable(getattr(fact, f)) for f in fact.__struct_fields__))
    return fact


def _disown_all() -> None:
    for recorder in list(_live_recorders):
        recorder.disown()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_all)
