"""Which result decides, and which run is ahead."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tracker.errors import UsageError
from tracker.records import MetricRule, RunRecord, Series

GOALS: Final = ("minimize", "maximize")
_DOWN: Final = re.compile(
    r"loss|err|rmse|mse|mae|mape|perplexity|ppl|nll|cost|regret|wer|cer|fid|divergence", re.I
)
_UP: Final = re.compile(
    r"acc|f1|auc|auroc|score|reward|return|precision|recall|iou|dice|bleu|rouge|r2|map\b|psnr|ssim",
    re.I,
)
_PARTS: Final = frozenset({"best", "min", "max", "mean", "last", "first"})
_HELD_OUT: Final = re.compile(r"(?:^|[/_.-])(?:val|valid|validation|test|eval|dev|holdout)", re.I)


@dataclass(frozen=True, slots=True)
class Best:
    """The run that is ahead.

    Attributes
    ----------
    metric : str
        By which.
    column : str
        The same as a column of runs: ``summary.loss``.
    goal : {"minimize", "maximize"}
    run : RunRecord
    value : float
    second : RunRecord or None
        The next one.
    second_value : float
    """

    metric: str
    column: str
    goal: str
    run: RunRecord
    value: float
    second: RunRecord | None = None
    second_value: float = math.nan


def find_best(
    runs: Sequence[RunRecord],
    series: Iterable[Series],
    rules: Sequence[MetricRule],
    *,
    metric: str | None = None,
    goal: str | None = None,
    hidden: Container[str] = (),
    values: Mapping[str, float] | None = None,
) -> Best | None:
    """Return the run that is ahead, None where no result can be put in an order.

    Parameters
    ----------
    runs : sequence of RunRecord
    series : iterable of Series
        What they logged.
    rules : sequence of MetricRule
        What ``define_metric`` said.
    metric : str, optional
        The result; see :func:`choose_metric` for the default.
    goal : {"minimize", "maximize"}, optional
        Default: what `rules` or its name say, else minimize.
    hidden : container of str
        Metrics that are not chosen by themselves.
    values : mapping of str to float, optional
        What runs are compared by, by their ids; the others take no part. Default: what their
        summaries say.

    Raises
    ------
    UsageError
        If `goal` is none, or no run has a number for `metric`.
    """
    if goal is not None and goal not in GOALS:
        raise UsageError(f"goal is {goal!r}: expected 'minimize' or 'maximize'.")
    named = metric.removeprefix("summary.") if metric else None
    chosen = named or choose_metric(runs, series, rules, hidden)
    if chosen is None:
        return None
    way = goal or _goal_of(chosen, rules)
    known = [(run, _value(run, chosen, way) if values is None else values.get(run.run_id))
             for run in runs]  # fmt: skip
    ranked = [(run, value) for run, value in known if value is not None]
    if not ranked:
        if metric:
            raise UsageError(f"metric is {metric!r}: no run has a number for it in its summary.")
        return None
    ranked.sort(key=lambda pair: pair[1], reverse=way == "maximize")
    second, second_value = ranked[1] if len(ranked) > 1 else (None, math.nan)
    return Best(chosen, _column(runs, chosen, way), way, *ranked[0], second, second_value)


def choose_metric(
    runs: Sequence[RunRecord],
    series: Iterable[Series],
    rules: Sequence[MetricRule],
    hidden: Container[str] = (),
) -> str | None:
    """Return the result that decides.

    One with a goal of ``define_metric`` comes first; then what its name says to be a loss,
    an error or a score, that of validation before that of training, that of more runs before
    that of fewer. What is `hidden` is not chosen.
    """
    counts = Counter(
        key
        for run in runs
        for key, value in run.summary.items()
        if (_number(value) is not None or aggregates(value))
        and not key.startswith("_")
        and key not in hidden
    )
    for rule in rules:
        if rule.goal and rule.name in counts:
            return rule.name
    order = {each.key: place for place, each in enumerate(series)}

    def rank(key: str) -> tuple[Any, ...]:
        is_known = bool(_DOWN.search(key) or _UP.search(key))
        return not is_known, not _HELD_OUT.search(key), -counts[key], order.get(key, 10**9), key

    ranked = sorted(counts, key=rank)
    return ranked[0] if ranked else None


def _goal_of(metric: str, rules: Sequence[MetricRule]) -> str:
    for rule in rules:
        if rule.name == metric and rule.goal in GOALS:
            return str(rule.goal)
    return "maximize" if _UP.search(metric) and not _DOWN.search(metric) else "minimize"


def aggregates(value: Any) -> dict[str, float]:
    """Return what ``define_metric(summary="max")`` and the like made of a metric: parts by name."""
    if not isinstance(value, dict) or not set(value) <= _PARTS:
        return {}
    return {part: number for part, own in value.items() if (number := _number(own)) is not None}


def _part(value: Any, goal: str) -> str | None:
    """Return the part that decides."""
    parts = aggregates(value)
    wanted = ("best", "min" if goal == "minimize" else "max", "last", "mean")
    return next((part for part in wanted if part in parts), next(iter(parts), None))


def _column(runs: Sequence[RunRecord], metric: str, goal: str) -> str:
    found = Counter(_part(run.summary.get(metric), goal) for run in runs)
    part = found.most_common(1)[0][0]
    return f"summary.{metric}" if part is None else f"summary.{metric}.{part}"


def _value(run: RunRecord, metric: str, goal: str) -> float | None:
    value = run.summary.get(metric)
    part = _part(value, goal)
    return _number(value) if part is None else aggregates(value)[part]


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None
