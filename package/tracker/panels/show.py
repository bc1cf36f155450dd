"""Shows what is named: a run, a project, or what came last."""

from __future__ import annotations

import os

from tracker.errors import NotFoundError
from tracker.panels.panel import Panel
from tracker.panels.project_panel import ProjectPanel
from tracker.panels.run_panel import RunPanel
from tracker.panels.workspace import DEFAULT
from tracker.settings import find_store
from tracker.store import read
from tracker.store.read import Connection
from tracker.store.store import open_store


def show(
    target: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    *,
    workspace: str = DEFAULT,
) -> Panel:
    """Return the live panel of a run or of a project; as a cell's last line it shows itself.

    Parameters
    ----------
    target : str, optional
        ``"project/run"``, a project, or the id or name of a run; of a project and a run of the
        same name the project is shown. Default: the newest run.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.settings.find_store`.
    workspace : str
        For a project, the saved workspace to open. Default ``"default"``; where that was never
        saved, the arrangement is automatic.

    Raises
    ------
    NotFoundError
        If the store has nothing of that name.
    """
    root = find_store(dir)
    store = open_store(root)
    store.recover()
    with store.reading() as db:
        project, run_id = _find(db, target, str(root))
    if run_id is None:
        return ProjectPanel(root, project, workspace=workspace)
    return RunPanel(root, project, run_id)


def _find(db: Connection, target: str | None, place: str) -> tuple[str, str | None]:
    """Return the project, and the id of the run if a run is meant."""
    if target is None:
        newest = read.runs(db, order="-created_at", limit=1)
        if not newest:
            raise NotFoundError(f"{place} has no runs yet: start one with tracker.init().")
        return newest[0].project, newest[0].run_id
    names = [name for name, _, _ in read.projects(db)]
    if target in names:
        return target, None
    *before, last = target.strip("/").split("/")
    project = before[-1] if before else None
    record = read.run(db, project, last)
    if record is None:
        known = ", ".join(names[:10]) or "none"
        raise NotFoundError(
            f"{target!r} is no run and no project in {place}: expected 'project/run', a project, "
            f"or the id or name of one run. Its projects: {known}."
        )
    return record.project, record.run_id
