"""Sweeps that make several metrics small or large at once."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tracker
from tracker.errors import TrackerWarning, UsageError
from tracker.store.journal.front import count_better, front_of
from tracker.store.journal.trials import Trial
from tracker.sweep.config import parse_sweep
from tracker.sweep.controller import Controller
from tracker.sweep.facts import TrialFact
from tracker.sweep.samplers import suggest
from tracker.sweep.samplers.bayes import fit
from tracker.sweep.samplers.cube import Cube
from tracker.sweep.samplers.hypervolume import LogHypervolumeGain, strips
from tracker.sweep.space import Space

Make = Callable[..., tracker.Sweep]
Begin = Callable[..., tracker.Run]
BOTH = {"metric": None, "metrics": [{"name": "loss"}, {"name": "speed", "goal": "maximize"}]}
GRID = {"method": "grid", "parameters": {"x": {"values": [1, 2, 3, 4]}}}
BOX = {f"x{n}": {"min": 0.0, "max": 1.0} for n in range(3)}
# No number is NaN, and few enough that some are equal.
LOSSES = arrays(float, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 5))


# --- the config


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"metric": {"name": "loss"}}, "metric and metrics are given: expected one of them."),
        ({"metrics": []}, r"metrics is \[\]: expected at least one value."),
        ({"metrics": ["a", "a"]}, r"metrics names one key twice \(a, a\)"),
        ({"metrics": ["a", {"goal": "maximize"}]}, r"metrics\[1\].name is missing"),
        ({"metrics": ["a", {"name": "b", "goal": "up"}]}, r"metrics\[1\].goal is 'up'"),
        ({"metrics": ["a", {"name": "b", "target": 1}]}, r"metrics\[1\].target is for a metric"),
        ({"early_terminate": {"type": "median"}}, "early_terminate compares trials by one metric"),
    ],
)
def test_what_cannot_be_several(changes: dict[str, Any], sentence: str) -> None:
    config = {"method": "random", "metrics": ["a", "b"], "parameters": BOX, **changes}
    with pytest.raises(UsageError, match=sentence):
        parse_sweep(config)


def test_one_in_a_list_is_one() -> None:
    config = parse_sweep({"method": "bayes", "metrics": [{"name": "a"}], "parameters": BOX,
                          "early_terminate": {"type": "median"}})  # fmt: skip
    assert [metric.name for metric in config.metrics] == ["a"]


# --- trials


def test_the_last_values_of_each_trial_are_compared(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID, **BOTH)

    def train() -> None:
        run = begin()
        x = run.config.x
        run.log({"loss": 0.0, "speed": 100})  # on its way, and better than it ends
        run.log({"loss": {1: 5.0, 2: 3.0, 3: 4.0, 4: 1.0}[x]})
        run.log({"speed": {1: 9, 2: 8, 3: 7, 4: 1}[x]})

    tracker.agent(made, train)
    assert list(made.trials["loss"]) == [5.0, 3.0, 4.0, 1.0]
    assert list(made.trials["speed"]) == [9, 8, 7, 1]
    assert [run.config["x"] for run in made.best_runs()] == [4, 2, 1]
    assert [trial.objectives for trial in made.best_trials()] == [[1.0, 1], [3.0, 8], [5.0, 9]]
    best = made.best_run()
    assert best is not None
    assert best.config == {"x": 4}
    read = tracker.Api().sweep(f"p/{made}")
    assert [run.id for run in read.best_runs()] == [run.id for run in made.best_runs()]
    assert read.order == "+summary_metrics.loss"


def test_what_lacks_a_metric_is_told_and_not_among_the_best(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID, **BOTH)

    def train() -> None:
        run = begin()
        run.log({"loss": float(run.config.x)})
        if run.config.x == 2:
            run.log({"speed": 1.0})
        elif run.config.x == 3:
            run.log({"speed": math.nan})
        elif run.config.x == 4:
            run.summary["speed"] = 2.0  # no value was logged

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tracker.agent(made, train)
    (said,) = [str(each.message) for each in caught if each.category is TrackerWarning]
    assert "Trial 0 ended without a value of 'speed'" in said
    assert [run.config["x"] for run in made.best_runs()] == [2, 4]


def test_nested_metrics_are_found(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID, metric=None, metrics=["val.loss", "val.size"])

    def train() -> None:
        run = begin()
        run.log({"val": {"loss": run.config.x, "size": -run.config.x}})

    tracker.agent(made, train, count=2)
    assert [trial.objectives for trial in made.best_trials()] == [[1, -1], [2, -2]]


def test_a_new_sweep_starts_from_the_front_of_another(sweep: Make, begin: Begin) -> None:
    first = sweep(**GRID, **BOTH)

    def train() -> None:
        begin().log({"loss": tracker.config.x, "speed": tracker.config.x})

    tracker.agent(first, train, count=3)
    second = first.extend({"x": {"values": [1, 2, 3, 4, 5]}})
    assert [trial.objectives for trial in second.best_trials()] == [[1, 1], [2, 2], [3, 3]]
    assert len(second.trials) == 3


def test_a_trial_that_is_run_again_forgets_what_it_had(made: Callable[..., Controller]) -> None:
    controller = made(**BOTH)
    trial = controller.claim("a", "batch").trial
    assert trial is not None
    controller.set_value(trial.number, trial.attempt, 1.0, [2.0])
    controller.give_back(trial, trial.attempt)
    again = controller.claim("a", "batch").trial
    assert again is not None
    assert (again.number, again.objectives) == (trial.number, [None])


# --- the front


@given(LOSSES, st.tuples(st.booleans(), st.booleans()))
def test_the_front_is_what_no_other_is_better_than(
    losses: Any, are_maximized: tuple[bool, bool]
) -> None:
    trials = [
        Trial(n, {}, "finished", value=one, others=[other]) for n, (one, other) in enumerate(losses)
    ]
    signs = [-1 if each else 1 for each in are_maximized]

    def is_better(one: Trial, other: Trial) -> bool:
        pairs = [
            (sign * a, sign * b)
            for sign, a, b in zip(signs, one.objectives, other.objectives, strict=True)
        ]
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    found = front_of(trials, are_maximized)
    assert found == [t for t in trials if not any(is_better(other, t) for other in trials)]


@pytest.mark.parametrize("state", ["failed", "crashed", "running", "pending"])
def test_what_has_not_ended_well_is_not_on_the_front(state: str) -> None:
    sound = Trial(0, {}, "finished", value=2.0, others=[2.0])
    other = Trial(1, {}, state, value=1.0, others=[1.0])
    assert front_of([other, sound], [False, False]) == [sound]


# --- the search


@settings(max_examples=50)
@given(st.integers(0, 9), st.integers(0, 10_000))
def test_strips_are_what_no_place_dominates(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    front, corner = rng.random((count, 2)), np.full(2, 0.9)
    front = front[(front < corner).all(axis=1)]
    front = front[count_better(front) == 0]
    lower, upper = strips(front, corner)
    drawn = rng.uniform(-0.2, 1.1, (300, 2))
    within = ((lower[None] < drawn[:, None]) & (drawn[:, None] <= upper[None])).all(axis=2)
    dominated = (front[None] < drawn[:, None]).all(axis=2).any(axis=1)
    outside = (drawn > corner).any(axis=1)
    assert (within.sum(axis=1) == (~dominated & ~outside)).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_gain_is_what_is_added_on_average_and_its_slope_is_right(seed: int) -> None:
    rng = np.random.default_rng(seed)
    space = Space(parse_sweep({"method": "random", "parameters": BOX}).parameters)
    places = rng.random((12, 3))
    losses = np.column_stack(
        [places[:, 0] + 0.1 * places[:, 1] ** 2, (1 - places[:, 0]) ** 2 + places[:, 2]]
    )
    cube = Cube(space, places)
    models = [fit(cube, places, column) for column in losses.T]
    front, corner = np.full((1, 2), -0.5), np.full(2, 1.5)
    gain = LogHypervolumeGain(models, cube, front, corner)
    some = rng.random((64, 3))
    place = some[np.argmax(gain.at(some))]  # where something is to be gained at all
    value, slope = gain.with_gradient(place)
    assert value == pytest.approx(gain.at(place[None])[0])
    step = 1e-4 * np.eye(3)
    assert slope == pytest.approx((gain.at(place + step) - gain.at(place - step)) / 2e-4, rel=0.01)

    said = [model.predict(place[None]) for model in models]
    drawn = np.column_stack([rng.normal(mean, deviation, 200_000) for mean, deviation in said])
    alone = np.prod(np.maximum(corner - drawn, 0), axis=1)
    both = np.prod(np.maximum(corner - np.maximum(drawn, front), 0), axis=1)
    told = sum(
        2 * math.log(each) - math.log(np.hypot(each, n) * (np.hypot(each, n) + n))
        for (_, (each,)), n in zip(said, (model.noise for model in models), strict=True)
    )
    assert value - told / 2 == pytest.approx(math.log((alone - both).mean()), abs=0.02)


def missing(method: str, seed: int, at_once: int = 1) -> float:
    """Return which part of the best hypervolume of ZDT1 a search of 30 trials has missed."""
    config = parse_sweep({"method": method, "metrics": ["a", "b"], "parameters": BOX})
    space, trials, found = Space(config.parameters), {}, []
    for number in range(30):
        params = suggest(space, config, list(trials.values()), seed)
        assert params is not None
        trials[number] = TrialFact(number, "running", params)
        first, *rest = params.values()
        g = 1 + 9 * sum(rest) / len(rest)
        found.append((first, g * (1 - math.sqrt(first / g))))
        if number >= at_once - 1:
            done = number - at_once + 1
            state, value = ("failed", None) if number == 20 else ("finished", found[done][0])
            params, others = trials[done].params, (found[done][1],)
            trials[done] = TrialFact(done, state, params, value, (), others)
    area, reached = 0.0, 1.0
    for one, _ in sorted(found, reverse=True):
        area += (reached - one) * max(0.0, 5 - min(b for a, b in found if a <= one))
        reached = one
    return 1 - area / (5 - 1 / 3)


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_bayesian_search_finds_the_front(at_once: int) -> None:
    bayes, by_chance = missing("bayes", 0, at_once), missing("random", 0)
    assert bayes < 0.06
    assert by_chance > 0.15


def test_three_metrics_and_discrete_parameters() -> None:
    config = parse_sweep({
        "method": "bayes", "metrics": ["a", {"name": "b", "goal": "maximize"}, "c"],
        "parameters": {"kind": {"values": ["x", "y", "z"]}, "size": {"min": 1, "max": 8},
                       "on": {"values": [True, False]}},
    })  # fmt: skip
    space, trials, seen = Space(config.parameters), [], set()
    for number in range(24):
        params = suggest(space, config, trials, 1)
        assert params is not None
        seen.add(tuple(params.values()))
        kind = "xyz".index(params["kind"])
        others = (float(params["size"] - kind), float(params["on"]))
        trials.append(TrialFact(number, "finished", params, float(params["size"]), (), others))
    assert len(seen) == 24
