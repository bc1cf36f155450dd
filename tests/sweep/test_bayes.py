from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tracker.sweep.config import parse_sweep
from tracker.sweep.facts import TrialFact
from tracker.sweep.samplers import suggest
from tracker.sweep.space import Space

LEAST = 0.397887
SWEEP = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": -5.0, "max": 10.0}, "y": {"min": 0.0, "max": 15.0}},
}


def branin(params: dict[str, float]) -> float:
    x, y = params["x"], params["y"]
    bowl = (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def search(count: int, seed: int, *, failing: bool = False) -> list[TrialFact]:
    config = parse_sweep(SWEEP)
    space = Space(config.parameters)
    trials: list[TrialFact] = []
    for number in range(count):
        params = suggest(space, config, trials, seed)
        assert params is not None
        value = math.nan if failing and number % 4 == 3 else branin(params)
        trials.append(TrialFact(number, "finished", params, value, ()))
    return trials


@pytest.mark.parametrize("seed", [0, 1])
def test_the_least_of_branin_is_found(seed: int) -> None:
    assert min(trial.value for trial in search(30, seed)) - LEAST < 0.05


def test_failures_near_the_least_are_taken_for_chance() -> None:
    config = parse_sweep(SWEEP)
    space = Space(config.parameters)
    trials: list[TrialFact] = []
    for number in range(30):
        params = suggest(space, config, trials, 0)
        assert params is not None
        state, value = ("failed", None) if number % 7 == 6 else ("finished", branin(params))
        trials.append(TrialFact(number, state, params, value))
    assert min(trial.value for trial in trials if trial.value is not None) - LEAST < 0.05


def test_noise_is_not_asked_for_again_and_again() -> None:
    # With this seed its first trials lead to the edge of the box, and the noise keeps it there.
    config = parse_sweep(SWEEP)
    space, rng = Space(config.parameters), Random(2)
    trials: list[TrialFact] = []
    values: list[float] = []
    for number in range(40):
        params = suggest(space, config, trials, 2)
        assert params is not None
        values.append(branin(params))
        noisy = values[-1] + 0.3 * rng.gauss(0, 1)
        trials.append(TrialFact(number, "finished", params, noisy))
    assert min(values) - LEAST < 0.1


def test_a_scikit_optimize_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    (tmp_path / "skopt").mkdir()
    (tmp_path / "skopt" / "__init__.py").write_text("raise ImportError('no such name in sklearn')")
    program = """
from tracker.errors import UsageError
from tracker.sweep.config import parse_sweep
from tracker.sweep.samplers import suggest
from tracker.sweep.space import Space

parameters = {"x": {"min": 0.0, "max": 1.0}}
config = parse_sweep({"method": "bayes", "metric": {"name": "loss"}, "parameters": parameters})
try:
    suggest(Space(config.parameters), config, [], 0)
except UsageError as error:
    print(error)
"""
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no such name in sklearn" in done.stdout
    assert "install scikit-optimize 0.10.2 or newer" in done.stdout


def test_a_search_does_not_stay_in_a_valley_that_is_not_the_deepest() -> None:
    # With this seed its first trials lead to the edge of the box, where the metric is 1.5 too high.
    assert min(trial.value for trial in search(40, 7)) - LEAST < 0.05


@pytest.mark.parametrize("seed", [0, 2])
def test_a_funnel_that_is_steeper_the_nearer_is_followed_down(seed: int) -> None:
    centre = {"a": 0.3, "b": 0.7, "c": 0.6, "d": 0.2}
    parameters = {name: {"min": 0.0, "max": 1.0} for name in centre}
    config = parse_sweep({**SWEEP, "parameters": parameters})
    space = Space(config.parameters)
    trials: list[TrialFact] = []
    for number in range(25):
        params = suggest(space, config, trials, seed)
        assert params is not None
        distance = math.dist(params.values(), centre.values()) / 2
        trials.append(TrialFact(number, "finished", params, 1 - math.exp(-6 * distance)))
    assert min(trial.value for trial in trials if trial.value is not None) < 0.07


def test_trials_without_a_value_are_survived() -> None:
    trials = search(16, 0, failing=True)
    assert len({tuple(trial.params.values()) for trial in trials}) == 16


def test_the_best_of_thousands_of_categories_is_asked_for_again() -> None:
    kinds = [f"kind {number}" for number in range(3000)]
    parameters = {"kind": {"values": kinds}, "x": {"min": 0.0, "max": 1.0}}
    config = parse_sweep({**SWEEP, "parameters": parameters})
    trials = []
    for number in range(24):
        # Every fourth trial is of the good kind.
        kind = kinds[7] if number % 4 == 0 else kinds[100 * number]
        params = {"kind": kind, "x": number / 24}
        value = (params["x"] - 0.4) ** 2 + (0.0 if kind == kinds[7] else 1.0)
        trials.append(TrialFact(number, "finished", params, value))
    params = suggest(Space(config.parameters), config, trials, 0)
    assert params is not None
    assert params["kind"] == kinds[7]


def test_the_same_seed_and_trials_give_the_same_suggestion() -> None:
    config = parse_sweep(SWEEP)
    space = Space(config.parameters)
    trials = search(12, 3)
    assert suggest(space, config, trials, 3) == suggest(space, config, trials, 3)
