"""The live panel of a project: a workspace over its runs."""

from __future__ import annotations

import contextlib
import time
import uuid
from pathlib import Path
from typing import Any, Final

from tracker.figures.overlay import Stroke
from tracker.figures.project import project_html
from tracker.panels.curves.charts import Ask
from tracker.panels.page.control import EVERYBODY
from tracker.panels.page.panel import Panel
from tracker.panels.workspace.project_source import ProjectSource
from tracker.panels.workspace.workspace import DEFAULT
from tracker.store.store import open_store

CHARTS: Final = 24
_WIDTH = 44
# The picture in the notebook follows the user soon, and the data now and then.
_AFTER_USER_S = 2.0
_AFTER_DATA_S = 60.0


class ProjectPanel(Panel):
    """The panel of a project: a table of runs, and panels about those that are drawn.

    Parameters
    ----------
    root : Path
        The store's directory.
    project : str
        The project.
    workspace : str
        The saved workspace to open, if there is one of this name. Default ``"default"``.
    filter_text : str
        Show these runs only, whatever the workspace says; see
        :mod:`tracker.store.reading.filter_text`.
    content : dict, optional
        An arrangement to begin with, in the place of the saved one; see
        :mod:`tracker.panels.workspace.workspace`.
    live : bool
        Follow the store for as long as somebody looks. Default True.
    source : ProjectSource, optional
        What reads it, in the place of the usual one for `project` and `workspace`.
    """

    def __init__(
        self,
        root: Path,
        project: str,
        *,
        workspace: str = DEFAULT,
        filter_text: str = "",
        content: dict[str, Any] | None = None,
        live: bool = True,
        source: ProjectSource | None = None,
    ) -> None:
        self._root = root
        self.project = project
        self._workspace = source or ProjectSource(project, workspace)
        if content is not None:
            self._workspace.workspace.hold(content)
        if filter_text:
            with open_store(root).reading() as db:
                self._workspace.workspace.refresh(db)
            self._workspace.workspace.patch({"runset": {"filter": filter_text}})
        self._display_id: str | None = None
        self._kept: Any = None
        self._kept_s = 0.0
        super().__init__(root, self._workspace, live=live)

    def static_html(self) -> str:
        """Return the table of runs with small curves: at most 100 KB, no script."""
        source = ProjectSource(self.project, self._workspace.workspace.name)
        source.workspace.hold(self._workspace.workspace.content)
        with open_store(self._root).reading() as db:
            source.read(db)
            charts = source.charts()[:CHARTS]
            drawings = source.drawings(db, charts, Ask(width=_WIDTH))
        strokes: dict[str, list[Stroke]] = {}
        for chart in charts:
            title = chart.title if chart.title in chart.keys else f"{chart.section}/{chart.title}"
            lines = drawings[chart.name].lines if chart.name in drawings else ()
            strokes[title] = [(line.colour, line.curve) for line in lines]
        runset = source.runset
        return project_html(
            self.project,
            [run.record for run in runset.runs],
            strokes,
            columns=runset.shown_columns,
            total=len(runset.all),
            drawn=[run.id for run in runset.visible],
        )

    def as_text(self) -> str:
        """Return the project's name."""
        return f"<project {self.project}>"

    def identity(self) -> dict[str, Any]:
        """Return the project's name."""
        return {"project": self.project, "run": ""}

    # -- the picture that is saved with the notebook

    def _ipython_display_(self) -> None:
        self._display_id = uuid.uuid4().hex
        self._publish(update=False)

    def _publish(self, *, update: bool) -> None:
        from IPython.display import publish_display_data

        publish: Any = publish_display_data
        transient = {"display_id": self._display_id}
        self._kept, self._kept_s = self._state(), time.monotonic()
        publish(self.bundle(), transient=transient, update=update)

    def _state(self) -> tuple[Any, Any]:
        return self._workspace.workspace.content, self._workspace.runset.all

    def has_news(self) -> bool:
        """Say whether there may be something to send; now and then renew the saved picture."""
        # What a page shows must go on whatever becomes of the picture.
        with contextlib.suppress(Exception):
            if self._is_outdated():
                self._publish(update=True)
        return super().has_news()

    def _is_outdated(self) -> bool:
        # A front end that has no comm of its own would draw the panel anew with each picture.
        if self._display_id is None or not set(self._board.clients) - {EVERYBODY}:
            return False
        age_s = time.monotonic() - self._kept_s
        (content, runs), (shown_content, shown_runs) = self._state(), self._kept
        is_other = content is not shown_content and content != shown_content
        if is_other and age_s > _AFTER_USER_S:
            return True
        has_data = len(runs) != len(shown_runs) or any(
            run is not other for run, other in zip(runs, shown_runs, strict=True)
        )
        return has_data and age_s > _AFTER_DATA_S
