"""One loss out of several, so that one model can look for a place on the front of the best.

Each suggestion weighs the metrics anew, and so looks for another place on the front: Knowles,
"ParEGO: A Hybrid Algorithm With On-Line Landscape Approximation for Expensive Multiobjective
Optimization Problems", IEEE Transactions on Evolutionary Computation 2006, section III.
"""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from tracker.store.journal.front import count_better

Array = NDArray[np.float64]

# How much the sum of all losses counts beside the worst of them.
SUM_SHARE = 0.05


def draw_weights(count: int, rng: Random) -> Array:
    """Return weights of `count` metrics that add up to 1, each such choice as likely as another."""
    weights = np.array([rng.expovariate(1.0) for _ in range(count)])
    return np.asarray(weights / weights.sum())


def scalarize(losses: Array, weights: Array) -> Array:
    """Return the augmented Chebyshev distance of each row from the ideal.

    Parameters
    ----------
    losses : array of shape (n, m)
        Smaller is better. A row with a NaN has failed.
    weights : array of shape (m,)

    Returns
    -------
    array of shape (n,)
        NaN for the rows that failed.
    """
    sound = ~np.isnan(losses).any(axis=1)
    scalars = np.full(len(losses), np.nan)
    if not sound.any():
        return scalars
    known = losses[sound]
    front = known[count_better(known) == 0]
    ideal, width = front.min(axis=0), np.ptp(front, axis=0)
    spread = np.ptp(known, axis=0)
    width = np.where(width > 0, width, np.where(spread > 0, spread, 1.0))
    weighted = weights * (known - ideal) / width
    scalars[sound] = weighted.max(axis=1) + SUM_SHARE * weighted.sum(axis=1)
    return scalars
