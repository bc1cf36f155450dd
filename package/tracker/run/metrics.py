"""What ``define_metric`` accepts, in W&B's older and newer spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tracker.errors import UsageError
from tracker.records import MetricRule

OPERATIONS = ("min", "max", "mean", "best", "first", "last", "copy", "none")
GOALS = {"minimize": "minimize", "min": "minimize", "maximize": "maximize", "max": "maximize"}


def make_rule(
    name: str,
    known: Mapping[str, MetricRule],
    *,
    step_metric: object = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | None = None,
    goal: str | None = None,
    overwrite: bool | None = None,
) -> MetricRule:
    """Return the rule that a call of ``define_metric`` makes, merged with the one `known` by name.

    Raises
    ------
    UsageError
        If the name, a summary operation or the goal is not one that exists.
    """
    name = check_metric(name)
    rule = known.get(name)
    if rule is None or overwrite:
        rule = MetricRule(name)
    if step_metric is not None:
        axis = getattr(step_metric, "name", step_metric)
        if not isinstance(axis, str) or not axis or "*" in axis:
            raise UsageError(f"step_metric is {step_metric!r}: expected the name of a metric.")
        rule = replace(rule, step_metric=check_metric(axis), step_sync=True)
    if step_sync is not None:
        rule = replace(rule, step_sync=bool(step_sync))
    if hidden is not None:
        rule = replace(rule, hidden=bool(hidden))
    if goal is not None:
        rule = replace(rule, goal=_goal(goal))
    if summary is not None:
        asked = (*rule.summary, *_operations(summary))
        rule = replace(rule, summary=tuple(dict.fromkeys(asked)))
    return rule


def check_metric(name: object) -> str:
    """Return a metric's name without the backslashes that W&B wants before literal dots.

    Raises
    ------
    UsageError
        If it is no string, or has a star before its end.
    """
    if not isinstance(name, str) or not name:
        raise UsageError(f"define_metric() got the name {name!r}: expected a string.")
    if "*" in name[:-1]:
        raise UsageError(
            f"Unhandled define_metric() arg: name (glob suffixes only): {name}. Write the star "
            "at the end, as in 'train/*'."
        )
    return name.replace("\\.", ".")


def _goal(goal: object) -> str:
    if not isinstance(goal, str) or goal not in GOALS:
        raise UsageError(f"goal is {goal!r}: expected 'minimize' or 'maximize'.")
    return GOALS[goal]


def _operations(summary: object) -> tuple[str, ...]:
    if not isinstance(summary, str):
        raise UsageError(f"summary is {summary!r}: expected words such as 'min,max'.")
    asked = tuple(part.strip().lower() for part in summary.split(",") if part.strip())
    for operation in asked:
        if operation not in OPERATIONS:
            raise UsageError(
                f"Unhandled define_metric() arg: summary op: {operation}. Expected some of "
                f"{', '.join(OPERATIONS)}."
            )
    return asked
