"""A sweep as its user holds it: what it found, and how to steer it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from tracker.api.reader import Reader
from tracker.api.run import Run
from tracker.api.runs import Runs
from tracker.api.sweeps import Agent, Sweep
from tracker.errors import UsageError
from tracker.settings import find_store
from tracker.store.journal.trials import Trial
from tracker.store.store import open_store
from tracker.sweep import creation
from tracker.sweep.controller import Controller
from tracker.sweep.lookup import find

if TYPE_CHECKING:
    from pandas import DataFrame


class SweepHandle(str):
    """The id of a sweep, as W&B's ``sweep`` returns it, that can also do things.

    Parameters
    ----------
    sweep_id : str
        An id, ``project/id`` or W&B's ``entity/project/id``.
    project : str, optional
        Default: whichever has a sweep of that id.
    dir : path-like, optional
        The directory that holds the store.

    Raises
    ------
    NotFoundError
        If there is no such sweep.
    """

    __slots__ = ("_found", "controller")

    controller: Controller
    _found: Sweep

    def __new__(
        cls,
        sweep_id: str,
        project: str | None = None,
        dir: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Find a sweep."""
        known = getattr(sweep_id, "controller", None)
        if known is None or dir is not None:
            known = find(open_store(find_store(dir)), str(sweep_id), project)
        return cls.of(known)

    @classmethod
    def of(cls, controller: Controller) -> Self:
        """Return the handle of a sweep that has been found or made."""
        self = str.__new__(cls, controller.sweep_id)
        self.controller = controller
        reader = Reader(controller.store)
        self._found = Sweep(reader, controller.document, controller.ledger)
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str]]:
        """Return what another process finds the sweep by."""
        return type(self), (str(self), self.project, str(self.controller.store.root))

    def __repr__(self) -> str:
        return f"<Sweep {self.project}/{self} ({self.state}, {len(self.trials)} trials)>"

    # ------------------------------------------------------------------ what it is

    @property
    def id(self) -> str:
        """Eight characters."""
        return str(self)

    @property
    def project(self) -> str:
        """The project's name."""
        return self.controller.project

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def path(self) -> list[str]:
        """Entity, project and id, as W&B has them."""
        return ["", self.project, self.id]

    @property
    def url(self) -> str:
        """Where the sweep can be seen: in JupyterLab where that runs, else the store's file."""
        return self._found.url

    @property
    def config(self) -> dict[str, Any]:
        """The config as it was given."""
        return dict(self.controller.config.raw)

    @property
    def name(self) -> str:  # type: ignore[override, unused-ignore]
        """The config's name, else the id."""
        return self.controller.config.name or self.id

    @property
    def state(self) -> str:
        """``running``, ``paused``, ``stopped``, ``cancelled`` or ``finished``."""
        return self.controller.ledger.read().state

    @property
    def order(self) -> str | None:
        """How runs are ordered from the best on, None without a metric."""
        return self._found.order

    @property
    def expected_run_count(self) -> int | None:
        """How many trials the sweep runs: run_cap or all points; None where it has no end."""
        return self.controller.expected_count

    # ------------------------------------------------------------------ what it found

    @property
    def runs(self) -> Runs:
        """The runs of its trials, the oldest first."""
        return self._found.runs

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
        return self._found.best_run(order)

    def best_runs(self) -> list[Run]:
        """Return the runs that no other is better than: with several metrics the Pareto front.

        A run is left out where another one is better by one metric and as good by the others. Of
        several metrics the last values of each run are compared. The best by the first metric
        comes first.
        """
        return self._found.best_runs()

    def best_trials(self) -> list[Trial]:
        """Return the trials that no other is better than; those that failed are not among them."""
        return self._found.best_trials()

    def best_trial(self) -> Trial | None:
        """Return the trial with the best value; one that failed is not it."""
        return self._found.best_trial()

    def agents(self) -> list[Agent]:
        """Return the agents that have had trials, the first one first."""
        return self._found.agents()

    def agent(self, agent_id: str) -> Agent:
        """Return one agent.

        Raises
        ------
        NotFoundError
            If the sweep has had none of this id.
        """
        return self._found.agent(agent_id)

    @property
    def trials(self) -> DataFrame:
        """Every trial as a row: number, state, value, run_id, and one column a parameter.

        With several metrics there is a column of each in the place of ``value``.
        """
        from pandas import DataFrame

        flatten, metrics = self.controller.space.flatten, self.controller.config.metrics
        values = [metric.name for metric in metrics] if len(metrics) > 1 else ["value"]
        trials = self.controller.ledger.read().trials
        rows = [
            {"number": t.number, "state": t.state, "run_id": t.run_id, **flatten(t.params),
             **dict(zip(values, t.objectives, strict=False))}
            for _, t in sorted(trials.items())
        ]  # fmt: skip
        names = [parameter.name for parameter in self.controller.space.parameters]
        return DataFrame(rows, columns=["number", "state", *values, "run_id", *names])

    # ------------------------------------------------------------------ steering

    def pause(self) -> None:
        """Give out no trials until it is resumed; those that run go on."""
        self.controller.turn("paused")

    def resume(self) -> None:
        """Give out trials again."""
        self.controller.turn("running")

    def stop(self) -> None:
        """Give out no more trials; those that run go on to their end."""
        self.controller.turn("stopped")

    def cancel(self) -> None:
        """Give out no more trials, and end those that run at their next ``log``."""
        self.controller.turn("cancelled")

    def stop_trial(self, number: int) -> None:
        """End one running trial at its next ``log``."""
        self.controller.stop_trial(number)

    def enqueue_run(self, config: Mapping[str, Any], display_name: str | None = None) -> int:
        """Have these parameters tried next.

        Parameters
        ----------
        config : mapping
            The parameters, nested or with dotted names; W&B's ``{"lr": {"value": 0.1}}`` too.
        display_name : str, optional
            What the run is called.

        Returns
        -------
        int
            The trial's number.

        Raises
        ------
        UsageError
            If a parameter is not the sweep's.
        """
        space = self.controller.space
        plain = {name: _unwrapped(value) for name, value in config.items()}
        flat = space.flatten(plain)
        known = {parameter.path[0] for parameter in space.parameters} | flat.keys()
        unknown = sorted(set(plain) - known)
        if unknown or not flat:
            names = ", ".join(parameter.name for parameter in space.parameters)
            raise UsageError(
                f"enqueue_run was given {unknown or 'no parameters'}: the sweep's are {names}."
            )
        return self.controller.enqueue(space.nest(flat), display_name)

    def extend(self, parameters: Mapping[str, Any] | None = None, **changes: Any) -> Self:
        """Make a new sweep with other bounds, that starts from what this one has found.

        This one gives out no more trials.

        Parameters
        ----------
        parameters : mapping, optional
            Parameters by name, that take the place of those of the same name or are added.
        **changes
            Other fields of the config, such as ``run_cap=50``.
        """
        config = {**self.config, **changes}
        config["parameters"] = {**self.config["parameters"], **(parameters or {})}
        made = creation.create(self.controller.store, config, self.project, self._ended_runs())
        if self.state in ("running", "paused"):
            self.stop()
        return type(self).of(made)

    def _ended_runs(self) -> list[str]:
        """Return the runs of trials that are over; a trial may have ended without one."""
        every = Runs(Reader(self.controller.store), self.project, None, "+created_at", 50)
        there = {run.id for run in every}
        trials = self.controller.ledger.read().trials.values()
        return [t.run_id for t in trials if t.is_over and t.run_id in there]


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"value"}:
        return value["value"]
    return value
