"""A sweep in the store, for reading: what it looks for, how far it is, and its best run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.api.reader import Reader, did_you_mean
from tracker.api.run import Run
from tracker.api.runs import Runs
from tracker.errors import NotFoundError
from tracker.records import RunRecord, SweepRecord
from tracker.run.address import run_url
from tracker.run.shown import Shown
from tracker.store.journal.ledger import Ledger
from tracker.store.journal.trials import Book, Trial
from tracker.store.writing import documents
from tracker.store.writing.documents import Document

KIND = "sweep"


class Sweep(Shown):
    """A sweep as the store has it; ``tracker.Sweep(id)`` is one that can be steered and run.

    Parameters
    ----------
    reader : Reader
        The store.
    document : Document
        The sweep's config.
    ledger : Ledger, optional
        What happened to its trials. Default: opened here.
    """

    def __init__(self, reader: Reader, document: Document, ledger: Ledger | None = None) -> None:
        self._reader, self._document = reader, document
        self._ledger = ledger or Ledger(reader.store.root, document.name)

    def __repr__(self) -> str:
        return f"<Sweep {self.project}/{self.id} ({self.state})>"

    def _shown_as(self) -> tuple[str, Path]:
        return self.id, self._reader.store.root

    # ------------------------------------------------------------------ what it is

    @property
    def id(self) -> str:
        """Eight characters."""
        return self._document.name

    @property
    def project(self) -> str:
        """The project's name."""
        return self._document.project

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def path(self) -> list[str]:
        """Entity, project and id, as W&B has them."""
        return ["", self.project, self.id]

    @property
    def record(self) -> SweepRecord:
        """How far it is, read now."""
        book, best = self._book(), self.best_trial()
        own = [trial for trial in book.trials.values() if not trial.is_prior]
        return SweepRecord(
            self.project,
            self.id,
            self.name,
            str(self.config.get("method") or ""),
            book.state,
            metric=next(iter(self.metrics), None),
            goal="maximize" if self._is_maximized else "minimize",
            expected=self.expected_run_count,
            done=sum(trial.is_over for trial in own),
            running=sum(trial.state == "running" for trial in own),
            best=None if best is None else best.value,
            created_at=datetime.fromtimestamp(book.created_us / 1e6, UTC),
        )

    @property
    def url(self) -> str:
        """Where the sweep can be seen: in JupyterLab where that runs, else the store's file."""
        return run_url(self._reader.store.root, self.project, self.id)

    @property
    def config(self) -> dict[str, Any]:
        """The config as it was given."""
        return dict(self._document.content["config"])

    @property
    def name(self) -> str:
        """The config's name, else the id."""
        return str(self.config.get("name") or self.id)

    @property
    def state(self) -> str:
        """``running``, ``paused``, ``stopped``, ``cancelled`` or ``finished``."""
        return self._book().state

    @property
    def order(self) -> str | None:
        """How runs are ordered from the best on, None without a metric."""
        metric = next(iter(self.metrics), None)
        if metric is None:
            return None
        return f"{'-' if self._is_maximized else '+'}summary_metrics.{metric}"

    @property
    def metrics(self) -> dict[str, str]:
        """What trials are compared by: each metric's name, and ``minimize`` or ``maximize``."""
        config = self.config
        given = config["metrics"] if "metrics" in config else [config.get("metric")]
        named = [{"name": each} if isinstance(each, str) else each for each in given]
        return {
            str(each["name"]): "maximize" if _is_maximized(each) else "minimize"
            for each in named
            if isinstance(each, Mapping) and "name" in each
        }

    @property
    def expected_run_count(self) -> int | None:
        """How many trials the sweep runs: run_cap or all points; None where it has no end."""
        expected = self._document.content.get("expected_run_count", self.config.get("run_cap"))
        return None if expected is None else int(expected)

    # ------------------------------------------------------------------ what it found

    @property
    def runs(self) -> Runs:
        """The runs of its trials, the oldest first."""
        return self._runs("+created_at", 50)

    def best_run(self, order: str | None = None) -> Run | None:
        """Return the run with the best value of the metric that was logged at any time.

        With several metrics the best by the first one; see :meth:`best_runs`.

        Parameters
        ----------
        order : str, optional
            As for :meth:`tracker.Api.runs`; ``sweep.order`` compares the last values, as W&B
            does. Default: the sweep's metric, best value of each run; without a metric the
            newest run.

        Returns
        -------
        Run or None
            None while no run has a value.
        """
        if order is None and self.metrics:
            trial = self.best_trial()
            if trial is None or trial.run_id is None:
                return None
            return Run(self._reader, self._reader.run(self.project, trial.run_id))
        found = self._runs(order or "-created_at", 1)
        return found[0] if len(found) else None

    def best_runs(self) -> list[Run]:
        """Return the runs that no other is better than: with several metrics the Pareto front.

        A run is left out where another one is better by one metric and as good by the others. Of
        several metrics the last values of each run are compared. The best by the first metric
        comes first.
        """
        return [
            Run(self._reader, self._reader.run(self.project, trial.run_id))
            for trial in self.best_trials()
            if trial.run_id is not None
        ]

    def best_trials(self) -> list[Trial]:
        """Return the trials that no other is better than; those that failed are not among them."""
        from tracker.store.journal.front import front_of

        are_maximized = [goal == "maximize" for goal in self.metrics.values()]
        sign = -1 if self._is_maximized else 1
        front = front_of(list(self._book().trials.values()), are_maximized)
        return sorted(front, key=lambda trial: sign * (trial.value or 0.0))

    def best_trial(self) -> Trial | None:
        """Return the trial with the best value; one that failed is not it."""
        sign = -1 if self._is_maximized else 1
        best: tuple[float, Trial] | None = None
        for trial in self._book().trials.values():
            value = trial.value
            if not trial.is_sound or value is None or math.isnan(value):
                continue
            if best is None or sign * value < best[0]:
                best = sign * value, trial
        return None if best is None else best[1]

    def list_trials(self) -> list[Trial]:
        """Return every trial, by number."""
        return [trial for _, trial in sorted(self._book().trials.items())]

    def agents(self) -> list[Agent]:
        """Return the agents that have had trials, the first one first."""
        runs: dict[str, list[str]] = {}
        for _, trial in sorted(self._book().trials.items()):
            if trial.agent is not None and trial.run_id is not None:
                runs.setdefault(trial.agent, []).append(trial.run_id)
        return [
            Agent(
                agent,
                "running" if self._ledger.is_alive(agent) else "finished",
                self.project,
                tuple(found),
                self._reader,
            )
            for agent, found in runs.items()
        ]

    def agent(self, agent_id: str) -> Agent:
        """Return one agent.

        Raises
        ------
        NotFoundError
            If the sweep has had none of this id.
        """
        for agent in self.agents():
            if agent.id == agent_id:
                return agent
        raise NotFoundError(f"The sweep {self.id} has had no agent {agent_id!r}.")

    def load(self, force: bool = False) -> dict[str, Any]:
        """Return the config; the rest is always read anew. `force` is W&B's and means nothing."""
        return self.config

    # ------------------------------------------------------------------ within

    def _runs(self, order: str, per_page: int) -> Runs:
        # Not of the project: one that has no runs yet is no error here.
        filters = {"sweep": self.id, "project": self.project}
        return Runs(self._reader, None, filters, order, per_page)

    def _book(self) -> Book:
        return self._ledger.read()

    @property
    def _is_maximized(self) -> bool:
        return next(iter(self.metrics.values()), "") == "maximize"


def _is_maximized(metric: Mapping[str, Any]) -> bool:
    return str(metric.get("goal", "")).strip().lower().startswith("max")


@dataclass(frozen=True, slots=True)
class Agent:
    """One that has run trials of a sweep.

    Attributes
    ----------
    id : str
        Its name in the sweep.
    state : str
        ``running`` or ``finished``.
    """

    id: str
    state: str
    _project: str = field(repr=False)
    _run_ids: tuple[str, ...] = field(repr=False)
    _reader: Reader = field(repr=False, compare=False)

    def runs(self, per_page: int = 50) -> Runs:
        """Return the runs of the trials that it had last, the oldest first."""
        filters = {"id": {"$in": list(self._run_ids)}}
        return Runs(self._reader, self._project, filters, "+created_at", per_page)


def find_sweep(reader: Reader, project: str | None, name: str) -> Sweep:
    """Return the sweep with this id, or the only one with this name.

    Raises
    ------
    NotFoundError
        If there is none; the message has ids and names that are close.
    """
    found = list_sweeps(reader, project)
    for sweep in found:
        if sweep.id == name:
            return sweep
    named = [sweep for sweep in found if sweep.name == name]
    if len(named) == 1:
        return named[0]
    place = f"in project {project!r}" if project else f"in {reader.store.root}"
    if named:
        ids = ", ".join(sweep.id for sweep in named[:10])
        raise NotFoundError(
            f"{len(named)} sweeps {place} are named {name!r}: give the id of one of them, {ids}."
        )
    known = (text for sweep in found for text in (sweep.id, sweep.name))
    raise NotFoundError(f"There is no sweep {name!r} {place}.{did_you_mean(name, known)}")


def sweep_of(reader: Reader, record: RunRecord) -> Sweep | None:
    """Return the sweep that a run is a trial of; None where it is none, or the sweep is gone."""
    if record.sweep_id is None:
        return None
    with reader.open() as db:
        document = documents.get(db, KIND, record.project, record.sweep_id)
    return None if document is None else Sweep(reader, document)


def list_sweeps(reader: Reader, project: str | None = None) -> list[Sweep]:
    """Return the sweeps of a project, or of all, the one made last first."""
    with reader.open() as db:
        found = documents.find(db, KIND, project)
    return [Sweep(reader, each) for each in sorted(found, key=lambda each: each.updated_at)][::-1]
