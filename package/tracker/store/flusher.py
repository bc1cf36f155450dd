"""The one daemon thread of a process that takes its runs' journals into the store."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tracker.errors import StoreDamagedError, StoreError, TrackerWarning
from tracker.store import journal
from tracker.store.feed import Feed, take_in
from tracker.store.journal import JournalWriter
from tracker.store.store import Store

WATCHED_INTERVAL_S = 0.35
PATIENCE_S = 10.0

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
    is_warned: bool = False


class Flusher:
    """Flushes every live run of the process, each at its interval."""

    def __init__(self) -> None:
        self._wake = threading.Event()
        self._guard = threading.Lock()
        self._flushing = threading.RLock()
        self._runs: list[Live] = []
        self._thread: threading.Thread | None = None

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
            If the store cannot be written now; the journal stays and is taken in later.
        """
        with self._guard:
            if live in self._runs:
                self._runs.remove(live)
        self._wake.set()
        with self._flushing:
            try:
                while not live.feed.is_done:
                    self._flush([live])
                self._notify(live, set())
            finally:
                live.feed.close()
                segments = list(live.writer.segments)
                if live.feed.is_done:
                    for path in segments:
                        _put_away(path, keep=live.keep_journal)
                live.writer.close()

    def flush(self, live: Live) -> None:
        """Take in what the run has logged by now."""
        with self._flushing:
            while self._flush([live]):
                pass

    def abandon(self) -> None:
        """In a forked child: forget the parent's runs and close their journals."""
        for live in self._runs:
            live.writer.close()
        self.__init__()  # type: ignore[misc]

    def _work(self) -> None:
        while True:
            now = time.monotonic()
            with self._guard:
                if not self._runs:
                    self._thread = None
                    return
                due = [live for live in self._runs if live.next_at <= now]
                wait_s = max(0.0, min(live.next_at for live in self._runs) - now)
            if not due:
                self._wake.wait(wait_s)
                self._wake.clear()
                continue
            with self._flushing:
                self._flush_due(due)

    def _flush_due(self, due: list[Live]) -> None:
        for store in {live.store for live in due}:
            mine = [live for live in due if live.store is store and live in self._runs]
            try:
                self._flush(mine)
            except Exception as error:  # noqa: BLE001 - the thread must outlive any failure
                self._complain(mine, error)
            else:
                for live in mine:
                    live.failing_since = None
        for live in due:
            interval_s = live.interval_s
            if live.listeners:
                interval_s = min(interval_s, WATCHED_INTERVAL_S)
            live.next_at = time.monotonic() + interval_s

    def _flush(self, runs: list[Live]) -> bool:
        if not runs:
            return False
        for live in runs:
            for action in list(live.before_flush):
                action()
        try:
            news = take_in(runs[0].store, [live.feed for live in runs])
        except StoreDamagedError as error:
            from tracker.store import recovery

            recovery.repair(runs[0].store, error)
            return True
        for live in runs:
            for path in live.feed.taken_in():
                live.feed.drop_segment(path)
                _put_away(path, keep=live.keep_journal)
                live.writer.release(path)
            if live.feed in news:
                self._notify(live, news[live.feed])
        return bool(news)

    def _notify(self, live: Live, keys: set[str]) -> None:
        for listener in list(live.listeners):
            try:
                listener(keys)
            except Exception as error:  # noqa: BLE001 - a listener must not stop the flush
                warnings.warn(f"A listener failed: {error!r}.", TrackerWarning, stacklevel=2)

    def _complain(self, runs: list[Live], error: Exception) -> None:
        now = time.monotonic()
        for live in runs:
            live.failing_since = live.failing_since or now
            is_long = now - live.failing_since > PATIENCE_S or not isinstance(error, StoreError)
            if is_long and not live.is_warned:
                live.is_warned = True
                warnings.warn(
                    f"The store cannot be written: {error} Logging goes on into the journal, and "
                    "nothing is lost.",
                    TrackerWarning,
                    stacklevel=2,
                )


def _put_away(path: Path, *, keep: bool) -> None:
    if keep:
        journal.archive(path)
    else:
        path.unlink()


FLUSHER = Flusher()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=FLUSHER.abandon)
