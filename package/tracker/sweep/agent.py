"""Runs trials in this process, one after the other."""

from __future__ import annotations

import os
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tracker.errors import TrackerError, TrialStopped, warn
from tracker.run import trials
from tracker.run.run import Run
from tracker.store.journal.trials import Trial
from tracker.sweep.controller import Claim, Controller
from tracker.sweep.watch import Watch

# How often an agent that has nothing to do asks again.
POLL_S = 0.5
INITIAL_FAILURES = 5
FLAPPING_FAILURES, FLAPPING_S = 3, 60.0

Listener = Callable[[str], None]


class Agent:
    """Claims trials and runs a function for each, until there are none left.

    Parameters
    ----------
    controller : Controller
        The sweep.
    function : callable
        Called without arguments; it calls ``tracker.init()`` and logs the metric.
    count : int, optional
        How many trials at most, those of the other agents of its batch included.
    batch : str, optional
        Which agents were started together. Default: this one alone.
    say : callable, optional
        Is given a line of text for each thing that happens. Default: to stderr.
    """

    def __init__(
        self,
        controller: Controller,
        function: Callable[[], Any],
        count: int | None = None,
        batch: str | None = None,
        say: Listener | None = None,
    ) -> None:
        self.controller = controller
        self.id = secrets.token_hex(6)
        self._function = function
        self._count = count
        self._batch = batch or self.id
        self._say = say or say_on_stderr
        self._began = time.monotonic()
        self._failures = 0
        self._is_proven = False
        self._said_waiting = ""

    def run(self) -> int:
        """Run trials until there are none left; return how many.

        An interrupt ends it, and gives back the trial that was under way.
        """
        done = 0
        presence = self.controller.ledger.attend(self.id)
        try:
            while True:
                claim = self.controller.claim(self.id, self._batch, self._count)
                if claim.trial is not None:
                    self._said_waiting = ""
                    self._run_trial(claim.trial)
                    done += 1
                    if self._is_hopeless():
                        break
                elif claim.is_over:
                    if not done:
                        self._say(f"Nothing to run, because {claim.reason}")
                    break
                else:
                    self._wait(claim)
                self.controller.publish_if_due()
        finally:
            self.controller.ledger.leave(self.id, presence)
            with suppress(TrackerError):
                self.controller.publish()
        return done

    def _wait(self, claim: Claim) -> None:
        if claim.reason != self._said_waiting:
            self._said_waiting = claim.reason
            self._say(f"Waiting, because {claim.reason}")
        self.controller.publish_if_due()
        time.sleep(POLL_S)

    def _run_trial(self, trial: Trial) -> None:
        attempt = trial.attempt
        watch = Watch(self.controller, trial.number, attempt)
        context = trials.Trial(
            self.controller.store.root, self.controller.project, self.controller.sweep_id,
            trial.run_id or "", trial.params, number=trial.number,
            name=trial.name, on_begin=watch.follow,
        )  # fmt: skip
        state = "failed"
        try:
            with trials.within(context):
                try:
                    state = self._call(context)
                finally:
                    _end_others(context, state)
        except KeyboardInterrupt:
            self.controller.give_back(trial, attempt)
            raise
        self.controller.end(trial.number, attempt, state)
        self._note(trial, state, lacking=watch.lacking)

    def _call(self, context: trials.Trial) -> str:
        """Call the function; return how the trial ended."""
        try:
            self._function()
        except TrialStopped:
            _end(context.run)
            return "stopped"
        except KeyboardInterrupt as error:
            _end(context.run, error)
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the next trial may do better
            _end(context.run, error)
            if isinstance(error, SystemExit) and not error.code:
                return "finished"
            traceback.print_exception(error)
            return "failed"
        _end(context.run)
        return "finished" if context.run is None else context.run.state

    def _note(self, trial: Trial, state: str, *, lacking: str | None) -> None:
        self._failures = self._failures + 1 if state == "failed" else 0
        self._is_proven = self._is_proven or state != "failed"
        self._say(describe(self.controller, trial))
        if lacking is not None and state == "finished":
            warn(
                f"Trial {trial.number} ended without a value of {lacking!r}, the metric of the "
                "sweep: log it under that name, or change the sweep's metric."
            )

    def _is_hopeless(self) -> bool:
        """Say whether the function has failed from the start, and so often that it will go on."""
        if self._is_proven or os.environ.get("TRACKER_AGENT_DISABLE_FLAPPING", "") == "true":
            return False
        most = int(os.environ.get("TRACKER_AGENT_MAX_INITIAL_FAILURES", INITIAL_FAILURES))
        is_fast = time.monotonic() - self._began < FLAPPING_S
        if self._failures >= (min(FLAPPING_FAILURES, most) if is_fast else most):
            self._say(
                f"The first {self._failures} trials failed, so this agent ends; the sweep stays "
                "as it is. TRACKER_AGENT_DISABLE_FLAPPING=true keeps agents going."
            )
            return True
        return False


def describe(controller: Controller, trial: Trial) -> str:
    """Return one line on how a trial went."""
    named = zip(controller.config.metrics, trial.objectives, strict=False)
    values = "".join(f", {m.name} {value:.6g}" for m, value in named if value is not None)
    params = ", ".join(
        f"{name}={_short(value)}" for name, value in controller.space.flatten(trial.params).items()
    )
    return f"Trial {trial.number} {trial.state}{values} ({params})"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:40]


def _end(run: Run | None, error: BaseException | None = None) -> None:
    if run is None or not run.is_alive:
        return
    if error is None:
        run.finish()
    else:
        run.mark_failed(error)


def _end_others(context: trials.Trial, state: str) -> None:
    """End the runs that the function began besides the trial's."""
    for run in context.runs:
        run.finish(1 if state == "failed" else 0)


def say_on_stderr(text: str) -> None:
    """Print a line."""
    # A closed or broken terminal is no reason to fail.
    with suppress(OSError, ValueError):
        print(f"tracker: {text}", file=sys.stderr, flush=True)
