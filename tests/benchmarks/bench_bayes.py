"""Bayesian search: how far from the best after 40 trials, against its peers in one run.

    python bench_bayes.py [seeds] [problem …]  # 20, or 100-119 for others than the settings saw
    KEEP=results.jsonl python bench_bayes.py   # takes an hour; goes on where it was interrupted

Peers that are not installed are left out: Optuna (its GP sampler needs torch), scikit-optimize,
and W&B's own search, the package `sweeps`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import math
import os
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from tracker.sweep.config import parse_sweep
from tracker.sweep.facts import TrialFact
from tracker.sweep.samplers import suggest
from tracker.sweep.space import Space

TRIALS, SEEDS = 40, "100-119"
AT_ONCE = 4
FINISHED, DIMENSIONS = 200, 10
Params = dict[str, Any]
Objective = Callable[[Params], float]


# --- the problems: parameters in W&B's schema, and what is left to the best value


def branin(p: Params) -> float:
    x, y = p["x"], p["y"]
    bowl = (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788735772973816


_A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
               [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])  # fmt: skip
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])


def hartmann(p: Params) -> float:
    x = np.array([p[f"x{n}"] for n in range(6)])
    return 3.322368011415512 - float(_ALPHA @ np.exp(-(_A * (x - _P) ** 2).sum(1)))


def ackley(p: Params) -> float:
    x = np.array([p[f"x{n}"] for n in range(5)])
    rough = -20 * math.exp(-0.2 * math.sqrt(float((x**2).mean())))
    return rough - math.exp(float(np.cos(2 * math.pi * x).mean())) + 20 + math.e


def mixed(p: Params) -> float:
    kinds = {"adam": 0.0, "sgd": 0.3, "rms": 0.6}
    rate = (math.log10(p["lr"]) + 2.5) ** 2
    return rate + (0.0 if p["norm"] else 0.4) + kinds[p["opt"]] + abs(p["depth"] - 5) / 10


def _tuning(name: str) -> Objective:
    """Return the error of a model of scikit-learn in cross-validation, computed once a point."""
    from sklearn import datasets, ensemble, model_selection, pipeline, preprocessing, svm

    load = datasets.load_digits if name == "svm" else datasets.load_breast_cancer
    data, target = load(return_X_y=True)
    data, target = data[:400], target[:400]

    def score(p: Params) -> float:
        if name == "svm":
            model = pipeline.make_pipeline(
                preprocessing.StandardScaler(), svm.SVC(C=p["C"], gamma=p["gamma"])
            )
        else:
            model = ensemble.HistGradientBoostingClassifier(
                learning_rate=p["lr"], max_leaf_nodes=int(p["leaves"]), max_iter=20,
                l2_regularization=p["l2"], random_state=0,
            )  # fmt: skip
        return 1 - float(model_selection.cross_val_score(model, data, target, cv=3).mean())

    return score


def _box(count: int, low: float, high: float) -> Params:
    return {f"x{n}": {"min": low, "max": high} for n in range(count)}


def _log(low: float, high: float) -> Params:
    return {"distribution": "log_uniform_values", "min": low, "max": high}


PROBLEMS: dict[str, tuple[Params, Callable[[], Objective], float]] = {}
_PLAIN: list[tuple[str, Params, Objective]] = [
    ("branin", {"x": {"min": -5.0, "max": 10.0}, "y": {"min": 0.0, "max": 15.0}}, branin),
    ("hartmann6", _box(6, 0.0, 1.0), hartmann),
    ("ackley5", _box(5, -5.0, 10.0), ackley),
]
for _name, _space, _function in _PLAIN:
    for _noise in (0.0, 0.3):
        PROBLEMS[f"{_name}, noise {_noise:g}"] = (_space, lambda f=_function: f, _noise)
PROBLEMS["mixed"] = (
    {"lr": _log(1e-5, 1.0), "norm": {"values": [True, False]},
     "opt": {"values": ["adam", "sgd", "rms"]}, "depth": {"min": 1, "max": 10}},
    lambda: mixed, 0.0,
)  # fmt: skip
PROBLEMS["svm on digits"] = ({"C": _log(1e-3, 1e3), "gamma": _log(1e-6, 1.0)},
                             lambda: _tuning("svm"), 0.0)  # fmt: skip
PROBLEMS["boosting"] = (
    {"lr": _log(1e-3, 1.0), "leaves": {"min": 2, "max": 64}, "l2": _log(1e-6, 10.0)},
    lambda: _tuning("boosting"), 0.0,
)  # fmt: skip


# --- the searches: each yields parameters, and is sent their value


Search = Callable[[Params, int], Any]


def _config(space: Params, method: str) -> Params:
    return {"method": method, "metric": {"name": "loss", "goal": "minimize"}, "parameters": space}


def ours(space: Params, seed: int) -> Iterator[Params]:
    """Our search, one trial after the other."""
    yield from _ours(space, seed, 1)


def ours_parallel(space: Params, seed: int) -> Iterator[Params]:
    """Our search with four agents: each is given a trial while three others still run."""
    yield from _ours(space, seed, AT_ONCE)


def _ours(space: Params, seed: int, at_once: int) -> Iterator[Params]:
    config = parse_sweep(_config(space, "bayes"))
    known = Space(config.parameters)
    trials: dict[int, TrialFact] = {}
    waiting: list[tuple[int, float]] = []
    for number in range(TRIALS):
        if len(waiting) >= at_once:
            done, value = waiting.pop(0)
            trials[done] = TrialFact(done, "finished", trials[done].params, value)
        params = suggest(known, config, list(trials.values()), seed)
        assert params is not None
        trials[number] = TrialFact(number, "running", params)
        waiting.append((number, (yield params)))


def at_random(space: Params, seed: int) -> Iterator[Params]:
    """Random search."""
    known = Space(parse_sweep(_config(space, "random")).parameters)
    rng = random.Random(seed)
    for _ in range(TRIALS):
        yield known.sample(rng)


def wandb(space: Params, seed: int) -> Iterator[Params]:
    """W&B's bayes."""
    from sweeps import RunState, SweepRun, bayes_search

    np.random.seed(seed)
    random.seed(seed)
    runs: list[Any] = []
    for _ in range(TRIALS):
        run = bayes_search.bayes_search_next_run(runs, _config(space, "bayes"))
        params = {name: each["value"] for name, each in run.config.items()}
        value = yield params
        run.state = RunState.finished
        run.summary_metrics, run.history = {"loss": value}, [{"loss": value}]
        assert isinstance(run, SweepRun)
        runs.append(run)


def _optuna(sampler: Any, at_once: int = 1) -> Search:
    def search(space: Params, seed: int) -> Iterator[Params]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(sampler=sampler(optuna.samplers, seed))
        waiting: list[tuple[Any, float]] = []
        for _ in range(TRIALS):
            if len(waiting) >= at_once:
                study.tell(*waiting.pop(0))
            trial = study.ask()
            params = {name: _ask(trial, name, given) for name, given in space.items()}
            waiting.append((trial, (yield params)))

    return search


def _ask(trial: Any, name: str, given: Params) -> Any:
    if "values" in given:
        return trial.suggest_categorical(name, given["values"])
    if isinstance(given["min"], int):
        return trial.suggest_int(name, given["min"], given["max"])
    return trial.suggest_float(name, given["min"], given["max"], log="distribution" in given)


def skopt(space: Params, seed: int) -> Iterator[Params]:
    """Plain scikit-optimize: a Gaussian process and the expected improvement."""
    import skopt

    dimensions = [_dimension(skopt.space, given) for given in space.values()]
    optimizer = skopt.Optimizer(
        dimensions, "GP", n_initial_points=8, acq_func="EI", random_state=seed
    )
    for _ in range(TRIALS):
        asked = optimizer.ask()
        params = {
            name: value.item() if hasattr(value, "item") else value
            for name, value in zip(space, asked, strict=True)
        }
        optimizer.tell(asked, (yield params))


def _dimension(kinds: Any, given: Params) -> Any:
    if "values" in given:
        return kinds.Categorical(given["values"])
    if isinstance(given["min"], int):
        return kinds.Integer(given["min"], given["max"])
    prior = "log-uniform" if "distribution" in given else "uniform"
    return kinds.Real(given["min"], given["max"], prior=prior)


def searches() -> dict[str, Search]:
    """Return the searches that can be run here."""
    found: dict[str, Search] = {"tracker": ours, "tracker, 4 at once": ours_parallel}
    if _has("optuna"):
        found["Optuna TPE"] = _optuna(lambda kinds, seed: kinds.TPESampler(seed=seed))
        if _has("torch"):
            found["Optuna GP"] = _optuna(lambda kinds, seed: kinds.GPSampler(seed=seed))
            found["Optuna GP, 4 at once"] = _optuna(
                lambda kinds, seed: kinds.GPSampler(seed=seed), AT_ONCE
            )
    if _has("sweeps"):
        found["W&B"] = wandb
    if _has("skopt"):
        found["scikit-optimize"] = skopt
    return {**found, "random": at_random}


def _has(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def run(search: Search, space: Params, objective: Objective, noise: float, seed: int) -> float:
    """Return the best true value that a search has met."""
    rng = random.Random(seed)
    steps = search(space, seed)
    best, params = math.inf, next(steps)
    while True:
        value = objective(params)
        best = min(best, value)
        try:
            params = steps.send(value + noise * rng.gauss(0, 1))
        except StopIteration:
            return best


class Kept:
    """What has been measured, a line for each seed, in the file that ``KEEP`` names."""

    def __init__(self) -> None:
        self._path = os.environ.get("KEEP", os.devnull)
        self._known: dict[tuple[str, str, int], tuple[float, float]] = {}
        with suppress(FileNotFoundError), Path(self._path).open() as file:
            for problem, title, seed, best, seconds in map(json.loads, file):
                self._known[problem, title, seed] = best, seconds

    def measure(
        self, problem: str, title: str, seed: int, search: Search, objective: Objective
    ) -> tuple[float, float]:
        """Return the best true value that a search has met, and its seconds a trial."""
        if (known := self._known.get((problem, title, seed))) is not None:
            return known
        space, _, noise = PROBLEMS[problem]
        begun = time.process_time()
        best = run(search, space, objective, noise, seed)
        seconds = (time.process_time() - begun) / TRIALS
        with Path(self._path).open("a") as file:
            file.write(json.dumps([problem, title, seed, best, seconds]) + "\n")
        return best, seconds


def measure_ask() -> None:
    """Print how long a suggestion takes late in a large sweep; the first imports what it needs."""
    config = parse_sweep(_config(_box(DIMENSIONS, 0.0, 1.0), "bayes"))
    space, rng = Space(config.parameters), random.Random(0)
    trials = []
    for number in range(FINISHED):
        params = space.sample(rng)
        value = sum((x - 0.3) ** 2 for x in params.values()) + 0.1 * rng.gauss(0, 1)
        trials.append(TrialFact(number, "finished", params, value))
    taken = []
    for seed in range(4):
        begun = time.perf_counter()
        suggest(space, config, trials, seed)
        taken.append(time.perf_counter() - begun)
    print(
        f"A suggestion after {FINISHED} trials in {DIMENSIONS} dimensions: "
        f"{min(taken[1:]):.2f} s, the first one {taken[0]:.2f} s.\n"
    )


def _seeds(given: str) -> range:
    first, _, last = given.rpartition("-")
    return range(int(first), int(last) + 1) if first else range(int(last))


def main() -> None:
    """Print a line for each problem and search."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    seeds = _seeds(sys.argv[1] if len(sys.argv) > 1 else SEEDS)
    wanted = sys.argv[2:] or list(PROBLEMS)
    kept = Kept()
    measure_ask()
    print(f"Left to the best value after {TRIALS} trials, {len(seeds)} seeds.\n")
    for name, (_, build, _) in PROBLEMS.items():
        if not any(name.startswith(each) for each in wanted):
            continue
        objective = build()
        print(
            f"{name}\n  {'':20}{'median':>10}{'mean':>10}{'worst':>10}{'s a trial':>11}", flush=True
        )
        for title, search in searches().items():
            found = [kept.measure(name, title, n, search, objective) for n in seeds]
            values, times = zip(*found, strict=True)
            # One seed in another valley moves the mean, half of the seeds the median.
            middles = statistics.median(values), statistics.fmean(values), max(values)
            line = "".join(f"{value:10.4f}" for value in middles)
            print(f"  {title:20}{line}{statistics.fmean(times):11.3f}", flush=True)


if __name__ == "__main__":
    main()
