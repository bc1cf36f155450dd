"""What all panels have in common: a widget, its views, and what a notebook saves of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from tracker.panels.page import bundle, control
from tracker.panels.page.client import Client
from tracker.panels.page.following import Following
from tracker.panels.page.host import PanelHost
from tracker.panels.page.source import Source

PANEL_MIMETYPE: Final = "application/vnd.tracker.panel+json"
WIDGET_MIMETYPE: Final = "application/vnd.jupyter.widget-view+json"
# A page that can open a comm has asked by then.
_PATIENCE_S = 3.0


class Panel(Following):
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
        super().__init__(root, source, live=live)
        self._host = PanelHost(source.kind, self._board.id, self._hear)
        self._shown_s: float | None = None
        self._was_asked = False
        self._is_headless: bool | None = None
        control.register(self._board)
        self._follow()

    @property
    def model_id(self) -> str:
        """The id of the widget's model, with which a page finds it."""
        return str(self._host.model_id)

    def close(self) -> None:
        """Take the panel off every page, and leave nothing of it in the kernel."""
        if self._is_closed:
            return
        control.unregister(self._board)
        super().close()
        self._host.close()

    def has_news(self) -> bool:
        """Say whether there may be something to send, and to somebody."""
        self._prepare()
        return super().has_news()

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
