"""A run in the store, for reading and for small corrections."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.api import html, rows
from tracker.api.reader import Reader
from tracker.api.run_artifacts import RunArtifacts
from tracker.api.run_files import RunFiles
from tracker.api.summary import Summary
from tracker.api.user import User
from tracker.api.values import read_value
from tracker.errors import NotFoundError, UsageError, warn
from tracker.moment import Moment
from tracker.records import CellRecord, ConsoleRecord, EventRecord, RunRecord, Stream
from tracker.run.address import run_url
from tracker.run.run import check_tags
from tracker.run.shown import Shown
from tracker.run.values import Coercer
from tracker.store.files.objects import Objects
from tracker.store.reading import read
from tracker.store.series.history import ROW_KEYS, read_rows, read_steps

if TYPE_CHECKING:
    from pandas import DataFrame

    from tracker.api.sweeps import Sweep

PAGE_POINTS = 500_000
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 2.0


class Run(RunArtifacts, RunFiles, Shown):
    """A run as the store has it.

    What is read here is the run at the time when it was read; :meth:`load` reads it anew.
    ``name``, ``tags``, ``notes``, ``group``, ``job_type``, ``config`` and ``summary`` may be
    changed; :meth:`update` stores the changes.

    Attributes
    ----------
    name : str
        The name that people gave it, or that it was given.
    tags : list of str
        Its tags.
    notes, group, job_type : str or None
        As ``init`` was given them.
    """

    name: str
    tags: list[str]
    notes: str | None
    group: str | None
    job_type: str | None

    def __init__(self, reader: Reader, record: RunRecord) -> None:
        self._reader = reader
        self._take(record)

    def _take(self, record: RunRecord) -> None:
        self._record = record
        # Copied at their first use: a list of thousands of runs is mostly looked through.
        self._config: dict[str, Any] | None = None
        self._summary: Summary | None = None
        self.name = record.name
        self.tags = list(record.tags)
        self.notes = record.notes
        self.group = record.group
        self.job_type = record.job_type

    def __repr__(self) -> str:
        return f"<Run {self.project}/{self.id} ({self.state})>"

    def _repr_html_(self) -> str:
        return html.run_table(self._record)

    def _shown_as(self) -> tuple[str, Path]:
        return f"{self.project}/{self.id}", self._reader.store.root

    # --- what it is ---------------------------------------------------------------------------

    @property
    def record(self) -> RunRecord:
        """The facts that the store has of the run, frozen."""
        return self._record

    @property
    def config(self) -> dict[str, Any]:
        """The config, nested values as dicts; changes wait for :meth:`update`."""
        if self._config is None:
            self._config = deepcopy(self._record.config)
        return self._config

    @config.setter
    def config(self, config: dict[str, Any]) -> None:
        self._config = dict(config)

    @property
    def summary(self) -> Summary:
        """The summary, values as items and attributes; changes wait for :meth:`update`."""
        if self._summary is None:
            self._summary = Summary(self._record, self.update)
        return self._summary

    @property
    def id(self) -> str:
        """The run's id, which never changes."""
        return self._record.run_id

    @property
    def project(self) -> str:
        """The project that it belongs to."""
        return self._record.project

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def path(self) -> list[str]:
        """Entity, project and id, as W&B has them."""
        return [self.entity, self.project, self.id]

    @property
    def sweep_name(self) -> str | None:
        """The id of the sweep that it is a trial of; None where it is none."""
        return self._record.sweep_id

    @property
    def sweep(self) -> Sweep | None:
        """The sweep that it is a trial of; None where it is none, or the sweep is gone."""
        from tracker.api.sweeps import sweep_of

        return sweep_of(self._reader, self._record)

    @property
    def state(self) -> str:
        """One of ``running``, ``finished``, ``failed``, ``crashed`` and ``stopped``."""
        return self._record.state

    @property
    def summary_metrics(self) -> dict[str, Any]:
        """The summary as a dict."""
        return deepcopy(self._record.summary)

    @property
    def metadata(self) -> dict[str, Any]:
        """Program, host, git, packages and hardware."""
        return deepcopy(self._record.metadata)

    @property
    def created_at(self) -> Moment:
        """When it began: text as in W&B, and a datetime in UTC."""
        return Moment(self._record.created_at)

    @property
    def heartbeat_at(self) -> Moment:
        """When it was last written, UTC."""
        return Moment(self._record.updated_at)

    @property
    def url(self) -> str:
        """Where the run can be seen: in JupyterLab where that runs, else the store's file."""
        return run_url(self._reader.store.root, self.project, self.id)

    @property
    def user(self) -> User:
        """Who ran it."""
        return User(self.username)

    @property
    def system_metrics(self) -> dict[str, float]:
        """The newest reading of each system key."""
        with self._reader.open() as db:
            return read.latest_system(db, self._record.run_key)

    # --- what it logged -----------------------------------------------------------------------

    def history(
        self,
        samples: int | None = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: Stream = "default",
    ) -> DataFrame | list[dict[str, Any]]:
        """Return what the run logged, a row for each step.

        Up to `samples` rows everything is returned, above that evenly spread rows, the
        first and the last among them. Unlike W&B this returns every row that holds at
        least one of the `keys`, with NaN where it lacks another; W&B drops such rows.

        Parameters
        ----------
        samples : int or None
            At most so many rows; None for every row. Default 500.
        keys : sequence of str, optional
            Only these keys, and only rows that hold at least one of them. Default: all
            keys, with ``_step``, ``_runtime`` (seconds that the run had been running) and
            ``_timestamp`` (seconds since the epoch).
        x_axis : str
            The column to put first. Default ``"_step"``.
        pandas : bool
            Return a DataFrame rather than a list of dicts. Default True.
        stream : {"default", "system"}
            What was logged, or the readings of the machine.

        Raises
        ------
        UsageError
            If `keys` are not strings, or `samples` is less than 1.
        """
        wanted = rows.check_keys(keys, samples)
        with self._reader.open() as db:
            found = rows.read_sampled(db, self._record.run_key, wanted, x_axis, samples, stream)
        if pandas:
            return rows.to_frame(rows.to_columns(found, wanted, x_axis))
        return list(rows.to_dicts(found, wanted and list(dict.fromkeys([x_axis, *wanted]))))

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
        use_cache: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Yield every row that the run had logged when the iteration began, as a dict.

        Unlike W&B this yields every row that holds at least one of the `keys`; W&B drops
        rows that lack one.

        Parameters
        ----------
        keys : sequence of str, optional
            Only these keys; a row has None where it lacks one. Default: what each row
            holds, with ``_step``, ``_runtime`` and ``_timestamp``.
        page_size : int
            Read at least so many rows at a time. Default 1000.
        min_step, max_step : int, optional
            Only rows from `min_step` to before `max_step`.
        use_cache : bool
            W&B's; means nothing here.

        Raises
        ------
        UsageError
            If `keys` are not strings.
        """
        wanted = rows.check_keys(keys)
        logged = None if wanted is None else [key for key in wanted if key not in ROW_KEYS] or None
        return self._pages(wanted, logged, page_size, min_step, max_step)

    def _pages(
        self,
        wanted: list[str] | None,
        logged: list[str] | None,
        page_size: int,
        min_step: int | None,
        max_step: int | None,
    ) -> Iterator[dict[str, Any]]:
        run_key = self._record.run_key
        with self._reader.open() as db:
            steps = read_steps(db, run_key, logged, "default", min_step, max_step)
            series = len(logged or read.series(db, [run_key], "default"))
        size = max(page_size, PAGE_POINTS // max(series, 1), 1)
        for start in range(0, len(steps), size):
            page = steps[start : start + size]
            with self._reader.open() as db:
                found = read_rows(db, run_key, logged, "default", int(page[0]), int(page[-1]) + 1)
            yield from rows.to_dicts(found, wanted)

    def get(self, key: str, step: int | None = None) -> Any:
        """Return what the run logged under a key: media as the object that was logged.

        Its plain data are ``.to_value()``: of an Image the array, of a Table the DataFrame,
        of Audio samples and rate.

        Parameters
        ----------
        key : str
            As it was logged.
        step : int, optional
            The last value up to this step. Default: the last of all.

        Raises
        ------
        NotFoundError
            If the run logged nothing under this key, not until that step, or a file is gone.
        StoreError
            If a file is damaged.

        Examples
        --------
        >>> run.get("sample", step=100).image  # a PIL image
        >>> run.get("predictions").to_value()  # a DataFrame
        """
        return read_value(self._reader, self._record, key, step)

    def console_logs(self, last: int | None = None) -> list[ConsoleRecord]:
        """Return the lines that the run printed, in order: all, or the `last` so many."""
        with self._reader.open() as db:
            return read.console(db, self._record.run_key, last)

    def cells(self) -> list[CellRecord]:
        """Return the notebook cells that ran before and during the run, in order."""
        with self._reader.open() as db:
            return read.cells(db, self._record.run_key)

    def events(self, kind: str | None = None) -> list[EventRecord]:
        """Return what happened to the run, in order: all, or of one kind only.

        Kinds are ``alert``, ``config`` (a change), ``error`` (a traceback) and ``warning``.
        """
        with self._reader.open() as db:
            return read.events(db, self._record.run_key, kind)

    @property
    def alerts(self) -> list[EventRecord]:
        """The alerts that the run sent, in order."""
        return self.events("alert")

    # --- reading anew, changing ---------------------------------------------------------------

    def load(self, force: bool = False) -> dict[str, Any]:
        """Read the run anew; changes that were not stored are lost. Return its config.

        Parameters
        ----------
        force : bool
            W&B's; this always reads.

        Raises
        ------
        NotFoundError
            If the run was deleted.
        """
        record = self._reader.run(self.project, self.id)
        if record.run_id != self.id:
            raise NotFoundError(f"Run {self.id!r} of project {self.project!r} was deleted.")
        self._take(record)
        return self.config

    def update(self) -> None:
        """Store what was changed in name, tags, notes, group, job_type, config and summary.

        Raises
        ------
        UsageError
            If a name is empty or a tag is not a string of 1 to 64 characters.
        NotFoundError
            If the run was deleted.
        """
        changes = self._changes()
        if changes:
            self._reader.store.edit(self.project, self.id, changes)
            self.load()

    save = update

    def _changes(self) -> dict[str, Any]:
        plain = Coercer(Objects(self._reader.store.objects_dir).put_bytes, warn).plain
        if not isinstance(self.name, str) or not self.name.strip():
            raise UsageError(f"name is {self.name!r}: expected text.")
        was = self._record
        given: dict[str, tuple[Any, Any]] = {
            "name": (was.name, self.name),
            "tags": (list(was.tags), list(check_tags(self.tags))),
            "notes": (was.notes, self.notes),
            "group": (was.group, self.group),
            "job_type": (was.job_type, self.job_type),
        }
        if self._config is not None:
            given["config"] = (was.config, plain(self._config))
        if self._summary is not None:
            given["summary"] = (was.summary, plain(self._summary.own()))
        # By their text, in which NaN equals NaN, and 1, 1.0 and True differ.
        return {key: now for key, (before, now) in given.items() if repr(before) != repr(now)}

    def wait_until_finished(self) -> None:
        """Wait until the run is no longer ``running``; its death counts as an end.

        Raises
        ------
        NotFoundError
            If the run is deleted meanwhile.
        """
        wait_s = FIRST_WAIT_S
        self.load()
        while self.state == "running":
            time.sleep(wait_s)
            wait_s = min(wait_s * 1.5, LONGEST_WAIT_S)
            self.load()
