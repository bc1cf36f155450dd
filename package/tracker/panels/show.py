"""Shows what is named: a run, a project, or what came last."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Protocol

from tracker.errors import NotFoundError, UsageError
from tracker.panels.page.panel import Panel
from tracker.panels.run_panel import RunPanel
from tracker.panels.sweep_panel import SweepPanel
from tracker.panels.workspace.project_panel import ProjectPanel
from tracker.panels.workspace.workspace import DEFAULT
from tracker.settings import find_store
from tracker.store.database.connection import Connection
from tracker.store.reading import read
from tracker.store.reading.filter_text import write_text
from tracker.store.store import open_store
from tracker.sweep.handle import SweepHandle
from tracker.sweep.lookup import find, has_sweep


class _Run(Protocol):
    """A run, alive or read back."""

    @property
    def project(self) -> str:
        """The project's name."""

    @property
    def id(self) -> str:
        """The run's id."""


def show(
    target: str | Iterable[_Run] | _Run | None = None,
    dir: str | os.PathLike[str] | None = None,
    *,
    workspace: str = DEFAULT,
) -> Panel:
    """Return the live panel of a run, a sweep or a project; as a cell's last line it shows itself.

    Parameters
    ----------
    target : str, run, runs or sweep, optional
        ``"project/run"``, a project, the id of a sweep, or the id or name of a run; of a project
        and a run of the same name the project is shown. Or a run, a sweep, or several runs of
        one project: the project is shown then, filtered for them. Default: the newest run.
    dir : path-like, optional
        The directory that holds the store; see :func:`tracker.settings.find_store`.
    workspace : str
        For a project, the saved workspace to open. Default ``"default"``; where that was never
        saved, the arrangement is automatic.

    Raises
    ------
    NotFoundError
        If the store has nothing of that name.
    UsageError
        If the runs belong to several projects, or there are none.
    """
    if isinstance(target, SweepHandle):
        return SweepPanel.of(target.controller)
    root = find_store(dir)
    name, filter_text = subject_of(target)
    store = open_store(root)
    store.recover()
    if isinstance(target, str) and has_sweep(root, target):
        return SweepPanel.of(find(store, target))
    with store.reading() as db:
        project, run_id = find_target(db, name, str(root))
    if run_id is None:
        return ProjectPanel(root, project, workspace=workspace, filter_text=filter_text)
    return RunPanel(root, project, run_id)


def subject_of(target: Any) -> tuple[str | None, str]:
    """Return what is named, and the filter with which a project is shown."""
    if target is None or isinstance(target, str):
        return target, ""
    if hasattr(target, "project") and hasattr(target, "id"):
        return f"{target.project}/{target.id}", ""
    runs = list(target)
    projects = sorted({str(run.project) for run in runs})
    if len(projects) != 1:
        found = ", ".join(projects) or "none"
        raise UsageError(f"The runs to show are of the projects {found}: expected runs of one.")
    return projects[0], write_text({"name": {"$in": [str(run.id) for run in runs]}})


def find_target(db: Connection, target: str | None, place: str) -> tuple[str, str | None]:
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
