"""The code of a run: its cells, and how they differ from another run's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.code import cells_html, diff_html
from tracker.panels.runset import RunSet
from tracker.panels.views import ViewMessage, Work
from tracker.panels.views.choices import offered, the_run
from tracker.store import read
from tracker.store.read import Connection


class CodeView:
    """The cells of one run, or what changed in them since another."""

    kind = "code"
    title = "Code"
    fields = ()

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the code of the first run that is drawn."""
        return {"title": "Code", "width": 12}

    def keys(self, spec: Mapping[str, Any]) -> None:
        """Return that any news concern it: cells come without keys."""
        return

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage | Work:
        """Return the cells of the run that the page asked for, or what lets them be compared."""
        run = the_run(runset, ask, spec)
        if run is None:
            html = '<p class="tkv-dim">No run is shown: switch some on in the table.</p>'
            return ViewMessage("code", {"runs": [], "run": "", "other": "", "html": html})
        name = ask.get("other", spec.get("other"))
        other = next((each for each in runset.all if name and each.id == name), None)
        facts = {"runs": offered(runset), "run": run.id, "other": other.id if other else ""}
        cells = read.cells(db, run.key)
        if other is None:
            patch = _patch(db, runset.project, run.id)
            return ViewMessage("code", facts | {"html": cells_html(cells, patch)})
        before = read.cells(db, other.key)
        return lambda: ViewMessage("code", facts | {"html": diff_html(before, cells)})


def _patch(db: Connection, project: str, run_id: str) -> str:
    record = read.run(db, project, run_id)
    git = record.metadata.get("git") if record else None
    patch = git.get("patch") if isinstance(git, dict) else None
    return patch if isinstance(patch, str) else ""
