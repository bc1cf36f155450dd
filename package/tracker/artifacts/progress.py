"""A bar for work that takes long, and nothing for work that does not."""

from __future__ import annotations

import contextlib
import sys
import threading
import time

PATIENCE_S = 2.0
INTERVAL_S = 0.5
WIDTH = 30


class Progress:
    """Counts bytes; after two seconds it shows on stderr how far the work is.

    Parameters
    ----------
    what : str
        The line's first words.
    total : int
        Bytes to come.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = max(total, 1)
        self._done = 0
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._shown_at = self._began + PATIENCE_S - INTERVAL_S
        self._is_shown = False

    def add(self, count: int) -> None:
        """Count bytes that are done; may be called by several threads."""
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now - self._shown_at >= INTERVAL_S:
                self._shown_at, self._is_shown = now, True
                self._show(now)

    def close(self) -> None:
        """End the line, if one was begun."""
        if self._is_shown:
            self._show(time.monotonic())
            _write("\n")

    def _show(self, now: float) -> None:
        share = min(self._done / self._total, 1.0)
        bar = "█" * round(share * WIDTH)
        rate = self._done / max(now - self._began, 1e-9) / 1e6
        whole = self._total / 1e6
        total = f"{whole / 1000:.2f} GB" if whole >= 1000 else f"{whole:.1f} MB"
        _write(
            f"\rtracker: {self._what} {bar:·<{WIDTH}} {share:4.0%} of {total}, "
            f"{rate:,.{0 if rate >= 10 else 1}f} MB/s"
        )


def _write(text: str) -> None:
    # A closed or broken terminal is no reason to fail.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()
