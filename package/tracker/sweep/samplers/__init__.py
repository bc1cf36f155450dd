"""Chooses a sweep's next trial from the trials so far: grid, random or Bayesian search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.errors import UsageError
from tracker.sweep.config import SweepConfig
from tracker.sweep.facts import TrialFact
from tracker.sweep.space import Space


def suggest(
    space: Space, config: SweepConfig, trials: Sequence[TrialFact], seed: int
) -> dict[str, Any] | None:
    """Return the parameters of the next trial, or None when there is nothing left to try.

    Nothing is remembered between two calls: the same trials and seed give the same answer, so
    whoever asks for several trials at once lists the ones given out before, as "pending".

    Parameters
    ----------
    space : Space
        The space of ``config.parameters``.
    config : SweepConfig
        The sweep.
    trials : sequence of TrialFact
        All trials so far, in any state and order.
    seed : int
        The sweep's seed.
    """
    if config.method == "grid":
        from tracker.sweep.samplers.grid import suggest_from_grid

        return suggest_from_grid(space, trials)
    if config.method == "random":
        from tracker.sweep.samplers.random import suggest_at_random

        return suggest_at_random(space, trials, seed)
    try:
        from tracker.sweep.samplers.bayes import suggest_by_model
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"method bayes cannot import scikit-optimize ({error}): install scikit-optimize 0.10.2 "
            "or newer beside a scikit-learn that it works with."
        ) from error

    return suggest_by_model(space, config, trials, seed)
