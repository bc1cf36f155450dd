"""Follows the run of a trial: gathers its metric, and ends it when it is told to."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from tracker.errors import TrackerError, TrialStopped, warn
from tracker.run.run import Run
from tracker.store.journal.trials import best_of
from tracker.store.writing.trial_table import INTERVAL_S
from tracker.sweep.controller import Controller
from tracker.sweep.stopping import rungs

# A rule that judges at every value is asked when there are so many times more of them, and
# besides as often as it takes no more than this share of the training's time.
JUDGING_FACTOR, JUDGING_SHARE = 1.25, 0.02


class Watch:
    """What the run of one trial and its sweep tell each other.

    Parameters
    ----------
    controller : Controller
    number, attempt : int
        The trial, and which time it is run.

    Attributes
    ----------
    values : list of float
        The metric's values so far.
    told : str or None
        Why the trial is to stop.
    lacking : str or None
        The first metric that the run has neither logged nor has in its summary.
    """

    def __init__(self, controller: Controller, number: int, attempt: int) -> None:
        self.values: list[float] = []
        self.told: str | None = None
        self.lacking: str | None = None
        self._controller = controller
        self._trial = (number, attempt)
        self._process = os.getpid()
        self._run: Run | None = None
        self._began_s, self._is_shown = time.monotonic(), False
        self._reported = 0
        self._judge_at, self._judge_from = 0.0, 1.0
        config = controller.config
        self._rule = config.early_terminate
        self._metric = config.metric.name if config.metric else None
        self._paths = {m.name: tuple(m.name.split(".")) for m in config.metrics}
        # Of several metrics the last values count: a model has them all at once.
        self._others: dict[str, float | None] = {m.name: None for m in config.metrics[1:]}
        self._rungs = frozenset(rungs(self._rule)) if self._rule else frozenset()
        self._is_always = self._rule is not None and self._rule.type == "median"

    def follow(self, run: Run) -> None:
        """Follow a run from its beginning to its end."""
        self._run = run
        run.after_log(self._on_log)
        run.before_flush(self._look)
        run.before_end(self._on_end)

    # Called for every row that is logged: must cost next to nothing.
    def _on_log(self, data: Mapping[str, Any]) -> None:
        if self._metric is not None:
            value = self._find(data, self._metric)
            if value is not None:
                self._gather(value)
            for name in self._others:
                number = _number(self._find(data, name))
                if number is not None:
                    self._others[name] = number
        if self.told is not None:
            self._stop()

    def _find(self, data: Mapping[str, Any], name: str) -> Any:
        value = data.get(name)
        path = self._paths[name]
        return _look_up(data, path) if value is None and len(path) > 1 else value

    def _gather(self, value: Any) -> None:
        number = _number(value)
        if number is None:
            return
        self.values.append(number)
        count = len(self.values)
        if count in self._rungs:
            self._ask()
        elif self._is_always and (count >= self._judge_from or time.monotonic() >= self._judge_at):
            self._judge_from = count * JUDGING_FACTOR
            self._ask()

    def _look(self) -> None:
        """Ask, from the flush, whether the trial is to go on."""
        if os.getpid() != self._process:
            return
        if self.told is None:
            self._ask()
        if not self._is_shown and time.monotonic() - self._began_s > INTERVAL_S:
            # The end of the trial before this one came too soon after another to be published, and
            # would be missing for as long as this one takes.
            self._is_shown = True
            self._controller.publish_if_due()

    def _ask(self) -> None:
        begun = time.monotonic()
        try:
            self.told = self._controller.report(*self._trial, self._news())
        except (TrackerError, OSError) as error:
            warn(f"The sweep cannot be asked whether this trial goes on: {error}")
        now = time.monotonic()
        self._judge_at = now + (now - begun) / JUDGING_SHARE

    def _news(self) -> list[float]:
        """Return the values that are to be kept in the ledger: only a rule needs them."""
        if self._rule is None:
            return []
        news = self.values[self._reported :]
        self._reported += len(news)
        return news

    def _stop(self) -> None:
        if self._run is not None and self._run.is_alive:
            self._run.stop()
            raise TrialStopped(0)

    def _on_end(self, run: Run) -> None:
        metric = self._metric
        if metric is None:
            return
        if not self.values and (found := _of_summary(run, metric)) is not None:
            self.values.append(found)
        for name, known in self._others.items():
            self._others[name] = _of_summary(run, name) if known is None else known
        self.lacking = next((name for name, known in self._others.items() if known is None), None)
        if self.values:
            is_maximized = self._controller.config.is_maximized
            best = best_of(self.values, is_maximized=is_maximized)
            value = self.values[-1] if self._others else best
        else:
            value, self.lacking = None, metric
        try:
            if self._rule is not None:
                self._controller.report(*self._trial, self._news())
            self._controller.set_value(*self._trial, value, list(self._others.values()))
        except (TrackerError, OSError) as error:
            warn(f"The sweep does not learn what this trial achieved: {error}")


def _of_summary(run: Run, metric: str) -> float | None:
    """Return the value that a run was given as its summary: it has logged none."""
    value = run.summary.get(metric)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _look_up(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = data
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
