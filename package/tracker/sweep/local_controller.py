"""W&B's local controller: makes a sweep step by step, queues its trials, and says how it goes.

Agents choose their trials themselves, so no sweep needs one. It is here for scripts that have one,
and for those who want to look at a suggestion before it is run.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from tracker.errors import UsageError
from tracker.store.journal.trials import Trial
from tracker.store.store import Store
from tracker.sweep import creation
from tracker.sweep.agent import describe
from tracker.sweep.controller import OVER, Controller
from tracker.sweep.handle import SweepHandle
from tracker.sweep.samplers import suggest
from tracker.sweep.stopping import should_stop

INTERVAL_S = 5.0
Params = dict[str, Any]


class LocalController:
    """What ``tracker.controller`` returns.

    Parameters
    ----------
    store : Store
        Where the sweep is, or is to be.
    controller : Controller, optional
        A sweep that there is. Default: the ``configure_…`` methods say what it is, and
        :meth:`create` makes it.
    project : str, optional
        Of a sweep that is made.
    """

    def __init__(
        self, store: Store, controller: Controller | None = None, project: str | None = None
    ) -> None:
        self._store, self._controller, self._project = store, controller, project
        self._given: Params = {}
        self._actions: list[str] = []
        self._said = ""

    def __repr__(self) -> str:
        return f"<Controller of {'no sweep yet' if self._controller is None else self.sweep_id}>"

    @property
    def sweep_id(self) -> str | None:
        """The sweep's id; None before it is made."""
        return None if self._controller is None else self._controller.sweep_id

    @property
    def sweep_config(self) -> Params:
        """The config, as far as it is given."""
        return dict(self._given if self._controller is None else self._controller.config.raw)

    # ------------------------------------------------------------------ making a sweep

    def configure(self, sweep_dict_or_config: Mapping[str, Any] | str) -> None:
        """Give the whole config: a mapping, or YAML."""
        self._need_none()
        if self._given:
            raise UsageError("The sweep is configured already.")
        if isinstance(sweep_dict_or_config, str):
            import yaml

            sweep_dict_or_config = yaml.safe_load(sweep_dict_or_config)
        if not isinstance(sweep_dict_or_config, Mapping):
            raise UsageError(f"configure was given {sweep_dict_or_config!r}: expected a mapping.")
        self._given = dict(sweep_dict_or_config)

    def configure_search(self, search: str) -> None:
        """Choose ``grid``, ``random`` or ``bayes``."""
        if callable(search):
            raise UsageError(
                "A search function of your own is not called here: hand its suggestions to "
                "schedule() or to Sweep.enqueue_run()."
            )
        self._set(method=search)

    def configure_stopping(self, stopping: str, **rule: Any) -> None:
        """Choose ``hyperband``, ``asha`` or ``median``, with its fields."""
        if callable(stopping):
            raise UsageError(
                "A stopping function of your own is not called here: hand the trials that are to "
                "end to stop_runs()."
            )
        self._set(early_terminate={"type": stopping, **rule})

    def configure_metric(self, metric: str, goal: str | None = None) -> None:
        """Choose the metric, and whether to ``minimize`` or ``maximize`` it."""
        self._set(metric={"name": metric, **({"goal": goal} if goal else {})})

    def configure_program(self, program: str) -> None:
        """Choose the program that agents start."""
        self._set(program=program)

    def configure_name(self, name: str) -> None:
        """Choose the name that people read."""
        self._set(name=name)

    def configure_description(self, description: str) -> None:
        """Say what the sweep is for."""
        self._set(description=description)

    def configure_controller(self, type: str) -> None:
        """Accept W&B's ``"local"``: every sweep is."""
        self._need_none()

    def configure_parameter(self, name: str, value: Any = None, **fields: Any) -> None:
        """Add a parameter: ``value``, ``values``, ``min``, ``max``, ``distribution``, ``mu`` …."""
        given = {key: each for key, each in fields.items() if each is not None}
        if value is not None or not given:
            given["value"] = value
        self._set(parameters={**self._given.get("parameters", {}), name: given})

    def create(self) -> str:
        """Make the sweep; return its id.

        Raises
        ------
        UsageError
            If the config cannot be used, or the sweep is made already.
        """
        self._need_none()
        if not self._given:
            raise UsageError("Configure the sweep before it is created.")
        self._controller = creation.create(self._store, self._given, self._project)
        return self._controller.sweep_id

    def _set(self, **fields: Any) -> None:
        self._need_none()
        self._given.update(fields)

    def _need_none(self) -> None:
        if self._controller is not None:
            raise UsageError(f"The sweep {self.sweep_id} is made: its config stays as it is.")

    # ------------------------------------------------------------------ running it

    def run(
        self,
        verbose: bool = False,
        print_status: bool = True,
        print_actions: bool = False,
        print_debug: bool = False,
    ) -> None:
        """Queue trials and say how it goes, until the sweep is over. Agents run them elsewhere."""
        while not self.done():
            if print_status or verbose:
                self.print_status()
            self.step()
            if print_actions or verbose:
                self.print_actions()
            time.sleep(INTERVAL_S)
        if print_status or verbose:
            self.print_status()

    def step(self) -> None:
        """Queue the next trial if none is waiting, and end those that the rule ends."""
        with self._sweep.ledger.turn():  # or an agent begins what was found before it is queued
            self.schedule(self.search())
        self.stop_runs(self.stopping())

    def done(self) -> bool:
        """Say whether the sweep is over."""
        return self._sweep.ledger.read().state in OVER

    def search(self) -> Params | None:
        """Return the parameters of the next trial; None where there is none."""
        sweep = self._sweep
        book, expected = sweep.ledger.read(), sweep.expected_count
        if expected is not None and book.own_count >= expected:
            return None
        return suggest(sweep.space, sweep.config, sweep.facts(book), sweep.seed)

    def schedule(self, run: Mapping[str, Any] | None) -> None:
        """Have these parameters tried next, unless others are waiting."""
        sweep = self._sweep
        if run is None or self.done() or sweep.ledger.read().pending:
            return
        number = SweepHandle.of(sweep).enqueue_run(run)
        self._actions.append(f"Schedule {describe(sweep, sweep.ledger.read().trials[number])}")

    def stopping(self) -> list[Trial]:
        """Return the running trials that the sweep's rule ends."""
        sweep = self._sweep
        book = sweep.ledger.read()
        facts = {fact.number: fact for fact in sweep.facts(book)}
        others = list(facts.values())
        return [
            trial
            for trial in list(book.running.values())
            if trial.told is None and should_stop(sweep.config, facts[trial.number], others)
        ]

    def stop_runs(self, runs: Sequence[Trial]) -> None:
        """End trials at their next ``log``."""
        for trial in runs:
            with suppress(UsageError):  # it has ended by itself
                self._sweep.stop_trial(trial.number)
                self._actions.append(f"Stop {describe(self._sweep, trial)}")

    @property
    def _sweep(self) -> Controller:
        if self._controller is None:
            raise UsageError("There is no sweep yet: configure one, and create() it.")
        return self._controller

    # ------------------------------------------------------------------ saying it

    def print_status(self) -> None:
        """Print how many trials there are, in which states, if that has changed."""
        sweep = self._sweep
        trials = sweep.ledger.read().trials.values()
        counts = Counter(trial.state for trial in list(trials)).most_common()
        states = ", ".join(f"{state.capitalize()}: {count}" for state, count in counts)
        rule = sweep.config.early_terminate
        kind = sweep.config.method + ("" if rule is None else f",{rule.type}")
        text = f"Sweep: {self.sweep_id} ({kind}) | Runs: {len(trials)}"
        text += f" ({states})" if states else ""
        if text != self._said:
            self._said = text
            print(text)

    def print_actions(self) -> None:
        """Print what was queued and ended since the last time."""
        actions, self._actions = self._actions, []
        for action in actions:
            print(action)

    def print_space(self) -> None:
        """Print the parameters."""
        for name, given in self.sweep_config.get("parameters", {}).items():
            print(f"{name}: {given}")

    def print_summary(self) -> None:
        """Print the best trial."""
        best = SweepHandle.of(self._sweep).best_trial()
        print("No trial has a value yet." if best is None else describe(self._sweep, best))
