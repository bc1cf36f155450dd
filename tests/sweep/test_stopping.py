"""Early termination against tables worked out by hand and against simulated training curves."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sweep.config import parse_sweep
from tracker.sweep.early import EarlyTerminate
from tracker.sweep.facts import TrialFact
from tracker.sweep.stopping import rungs, should_stop

NAN, INF = math.nan, math.inf


def config_of(goal="minimize", **rule):
    return parse_sweep(
        {
            "method": "random",
            "metric": {"name": "loss", "goal": goal},
            "parameters": {"a": {"min": 0.0, "max": 1.0}},
            "early_terminate": rule,
        }
    )


def trials_of(curves):
    return [TrialFact(n, state, {}, None, curve) for n, (state, curve) in enumerate(curves)]


def stopped(config, curves):
    trials = trials_of(curves)
    return [trial.number for trial in trials if should_stop(config, trial, trials)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"max_iter": 27, "s": 2, "eta": 3}, [3, 9]),
        ({"max_iter": 27, "s": 9, "eta": 3}, [1, 3, 9]),
        ({"max_iter": 18, "s": 2, "eta": 3}, [2, 6]),
        ({"max_iter": 5, "s": 2, "eta": 2}, [1, 2]),
        ({"max_iter": 81, "s": 3}, [3, 9, 27]),
        ({"min_iter": 3, "eta": 3}, [3, 9, 27, 81, 243]),
        ({"min_iter": 15, "eta": 3, "s": 2}, [15, 45, 135, 405, 1215]),
        ({"min_iter": 1, "eta": 1.5}, [1, 1, 2, 3, 5]),
        ({"min_iter": 2, "max_iter": 20}, [2, 6, 18]),
    ],
)
def test_rungs_of_hyperband(rule, expected):
    found = rungs(config_of(type="hyperband", **rule).early_terminate)
    assert found[: len(expected)] == expected
    assert len(found) == len(expected) or "max_iter" not in rule


def test_rungs_of_asha_end_before_the_last_iteration():
    assert rungs(EarlyTerminate("asha", min_iter=1, max_iter=27, eta=3)) == [1, 3, 9]
    assert rungs(EarlyTerminate("median")) == []


# The example in the documentation of W&B's own rule: bands 1 and 2 with thresholds 10 and 8.
WANDB = [
    ("finished", [10, 9]),
    ("running", [10, 10]),
    ("running", [10, 8, 8]),
    ("running", [10, 7, 7]),
    ("finished", [10, 6, 6]),
]


@pytest.mark.parametrize("strict", [True, False])
def test_hyperband_on_the_example_of_wandb(strict):
    rule = {"type": "hyperband", "max_iter": 5, "eta": 2, "s": 2, "strict": strict}
    assert stopped(config_of(**rule), WANDB) == [1]
    upside_down = [(state, [-value for value in curve]) for state, curve in WANDB]
    assert stopped(config_of("maximize", **rule), upside_down) == [1]


TABLE = [
    # One trial alone is never stopped.
    ([[5, 5, 5]], True, []),
    # Two at rung 3 with eta 3: int(2/3) = 0, so all but the best go.
    ([[5, 5, 5], [4, 4, 4]], True, [0]),
    # Not at the rung yet.
    ([[5, 5], [4, 4, 4]], True, []),
    # Three: int(3/3) = 1, the second best stays.
    ([[5, 5, 5], [4, 4, 4], [3, 3, 3]], True, [0]),
    # Equal values stay.
    ([[4, 4, 4], [4, 4, 4], [4, 4, 4]], True, []),
    # Strict looks at the rung, relaxed at the best so far.
    ([[1, 5, 5], [4, 4, 4]], True, [0]),
    ([[1, 5, 5], [4, 4, 4]], False, []),
    # Past the rung it is the value at the rung that counts, strictly.
    ([[5, 5, 5, 1], [4, 4, 4, 4]], True, [0]),
    ([[5, 5, 5, 1], [4, 4, 4, 4]], False, []),
    # The last rung reached counts: 0 passes at 9 though it was behind at 3.
    ([[9] * 3 + [1] * 6, [4] * 9, [4] * 3], True, [1]),
    # Values that are not finite are no iterations.
    ([[NAN, 5, 5], [4, 4, 4]], True, []),
    ([[INF, 5, 5, 5], [4, 4, 4]], True, [0]),
    ([[NAN] * 9, [4, 4, 4]], True, []),
    ([[], [4, 4, 4]], True, []),
]


@pytest.mark.parametrize(("curves", "strict", "expected"), TABLE)
def test_hyperband_by_hand(curves, strict, expected):
    config = config_of(type="hyperband", min_iter=3, eta=3, strict=strict)
    assert stopped(config, [("running", curve) for curve in curves]) == expected


def wandb_rule(curves, bands, eta, strict):
    """Return who stops by W&B's rule as its source states it, in other words than ours."""
    out = []
    for number, curve in enumerate(curves):
        reached = [band for band in bands if band <= len(curve)]
        if reached:
            band = reached[-1]
            values = sorted(other[band - 1] for other in curves if len(other) >= band)
            judged = curve[band - 1] if strict else min(curve)
            if judged > values[int(1.0 / eta * len(values))]:
                out.append(number)
    return out


CURVES = st.lists(st.lists(st.integers(-9, 9), max_size=30), min_size=1, max_size=12)


@given(CURVES, st.integers(1, 4), st.sampled_from([2, 3, 4, 1.5]), st.booleans())
def test_hyperband_is_the_rule_of_wandb(curves, first, eta, strict):
    config = config_of(type="hyperband", min_iter=first, eta=eta, strict=strict)
    bands, band = [], float(first)
    while band <= 30:
        bands.append(int(band))
        band *= eta
    expected = wandb_rule(curves, bands, eta, strict)
    assert stopped(config, [("running", curve) for curve in curves]) == expected


@pytest.mark.parametrize(
    ("own", "rest", "expected"),
    [
        # The best so far, 5, against the median of the averages 1, 2, 3.
        ([6, 5], [[1, 1], [2, 2], [3, 3]], True),
        ([6, 2], [[1, 1], [2, 2], [3, 3]], False),
        # The average up to here: (9 + 1) / 2 = 5 is the median of 5, 5, 9.
        ([7, 5], [[9, 1, 0], [9, 1, 0], [9, 9]], False),
        ([7, 6], [[9, 1, 0], [9, 1, 0], [9, 9]], True),
        # Too few have come as far.
        ([9, 9], [[1, 1], [2, 2], [3]], False),
        # Too early.
        ([9], [[1, 1], [2, 2], [3, 3]], False),
        # A value that is not finite is the worst.
        ([NAN, NAN], [[1, 1], [2, 2], [3, 3]], True),
        ([NAN, 2], [[1, 1], [2, 2], [3, 3]], False),
        ([5, 5], [[NAN, 1], [NAN, 1], [3, 3]], False),
        ([], [[1, 1], [2, 2], [3, 3]], False),
    ],
)
@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_median_by_hand(own, rest, expected, goal):
    sign = 1 if goal == "minimize" else -1
    config = config_of(goal, type="median", min_iter=2, min_trials=3)
    curves = [[sign * value for value in curve] for curve in (own, *rest)]
    trials = trials_of([("running", curve) for curve in curves])
    assert should_stop(config, trials[0], trials) is expected


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        # With fewer than eta trials at the rung nobody stops.
        ([[5, 5], [1, 1]], []),
        # Three: the best one goes on.
        ([[5, 5], [1, 1], [3, 3]], [0, 2]),
        # Six: the best two.
        ([[6, 6], [5, 5], [4, 4], [3, 3], [2, 2], [1, 1]], [0, 1, 2, 3]),
        # Equal values go on together.
        ([[1, 1], [1, 1], [1, 1], [2, 2]], [3]),
        # The best up to the rung counts.
        ([[0, 9], [1, 1], [3, 3]], [1, 2]),
        # Not finite is the worst.
        ([[NAN, NAN], [1, 1], [1, 1]], [0]),
        # At the next rung only those that reached it are compared.
        ([[5] * 6, [6] * 6, [7] * 6, [1, 1]], [1, 2]),
    ],
)
@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_asha_by_hand(curves, expected, goal):
    sign = 1 if goal == "minimize" else -1
    config = config_of(goal, type="asha", min_iter=2, eta=3)
    running = [("running", [sign * value for value in curve]) for curve in curves]
    assert stopped(config, running) == expected


@pytest.mark.parametrize("rule", ["hyperband", "median", "asha"])
@pytest.mark.parametrize("state", ["pending", "finished", "stopped", "failed", "crashed"])
def test_only_running_trials_are_stopped(rule, state):
    config = config_of(type=rule, min_iter=1)
    others = trials_of([("finished", [0.0] * 9)] * 9)
    worst = TrialFact(99, "running", {}, None, [9.0] * 9)
    assert should_stop(config, worst, others)
    assert not should_stop(config, TrialFact(99, state, {}, None, [9.0] * 9), others)


def test_without_a_rule_nothing_is_stopped():
    config = parse_sweep({"method": "random", "parameters": {"a": {"value": 1}}})
    assert not should_stop(config, TrialFact(0, "running", {}, None, [1.0]), [])


@given(CURVES, st.sampled_from(["hyperband", "median", "asha"]))
def test_the_best_trial_is_never_stopped_and_itself_among_the_others_changes_nothing(curves, rule):
    config = config_of(type=rule, min_iter=1)
    trials = trials_of([("running", curve) for curve in curves])
    longest = max(map(len, curves))
    best = min(range(len(curves)), key=lambda n: curves[n] or [99])
    flat = [TrialFact(t.number, t.state, {}, None, [-10.0] * longest) for t in trials]
    assert not should_stop(config, flat[best], trials)
    for trial in trials:
        others = [other for other in trials if other is not trial]
        assert should_stop(config, trial, trials) == should_stop(config, trial, others)


def simulate(config, curves):
    """Train all side by side, one iteration after the other; return each one's length."""
    lengths, alive = [0] * len(curves), set(range(len(curves)))
    for iteration in range(1, len(curves[0]) + 1):
        for number in sorted(alive):
            lengths[number] = iteration
            facts = [
                TrialFact(n, "running" if n in alive else "stopped", {}, None, c[: lengths[n]])
                for n, c in enumerate(curves)
            ]
            if should_stop(config, facts[number], facts):
                alive.discard(number)
    return lengths


def training_curves(count=27, epochs=27, seed=0):
    rng = random.Random(seed)
    curves = []
    for _ in range(count):
        floor, rate = rng.uniform(0, 1), rng.uniform(0.1, 0.5)
        curves.append(
            [floor + math.exp(-rate * e) + rng.gauss(0, 0.02) for e in range(1, epochs + 1)]
        )
    return curves


@pytest.mark.parametrize(
    ("rule", "share"),
    [
        ({"type": "hyperband", "max_iter": 27, "s": 3, "eta": 3}, 0.35),
        ({"type": "hyperband", "min_iter": 1, "eta": 3}, 0.35),
        ({"type": "asha", "min_iter": 1, "max_iter": 27, "eta": 3}, 0.35),
        ({"type": "median", "min_iter": 3}, 0.85),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_good_trial_is_found_with_a_part_of_the_epochs(rule, share, seed):
    curves = training_curves(seed=seed)
    lengths = simulate(config_of(**rule), curves)
    full = [curve[-1] for curve in curves]
    kept = [curve[-1] for curve, length in zip(curves, lengths, strict=True) if length == 27]
    assert sum(lengths) <= share * 27 * 27
    assert min(kept) <= sorted(full)[2]
