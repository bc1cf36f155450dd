"""Bayesian search for several metrics: what is missing of the front after 40 trials, and peers.

    python bench_front.py [seeds] [problem …]  # 10 seeds

What is missing is the part of the best possible hypervolume that the trials do not dominate. Peers
that are not installed are left out: Optuna's GP sampler (needs torch), its default for several
metrics, and TPE.
"""

from __future__ import annotations

import logging
import math
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from bench_bayes import AT_ONCE, TRIALS, Params, _ask, _box, _has, _log, _seeds

from tracker.sweep.config import parse_sweep
from tracker.sweep.facts import TrialFact
from tracker.sweep.samplers import suggest
from tracker.sweep.space import Space

SEEDS = "10"
Losses = tuple[float, ...]
Objective = Callable[[Params], Losses]
Search = Callable[[Params, int, int], Any]


# --- the problems: all losses are to be small


def branin_currin(p: Params) -> Losses:
    """Belakaria et al., "Max-value Entropy Search for Multi-Objective Optimization", 2019."""
    x, y = p["x0"], p["x1"]
    a, b = 15 * x - 5, 15 * y
    bowl = (b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6) ** 2
    branin = bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10
    factor = 1 - math.exp(-1 / (2 * y)) if y > 0 else 1.0
    numerator = 2300 * x**3 + 1900 * x**2 + 2092 * x + 60
    return branin, factor * numerator / (100 * x**3 + 500 * x**2 + 4 * x + 20)


def zdt1(p: Params) -> Losses:
    """Zitzler, Deb and Thiele, "Comparison of Multiobjective Evolutionary Algorithms", 2000."""
    first, *rest = p.values()
    g = 1 + 9 * statistics.fmean(rest)
    return first, g * (1 - math.sqrt(first / g))


def dtlz2(p: Params) -> Losses:
    """Deb et al., "Scalable Test Problems for Evolutionary Multiobjective Optimization", 2005."""
    one, two, *rest = p.values()
    g = 1 + sum((x - 0.5) ** 2 for x in rest)
    a, b = one * math.pi / 2, two * math.pi / 2
    return g * math.cos(a) * math.cos(b), g * math.cos(a) * math.sin(b), g * math.sin(a)


def svm(p: Params) -> Losses:
    """Error of support vectors on digits, and how many of them there are, as a share."""
    return _svm(p["C"], p["gamma"])


@cache
def _svm(c: float, gamma: float) -> Losses:
    from sklearn import datasets, model_selection, preprocessing
    from sklearn import svm as models

    data, target = datasets.load_digits(return_X_y=True)
    data, target = preprocessing.scale(data[:400]), target[:400]
    model = models.SVC(C=c, gamma=gamma)
    error = 1 - float(model_selection.cross_val_score(model, data, target, cv=3).mean())
    return error, len(model.fit(data, target).support_) / len(data)


def _svm_best() -> float:
    places = [(c, g) for c in np.logspace(-3, 3, 25) for g in np.logspace(-6, 0, 25)]
    return hypervolume([_svm(*place) for place in places], (1.0, 1.0))


# Space, losses, the corner from which hypervolumes are measured, the best hypervolume.
PROBLEMS: dict[str, tuple[Params, Objective, Losses, Callable[[], float]]] = {
    "Branin and Currin": (_box(2, 0.0, 1.0), branin_currin, (18.0, 6.0), lambda: 59.36011874867746),
    "ZDT1-5": (_box(5, 0.0, 1.0), zdt1, (1.0, 5.0), lambda: 5 - 1 / 3),
    "DTLZ2-6, three": (_box(6, 0.0, 1.0), dtlz2, (1.1,) * 3, lambda: 1.1**3 - math.pi / 6),
    "svm on digits": (
        {"C": _log(1e-3, 1e3), "gamma": _log(1e-6, 1.0)}, svm, (1.0, 1.0), _svm_best,
    ),
}  # fmt: skip


def hypervolume(found: Sequence[Losses], corner: Losses) -> float:
    """Return the volume that some losses dominate, up to a corner."""
    inside = sorted({each for each in found if all(map(float.__lt__, each, corner))})
    if not inside:
        return 0.0
    if len(corner) == 1:
        return corner[0] - inside[0][0]
    volume = 0.0
    ends = [each[0] for each in inside[1:]] + [corner[0]]
    for number, (each, end) in enumerate(zip(inside, ends, strict=True)):
        if end > each[0]:
            slab = [one[1:] for one in inside[: number + 1]]
            volume += (end - each[0]) * hypervolume(slab, corner[1:])
    return volume


# --- the searches: each yields parameters, and is sent their losses


def _ours(at_once: int, method: str = "bayes") -> Search:
    def search(space: Params, metrics: int, seed: int) -> Iterator[Params]:
        names = [{"name": f"loss{n}"} for n in range(metrics)]
        config = parse_sweep({"method": method, "metrics": names, "parameters": space})
        known = Space(config.parameters)
        trials: dict[int, TrialFact] = {}
        waiting: list[tuple[int, Losses]] = []
        for number in range(TRIALS):
            if len(waiting) >= at_once:
                done, (value, *others) = waiting.pop(0)
                params = trials[done].params
                trials[done] = TrialFact(done, "finished", params, value, (), tuple(others))
            params = suggest(known, config, list(trials.values()), seed) or {}
            trials[number] = TrialFact(number, "running", params)
            waiting.append((number, (yield params)))

    return search


def _optuna(sampler: Any) -> Search:
    def search(space: Params, metrics: int, seed: int) -> Iterator[Params]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(
            directions=["minimize"] * metrics, sampler=sampler(optuna.samplers, seed)
        )
        for _ in range(TRIALS):
            trial = study.ask()
            params = {name: _ask(trial, name, given) for name, given in space.items()}
            study.tell(trial, (yield params))

    return search


def searches() -> dict[str, Search]:
    """Return the searches that can be run here."""
    found = {"tracker": _ours(1), f"tracker, {AT_ONCE} at once": _ours(AT_ONCE)}
    if _has("optuna"):
        found["Optuna TPE"] = _optuna(lambda kinds, seed: kinds.TPESampler(seed=seed))
        found["Optuna NSGA-II"] = _optuna(lambda kinds, seed: kinds.NSGAIISampler(seed=seed))
        if _has("torch"):
            found["Optuna GP"] = _optuna(lambda kinds, seed: kinds.GPSampler(seed=seed))
    return {**found, "random": _ours(1, "random")}


def run(search: Search, space: Params, objective: Objective, metrics: int, seed: int) -> list[Any]:
    """Return the losses of all trials."""
    random.seed(seed)
    steps, found = search(space, metrics, seed), []
    params = next(steps)
    while True:
        found.append(objective(params))
        try:
            params = steps.send(found[-1])
        except StopIteration:
            return found


def main() -> None:
    """Print a line for each problem and search."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    seeds = _seeds(sys.argv[1] if len(sys.argv) > 1 else SEEDS)
    wanted = sys.argv[2:] or list(PROBLEMS)
    print(f"Missing of the best hypervolume after {TRIALS} trials, {len(seeds)} seeds.\n")
    for name, (space, objective, corner, best) in PROBLEMS.items():
        if not any(name.startswith(each) for each in wanted):
            continue
        whole = best()
        print(f"{name}\n  {'':20}{'median':>10}{'mean':>10}{'worst':>10}{'s a trial':>11}")
        for title, search in searches().items():
            begun, missing = time.process_time(), []
            for seed in seeds:
                found = run(search, space, objective, len(corner), seed)
                missing.append(1 - hypervolume(found, corner) / whole)
            seconds = (time.process_time() - begun) / TRIALS / len(seeds)
            middles = statistics.median(missing), statistics.fmean(missing), max(missing)
            line = "".join(f"{value:10.4f}" for value in middles)
            print(f"  {title:20}{line}{seconds:11.3f}", flush=True)


if __name__ == "__main__":
    main()
