"""Grid and random search: nothing twice, everything once, whatever order the trials come in."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.sweep.config import parse_sweep
from tracker.sweep.facts import TrialFact
from tracker.sweep.samplers import suggest
from tracker.sweep.space import Space

STATES = ["pending", "running", "finished", "stopped", "failed", "crashed"]
NESTED = {
    "lr": {"values": [0.1, 0.01, 0]},
    "model": {
        "parameters": {
            "act": {"values": ["relu", "", None]},
            "bias": {"values": [True, False]},
            "deep": {"parameters": {"n": {"min": 1, "max": 2}}},
        }
    },
    "epochs": {"value": 3},
}
MIXED = st.one_of(st.booleans(), st.none(), st.integers(0, 3), st.sampled_from(["", "0", "a"]))
AXES = st.lists(st.lists(MIXED, min_size=1, max_size=4), min_size=1, max_size=3)


def sweep(method, parameters):
    config = parse_sweep({"method": method, "parameters": parameters})
    return Space(config.parameters), config


def run_all(space, config, seed=0, limit=10_000, rng=None):
    """Run trials until the sampler is done; with rng, in any state and order."""
    trials = []
    while (params := suggest(space, config, trials, seed)) is not None:
        assert len(trials) < limit
        state = rng.choice(STATES) if rng else "finished"
        trials.append(TrialFact(len(trials), state, params))
        if rng:
            rng.shuffle(trials)
    return trials


@pytest.mark.parametrize("method", ["grid", "random"])
def test_a_nested_space_is_tried_once_and_wholly(method):
    space, config = sweep(method, NESTED)
    trials = run_all(space, config, rng=random.Random(5))
    assert len(trials) == 3 * 3 * 2 * 2
    assert len({repr(sorted(space.flatten(t.params).items())) for t in trials}) == len(trials)


@settings(max_examples=30, deadline=None)
@given(axes=AXES, method=st.sampled_from(["grid", "random"]), seed=st.integers(0, 99))
def test_no_point_comes_twice(axes, method, seed):
    parameters = {f"p{n}": {"values": values} for n, values in enumerate(axes)}
    space, config = sweep(method, parameters)
    trials = run_all(space, config, seed, rng=random.Random(seed))
    assert len(trials) == space.size
    assert len({space.identity(trial.params) for trial in trials}) == space.size


def test_a_grid_is_in_order_and_fills_its_gaps():
    space, config = sweep("grid", {"a": {"values": [3, 1]}, "b": {"values": ["x", "y"]}})
    order = [trial.params for trial in run_all(space, config)]
    assert order == [
        {"a": 3, "b": "x"},
        {"a": 3, "b": "y"},
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
    ]
    some = [TrialFact(7, "failed", order[2]), TrialFact(3, "running", order[0])]
    assert suggest(space, config, some, 0) == order[1]


def test_trials_from_elsewhere_do_not_disturb_a_grid():
    space, config = sweep("grid", {"a": {"values": [1, 2]}})
    strangers = [
        TrialFact(0, "finished", {"a": 99}),
        TrialFact(1, "finished", {}),
        TrialFact(2, "finished", {"b": 1}),
        TrialFact(3, "finished", {"a": 1.0, "other": 5}),
    ]
    assert suggest(space, config, strangers, 0) == {"a": 2}


def test_keys_added_to_a_dict_while_running_do_not_repeat_a_grid_point():
    space, config = sweep("grid", {"opt": {"values": [{"lr": 1}, {"lr": 2}]}})
    tried = [TrialFact(0, "finished", {"opt": {"lr": 1, "device": "cuda"}})]
    assert suggest(space, config, tried, 0) == {"opt": {"lr": 2}}


def test_the_next_point_is_found_in_a_grid_that_nobody_could_list():
    sides = {"a": 10**9, "b": 10**9, "c": 100}
    space, config = sweep("grid", {name: {"min": 0, "max": n - 1} for name, n in sides.items()})
    trials = [TrialFact(n, "finished", space.nest(space.grid[n])) for n in range(2000)]
    assert suggest(space, config, trials, 0) == {"a": 0, "b": 20, "c": 0}


def test_random_draws_are_those_of_the_seed_and_the_trial():
    space, config = sweep("random", {"x": {"min": 0.0, "max": 1.0}})
    first = suggest(space, config, [], 1)
    assert suggest(space, config, [], 1) == first
    assert suggest(space, config, [], 2) != first
    assert suggest(space, config, [TrialFact(0, "running", first)], 1) != first


def test_random_draws_follow_the_probabilities():
    parameters = {
        "x": {"min": 0.0, "max": 1.0},
        "a": {"values": ["rare", "often"], "probabilities": [0.1, 0.9]},
    }
    space, config = sweep("random", parameters)
    drawn = [suggest(space, config, [TrialFact(n, "finished", {})], 0)["a"] for n in range(400)]
    assert 20 <= drawn.count("rare") <= 65


def test_the_last_points_of_a_lopsided_space_are_found():
    parameters = {
        "a": {"values": ["rare", "often"], "probabilities": [1e-6, 1 - 1e-6]},
        "b": {"min": 1, "max": 3},
    }
    space, config = sweep("random", parameters)
    assert len(run_all(space, config)) == 6


def test_a_countless_space_repeats_only_when_it_must():
    space, config = sweep("random", {"n": {"distribution": "q_normal", "sigma": 0.7}})
    trials = []
    for number in range(20):
        params = suggest(space, config, trials, 0)
        assert params is not None
        trials.append(TrialFact(number, "finished", params))
    assert {trial.params["n"] for trial in trials[:3]} == {-1, 0, 1}


@pytest.mark.parametrize("method", ["grid", "random"])
def test_the_search_can_be_taken_up_anywhere(method):
    space, config = sweep(method, NESTED)
    whole = run_all(space, config, seed=4)
    again = [*whole[:10]]
    while (params := suggest(Space(config.parameters), config, again, 4)) is not None:
        again.append(TrialFact(len(again), "finished", params))
    assert again == whole
