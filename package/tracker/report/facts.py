"""What a first draft is made of: the runs, what they logged, and which is ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.api import Api
from tracker.api import Run as StoredRun
from tracker.errors import NotFoundError, UsageError
from tracker.panels.media.items import LIGHT, kind_of, shown_keys
from tracker.records import RunRecord, Series
from tracker.report.best import Best, find_best
from tracker.report.report import PathLike
from tracker.report.scene import differing_fields
from tracker.settings import find_store
from tracker.store.database.connection import Connection
from tracker.store.reading import read
from tracker.store.reading.logged import MediaKey, media_keys
from tracker.store.reading.run_rows import hidden_keys
from tracker.store.store import open_store

RUN_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Facts:
    """What a draft is made of.

    Attributes
    ----------
    project : str
    runs : list of RunRecord
        The newest first.
    series : list of Series
        What the runs logged.
    varied : list of str
        Settings that are not the same in all runs, as ``config.lr``.
    best : Best or None
        The metric to go by, and the run that is ahead.
    media : dict of str to str
        Keys with what they hold, pictures, sounds and films first.
    has_cells : bool
        Whether the best run, or the newest, was run in a notebook.
    """

    project: str
    runs: list[RunRecord]
    series: list[Series]
    varied: list[str]
    best: Best | None
    media: dict[str, str] = field(default_factory=dict)
    has_cells: bool = False


def chosen_runs(runs: Any, dir: PathLike | None) -> tuple[str, list[str] | None]:
    """Return the project, and the ids of its runs; None for all."""
    api = Api(dir)
    if runs is None:
        projects = api.projects()
        if not projects:
            raise NotFoundError(f"There are no runs in {find_store(dir)} to report on.")
        return projects[0].name, None
    names = [project.name for project in api.projects()]
    if isinstance(runs, str) and runs in names:
        return runs, None
    several = [runs] if isinstance(runs, str) or hasattr(runs, "id") else list(runs)
    if len(several) == 1 and several[0] in names:
        return str(several[0]), None
    found = [_found(api, each) for each in several]
    projects_of = sorted({project for project, _ in found})
    if len(projects_of) != 1:
        told = ", ".join(projects_of) or "none"
        raise UsageError(f"The runs are of these projects: {told}. A draft is about one of them.")
    return projects_of[0], [run_id for _, run_id in found]


def _found(api: Api, run: Any) -> tuple[str, str]:
    if isinstance(run, str):
        stored = api.run(run)
        return stored.project, stored.id
    if isinstance(run, StoredRun) or (hasattr(run, "id") and hasattr(run, "project")):
        return str(run.project), str(run.id)
    raise UsageError(f"A run is {run!r:.80}: expected its id, 'project/id', or a run.")


def _hidden(db: Connection, series: list[Series], media: list[MediaKey]) -> frozenset[str]:
    newest = {one.key: one.run_keys[-1] for one in media}
    for one in series:
        newest[one.key] = max(one.run_key, newest.get(one.key, 0))
    return hidden_keys(db, newest)


def gather(
    project: str,
    ids: list[str] | None,
    metric: str | None,
    goal: str | None,
    dir: PathLike | None,
    limit: int = RUN_LIMIT,
    values: Mapping[str, float] | None = None,
) -> Facts:
    """Read what there is to say of a project's runs, or of those of some ids.

    Parameters
    ----------
    project : str
    ids : list of str or None
    metric, goal : str or None
        See :func:`tracker.report.drafting.draft`.
    dir : path-like or None
    limit : int
        Of so many runs at most, the newest.
    values : mapping of str to float, optional
        See :func:`tracker.report.best.find_best`.

    Raises
    ------
    NotFoundError
        If there are none.
    """
    with open_store(find_store(dir)).reading() as db:
        records = read.runs(db, project, order="-created_at")
        chosen = [run for run in records if ids is None or run.run_id in ids][:limit]
        if not chosen:
            raise NotFoundError(f"There are no runs in project {project!r} to report on.")
        keys = [run.run_key for run in chosen]
        series = read.series(db, keys, "default")
        rules = [rule for some in read.metrics(db, keys).values() for rule in some]
        media = shown_keys(media_keys(db, keys))
        hidden = _hidden(db, series, media)
        best = find_best(
            chosen, series, rules, metric=metric, goal=goal, hidden=hidden, values=values
        )
        leading = best.run if best is not None else chosen[0]
        has_cells = bool(read.cells(db, leading.run_key))
    kinds = {one.key: kind_of(one.type) for one in media if one.key not in hidden}
    series = [one for one in series if one.key not in hidden]
    ordered = dict(sorted(kinds.items(), key=lambda pair: (pair[1] not in LIGHT, pair[0])))
    return Facts(project, chosen, series, differing_fields(chosen, 8), best, ordered, has_cells)
