"""Shows the panel of a run that begins, and its last state when the run ends."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path
from typing import Any

from tracker.panels.run_panel import RunPanel


class LivePanel:
    """A panel on the screen, below the cell that began the run.

    Attributes
    ----------
    panel : RunPanel
    display_id : str
        With which the cell's output is found again, from any cell and thread.
    """

    def __init__(self, panel: RunPanel) -> None:
        self.panel = panel
        self.display_id = uuid.uuid4().hex
        self._publish(update=False)

    def on_flush(self, keys: set[str]) -> None:
        """Hear that the store has news of these keys; returns at once."""
        self.panel.on_flush(keys)

    def finish(self) -> None:
        """Show the last state, and put it into the output that is saved with the notebook."""
        self.panel.finish()
        # The run may end with the kernel, when nobody listens any more.
        with contextlib.suppress(Exception):
            self._publish(update=True)

    def close(self) -> None:
        """Take the panel off the screen."""
        self.panel.close()

    def _publish(self, *, update: bool) -> None:
        from IPython.display import publish_display_data

        data: dict[str, Any] = self.panel.bundle()
        publish: Any = publish_display_data
        publish(data, transient={"display_id": self.display_id}, update=update)


def show_live(root: Path, project: str, run_id: str) -> LivePanel:
    """Show the live panel of a run below the current cell.

    Parameters
    ----------
    root : Path
        The store's directory.
    project, run_id : str
        The run.

    Returns
    -------
    LivePanel
        To be told of news (``on_flush``) and of the end (``finish``).
    """
    return LivePanel(RunPanel(root, project, run_id))
