"""Which trials of a search for several metrics are the best: the Pareto front."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tracker.store.journal.trials import Trial


def front_of(trials: Sequence[Trial], are_maximized: Sequence[bool]) -> list[Trial]:
    """Return the trials that no other is better than in one metric and as good as in the rest.

    With one metric these are the best trial, and those that are as good.

    Parameters
    ----------
    trials : sequence of Trial
        Those that failed or lack a value of a metric are not among the best.
    are_maximized : sequence of bool
        For each metric whether a larger value is better.
    """
    known = [
        trial
        for trial in trials
        if trial.is_sound
        and len(trial.objectives) == len(are_maximized)
        and not any(value is None or math.isnan(value) for value in trial.objectives)
    ]
    if not known or not are_maximized:
        return []
    signs = np.where(np.array(are_maximized, dtype=bool), -1.0, 1.0)
    losses = np.array([trial.objectives for trial in known], dtype=float) * signs
    above = count_better(losses)
    return [trial for trial, count in zip(known, above, strict=True) if count == 0]


def count_better(losses: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return for each row of an array (n, m) how many others are better, and in nothing worse.

    Smaller is better. On the front are those with none.
    """
    counts = np.zeros(len(losses), dtype=np.intp)
    for place, row in enumerate(losses):
        is_better = (losses <= row).all(axis=1) & (losses < row).any(axis=1)
        counts[place] = is_better.sum()
    return counts
