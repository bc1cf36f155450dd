"""Which step a row gets when its logger names one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.errors import StoreError
from tracker.store.journal.shared_steps import SharedSteps

MAX_STEP = 2**62


def whole_step(step: Any, complain: Callable[[str, str], None]) -> int | None:
    """Return a step as a whole number; None, with a complaint, where it is none.

    Parameters
    ----------
    step : int or anything that is a number
        NumPy's and torch's scalars too; a fraction is cut off, with a complaint.
    complain : callable
        Is told a sentence, and what it is about.
    """
    if type(step) is int and -MAX_STEP < step < MAX_STEP:
        return step
    try:
        number = float(step.item() if hasattr(step, "item") else step)
        at = int(number)
    except Exception:  # noqa: BLE001 - whatever it is, it is no number
        number, at = 0.0, MAX_STEP
    if not -MAX_STEP < at < MAX_STEP:
        complain(
            f"step is {_shown(step)}: expected a whole number. The row has the next step instead.",
            "no step",
        )
        return None
    if at != number:
        complain(
            f"step is {_shown(step)}: expected a whole number. The row is stored at step {at}.",
            "fraction",
        )
    return at


class CommonSteps:
    """The steps of a run that other processes write too.

    Parameters
    ----------
    steps : SharedSteps
        Where they are counted.
    complain : callable
        Is told a sentence, and what it is about.
    """

    def __init__(self, steps: SharedSteps, complain: Callable[[str, str], None]) -> None:
        self._steps = steps
        self._complain = complain

    def settle(self, asked: Any, step: int, is_open: bool) -> int:
        """Return the step of a row.

        Parameters
        ----------
        asked : int or None
            What the user asked for: it has no effect, with a complaint.
        step : int
            The last row's, or what follows it.
        is_open : bool
            Whether the row belongs to the last row's step.
        """
        if asked is not None:
            self._complain(
                "Other processes log to this run too, so that its steps are counted in common: "
                "the argument step has no effect. Log a metric of your own, and name it in "
                "define_metric(…, step_metric=…).",
                "common step",
            )
        if is_open:
            return step
        try:
            return self._steps.next()
        except (OSError, ValueError, StoreError) as error:
            self._complain(f"Steps cannot be counted in common: {error}", "common count")
            return step


def _shown(step: Any) -> str:
    try:
        return repr(step)[:100]
    except Exception:  # noqa: BLE001 - a value that cannot be shown
        return f"a {type(step).__name__}"
