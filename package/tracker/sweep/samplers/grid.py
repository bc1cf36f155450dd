"""Grid search: every point once, in W&B's order, whatever came in between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from tracker.sweep.facts import TrialFact
from tracker.sweep.space import Space


def suggest_from_grid(space: Space, trials: Sequence[TrialFact]) -> dict[str, Any] | None:
    """Return the first point of the grid that no trial has, or None.

    A trial counts in whatever state it is, and whoever chose its parameters.
    """
    grid = space.grid
    tried = space.tried_on_grid(trial.params for trial in trials if trial.params)
    index = next(index for index in count() if index not in tried)
    return space.nest(grid[index]) if index < grid.size else None
