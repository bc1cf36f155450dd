"""The live panel of one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker.figures.summary import summary_html
from tracker.panels.media.pictures import last_pictures, static_pictures
from tracker.panels.page.panel import Panel
from tracker.panels.run_source import RunSource
from tracker.store.files.objects import Objects
from tracker.store.store import open_store

_SUMMARY_WIDTH = 110


class RunPanel(Panel):
    """The panel of one run: header, curves, system readings, console.

    Parameters
    ----------
    root : Path
        The store's directory.
    project, run_id : str
        The run.
    live : bool
        Follow the run until it ends. Default True.
    """

    def __init__(self, root: Path, project: str, run_id: str, *, live: bool = True) -> None:
        self._root = root
        self.project = project
        self.run_id = run_id
        super().__init__(root, RunSource(project, run_id), live=live)

    def static_html(self) -> str:
        """Return the run's summary: at most 100 KB, no script."""
        source = RunSource(self.project, self.run_id)
        store = open_store(self._root)
        with store.reading() as db:
            source.read(db)
            if source.record is None:
                return ""
            curves = source.curves(db, _SUMMARY_WIDTH)
            logged = last_pictures(db, source.record.run_key, source.media)
        pictures = static_pictures(logged, Objects(store.objects_dir))
        return summary_html(source.record, curves, error=source.error, pictures=pictures)

    def as_text(self) -> str:
        """Return the run's path."""
        return f"<run {self.project}/{self.run_id}>"

    def identity(self) -> dict[str, Any]:
        """Return the run's path and the store's place."""
        return {"run": f"{self.project}/{self.run_id}"}
