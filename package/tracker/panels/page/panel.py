"""What all panels have in common: a widget, views, and the thread that keeps them moving."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Final

from tracker.errors import warn
from tracker.panels.page import bundle, control
from tracker.panels.page.board import Board
from tracker.panels.page.client import Client
from tracker.panels.page.host import PanelHost
from tracker.panels.page.pusher import POLL_INTERVAL_S, PUSHER
from tracker.panels.page.source import Source

PANEL_MIMETYPE: Final = "application/vnd.tracker.panel+json"
WIDGET_MIMETYPE: Final = "application/vnd.jupyter.widget-view+json"
# A page that can open a comm has asked by then.
_PATIENCE_S = 3.0
# Without any view for so long, nothing is followed until there is one.
_LONELY_S = 60.0
_RESCUE_INTERVAL_S = 10.0


class Panel:
    """A panel in a notebook. Returned from a cell, it shows itself.

    Parameters
    ----------
    root : Path
        The store's directory.
    source : Source
        What it shows.
    live : bool
        Follow the store until nothing will change any more, or :meth:`finish`.
    """

    def __init__(self, root: Path, source: Source, *, live: bool) -> None:
        self._board = Board(root, source, self._follow, is_patient=True)
        self._source = source
        self._host = PanelHost(source.kind, self._board.id, self._hear)
        self._changed = threading.Event()
        self._shown_s: float | None = None
        self._was_asked = False
        self._is_headless: bool | None = None
        self._is_closed = False
        self._is_live = live
        self._looked_s = 0.0
        self._told_s = 0.0
        self._rescued_s = time.monotonic()
        self._seen_s = time.monotonic()
        control.register(self._board)
        self._follow()

    def _follow(self) -> None:
        """Keep the views up to date from now on, if there is anything to follow."""
        self._seen_s = time.monotonic()
        if self._is_live:
            PUSHER.add(self)

    @property
    def model_id(self) -> str:
        """The id of the widget's model, with which a page finds it."""
        return str(self._host.model_id)

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
        """Take the panel off every page, and leave nothing of it in the kernel."""
        if self._is_closed:
            return
        self._is_closed = True
        self._is_live = False
        PUSHER.remove(self)
        control.unregister(self._board)
        self._board.close()
        self._host.close()

    # -- what the pushing thread asks

    def has_news(self) -> bool:
        """Say whether there may be something to send, and to somebody."""
        self._prepare()
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
            self.finish()

    def _prepare(self) -> None:
        """Have the library at hand when a page asks, and send it unasked if no page does.

        The questions of a front end without subshells wait for the end of the cell.
        """
        if self._was_asked or self._shown_s is None:
            return
        if self._is_headless is None:
            self._is_headless = _is_headless()
            if not self._is_headless:
                bundle.plotly_gzip()
        is_late = time.monotonic() - self._shown_s > _PATIENCE_S
        self._was_asked = is_late or bool(self._board.clients)
        if is_late and not self._board.clients and not self._is_headless:
            client = Client(self._host.send_all, is_mute=True, sees_all=True)
            self._board.greet(control.EVERYBODY, client, {})

    def _hear(self, message: dict[str, Any]) -> None:
        """Take a message of a page that has no comm of its own."""
        client = self._board.clients.get(control.EVERYBODY)
        if client is None or message.get("type") == "hello":
            client = Client(self._host.send_all, is_mute=True)
            self._board.greet(control.EVERYBODY, client, message)
        self._board.hear(client, message)

    # -- what a notebook shows and saves

    def static_html(self) -> str:
        """Return what is shown where no kernel is."""
        raise NotImplementedError

    def as_text(self) -> str:
        """Return one line."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """Return what names the thing shown in a saved notebook."""
        raise NotImplementedError

    def bundle(self) -> dict[str, Any]:
        """Return the panel in all the forms that a front end may choose from."""
        self._shown_s = self._shown_s or time.monotonic()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {
            PANEL_MIMETYPE: {
                "model_id": self.model_id,
                "panel": self._host.panel,
                **self.identity(),
                "version": 1,
            },
            WIDGET_MIMETYPE: view,
            "text/html": self.static_html(),
            "text/plain": self.as_text(),
        }

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return self.bundle()


def _is_headless() -> bool:
    """Say whether the cell was sent by a program such as nbclient, which shows nothing.

    Programs cannot answer ``input()``, and say so with every request.
    """
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return True
    content = kernel.get_parent("shell").get("content", {})
    return not content.get("allow_stdin", True)
