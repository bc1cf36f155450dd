"""The summary of a run, folded from its rows as they are taken in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from tracker.records import MetricRule
from tracker.store.writing.batch import OpenStep

# What a list of media is in the history, and how many of it a summary names.
LIST: Final = "media-list"
MOST_LISTED: Final = 8
NUMERIC_OPS = ("min", "max", "mean", "best", "first")

State = dict[str, Any]
Number = tuple[float, int]  # and when it was logged, in microseconds since the epoch


def rule_for(key: str, rules: dict[str, MetricRule]) -> MetricRule | None:
    """Return the rule of a key: its own, else that of the longest matching ``prefix*``."""
    own = rules.get(key)
    if own is not None:
        return own
    matching = [n for n in rules if n.endswith("*") and key.startswith(n[:-1])]
    return rules[max(matching, key=len)] if matching else None


class Fold:
    """Last values by default; other operations where ``define_metric`` asks for them.

    NaN takes no part in min, max, mean, first and best. A value that the user set stays
    until its key is logged again. A number of the open step is kept apart until the next
    one comes, because a later call for the same step may replace it.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.rules: dict[str, MetricRule] = {}
        self.states: dict[str, State] = {}
        self._touched: dict[str, None] = {}  # in the order in which they were

    def load(
        self, values: dict[str, Any], rules: Iterable[MetricRule], states: dict[str, State]
    ) -> None:
        """Go on from a summary and from the states of its keys."""
        self.values = dict(values)
        self.rules = {rule.name: rule for rule in rules}
        self.states = dict(states)
        self._touched.clear()

    def take_changes(self) -> tuple[dict[str, Any], set[str], dict[str, State]]:
        """Return the values set, the keys gone and the states changed since the last call."""
        changed = {key: self.values[key] for key in self._touched if key in self.values}
        states = {key: dict(self.states[key]) for key in self._touched if key in self.states}
        gone = self._touched.keys() - changed.keys()
        self._touched = {}
        return changed, gone, states

    def change(self, changed: dict[str, Any], deleted: Iterable[str]) -> None:
        """Set and delete values as the user asked."""
        self.values.update(changed)
        self._touched.update(dict.fromkeys(changed))
        for key in deleted:
            self.values.pop(key, None)
            self._touched[key] = None

    def is_numeric(self, key: str) -> bool:
        """Whether the summary of a key needs all its numbers, not only the last value."""
        rule = rule_for(key, self.rules) if self.rules else None
        return rule is not None and "none" not in rule.summary and bool(_wanted(rule))

    def show(self, key: str, last: Any) -> None:
        """Set the summary of a key from its state and its last value."""
        rule = rule_for(key, self.rules) if self.rules else None
        asked = rule.summary if rule is not None else ()
        if "none" in asked:
            return
        self._touched[key] = None
        last = _brief(last)
        if rule is None or not _wanted(rule):
            self.values[key] = last
            return
        shown = _shown(self.states.get(key, {}), rule)
        self.values[key] = {**shown, "last": last} if {"last", "copy"} & set(asked) else shown

    def add(
        self,
        key: str,
        numbers: Sequence[Number],
        last: Any,
        held: Number | None,
        open_step: OpenStep | None,
        replaced_in: OpenStep | None,
    ) -> None:
        """Take in further values of a key that :meth:`is_numeric`.

        Parameters
        ----------
        key : str
            The key.
        numbers : sequence of (number, time in microseconds)
            Numbers that stay, in the order in which they were logged.
        last : object
            The last value, number or not.
        held : (number, time in microseconds), optional
            The number of the open step, which may be replaced.
        open_step : OpenStep, optional
            The step that is open now.
        replaced_in : OpenStep, optional
            The step for which what an earlier call held has been replaced.
        """
        state = self.states.setdefault(key, {})
        _settle_held(state, open_step, replaced_in)
        if held is not None and open_step is not None and not math.isnan(held[0]):
            state["held"] = (*held, open_step.since_us)
        values = np.array([number for number, _ in numbers], dtype=np.float64)
        kept = np.flatnonzero(~np.isnan(values))
        if len(kept):
            values = values[kept]
            first_us = numbers[kept[0]][1]
            with np.errstate(all="ignore"):  # of infinities of both signs, or sums beyond a float
                total = values.sum()
            close(state, first_us, values[0], values.min(), values.max(), total, len(values))
        self.show(key, last)


def _brief(last: Any) -> Any:
    """Return a value as the summary has it: of a long list of media only the first.

    All runs' summaries are read for a table of runs; the whole list stays in the history.
    """
    items = last.get("items") if isinstance(last, dict) else None
    if not isinstance(items, list) or last.get("_type") != LIST or len(items) <= MOST_LISTED:
        return last
    return {**last, "count": len(items), "items": items[:MOST_LISTED]}


def _wanted(rule: MetricRule) -> list[str]:
    return [op for op in NUMERIC_OPS if op in rule.summary]


def _settle_held(
    state: State, open_step: OpenStep | None = None, replaced_in: OpenStep | None = None
) -> None:
    held, time_us, since_us = state.pop("held", (None, 0, 0))
    if held is None or (replaced_in is not None and replaced_in.since_us == since_us):
        return
    if open_step is not None and open_step.since_us == since_us:
        state["held"] = (held, time_us, since_us)
    else:
        close(state, time_us, held, held, held, held, 1)


def close(
    state: State, first_us: int, first: float, low: float, high: float, total: float, count: int
) -> None:
    """Add numbers to a state: their first and its time, least, greatest, sum and count."""
    if first_us < state.get("first_us", math.inf):
        state["first"], state["first_us"] = float(first), first_us
    state["min"] = min(state.get("min", math.inf), float(low))
    state["max"] = max(state.get("max", -math.inf), float(high))
    state["sum"] = state.get("sum", 0.0) + float(total)
    state["n"] = state.get("n", 0) + int(count)


def _shown(state: State, rule: MetricRule) -> dict[str, Any]:
    whole = dict(state)
    _settle_held(whole)
    if not whole:
        return {}
    whole["mean"] = whole["sum"] / whole["n"]
    whole["best"] = whole["max"] if rule.goal == "maximize" else whole["min"]
    return {op: whole[op] for op in _wanted(rule)}
