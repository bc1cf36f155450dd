"""The summary of a run, folded from its rows as they are taken in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tracker.records import MetricRule

NUMERIC_OPS = ("min", "max", "mean", "best", "first")


def rule_for(key: str, rules: dict[str, MetricRule]) -> MetricRule | None:
    """Return the rule of a key: its own, else that of the longest matching ``prefix*``."""
    own = rules.get(key)
    if own is not None:
        return own
    matching = [n for n in rules if n.endswith("*") and key.startswith(n[:-1])]
    return rules[max(matching, key=len)] if matching else None


class Fold:
    """Last values by default; other operations where ``define_metric`` asks for them.

    NaN takes no part in min, max, mean and best. A value that the user set stays until
    its key is logged again.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.rules: dict[str, MetricRule] = {}
        self._states: dict[str, dict[str, float]] = {}

    def dump(self) -> dict[str, Any]:
        """Return what :meth:`load` needs to go on."""
        return {"states": {key: dict(state) for key, state in self._states.items()}}

    def load(
        self, values: dict[str, Any], rules: Iterable[MetricRule], dumped: dict[str, Any] | None
    ) -> None:
        """Go on from a summary and from what :meth:`dump` returned."""
        self.values = dict(values)
        self.rules = {rule.name: rule for rule in rules}
        self._states = dict((dumped or {}).get("states", {}))

    def change(self, changed: dict[str, Any], deleted: Iterable[str]) -> None:
        """Set and delete values as the user asked."""
        self.values.update(changed)
        for key in deleted:
            self.values.pop(key, None)

    def add(self, key: str, numbers: Sequence[float] | np.ndarray, last: Any) -> None:
        """Take in further values of a key: the numeric ones in order, and the last of all."""
        if not self.rules or (rule := rule_for(key, self.rules)) is None:
            self.values[key] = last
            return
        self._add_by_rule(key, rule, np.asarray(numbers, dtype=np.float64), last)

    def _add_by_rule(self, key: str, rule: MetricRule, numbers: np.ndarray, last: Any) -> None:
        asked = rule.summary
        if "none" in asked:
            return
        wanted = [op for op in NUMERIC_OPS if op in asked]
        if not wanted:
            self.values[key] = last
            return
        state = self._states.setdefault(key, {})
        _advance(state, numbers[~np.isnan(numbers)], rule.goal)
        shown = {op: state[op] for op in wanted if op in state}
        if "last" in asked or "copy" in asked:
            shown["last"] = last
        self.values[key] = shown


def _advance(state: dict[str, float], numbers: np.ndarray, goal: str | None) -> None:
    if not len(numbers):
        return
    low, high = float(numbers.min()), float(numbers.max())
    state.setdefault("first", float(numbers[0]))
    state["min"] = min(state.get("min", math.inf), low)
    state["max"] = max(state.get("max", -math.inf), high)
    state["n"] = state.get("n", 0) + len(numbers)
    state["sum"] = state.get("sum", 0.0) + float(numbers.sum())
    state["mean"] = state["sum"] / state["n"]
    state["best"] = state["max"] if goal == "maximize" else state["min"]
