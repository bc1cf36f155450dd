"""What ``%tracker ls`` and ``%tracker status`` tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracker._version import __version__
from tracker.api import Api, Project
from tracker.errors import NotFoundError
from tracker.run.run import Run
from tracker.settings import find_store
from tracker.store.store import open_store

if TYPE_CHECKING:
    import pandas as pd

_UNITS = ("B", "kB", "MB", "GB", "TB")


def open_api(folder: str | Path | None) -> Api:
    """Return the read side of the store; looking for one must not make one.

    Raises
    ------
    NotFoundError
        If there is no store.
    """
    root = find_store(folder)
    store = open_store(root)
    if not store.database.exists() and not store.journal_dir.is_dir():
        raise NotFoundError(
            f"There is no store in {root} yet: start a run with tracker.init(), or name another "
            "place with --dir or TRACKER_DIR."
        )
    return Api(folder)


def list_projects(api: Api) -> pd.DataFrame:
    """Return all projects, the one with the newest news first."""
    import pandas as pd

    rows = [(each.name, each.number_of_runs, each.updated_at) for each in api.projects()]
    return pd.DataFrame(rows, columns=["project", "runs", "updated_at"])


def latest_project(api: Api) -> str:
    """Return the project with the newest news.

    Raises
    ------
    NotFoundError
        If there are no runs.
    """
    for project in api.projects():
        return project.name
    raise NotFoundError("There are no runs yet: start one with tracker.init() or %%tracker.")


def describe(api: Api, target: str) -> pd.DataFrame:
    """Return the runs of a project as rows, or what there is of one run as a column.

    Raises
    ------
    NotFoundError
        If there is neither.
    """
    found = api.from_path(target)
    if isinstance(found, Project):
        return found.runs(order="-created_at").to_dataframe()
    return api.runs(found.project, {"id": found.id}).to_dataframe().set_index("id").T


def status_lines(root: Path, run: Run | None) -> list[str]:
    """Return what is going on: the current run, the store, the version."""
    if run is None:
        now = "no run is active"
    else:
        now = f"{run.path} ({run.name}) is running for {run.runtime_s:.0f} s, at step {run.step}"
    return [f"run      {now}", f"store    {root}{_contents(root)}", f"tracker  {__version__}"]


def _contents(root: Path) -> str:
    if not open_store(root).database.exists():
        return ", still empty"
    with open_store(root).reading() as db:
        counts = dict(
            db.execute("SELECT state, count(*) FROM run GROUP BY state ORDER BY state").fetchall()
        )
    size_bytes = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    states = ", ".join(f"{number} {state}" for state, number in counts.items())
    return f", {_size(size_bytes)}, runs: {states or 'none'}"


def _size(size_bytes: float) -> str:
    unit = 0
    while size_bytes >= 1000 and unit < len(_UNITS) - 1:
        size_bytes, unit = size_bytes / 1000, unit + 1
    return f"{size_bytes:.{1 if unit and size_bytes < 100 else 0}f} {_UNITS[unit]}"
