"""What the panel of a project shows, read from the store: a workspace over its runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tracker.panels.curves.charts import Ask, Chart, Drawing
from tracker.panels.curves.curve_options import resolved
from tracker.panels.curves.project_curves import ProjectCurves
from tracker.panels.media.items import media_spec, shown_keys
from tracker.panels.page.client import Client
from tracker.panels.page.source import Source, Tell
from tracker.panels.runs.columns import Column
from tracker.panels.runs.runset import RunSet
from tracker.panels.runs.table import cell, csv_text, rows_message
from tracker.panels.views import menu
from tracker.panels.workspace import actions, layout
from tracker.panels.workspace.hyperparameters import hyperparameter_panels
from tracker.panels.workspace.workspace import DEFAULT, Workspace
from tracker.store.database.connection import Connection
from tracker.store.reading.logged import MediaKey, media_keys, media_stamp
from tracker.store.reading.run_rows import hidden_keys
from tracker.store.store import Store


class ProjectSource(Source):
    """Reads a project through a workspace.

    Parameters
    ----------
    project : str
    workspace : str
        The saved workspace to open, if there is one of this name. Default ``"default"``.
    """

    kind = "project"

    def __init__(self, project: str, workspace: str = DEFAULT) -> None:
        self.project = project
        self.workspace = Workspace(project, workspace)
        self._runset = RunSet(project)
        self._curves = ProjectCurves()
        self._menu: tuple[list[Column], list[dict[str, Any]]] | None = None
        self._sections: list[dict[str, Any]] = []
        self._media: list[MediaKey] = []
        self._media_stamp: Any = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more: a project may always get another run."""
        return False

    @property
    def runset(self) -> RunSet:
        """The runs that the panels are about."""
        return self._runset

    @property
    def stamp(self) -> Any:
        """What changes when all lines must be read again, besides the logged values."""
        return self._runset.fingerprint, self.workspace.part("curves")

    def read(self, db: Connection) -> None:
        """Read the workspace, the runs and what they have logged."""
        self.workspace.refresh(db)
        self._curves.catch_up(db)
        self._runset.read(db, self.workspace.part("runset"))
        if (stamp := (media_stamp(db), len(self._runset.all))) != self._media_stamp:
            self._media_stamp = stamp
            runs = [run.key for run in self._runset.all]
            self._media = shown_keys(media_keys(db, runs))
        hidden = hidden_keys(db, {one.key: one.run_keys[-1] for one in self._media})
        media = [media_spec(one) for one in self._media if one.key not in hidden]
        others = [*hyperparameter_panels(self._runset), *media]
        metrics = self._runset.metrics.shown
        self._sections = layout.sections(self.workspace.content, metrics, others)

    def act(self, store: Store, message: Mapping[str, Any], tell: Tell) -> None:
        """Change the workspace or runs; or say which runs pass, and what the table holds."""
        match message.get("type"):
            case "choose":
                tell({"type": "chosen", "runs": [[r.id, r.name] for r in self._runset.runs]})
            case "csv":
                tell({"type": "csv", "text": csv_text(self._runset)})
            case _:
                actions.act(store, self.workspace, message, tell)

    # -- what it shows

    def head(self) -> dict[str, Any]:
        """Return counts, the workspace, and what is wrong with the filter."""
        runset, rules = self._runset, self._runset.rules
        running = sum(run.record.state == "running" for run in runset.all)
        return {
            "name": self.project,
            "total": len(runset.all),
            "matched": len(runset.runs),
            "running": running,
            "groups": len(runset.groups) if runset.group_by else None,
            "drawn": len(runset.visible_groups if runset.group_by else runset.visible),
            "first": "all" if runset.first is None else runset.first,
            "order": runset.order,
            "problem": asdict(runset.problem) if runset.problem else None,
            "rules": None if rules is None else [[f, sign, _plain(v)] for f, sign, v in rules],
            "workspace": self.workspace.as_message(),
        }

    def parts(self, client: Client) -> Iterable[tuple[str, dict[str, Any]]]:
        """Return the menu of panels, the columns, the sections and the rows on the screen."""
        runset = self._runset
        yield "menu", {"kinds": self._kinds(), "metrics": list(self._runset.metrics.keys)}
        columns = [
            [column.id, column.is_number, column.count, column.is_constant]
            for column in runset.columns
        ]
        yield "columns", {"columns": columns, "shown": runset.shown_columns}
        yield "layout", {"sections": self._sections}
        if client.window is not None:
            yield "rows", rows_message(runset, client.window)

    def _kinds(self) -> list[dict[str, Any]]:
        """Return the kinds of panels; what new ones begin with depends on the columns."""
        columns = self._runset.columns
        if self._menu is None or self._menu[0] is not columns:
            self._menu = (columns, [layout.CURVE_MENU, *menu(self._runset)])
        return self._menu[1]

    def charts(self) -> list[Chart]:
        """Return the chart of every panel that is a curve."""
        keys = self._runset.metrics.keys
        return [resolved(chart, keys) for chart in layout.charts(self._sections)]

    def panels(self) -> Sequence[Mapping[str, Any]]:
        """Return the specs of the other panels."""
        return layout.views(self._sections)

    def drawings(self, db: Connection, charts: Sequence[Chart], ask: Ask) -> dict[str, Drawing]:
        """Read the lines of charts, one for every run that is drawn."""
        settings = self.workspace.part("curves")
        return self._curves.drawings(db, self._runset, charts, ask, settings)


def _plain(value: Any) -> Any:
    return [cell(item) for item in value] if isinstance(value, list) else cell(value)
