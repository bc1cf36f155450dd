"""What a sampler or a stopping rule may know of a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["pending", "running", "finished", "stopped", "failed", "crashed"]


@dataclass(frozen=True, slots=True)
class TrialFact:
    """One trial of a sweep.

    Attributes
    ----------
    number : int
        The trial's place in its sweep, from 0.
    state : {"pending", "running", "finished", "stopped", "failed", "crashed"}
        ``"pending"`` is given out but not begun, ``"stopped"`` was ended early.
    params : dict
        The parameters, nested as they were suggested; empty while they are not known.
    value : float or None
        The metric, best or last as the sweep is configured; None while there is none.
        May be NaN or infinite.
    curve : sequence of float
        The metric's values in the order in which they were logged.
    others : sequence of float or None
        The values of the second metric and those after it, where the sweep has several.
    """

    number: int
    state: State
    params: dict[str, Any]
    value: float | None = None
    curve: Sequence[float] = ()
    others: Sequence[float | None] = ()
