"""The one widget class: a place in a page, and a way to send messages there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import traitlets

from tracker.panels.page import bundle

Buffers = Sequence[bytes | memoryview]


class PanelHost(anywidget.AnyWidget):
    """The widget of a panel. Its state is small, because notebooks save it.

    Parameters
    ----------
    kind : str
        What it shows: ``"run"`` or ``"project"``.
    panel : str
        The panel's id, with which the page asks for it over the comm target ``tracker``.
    listener : callable
        Gets the messages of pages that cannot open a comm of their own.
    """

    _esm = bundle.loader()
    panel = traitlets.Unicode().tag(sync=True)
    # A widget's layout would be a second model, with a comm and a saved state of its own.
    layout = None

    def __init__(self, kind: str, panel: str, listener: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(panel=f"{bundle.app_version()}/{panel}/{kind}")
        self.on_msg(lambda _widget, content, _buffers: listener(content))

    def send_all(self, content: dict[str, Any], buffers: Buffers = ()) -> None:
        """Send a message to every page that shows the panel."""
        self.send(content, list(buffers))
