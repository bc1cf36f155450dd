"""Keeps the views of a panel moving for as long as somebody looks, wherever they are."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from tracker.errors import warn
from tracker.panels.page.board import Board
from tracker.panels.page.pusher import POLL_INTERVAL_S, PUSHER
from tracker.panels.page.source import Source

# Without any view for so long, nothing is followed until there is one.
_LONELY_S = 60.0
_RESCUE_INTERVAL_S = 10.0


class Following:
    """A panel whose views are told what is new in the store.

    Parameters
    ----------
    root : Path
        The store's directory.
    source : Source
        What it shows.
    live : bool
        Follow the store until nothing will change any more, or :meth:`finish`.
    """

    def __init__(self, root: Path, source: Source, *, live: bool = True) -> None:
        self._board = Board(root, source, self._follow, is_patient=True)
        self._source = source
        self._changed = threading.Event()
        self._is_closed = False
        self._is_live = live
        self._is_at_rest = False
        self._looked_s = 0.0
        self._told_s = 0.0
        self._rescued_s = time.monotonic()
        self._seen_s = time.monotonic()

    @property
    def board(self) -> Board:
        """Whom it is shown to, and what they have not seen yet."""
        return self._board

    def _follow(self) -> None:
        """Keep the views up to date from now on, if there is anything to follow."""
        self._seen_s = time.monotonic()
        if self._is_at_rest and not self._source.is_over:
            # Somebody has gone on with what was over, such as a stopped sweep.
            self._is_at_rest, self._is_live = False, True
        if self._is_live:
            PUSHER.add(self)

    def on_flush(self, keys: set[str]) -> None:
        """Hear that the store has news of these keys; returns at once."""
        self._told_s = time.monotonic()
        self._board.mark(keys)
        self._changed.set()
        PUSHER.wake()

    def finish(self) -> None:
        """Show the last state, and stop following the store. Pages can still zoom."""
        if not self._is_live:
            return
        self._is_live = False
        PUSHER.remove(self)
        self._board.mark_all()
        try:
            self._board.push()
        except Exception as error:  # noqa: BLE001 - the run has ended well whatever is drawn
            warn(f"The panel's last state could not be drawn: {error!r}.")

    def close(self) -> None:
        """Take the panel off every page, and follow nothing any more."""
        self._is_closed = True
        self._is_at_rest = False
        self._is_live = False
        PUSHER.remove(self)
        self._board.close()

    # -- what the pushing thread asks

    def has_news(self) -> bool:
        """Say whether there may be something to send, and to somebody."""
        now = time.monotonic()
        if self._board.clients:
            self._seen_s = now
        elif now - self._seen_s > _LONELY_S:
            PUSHER.remove(self)
        if not self._board.is_watched:
            return False
        if self._changed.is_set():
            return True
        if now - self._looked_s < POLL_INTERVAL_S:
            return False
        self._looked_s = now
        self._rescue(now)
        if self._board.has_changed_outside():
            self._board.mark_all()
            self._changed.set()
        return self._changed.is_set()

    def _rescue(self, now: float) -> None:
        """Find out now and then whether the process that records has died."""
        if now - max(self._told_s, self._rescued_s) > _RESCUE_INTERVAL_S:
            self._rescued_s = now
            self._board.look_after_the_dead()

    def tick(self) -> None:
        """Send what is new."""
        self._changed.clear()
        self._board.push()
        self._board.has_changed_outside()
        self._looked_s = time.monotonic()
        if self._source.is_over:
            self._is_at_rest = self._is_live
            self.finish()
