"""What ``define_metric`` accepts, in W&B's older and newer spelling."""

from __future__ import annotations

from dataclasses import replace

from tracker.errors import UsageError
from tracker.records import MetricRule

OPERATIONS = ("min", "max", "mean", "best", "first", "last", "copy", "none")
GOALS = {"minimize": "minimize", "min": "minimize", "maximize": "maximize", "max": "maximize"}


def make_rule(
    name: str,
    known: MetricRule | None,
    *,
    step_metric: object = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | None = None,
    goal: str | None = None,
    overwrite: bool | None = None,
) -> MetricRule:
    """Return the rule that a call of ``define_metric`` makes, merged with the `known` one.

    Raises
    ------
    UsageError
        If the name, a summary operation or the goal is not one that exists.
    """
    _check_name(name)
    rule = MetricRule(name) if known is None or overwrite else known
    if step_metric is not None:
        axis = getattr(step_metric, "name", step_metric)
        if not isinstance(axis, str) or not axis:
            raise UsageError(f"step_metric is {step_metric!r}: expected the name of a metric.")
        rule = replace(rule, step_metric=axis, step_sync=True)
    if step_sync is not None:
        rule = replace(rule, step_sync=step_sync)
    if hidden is not None:
        rule = replace(rule, hidden=hidden)
    if goal is not None:
        rule = replace(rule, goal=_goal(goal))
    if summary is not None:
        rule = replace(rule, summary=_operations(summary))
    return rule


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise UsageError(f"define_metric() got the name {name!r}: expected a string.")
    if "*" in name[:-1]:
        raise UsageError(
            f"Unhandled define_metric() arg: name (glob suffixes only): {name}. Write the star "
            "at the end, as in 'train/*'."
        )


def _goal(goal: str) -> str:
    if goal not in GOALS:
        raise UsageError(f"goal is {goal!r}: expected 'minimize' or 'maximize'.")
    return GOALS[goal]


def _operations(summary: str) -> tuple[str, ...]:
    asked = tuple(part.strip().lower() for part in summary.split(",") if part.strip())
    for operation in asked:
        if operation not in OPERATIONS:
            raise UsageError(
                f"Unhandled define_metric() arg: summary op: {operation}. Expected some of "
                f"{', '.join(OPERATIONS)}."
            )
    return asked
