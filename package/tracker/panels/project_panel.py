"""The live panel of a project: its runs, and their curves together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker.figures.project import project_html
from tracker.panels.panel import Panel
from tracker.panels.project_source import ProjectSource
from tracker.store.store import open_store


class ProjectPanel(Panel):
    """The panel of a project: a table of runs, and a chart for every metric of those shown.

    Parameters
    ----------
    root : Path
        The store's directory.
    project : str
        The project.
    live : bool
        Follow the store for as long as somebody looks. Default True.
    """

    def __init__(self, root: Path, project: str, *, live: bool = True) -> None:
        self._root = root
        self.project = project
        self._workspace = ProjectSource(project)
        super().__init__(root, self._workspace, live=live)

    def static_html(self) -> str:
        """Return the table of runs: at most 100 KB, no script."""
        source = ProjectSource(self.project)
        source.workspace.content = self._workspace.workspace.content
        with open_store(self._root).reading() as db:
            source.read(db)
        return project_html(self.project, [run.record for run in source.runset.runs])

    def as_text(self) -> str:
        """Return the project's name."""
        return f"<project {self.project}>"

    def identity(self) -> dict[str, Any]:
        """Return the project's name."""
        return {"project": self.project, "run": ""}
