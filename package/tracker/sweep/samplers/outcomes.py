"""Trials as a model sees them: places in the unit cube, and one comparable value for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import yeojohnson

from tracker.sweep.config import SweepConfig
from tracker.sweep.facts import TrialFact
from tracker.sweep.space import Space

Array = NDArray[np.float64]

# A trial of a sweep with other bounds may lie this far outside the cube and still inform.
MARGIN = 1.0
# Values this many times farther from the median than most are bad, however bad they are.
OUTLIER = 20.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What is known of the trials so far.

    Attributes
    ----------
    places : array of shape (n, d)
        Of the trials that have an outcome.
    losses : array of shape (n, m)
        Their metrics, smaller is better; NaN for those that failed.
    running : array of shape (m, d)
        Places of the trials that have none yet.
    """

    places: Array
    losses: Array
    running: Array

    @property
    def is_enough(self) -> bool:
        """Whether there is something to compare."""
        return int((~self.failed).sum()) >= 2

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which trials failed, shape (n,)."""
        return np.isnan(self.losses[:, 0])


def read_outcomes(space: Space, config: SweepConfig, trials: Sequence[TrialFact]) -> Outcomes:
    """Return the outcomes of all trials of this space; others are left out.

    A trial that failed, or one of whose metrics is not finite, has losses NaN, unless the metric's
    ``impute`` says which of its values to take.
    """
    places: list[list[float]] = []
    losses: list[list[float]] = []
    running: list[list[float]] = []
    for trial in sorted(trials, key=lambda each: each.number):
        place = space.to_unit(trial.params) if trial.params else None
        if place is None or not all(-MARGIN <= each <= 1 + MARGIN for each in place):
            continue
        loss = _loss(config, trial)
        if loss is None:
            running.append(place)
        else:
            places.append(place)
            losses.append([loss, *_other_losses(config, trial)])
    width = len(space.dimensions)
    found = np.array(losses, dtype=float).reshape(-1, max(1, len(config.metrics)))
    found[np.isnan(found).any(axis=1)] = np.nan
    return Outcomes(
        np.array(places, dtype=float).reshape(-1, width),
        found,
        np.array(running, dtype=float).reshape(-1, width),
    )


def _loss(config: SweepConfig, trial: TrialFact) -> float | None:
    """Return a trial's loss, NaN if it failed, None if it is not known yet."""
    metric = config.metric
    sign = -1.0 if config.is_maximized else 1.0
    ended = trial.state not in ("pending", "running")
    if ended:
        rule = metric.impute if metric else "worst"
    else:
        rule = metric.impute_while_running if metric else "false"
        if rule == "false":
            return None
    is_sound = trial.state in ("finished", "stopped", "running")
    if is_sound and trial.value is not None and math.isfinite(trial.value):
        return sign * trial.value
    curve = [sign * value for value in trial.curve if math.isfinite(value)]
    if curve and rule in ("best", "latest"):
        return min(curve) if rule == "best" else curve[-1]
    return math.nan if ended or rule == "worst" else None


def _other_losses(config: SweepConfig, trial: TrialFact) -> list[float]:
    """Return the losses by the metrics after the first, NaN where there is none."""
    signs = [-1.0 if is_maximized else 1.0 for is_maximized in config.are_maximized[1:]]
    values = [*trial.others, *[None] * (len(signs) - len(trial.others))]
    return [
        math.nan if value is None or not math.isfinite(value) else sign * value
        for sign, value in zip(signs, values, strict=False)
    ]


def standardize(losses: Array) -> Array:
    """Return losses with mean 0 and variance 1; NaN stays.

    Outliers on the bad side are brought in first: a loss of 1e30 would make all others alike.
    """
    scale = np.nanmax(np.abs(losses))
    scaled = losses / scale if scale > 0 else losses
    low, quarter, middle, upper = np.nanquantile(scaled, [0.0, 0.25, 0.5, 0.75])
    spread = max(upper - quarter, middle - low)
    if spread > 0:
        scaled = np.minimum(scaled, middle + OUTLIER * spread)
    deviation = np.nanstd(scaled)
    centred = scaled - np.nanmean(scaled)
    return np.asarray(centred / deviation if deviation > 0 else centred)


def warp(values: Array, power: float) -> tuple[Array, float]:
    """Return standardised values with one side pressed together, and what that costs.

    The transformation of Yeo and Johnson, "A new family of power transformations", Biometrika
    2000: 1 changes nothing, 0 takes logarithms on the bad side and squares on the good one, 2 the
    other way round. What it does for a search: Cowen-Rivers et al., "HEBO: Pushing the Limits of
    Sample-Efficient Hyper-parameter Optimisation", JAIR 2022.

    The second number is the logarithm of its Jacobian, to be added to a log likelihood of the
    warped values, so that those of different powers can be compared (Snelson, Rasmussen and
    Ghahramani, "Warped Gaussian Processes", NeurIPS 2003, section 2).
    """
    warped = np.asarray(yeojohnson(values, power), dtype=float)
    deviation = float(np.std(warped)) or 1.0
    jacobian = (power - 1) * float(np.sum(np.sign(values) * np.log1p(np.abs(values))))
    return (warped - warped.mean()) / deviation, jacobian - len(values) * math.log(deviation)
