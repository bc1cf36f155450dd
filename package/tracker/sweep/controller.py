"""Gives out the trials of a sweep and takes them back; keeps nothing but what can be read again."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.errors import NotFoundError, TrackerWarning, UsageError
from tracker.run.names import new_run_id
from tracker.store.journal.ledger import Ledger
from tracker.store.journal.trials import (
    Book,
    Claimed,
    Ended,
    Logged,
    Queued,
    Returned,
    Told,
    Trial,
    Turned,
    Valued,
)
from tracker.store.store import Store
from tracker.store.writing import documents, trial_table
from tracker.sweep.config import SweepConfig, parse_sweep
from tracker.sweep.facts import TrialFact
from tracker.sweep.samplers import suggest
from tracker.sweep.space import Space
from tracker.sweep.stopping import should_stop

KIND = "sweep"
OVER = ("stopped", "cancelled", "finished")
# Where a sweep may go from where it is.
TURNS = {
    "running": ("paused", "stopped", "cancelled", "finished"),
    "paused": ("running", "stopped", "cancelled", "finished"),
    "stopped": ("running", "cancelled"),
    "cancelled": (),
    "finished": ("running", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What an agent gets when it asks for a trial.

    Attributes
    ----------
    trial : Trial or None
        The trial to run; None where there is none now.
    is_over : bool
        Whether there will be none any more.
    reason : str
        Why there is none, as a sentence's end.
    """

    trial: Trial | None
    is_over: bool = False
    reason: str = ""


class Controller:
    """One sweep: its config, its space and its ledger.

    Every process that has the store may have one; they agree through the ledger.

    Parameters
    ----------
    store : Store
        Where the sweep is kept.
    sweep_id : str
    project : str, optional
        Default: whichever has a sweep of that id.

    Raises
    ------
    NotFoundError
        If there is no such sweep.
    """

    def __init__(self, store: Store, sweep_id: str, project: str | None = None) -> None:
        document = _find(store, sweep_id, project)
        self.store, self.document = store, document
        self.sweep_id = sweep_id
        self.project = document.project
        self.seed = int(document.content["seed"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrackerWarning)  # said when the sweep was made
            self.config: SweepConfig = parse_sweep(document.content["config"])
        self.space = Space(self.config.parameters)
        self.ledger = Ledger(store.root, sweep_id)
        self._facts: dict[int, tuple[int, TrialFact]] = {}

    # ---------------------------------------------------------------------- for agents

    def claim(self, agent: str, batch: str, count: int | None = None) -> Claim:
        """Give an agent the next trial.

        Parameters
        ----------
        agent : str
            Who asks; see :meth:`Ledger.attend`.
        batch : str
            The agents that were started together.
        count : int, optional
            How many trials those begin at most.
        """
        with self.ledger.turn():
            with self.ledger.writing() as (book, add):
                self._bury(book, add)
                refusal = self._refusal(book, batch, count)
                if refusal is not None:
                    return self._settle(book, add, refusal)
                if book.pending:
                    return self._give(book, add, min(book.pending), {}, agent, batch)
                facts, number = self.facts(book), book.next_number
            params = suggest(self.space, self.config, facts, self.seed)
            with self.ledger.writing() as (book, add):
                refusal = self._refusal(book, batch, count)
                if refusal is None and book.pending:
                    return self._give(book, add, min(book.pending), {}, agent, batch)
                if refusal is None and params is not None:
                    number = max(number, book.next_number)
                    return self._give(book, add, number, params, agent, batch)
                is_over = not book.running
                none_left = Claim(
                    None, is_over, "all points have been given out, and some are still running"
                )
                return self._settle(book, add, refusal or none_left)

    def _give(
        self, book: Book, add: Any, number: int, params: dict[str, Any], agent: str, batch: str
    ) -> Claim:
        known = book.trials.get(number)
        attempt = known.attempt + 1 if known else 1
        add(Claimed(number, attempt, params, new_run_id(), agent, batch, _now_us()))
        return Claim(book.trials[number])

    def _refusal(self, book: Book, batch: str, count: int | None) -> Claim | None:
        """Return why nothing is given out now, None where nothing speaks against it."""
        if book.state in OVER:
            return Claim(None, is_over=True, reason=f"the sweep is {book.state}")
        if count is not None and book.begun.get(batch, 0) >= count:
            running = [t for t in book.running.values() if t.batch == batch]
            return Claim(None, not running, f"{count} trials have been begun")
        if book.state == "paused":
            return Claim(None, reason="the sweep is paused")
        cap = self.config.run_cap
        if cap is not None and not book.pending and book.own_count >= cap:
            return Claim(
                None,
                not book.running,
                f"run_cap {cap} is reached",
            )
        return None

    def _settle(self, book: Book, add: Any, refusal: Claim) -> Claim:
        """Note that the sweep is finished, if nothing is left to try and nothing runs."""
        counted_out = refusal.reason.endswith("have been begun")
        if refusal.is_over and book.state == "running" and not counted_out:
            add(Turned("finished", _now_us()))
        return refusal

    def _bury(self, book: Book, add: Any) -> None:
        """Take back the trials of agents whose process has died."""
        agents = {trial.agent or "" for trial in book.running.values()}
        dead = {agent for agent in agents if not self.ledger.is_alive(agent)}
        for trial in [t for t in book.running.values() if t.agent in dead]:
            add(Returned(trial.number, trial.attempt, True, _now_us()))

    def give_back(self, trial: Trial, attempt: int) -> None:
        """Take back a trial that was interrupted: it is run again by whoever goes on."""
        with self.ledger.writing() as (book, add):
            if book.is_current(trial.number, attempt):
                add(Returned(trial.number, attempt, False, _now_us()))

    def end(self, number: int, attempt: int, state: str) -> Trial | None:
        """Note how a trial ended; without effect if the agent had lost it."""
        with self.ledger.writing() as (book, add):
            if not book.is_current(number, attempt):
                return None
            trial = book.trials[number]
            state = "stopped" if trial.told is not None and state != "failed" else state
            add(Ended(number, attempt, state, _now_us()))
            if book.state == "running" and state != "failed" and self._is_enough(trial):
                add(Turned("finished", _now_us()))
            return trial

    def _is_enough(self, trial: Trial) -> bool:
        metric = self.config.metric
        if metric is None or metric.target is None or trial.value is None:
            return False
        if self.config.is_maximized:
            return trial.value >= metric.target
        return trial.value <= metric.target

    # ---------------------------------------------------------------------- for trials

    def report(self, number: int, attempt: int, values: list[float]) -> str | None:
        """Take new values of the metric; return why the trial is to stop now, if it is."""
        with self.ledger.writing() as (book, add):
            if not book.is_current(number, attempt):
                return "its agent has lost it"
            trial = book.trials[number]
            if values:
                add(Logged(number, attempt, values))
            if trial.told is None and book.state == "cancelled":
                add(Told(number, attempt, "the sweep was cancelled"))
            rule = self.config.early_terminate
            if trial.told is None and rule is not None and self._is_bad(book, trial):
                add(Told(number, attempt, f"{rule.type} after {len(trial.values)} values"))
            return trial.told

    def _is_bad(self, book: Book, trial: Trial) -> bool:
        facts = self.facts(book)
        return should_stop(self.config, self._fact(trial, book), facts)

    def set_value(
        self, number: int, attempt: int, value: float | None, others: Sequence[float | None] = ()
    ) -> None:
        """Note what a trial achieved; `others` are the values of the metrics after the first."""
        with self.ledger.writing() as (_, add):
            add(Valued(number, attempt, value, list(others)))

    # ----------------------------------------------------------------------- for people

    def turn(self, state: str) -> None:
        """Pause, resume, stop, cancel the sweep.

        Raises
        ------
        UsageError
            If it cannot go there from where it is.
        """
        with self.ledger.writing() as (book, add):
            if state == book.state:
                return
            if state not in TURNS[book.state]:
                raise UsageError(f"The sweep {self.sweep_id} is {book.state}: it stays so.")
            add(Turned(state, _now_us()))
        self.publish()

    def stop_trial(self, number: int) -> None:
        """Tell one running trial to end at its next ``log``."""
        with self.ledger.writing() as (book, add):
            trial = book.running.get(number)
            if trial is None:
                raise UsageError(f"Trial {number} of sweep {self.sweep_id} is not running.")
            add(Told(number, trial.attempt, "somebody stopped it"))

    def enqueue(self, params: Mapping[str, Any], name: str | None = None) -> int:
        """Have these parameters tried next; return the trial's number."""
        with self.ledger.writing() as (book, add):
            number = book.next_number
            add(Queued(number, dict(params), name, _now_us()))
            if book.state == "finished":
                add(Turned("running", _now_us()))
        self.publish()
        return number

    def publish(self) -> None:
        """Bring the tables that everybody queries to where the ledger is."""
        trial_table.take_in(self.store, self.ledger)

    def publish_if_due(self) -> None:
        """Do the same unless somebody has done it within two seconds."""
        trial_table.take_in_if_due(self.store, self.ledger)

    # ---------------------------------------------------------------------------- facts

    def facts(self, book: Book) -> list[TrialFact]:
        """Return all trials as samplers and stopping rules see them."""
        return [self._fact(trial, book) for trial in book.trials.values()]

    def _fact(self, trial: Trial, book: Book) -> TrialFact:
        version = book.changed[trial.number]
        known = self._facts.get(trial.number)
        if known is None or known[0] != version:
            state: Any = trial.state
            # The list grows while the fact is looked at.
            fact = TrialFact(
                trial.number, state, trial.params, trial.value, tuple(trial.values),
                tuple(trial.others),
            )  # fmt: skip
            known = self._facts[trial.number] = (version, fact)
        return known[1]

    @property
    def expected_count(self) -> int | None:
        """How many trials the sweep runs; None where it has no end."""
        return expected_count(self.config, self.space)


def expected_count(config: SweepConfig, space: Space) -> int | None:
    """Return how many trials a sweep runs; None where it has no end."""
    size = space.grid.size if config.method == "grid" else space.size
    sizes = [number for number in (config.run_cap, size) if number is not None]
    return min(sizes) if sizes else None


def _find(store: Store, sweep_id: str, project: str | None) -> documents.Document:
    with store.reading() as db:
        found = [d for d in documents.find(db, KIND, project) if d.name == sweep_id]
    if not found:
        where = "" if project is None else f" in project {project!r}"
        raise NotFoundError(
            f"There is no sweep {sweep_id!r}{where} in {store.root}: make one with tracker.sweep()."
        )
    return found[0]


def is_better(config: SweepConfig, value: float | None, than: float | None) -> bool:
    """Say whether a value is better than another; None and NaN are worse than any number."""
    if value is None or math.isnan(value):
        return False
    if than is None or math.isnan(than):
        return True
    return value > than if config.is_maximized else value < than


def _now_us() -> int:
    return time.time_ns() // 1000
