"""The live panel of a sweep."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path
from typing import Any

from tracker.figures.sweep_html import sweep_html
from tracker.panels.page.panel import Panel
from tracker.panels.sweep_source import SweepSource
from tracker.store.store import open_store
from tracker.sweep.controller import Controller


class SweepPanel(Panel):
    """The panel of a sweep: how far it is, its trials, and what they say.

    Parameters
    ----------
    root : Path
        The store's directory.
    controller : Controller
        The sweep.
    live : bool
        Follow the sweep for as long as somebody looks. Default True.
    """

    def __init__(self, root: Path, controller: Controller, *, live: bool = True) -> None:
        self._root = root
        self._controller = controller
        self._display_id = uuid.uuid4().hex
        super().__init__(root, SweepSource(self._controller), live=live)

    @classmethod
    def of(cls, controller: Controller) -> SweepPanel:
        """Return the live panel of a sweep."""
        return cls(controller.store.root, controller)

    def static_html(self) -> str:
        """Return how far the sweep is, and its best trials: no script."""
        source = SweepSource(self._controller)
        with open_store(self._root).reading() as db:
            source.read(db)
        return sweep_html(
            self._controller.config.name or f"sweep {self._controller.sweep_id}",
            source.state,
            source.marks,
            source.metrics,
            best=source.front,
            expected=self._controller.expected_count,
            is_maximized=self._controller.config.is_maximized,
        )

    def as_text(self) -> str:
        """Return the sweep's path."""
        return f"<sweep {self._controller.project}/{self._controller.sweep_id}>"

    def identity(self) -> dict[str, Any]:
        """Return the sweep's path."""
        path = f"{self._controller.project}/{self._controller.sweep_id}"
        return {"project": self._controller.project, "sweep": path, "run": ""}

    # -- below the cell that runs the sweep

    def publish(self, *, update: bool = False) -> None:
        """Show the panel below the current cell, or bring its saved picture up to date."""
        from IPython.display import publish_display_data

        transient = {"display_id": self._display_id}
        publish: Any = publish_display_data
        publish(self.bundle(), transient=transient, update=update)

    def end(self) -> None:
        """Show the last state, and keep its picture with the notebook."""
        self.on_flush(set())
        with contextlib.suppress(Exception):
            self.publish(update=True)
