"""The way in: what is in a store, by project and run."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tracker.api.artifacts import ArtifactsApi
from tracker.api.reader import Reader
from tracker.api.run import Run
from tracker.api.runs import Runs
from tracker.api.sweeps import Sweep, find_sweep, list_sweeps
from tracker.api.user import User
from tracker.errors import NotFoundError, UsageError
from tracker.run.address import URL_MARK, run_url
from tracker.run.shown import Shown
from tracker.settings import find_store
from tracker.store.reading import read
from tracker.store.reading.query import run_query
from tracker.store.store import open_store
from tracker.store.writing import documents
from tracker.store.writing.documents import Document

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Project(Shown):
    """A project: the runs that were given its name.

    Attributes
    ----------
    name : str
        Its name.
    number_of_runs : int
        How many runs it has.
    updated_at : datetime
        When a run of it was last written, UTC.
    """

    name: str
    number_of_runs: int
    updated_at: datetime
    _reader: Reader = field(repr=False, compare=False)

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def path(self) -> list[str]:
        """Entity and name, as W&B has them."""
        return [self.entity, self.name]

    @property
    def url(self) -> str:
        """Where the project can be seen: in JupyterLab where that runs, else the store's file."""
        return run_url(self._reader.store.root, self.name)

    def _shown_as(self) -> tuple[str, Path]:
        return self.name, self._reader.store.root

    def runs(
        self,
        filters: Mapping[str, Any] | str | None = None,
        order: str = "+created_at",
        per_page: int = 50,
    ) -> Runs:
        """Return the project's runs; the parameters are those of :meth:`Api.runs`."""
        return Runs(self._reader, self.name, filters, order, per_page)

    def sweeps(self, per_page: int = 50) -> list[Sweep]:
        """Return the project's sweeps, the one made last first. `per_page` means nothing here."""
        return list_sweeps(self._reader, self.name)


class Api(ArtifactsApi):
    """Everything that a store holds, for reading.

    Other processes, and runs that are being logged, are not disturbed. What a process that
    died had logged is there too, its run marked ``crashed``.

    Parameters
    ----------
    dir : path-like, optional
        The directory that holds the store. Default: ``TRACKER_DIR``, else the nearest
        ``.tracker`` in this folder and its parents, else the user's data directory.
    overrides, timeout, api_key
        Accepted for W&B's sake: there is no server.

    Examples
    --------
    >>> api = tracker.Api()
    >>> best = api.runs("digits", {"config.lr": {"$gt": 0.01}}, order="-summary.accuracy")[0]
    >>> best.history(keys=["loss", "val/loss"]).plot(x="_step")
    """

    def __init__(
        self,
        dir: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        api_key: str | None = None,
    ) -> None:
        # W&B's first argument are the overrides.
        place = None if isinstance(dir, Mapping) else dir
        self._reader = Reader(open_store(find_store(place)))
        self._reader.recover()

    def __repr__(self) -> str:
        return f"<Api of {str(self._reader.store.root)!r}>"

    def runs(
        self,
        path: str | None = None,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        include_sweeps: bool = False,
        lazy: bool = True,
    ) -> Runs:
        """Return the runs of a project that fit a filter. They are read at the first use.

        Parameters
        ----------
        path : str, optional
            ``"project"`` or W&B's ``"entity/project"``. Default: all projects.
        filters : mapping or str, optional
            W&B's Mongo style: ``{"config.lr": {"$gt": 0.1}, "state": "finished"}``; see
            :func:`tracker.store.reading.filters.parse_filters`. Or text, as above the table of
            runs: ``"config.lr > 0.1 and state = finished"``; see
            :mod:`tracker.store.reading.filter_text`.
        order : str
            Fields after ``+`` or ``-``, as in ``"-summary_metrics.loss"``; several are
            separated by commas. Runs that lack the field, or have NaN there, come last.
            Default: the oldest first.
        per_page : int
            How many runs are shown at a time when a notebook displays them. Default 50.
        include_sweeps, lazy
            Accepted for W&B's sake: everything is read when it is asked for.

        Raises
        ------
        QueryError
            If a field or an operator does not exist.
        NotFoundError
            At the first use, if there is no such project.
        """
        project = None if path is None else path.strip("/").rpartition("/")[2]
        return Runs(self._reader, project or None, filters, order, per_page)

    def run(self, path: str) -> Run:
        """Return one run.

        Parameters
        ----------
        path : str
            ``"project/id"``, ``"id"``, W&B's ``"entity/project/id"``, a run's ``url``, or
            instead of the id the name of exactly one run.

        Raises
        ------
        NotFoundError
            If there is none; the message has names that are close.
        """
        parts = _parts(path)
        if len(parts) > 2 and parts[-2] == "runs":
            parts.pop(-2)
        if not parts:
            raise UsageError(f"path is {path!r}: expected 'project/id' or an id.")
        project = parts[-2] if len(parts) > 1 else None
        try:
            return Run(self._reader, self._reader.run(project, parts[-1]))
        except NotFoundError:
            # A name may have slashes in it.
            with self._reader.open() as db:
                record = read.run(db, None, path)
            if record is None:
                raise
            return Run(self._reader, record)

    def sweep(self, path: str) -> Sweep:
        """Return one sweep, for reading; ``tracker.Sweep`` is one that can be steered.

        Parameters
        ----------
        path : str
            ``"project/id"``, ``"id"``, W&B's ``"entity/project/id"``, or instead of the id the
            name of exactly one sweep.

        Raises
        ------
        NotFoundError
            If there is none; the message has ids and names that are close.
        """
        parts = _parts(path)
        if len(parts) > 2 and parts[-2] == "sweeps":
            parts.pop(-2)
        if not parts:
            raise UsageError(f"path is {path!r}: expected 'project/id' or an id.")
        return find_sweep(self._reader, parts[-2] if len(parts) > 1 else None, parts[-1])

    def projects(self, entity: str | None = None, per_page: int = 200) -> list[Project]:
        """Return all projects, the one written last first; the arguments are W&B's."""
        with self._reader.open() as db:
            return [Project(*found, self._reader) for found in read.projects(db)]

    def project(self, name: str, entity: str | None = None) -> Project:
        """Return one project. `entity` is W&B's and means nothing.

        Raises
        ------
        NotFoundError
            If there is none; the message has names that are close.
        """
        for project in self.projects():
            if project.name == name:
                return project
        raise self._reader.no_project(name)

    def from_path(self, path: str) -> Project | Run:
        """Return what a path leads to: ``"project"``, or ``"project/id"`` and other runs.

        Raises
        ------
        NotFoundError
            If it leads nowhere.
        """
        parts = _parts(path)
        if len(parts) == 1:
            for project in self.projects():
                if project.name == parts[0]:
                    return project
        return self.run(path)

    def reports(
        self, path: str | None = None, name: str | None = None, per_page: int = 50
    ) -> list[Document]:
        """Return the saved reports of a project, or of all: their newest versions.

        ``tracker.Report.of(document)`` makes one of them a report again.

        Parameters
        ----------
        path : str, optional
            ``"project"``. Default: all projects.
        name : str, optional
            Only reports of this title.
        per_page : int
            W&B's; means nothing here.
        """
        project = None if path is None else path.strip("/").rpartition("/")[2]
        with self._reader.open() as db:
            found = documents.find(db, "report", project or None)
        return [each for each in found if name is None or each.content.get("title") == name]

    def sql(self, query: str, params: Any = None) -> DataFrame:
        """Return what one SELECT over the store gives; see :func:`tracker.sql`."""
        store = self._reader.store
        self._reader.recover()
        with store.querying() as db:
            return run_query(db, query, params, store.objects_dir)

    @property
    def default_entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def viewer(self) -> User:
        """Who is using this computer, where W&B has the account."""
        return User(_local_name())


def sql(query: str, params: Any = None, dir: str | os.PathLike[str] | None = None) -> DataFrame:
    """Return what one SELECT over the store gives, as a DataFrame.

    The tables to ask are ``runs``, ``history`` (numbers), ``history_values`` (all else),
    ``summary``, ``system``, ``media``, ``console_lines``, ``cells``, ``events``,
    ``artifacts``, ``sweeps`` and ``trials``. Config, summary and metadata are JSON:
    ``config ->> '$.lr'``. A table that runs logged has its key as its name, and the rows of all
    runs with ``project``, ``run_id``, ``_step`` and ``_is_last`` before its own columns.

    Parameters
    ----------
    query : str
        One SELECT, WITH, FROM, VALUES, TABLE, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN. It
        cannot reach files, the network, settings, or variables of the caller.
    params : list, tuple or dict, optional
        Values for ``?``, ``$1`` or ``$name`` in `query`.
    dir : path-like, optional
        The directory that holds the store; see :class:`Api`.

    Raises
    ------
    QueryError
        If the statement does not read, reaches outside the store, or cannot be carried out.

    Examples
    --------
    >>> tracker.sql("SELECT name, summary ->> '$.loss' AS loss FROM runs WHERE project = ?",
    ...             ["digits"])
    >>> tracker.sql('SELECT name, avg(correct) FROM "eval/predictions" '
    ...             "JOIN runs USING (project, run_id) WHERE _is_last GROUP BY name")
    """
    return Api(dir).sql(query, params)


def _parts(path: str) -> list[str]:
    """Return the parts of a path; of the address of a run or sweep, those after its mark."""
    _, mark, below = path.partition(URL_MARK)
    return [part for part in (unquote(below) if mark else path).split("/") if part]


def _local_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
