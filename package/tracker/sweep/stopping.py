"""Ends trials that are worth no further training: three rules, pure functions of the curves.

An iteration is one logged value of the metric, whatever its step. All rules look at the trials
as they are now, so a trial that passed a rung may be stopped once better ones have come by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean, median

from tracker.sweep.config import SweepConfig
from tracker.sweep.early import EarlyTerminate
from tracker.sweep.facts import TrialFact

Curve = list[float]
MAX_RUNGS = 100


def should_stop(config: SweepConfig, trial: TrialFact, others: Sequence[TrialFact]) -> bool:
    """Return whether a running trial should end now.

    Parameters
    ----------
    config : SweepConfig
        With its ``early_terminate`` rule; without one nothing is stopped.
    trial : TrialFact
        The trial to judge; only one in state "running" is ever stopped.
    others : sequence of TrialFact
        The trials of the sweep, in any state. The trial itself may be among them.
    """
    rule = config.early_terminate
    if rule is None or trial.state != "running":
        return False
    sign = -1.0 if config.is_maximized else 1.0
    own = [sign * value for value in trial.curve]
    rest = [[sign * v for v in t.curve] for t in others if t.number != trial.number]
    judge = {"hyperband": _hyperband, "median": _median, "asha": _asha}[rule.type]
    return judge(rule, own, rest)


def rungs(rule: EarlyTerminate) -> list[int]:
    """Return the iterations at which a rule judges, the first ones of an endless row.

    Hyperband counts ``s`` rungs back from ``max_iter``, dividing by ``eta``, or on from
    ``min_iter``, multiplying; fractions are cut, as in W&B. ASHA counts on from ``min_iter``.
    The median rule judges at every iteration and has none.
    """
    if rule.type == "median":
        return []
    if rule.type == "hyperband" and rule.max_iter is not None and rule.s is not None:
        return sorted(_rungs_downwards(rule, rule.max_iter, rule.s))
    return list(_rungs_upwards(rule))


def _rungs_downwards(rule: EarlyTerminate, rung: float, steps: int) -> Iterator[int]:
    for _ in range(min(steps, MAX_RUNGS)):
        rung /= rule.eta
        if rung < 1:
            return
        yield int(rung)


def _rungs_upwards(rule: EarlyTerminate) -> Iterator[int]:
    rung = float(rule.min_iter or 1)
    limit = math.inf if rule.max_iter is None else rule.max_iter
    for _ in range(MAX_RUNGS):
        if rung >= limit or math.isinf(rung):
            return
        yield int(rung)
        rung *= rule.eta


def _hyperband(rule: EarlyTerminate, own: Curve, rest: list[Curve]) -> bool:
    """Apply W&B's Hyperband: worse than the value at place int(n / eta) of all at the rung.

    The last rung reached counts. Strictly, the value at the rung is compared, else the best so
    far. Values that are not finite are no iterations. See Li et al., "Hyperband", JMLR 2018,
    and ``hyperband_stopping.py`` of W&B.
    """
    own, *rest = ([v for v in curve if math.isfinite(v)] for curve in (own, *rest))
    rung = max((rung for rung in rungs(rule) if rung <= len(own)), default=None)
    if rung is None:
        return False
    at_rung = sorted(curve[rung - 1] for curve in (own, *rest) if len(curve) >= rung)
    threshold = at_rung[int(len(at_rung) * (1.0 / rule.eta))]
    return (own[rung - 1] if rule.strict else min(own)) > threshold


def _median(rule: EarlyTerminate, own: Curve, rest: list[Curve]) -> bool:
    """Stop a trial whose best is worse than the median of the others' averages so far.

    The performance-curve stopping of Golovin et al., "Google Vizier", KDD 2017, section 3.2.2.
    A value that is not finite counts as the worst.
    """
    reached = len(own)
    longer = [_finite(curve[:reached]) for curve in rest if len(curve) >= reached]
    if reached < (rule.min_iter or 1) or len(longer) < rule.min_trials:
        return False
    return min(_finite(own)) > median(map(fmean, longer))


def _asha(rule: EarlyTerminate, own: Curve, rest: list[Curve]) -> bool:
    """Stop a trial that is not among the best 1/eta of all that have reached its rung.

    The stopping kind of asynchronous successive halving, Li et al., "A System for Massively
    Parallel Hyperparameter Tuning", MLSys 2020: with fewer than ``eta`` trials at a rung
    nobody is stopped there. A value that is not finite counts as the worst.
    """
    rung = max((rung for rung in rungs(rule) if rung <= len(own)), default=None)
    if rung is None:
        return False
    there = [curve[:rung] for curve in (own, *rest) if len(curve) >= rung]
    value, *at_rung = (min(_finite(curve)) for curve in there)
    better = sum(other < value for other in at_rung)
    count = len(at_rung) + 1
    return count >= rule.eta and better >= max(1, int(count / rule.eta))


def _finite(curve: Curve) -> Curve:
    return [value if math.isfinite(value) else math.inf for value in curve]
