"""The one daemon thread of a process that takes its runs' journals into the store."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tracker.errors import StoreDamagedError, StoreError, TrackerWarning
from tracker.store import recovery
from tracker.store.journal import archive
from tracker.store.journal.journal import JournalWriter, stems
from tracker.store.store import Store
from tracker.store.writing.feed import Feed, take_in
from tracker.store.writing.intake import BATCH_BYTES

WATCHED_INTERVAL_S = 0.35
# A flush takes about 25 ms of a core, in which no other process can flush: so many journals may
# be taken in at their interval, more of them wait longer, up to that many times.
CROWD = 8
MOST_PATIENT = 10.0
PATIENCE_S = 10.0
JOIN_S = 2.0
STOP_S = 10.0

Listener = Callable[[set[str]], None]


@dataclass(eq=False)
class Live:
    """A run of this process: its journal, its feed and who wants to hear of news."""

    store: Store
    writer: JournalWriter
    feed: Feed
    interval_s: float
    keep_journal: bool = True
    listeners: list[Listener] = field(default_factory=list)
    before_flush: list[Callable[[], None]] = field(default_factory=list)
    next_at: float = 0.0
    failing_since: float | None = None
    warned: set[str] = field(default_factory=set)
    is_ended: bool = False
    is_over: bool = False


class Flusher:
    """Flushes every live run of the process, each at its interval."""

    def __init__(self) -> None:
        self._wake = threading.Event()
        self._guard = threading.Lock()
        self._flushing = threading.RLock()
        self._runs: list[Live] = []
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    def add(self, live: Live) -> None:
        """Flush this run from now on."""
        with self._guard:
            self._runs.append(live)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._work, name="tracker-flush", daemon=True
                )
                self._thread.start()
        self._wake.set()

    def finish(self, live: Live) -> None:
        """Take in the rest of a run's journal, then put the journal away.

        Raises
        ------
        StoreError
            If the store cannot be written now. The journal stays, and is taken in by this
            process while it lives, or by the next one that opens the store.
        """
        try:
            # Not while the thread has read the journal without its end.
            with self._flushing:
                live.is_ended = True
                live.warned.add("failing")  # that is for who called
                while not live.is_over and self._flush([live]):
                    pass
        finally:
            self._wake.set()
            self._join()

    def flush(self, live: Live) -> None:
        """Take in what the run has logged by now.

        Raises
        ------
        StoreError
            If the store cannot be written now.
        """
        with self._flushing:
            # As much as there is now: another thread may log faster than this one takes in.
            sizes = [path.stat().st_size for path in live.writer.segments]
            for _ in range(2 + len(sizes) + sum(sizes) // BATCH_BYTES):
                if live.is_over or not self._flush([live]):
                    return

    def settle(self, store: Store) -> None:
        """Take in what the runs of this process have logged to a store, for who reads it now.

        What cannot be written now stays in the journals, and is taken in later.
        """
        if threading.current_thread() is self._thread:
            return  # a listener reads, and must not begin another flush within this one
        with self._guard:
            runs = [live for live in self._runs if live.store.root == store.root]
        for live in runs:
            with contextlib.suppress(StoreError, OSError):
                self.flush(live)

    def stop(self) -> None:
        """At the end of the process: stop the thread, which must not be within DuckDB then."""
        self._is_stopping = True
        self._wake.set()
        thread = self._thread
        if thread is not None:
            thread.join(STOP_S)

    def abandon(self) -> None:
        """In a forked child: forget the parent's runs; their files are closed already."""
        for live in self._runs:
            live.writer.disown()
            live.feed.disown()
        self.__init__()  # type: ignore[misc]

    def _join(self) -> None:
        """Wait for the thread's end if no run is left, so that none is seen after finish."""
        with self._guard:
            thread = None if self._runs else self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_S)

    def _work(self) -> None:
        while True:
            now = time.monotonic()
            with self._guard:
                if not self._runs or self._is_stopping:
                    self._thread = None
                    return
                due = [live for live in self._runs if live.next_at <= now]
                wait_s = max(0.0, min(live.next_at for live in self._runs) - now)
            if due:
                with self._flushing:
                    self._flush_due(due)
            else:
                self._wake.wait(wait_s)
                self._wake.clear()

    def _flush_due(self, due: list[Live]) -> None:
        for store in {live.store for live in due}:
            runs = [live for live in due if live.store is store]
            self._try([live for live in runs if not live.is_over])
            patience = self._patience(store)
            for live in runs:
                interval_s = live.interval_s
                if live.listeners:
                    interval_s = min(interval_s, WATCHED_INTERVAL_S)
                live.next_at = time.monotonic() + interval_s * patience

    def _patience(self, store: Store) -> float:
        """Return how many times the interval to wait, for the sake of the other processes."""
        with self._guard:
            own = sum(live.store is store for live in self._runs)
        others = len(stems(store.journal_dir)) - own
        return min(max(1.0, others / CROWD), MOST_PATIENT)

    def _try(self, runs: list[Live]) -> None:
        try:
            self._flush(runs)
        except Exception as error:  # noqa: BLE001 - the thread must outlive any failure
            if len(runs) > 1 and not isinstance(error, StoreError):
                # One journal that cannot be taken in must not hold up the others.
                for live in runs:
                    self._try([live])
            else:
                self._complain(runs, error)
        else:
            for live in runs:
                live.failing_since = None

    def _flush(self, runs: list[Live]) -> bool:
        """Take in one batch of each run; say whether any has more."""
        if not runs:
            return False
        for live in runs:
            for action in list(live.before_flush):
                _guarded(action)
        try:
            news = self._take_in(runs)
        except StoreDamagedError as error:
            recovery.repair(runs[0].store, error)
            news = self._take_in(runs)
        for live in runs:
            if live.feed in news:
                _notify(live, news[live.feed])
            if live.is_over:
                _notify(live, set())
            if live.feed.is_orphan and "orphan" not in live.warned:
                live.warned.add("orphan")
                _warn(
                    "The run was deleted or replaced by another process: what this one logs is no "
                    "longer stored. Start a new run with tracker.init()."
                )
        return any(live.feed.is_behind for live in runs)

    def _take_in(self, runs: list[Live]) -> dict[Feed, set[str]]:
        with runs[0].store.steady():
            news = take_in(runs[0].store, [live.feed for live in runs])
            for live in runs:
                if live.is_ended and not live.feed.is_behind:
                    self._end(live)
                elif not live.is_over:
                    _put_away_full(live)
        return news

    def _end(self, live: Live) -> None:
        """Put the whole journal away; without its end it stays, to be recovered."""
        segments = list(live.writer.segments)
        live.feed.close()
        sentences = recovery.keep_damaged(live.store, live.feed.intake.damaged)
        is_kept = live.feed.is_done and all(_put_away(live, path) for path in segments)
        live.writer.close()
        if is_kept:
            for path in segments:
                path.unlink(missing_ok=True)
        live.is_over = True
        with self._guard:
            self._runs.remove(live)
        for sentence in sentences:
            _warn(sentence)

    def _complain(self, runs: list[Live], error: Exception) -> None:
        now = time.monotonic()
        for live in runs:
            live.failing_since = live.failing_since or now
            is_long = now - live.failing_since > PATIENCE_S or not isinstance(error, StoreError)
            if is_long and "failing" not in live.warned:
                live.warned.add("failing")
                _warn(
                    f"The store cannot be written: {error} What was logged is safe in the journal "
                    "and is taken in later."
                )


def _put_away_full(live: Live) -> None:
    """Put away segments that have been taken in whole; the open one goes on."""
    with contextlib.suppress(OSError):  # it will be tried again
        for path in live.feed.taken_in():
            if _put_away(live, path):
                live.feed.drop_segment(path)
                live.writer.release(path)
                path.unlink(missing_ok=True)


def _put_away(live: Live, path: Path) -> bool:
    """Keep a copy of a segment if it is to be kept; say whether the original may go."""
    if live.keep_journal:
        try:
            archive.keep(path)
        except OSError:
            return False
    return True


def _notify(live: Live, keys: set[str]) -> None:
    for listener in list(live.listeners):
        _guarded(lambda listener=listener: listener(keys))  # type: ignore[misc]


def _guarded(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:  # noqa: BLE001 - a listener must not stop the flush
        _warn(f"A listener failed: {error!r}.")


def _warn(sentence: str) -> None:
    try:
        warnings.warn(sentence, TrackerWarning, stacklevel=3)
    except TrackerWarning:
        # Warnings are errors here; in our own thread nobody could catch it.
        if threading.current_thread() is threading.main_thread():
            raise


FLUSHER = Flusher()
atexit.register(FLUSHER.stop)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=FLUSHER.abandon)
