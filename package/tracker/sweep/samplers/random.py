"""Random search: independent draws, and no point twice where the points can be counted."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from tracker.sweep.facts import TrialFact
from tracker.sweep.space import Space

# Draws before an untried point is looked up instead.
ATTEMPTS = 64


def generator(trials: Sequence[TrialFact], seed: int) -> Random:
    """Return the random numbers of the next trial: others for every trial, the same again."""
    return Random(f"{seed}/{max((trial.number for trial in trials), default=-1) + 1}")


def suggest_at_random(
    space: Space, trials: Sequence[TrialFact], seed: int
) -> dict[str, Any] | None:
    """Return a random point that no trial has, or None when all have been tried."""
    return draw_untried(space, trials, generator(trials, seed))


def draw_untried(space: Space, trials: Sequence[TrialFact], rng: Random) -> dict[str, Any] | None:
    """Draw from the parameters' distributions until the point is new.

    Where points can be counted and few are left, one of those is drawn, all alike.
    """
    tried = space.tried(trial.params for trial in trials if trial.params)
    point = space.sample(rng)
    for _ in range(ATTEMPTS):
        if space.identity(point) not in tried:
            return point
        point = space.sample(rng)
    return point if space.size is None else _one_left(space, trials, rng)


def _one_left(space: Space, trials: Sequence[TrialFact], rng: Random) -> dict[str, Any] | None:
    points = space.points
    if points is None:
        return None
    tried = {points.index_of(space.flatten(trial.params)) for trial in trials} - {None}
    if len(tried) >= points.size:
        return None
    index = rng.randrange(points.size)
    while index in tried:
        index = (index + 1) % points.size
    return space.nest(points[index])
