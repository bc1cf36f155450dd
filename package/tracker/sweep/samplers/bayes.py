"""Bayesian search: a model of the metric, asked where the next trial promises most.

The first few trials are spread evenly. After that a Gaussian process is fitted to all outcomes,
and the place with the highest expected improvement is next. Trials that are still running count
with what the model expects of them; trials that failed count as the worst so far, so that
their surroundings are avoided and never taken for the best.

The first trials, the model and its unordered dimensions are scikit-optimize's. Around them are what
its own optimizer lacks: priors of the model's parameters, warped outcomes, a search of the gain by
its gradients, running trials, failures, conditions, several metrics, and a way out where it is
stuck.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker.store.journal.front import count_better
from tracker.sweep.config import SweepConfig
from tracker.sweep.facts import TrialFact
from tracker.sweep.samplers.acquisition import Gain, LogExpectedImprovement, maximize
from tracker.sweep.samplers.cube import Cube
from tracker.sweep.samplers.hypervolume import LogHypervolumeGain
from tracker.sweep.samplers.outcomes import Outcomes, read_outcomes, standardize, warp
from tracker.sweep.samplers.posterior import Posterior
from tracker.sweep.samplers.random import draw_untried, generator
from tracker.sweep.samplers.scalarize import draw_weights, scalarize
from tracker.sweep.samplers.surrogate import Surrogate
from tracker.sweep.space import Space

Array = NDArray[np.float64]

# How many trials are spread evenly: two more than there are dimensions, within these bounds.
LEAST_FIRST, MOST_FIRST = 5, 10
# Powers of the transformation of outcomes: none, then to logarithms of the bad ones, where a few
# are huge, and of the good ones, where most of the space is alike and a valley is narrow.
POWERS = (1.0, 0.5, 0.0, 1.5, 2.0)
# The variance of a failed trial's value, in variances of the outcomes: one failure among good
# trials may be chance, and several in a place are not.
FAILURE_DOUBT = 1.0
# The share of trials around which candidates are drawn.
GOOD_SHARE = 0.2
# After so many trials in one place, so near to each other in all dimensions, the next one is
# elsewhere, at least so far away.
STUCK, NEAR, AWAY = 3, 0.05, 0.2
# What failed in a place fails there again, so far around it.
SAME = 0.001
# Of so many metrics the gain of hypervolume is looked at. Of three it leads a short search from one
# end of the front to another (on DTLZ2 less far than random search), and weights do better.
MOST_EXACT = 2
# Spaces with fewer points are searched point by point.
FEW_POINTS = 4096


def suggest_by_model(
    space: Space, config: SweepConfig, trials: Sequence[TrialFact], seed: int
) -> dict[str, Any] | None:
    """Return the most promising point that no trial has, None when all have been tried.

    A point comes again only where points cannot be counted.
    """
    rng = generator(trials, seed)
    known = [trial for trial in trials if trial.params]
    outcomes = read_outcomes(space, config, known)
    if outcomes.losses.shape[1] > MOST_EXACT:
        weights = draw_weights(outcomes.losses.shape[1], rng)
        outcomes = replace(outcomes, losses=scalarize(outcomes.losses, weights)[:, None])
    begun = len(outcomes.losses) + len(outcomes.running)
    first = min(max(LEAST_FIRST, len(space.dimensions) + 2), MOST_FIRST)
    if begun < first:
        place = Cube(space).spread(first, Random(f"{seed}/first").getrandbits(32))[begun]
        return _first_untried(space, known, place[None]) or draw_untried(space, known, rng)
    if not outcomes.is_enough:
        return draw_untried(space, known, rng)
    numbers = np.random.default_rng(rng.getrandbits(64))
    with warnings.catch_warnings():
        # scikit-optimize says of each variance that rounds below 0 that it takes it for 0.
        warnings.filterwarnings("ignore", "Predicted variances smaller than 0", UserWarning)
        places = _promising(space, outcomes, numbers)
    return _first_untried(space, known, places) or draw_untried(space, known, rng)


def _promising(space: Space, outcomes: Outcomes, rng: np.random.Generator) -> Array:
    """Return places, the most promising first."""
    cube = Cube(space, np.vstack([outcomes.places, outcomes.running]))
    surrogates = [fit(cube, outcomes.places, losses) for losses in outcomes.losses.T]
    columns = cube.columns(outcomes.places)
    expected = np.column_stack([each.predict(columns)[0] for each in surrogates])
    expected[outcomes.failed] = np.inf
    gain = _gain_of(surrogates, cube, expected[~outcomes.failed], outcomes.running)
    if space.size is not None and space.size <= FEW_POINTS:
        return _all_places(space, gain)
    places = maximize(gain, cube, _good_places(outcomes.places, expected), rng)
    if _is_stuck(outcomes.places, places[0]):
        places = _put_last(places, _distances(places, places[:1]) < AWAY)
    failed = outcomes.places[outcomes.failed]
    places = _put_last(places, _distances(places, outcomes.places) == 0)
    return _put_last(places, _distances(places, failed) < SAME)


def _gain_of(surrogates: Sequence[Surrogate], cube: Cube, expected: Array, running: Array) -> Gain:
    """Return what is to be maximised: the gain over what the models expect of the trials so far.

    What they expect of running trials counts as observed.
    """
    columns = cube.columns(running)
    if len(surrogates) == 1:
        (surrogate,), best = surrogates, float(expected.min())
        if len(running):
            surrogate = surrogate.believing(columns, best)
        return LogExpectedImprovement(surrogate, cube, best)
    # What the evenly spread trials achieved says what is no trade-off any more; what the later ones
    # did would narrow the search to where it is already.
    corner = expected[:MOST_FIRST].max(axis=0)
    if len(running):
        hoped = np.column_stack([each.predict(columns)[0] for each in surrogates])
        expected = np.vstack([expected, hoped])
        surrogates = [each.believing(columns) for each in surrogates]
    front = np.unique(expected[count_better(expected) == 0], axis=0)
    return LogHypervolumeGain(surrogates, cube, front, corner)


def fit(cube: Cube, places: Array, losses: Array) -> Surrogate:
    """Return the model of one metric's losses, of shape (n,), at places (n, d).

    The losses are warped by the power under which the model explains them best.
    """
    values = standardize(losses)
    failed = np.isnan(values)
    columns = cube.columns(places)
    doubt = np.where(failed, FAILURE_DOUBT, 0.0)
    posterior = Posterior(columns, cube.first, doubt)
    best: tuple[float, Array, Array] | None = None
    for power in POWERS:
        warped, jacobian = warp(values[~failed], power)
        full = np.full(len(values), warped.max())
        full[~failed] = warped
        theta, density = posterior.maximize(full, None if best is None else best[1])
        if best is None or density + jacobian > best[0]:
            best = density + jacobian, theta, full
    assert best is not None
    return Surrogate(columns, best[2], best[1], cube.first, doubt)


def _is_stuck(tried: Array, place: Array) -> bool:
    """Whether the last trials were all where the next one is to be.

    A model that has taken a valley's edge for its bottom, or noise for a slope, would go there
    for ever.
    """
    last = tried[-STUCK:]
    return len(last) == STUCK and bool((_distances(last, place[None]) < NEAR).all())


def _distances(places: Array, others: Array) -> Array:
    """Return how far each place is from the nearest of others, in its widest dimension."""
    if not len(others):
        return np.full(len(places), np.inf)
    return np.asarray(np.abs(places[:, None] - others).max(axis=2).min(axis=1))


def _put_last(places: Array, which: NDArray[np.bool_]) -> Array:
    return np.vstack([places[~which], places[which]])


def _good_places(places: Array, expected: Array) -> Array:
    count = max(1, int(GOOD_SHARE * len(expected)))
    order = np.argsort(count_better(expected), kind="stable")
    return np.clip(places[order[:count]], 0.0, 1.0)


def _all_places(space: Space, gain: Gain) -> Array:
    points = space.points
    assert points is not None
    all_points = (space.to_unit(space.nest(points[n])) for n in range(points.size))
    places = np.array([place for place in all_points if place is not None])
    return np.asarray(places[np.argsort(-gain.at(places), kind="stable")])


def _first_untried(
    space: Space, known: Sequence[TrialFact], places: Array
) -> dict[str, Any] | None:
    """Return the first place's point that no trial has; any is new if there are countless."""
    tried = set() if space.size is None else space.tried(t.params for t in known)
    for place in places:
        point = space.from_unit(place)
        if space.identity(point) not in tried:
            return point
    return None
