"""What happens to the trials of a sweep, as facts, and the state that they add up to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import msgspec

# A trial whose agents died this many times is not given out again.
MAX_DEATHS = 3
SOUND = frozenset({"finished", "stopped"})
ENDED = SOUND | {"failed", "crashed"}


class Opened(msgspec.Struct, tag=0, array_like=True, gc=False):
    """The sweep was made; the ledger's first fact."""

    project: str
    time_us: int


class Prior(msgspec.Struct, tag=1, array_like=True, gc=False):
    """A run from before the sweep, that its sampler learns from."""

    number: int
    params: dict[str, Any]
    run_id: str
    state: str
    value: float | None
    values: list[float]
    time_us: int
    others: list[float | None] = []


class Queued(msgspec.Struct, tag=2, array_like=True, gc=False):
    """Somebody chose the parameters of a trial that is to run next."""

    number: int
    params: dict[str, Any]
    name: str | None
    time_us: int


class Claimed(msgspec.Struct, tag=3, array_like=True, gc=False):
    """An agent begins a trial; params are empty where they are known already."""

    number: int
    attempt: int
    params: dict[str, Any]
    run_id: str
    agent: str
    batch: str
    time_us: int


class Logged(msgspec.Struct, tag=4, array_like=True, gc=False):
    """Values of the metric, in the order in which the trial logged them."""

    number: int
    attempt: int
    values: list[float]


class Ended(msgspec.Struct, tag=5, array_like=True, gc=False):
    """A trial is over: finished, stopped, failed or crashed."""

    number: int
    attempt: int
    state: str
    time_us: int


class Returned(msgspec.Struct, tag=6, array_like=True, gc=False):
    """A trial was given back, to be run again from the start."""

    number: int
    attempt: int
    is_death: bool
    time_us: int


class Told(msgspec.Struct, tag=7, array_like=True, gc=False):
    """A trial is to stop at its next chance."""

    number: int
    attempt: int
    reason: str


class Turned(msgspec.Struct, tag=8, array_like=True, gc=False):
    """The sweep is now running, paused, stopped, cancelled or finished."""

    state: str
    time_us: int


class Valued(msgspec.Struct, tag=9, array_like=True, gc=False):
    """What a trial achieved: the value by which it is compared, and those of further metrics."""

    number: int
    attempt: int
    value: float | None
    others: list[float | None] = []


Fact = Opened | Prior | Queued | Claimed | Logged | Ended | Returned | Told | Turned | Valued


@dataclass(slots=True, eq=False)
class Trial:
    """One trial as it is now.

    Attributes
    ----------
    number : int
        Its place in the sweep, from 0.
    state : str
        pending, running, finished, stopped, failed or crashed.
    params : dict
    attempt : int
        How often it has been begun.
    deaths : int
        How many of those agents died.
    run_id, agent, batch : str or None
        Of the last attempt.
    name : str or None
        What its run is called, if somebody chose that.
    value : float or None
        The value by which it is compared; NaN and infinities as they were logged.
    others : list of float or None
        The values of the second metric and those after it, where the sweep has several.
    values : list of float
        Every value of the metric; only where the sweep may end trials early.
    told : str or None
        Why it is to stop.
    is_prior : bool
        Whether it is a run from before the sweep.
    began_us, ended_us : int or None
        Microseconds since 1970.
    """

    number: int
    params: dict[str, Any]
    state: str = "pending"
    attempt: int = 0
    deaths: int = 0
    run_id: str | None = None
    agent: str | None = None
    batch: str | None = None
    name: str | None = None
    value: float | None = None
    others: list[float | None] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    told: str | None = None
    is_prior: bool = False
    began_us: int | None = None
    ended_us: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended for good."""
        return self.state in ENDED

    @property
    def is_sound(self) -> bool:
        """Whether it has ended, and its values count: one that failed may have any."""
        return self.state in SOUND

    @property
    def objectives(self) -> list[float | None]:
        """The values of all metrics, in the config's order."""
        return [self.value, *self.others]


class Book:
    """All trials of a sweep, and how the sweep itself is: what its ledger's facts add up to.

    Attributes
    ----------
    project : str
    state : str
        running, paused, stopped, cancelled or finished.
    trials : dict
        By number.
    begun : dict
        How many trials each batch of agents has begun.
    changed : dict
        For each trial the version of the book that changed it last.
    version : int
        How many facts are in it.
    """

    def __init__(self) -> None:
        self.project = ""
        self.state = "running"
        self.created_us = 0
        self.trials: dict[int, Trial] = {}
        self.pending: dict[int, Trial] = {}
        self.running: dict[int, Trial] = {}
        self.begun: dict[str, int] = {}
        self.changed: dict[int, int] = {}
        self.version = 0
        self.next_number = 0
        self.priors = 0

    @property
    def own_count(self) -> int:
        """How many trials there are besides those from before the sweep."""
        return len(self.trials) - self.priors

    def is_current(self, number: int, attempt: int) -> bool:
        """Whether this attempt is the one that runs the trial."""
        trial = self.running.get(number)
        return trial is not None and trial.attempt == attempt

    def add(self, fact: Fact) -> None:
        """Take a fact in; what an agent says of a trial that it no longer has changes nothing."""
        self.version += 1
        if isinstance(fact, Opened):
            self.project, self.created_us = fact.project, fact.time_us
        elif isinstance(fact, Turned):
            self.state = fact.state
        elif isinstance(fact, Prior):
            self._add_prior(fact)
        elif isinstance(fact, Queued):
            self._put(Trial(fact.number, fact.params, name=fact.name))
        elif isinstance(fact, Claimed):
            self._begin(fact)
        elif self.is_current(fact.number, fact.attempt):
            self._change(self.running[fact.number], fact)
            self.changed[fact.number] = self.version

    def _put(self, trial: Trial) -> None:
        self.trials[trial.number] = trial
        self.changed[trial.number] = self.version
        self.next_number = max(self.next_number, trial.number + 1)
        if trial.state == "pending":
            self.pending[trial.number] = trial

    def _add_prior(self, fact: Prior) -> None:
        self.priors += fact.number not in self.trials
        self._put(
            Trial(
                fact.number, fact.params, fact.state, run_id=fact.run_id, value=fact.value,
                others=fact.others, values=fact.values, is_prior=True, ended_us=fact.time_us,
            )
        )  # fmt: skip

    def _begin(self, fact: Claimed) -> None:
        trial = self.trials.get(fact.number) or Trial(fact.number, fact.params)
        trial.state, trial.attempt, trial.run_id = "running", fact.attempt, fact.run_id
        trial.agent, trial.batch, trial.began_us = fact.agent, fact.batch, fact.time_us
        self._put(trial)
        self.pending.pop(fact.number, None)
        self.running[fact.number] = trial
        self.begun[fact.batch] = self.begun.get(fact.batch, 0) + 1

    def _change(self, trial: Trial, fact: Logged | Ended | Returned | Told | Valued) -> None:
        if isinstance(fact, Logged):
            trial.values += fact.values
        elif isinstance(fact, Valued):
            trial.value, trial.others = fact.value, fact.others
        elif isinstance(fact, Told):
            trial.told = fact.reason
        elif isinstance(fact, Ended):
            del self.running[trial.number]
            trial.state, trial.ended_us = fact.state, fact.time_us
        else:
            self._take_back(trial, fact)

    def _take_back(self, trial: Trial, fact: Returned) -> None:
        del self.running[trial.number]
        trial.deaths += fact.is_death
        if trial.deaths >= MAX_DEATHS:
            trial.state, trial.ended_us = "crashed", fact.time_us
            return
        # The agent that gets it next counts anew.
        self.begun[trial.batch or ""] = self.begun.get(trial.batch or "", 1) - 1
        trial.state, trial.value, trial.values, trial.told = "pending", None, [], None
        trial.others = []
        self.pending[trial.number] = trial


def best_of(values: list[float], *, is_maximized: bool) -> float | None:
    """Return the best of the values that are finite; else the last one, None without any."""
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        return max(finite) if is_maximized else min(finite)
    return values[-1] if values else None
