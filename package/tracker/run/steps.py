"""Which step a row gets when its logger names one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def _shown(step: Any) -> str:
    try:
        return repr(step)[:100]
    except Exception:  # noqa: BLE001 - a value that cannot be shown
        return f"a {type(step).__name__}"
