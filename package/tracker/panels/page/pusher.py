"""The one thread of a process that keeps its live panels moving, also during a busy cell."""

from __future__ import annotations

import threading
import time
import warnings
from typing import Final, Protocol

from tracker.errors import TrackerWarning

MIN_INTERVAL_S: Final = 0.5
POLL_INTERVAL_S: Final = 2.0
# Of one core.
_SHARE = 0.04
# A longer read is one that DuckDB spreads over as many threads as it may.
_ALONE_S = 0.03


class Moving(Protocol):
    """A panel that the thread keeps up to date."""

    def has_news(self) -> bool:
        """Say whether there may be something to send."""

    def tick(self) -> None:
        """Send it."""


class Pusher:
    """Calls the panels when they have news, and not so often that training would notice."""

    def __init__(self) -> None:
        self._wake = threading.Event()
        self._guard = threading.Lock()
        self._next_s: dict[Moving, float] = {}
        self._thread: threading.Thread | None = None

    def add(self, panel: Moving) -> None:
        """Keep this panel up to date from now on."""
        with self._guard:
            self._next_s.setdefault(panel, 0.0)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._work, name="tracker-panels", daemon=True
                )
                self._thread.start()
        self._wake.set()

    def remove(self, panel: Moving) -> None:
        """Leave this panel alone; without panels the thread ends."""
        with self._guard:
            self._next_s.pop(panel, None)
            thread = self._thread if not self._next_s else None
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(POLL_INTERVAL_S)

    def wake(self) -> None:
        """Look for news now."""
        self._wake.set()

    def _work(self) -> None:
        while True:
            with self._guard:
                if not self._next_s:
                    self._thread = None
                    return
                panels = dict(self._next_s)
            now = time.monotonic()
            waiting = False
            for panel, next_s in panels.items():
                if not panel.has_news():
                    continue
                if next_s > now:
                    waiting = True
                    continue
                self._tick(panel)
            wait_s = POLL_INTERVAL_S
            if waiting:
                wait_s = max(0.01, min(s for s in panels.values() if s > now) - time.monotonic())
            self._wake.wait(wait_s)
            self._wake.clear()

    def _tick(self, panel: Moving) -> None:
        began_s, used_s = time.monotonic(), time.thread_time()
        try:
            panel.tick()
        except Exception as error:  # noqa: BLE001 - training goes on whatever a panel does
            warnings.warn(f"A panel could not be drawn: {error!r}.", TrackerWarning, stacklevel=2)
        used_s = time.thread_time() - used_s
        used_s += max(0.0, used_s - _ALONE_S)
        with self._guard:
            if panel in self._next_s:
                self._next_s[panel] = began_s + max(MIN_INTERVAL_S, used_s / _SHARE)


PUSHER = Pusher()
