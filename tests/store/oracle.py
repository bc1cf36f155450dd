"""A run's history and summary, computed as simply as can be."""

from __future__ import annotations

import math
from typing import Any

from tracker.store.journal import facts

EXACT = 2**53


class Oracle:
    """Takes in the same facts as a journal; never forgets anything."""

    def __init__(self) -> None:
        self.summary: dict[str, Any] = {}
        self._said: list[dict[str, Any]] = []  # key, step, value, is_counted, is_gone
        self._open: dict[str, dict[str, Any]] = {}
        self._open_step: int | None = None
        self._rules: dict[str, facts.Metric] = {}

    def row(self, step: int, row: dict[str, Any], *, merges: bool) -> None:
        is_open = merges and step == self._open_step
        is_ahead = merges or self._open_step is None or step >= self._open_step
        if not is_open and is_ahead:
            self._open_step, self._open, merges = step, {}, True
        for key, value in row.items():
            if merges and key in self._open:
                self._open[key]["is_gone"] = True
            said = {
                "key": key, "step": step, "value": value, "is_gone": False,
                "is_counted": bool(self._wanted(key)),
            }  # fmt: skip
            self._said.append(said)
            if merges:
                self._open[key] = said
        for key, value in row.items():
            self._summarise(key, value)

    def say(self, fact: Any) -> None:
        if isinstance(fact, facts.Metric):
            self._rules[fact.name] = fact
        if isinstance(fact, facts.SummaryChange):
            self.summary.update(fact.changed)
            for key in fact.deleted:
                self.summary.pop(key, None)

    @property
    def history(self) -> dict[str, list[tuple[int, Any]]]:
        found: dict[str, list[tuple[int, Any]]] = {}
        for is_json in (False, True):
            for said in self._standing():
                if _is_json(said["value"]) == is_json:
                    found.setdefault(said["key"], []).append((said["step"], said["value"]))
        return found

    def kinds(self, key: str) -> set[str]:
        """The least that the kinds of a key must be: its JSON, if it has any."""
        values = [said["value"] for said in self._standing() if said["key"] == key]
        return {"json"} if any(map(_is_json, values)) else set()

    def _standing(self) -> list[dict[str, Any]]:
        return [said for said in self._said if not said["is_gone"]]

    def _rule(self, key: str) -> facts.Metric | None:
        if key in self._rules:
            return self._rules[key]
        globs = [n for n in self._rules if n.endswith("*") and key.startswith(n[:-1])]
        return self._rules[max(globs, key=len)] if globs else None

    def _wanted(self, key: str) -> list[str]:
        rule = self._rule(key)
        if rule is None or "none" in rule.summary:
            return []
        return [op for op in rule.summary if op not in ("last", "copy")]

    def _summarise(self, key: str, last: Any) -> None:
        rule = self._rule(key)
        if rule is not None and "none" in rule.summary:
            return
        wanted = self._wanted(key)
        if rule is None or not wanted:
            self.summary[key] = last
            return
        numbers = [
            float(said["value"])
            for said in self._standing()
            if said["key"] == key and said["is_counted"] and isinstance(said["value"], int | float)
        ]
        numbers = [number for number in numbers if not math.isnan(number)]
        shown: dict[str, Any] = {}
        if numbers:
            everything = {
                "min": min(numbers), "max": max(numbers), "first": numbers[0],
                "mean": _mean(numbers),
                "best": max(numbers) if rule.goal == "maximize" else min(numbers),
            }  # fmt: skip
            shown = {op: everything[op] for op in wanted}
        if "last" in rule.summary or "copy" in rule.summary:
            shown["last"] = last
        self.summary[key] = shown


def _is_json(value: Any) -> bool:
    if isinstance(value, float):
        return False
    return not isinstance(value, int) or abs(value) > EXACT


def _mean(numbers: list[float]) -> float:
    if any(map(math.isinf, numbers)):
        return sum(numbers) / len(numbers)
    return math.fsum(numbers) / len(numbers)


def is_same(one: Any, other: Any) -> bool:
    """Compare plain data: NaN is NaN, 1 is 1.0, and means may differ in their last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        if not (isinstance(one, int | float) and isinstance(other, int | float)):
            return False
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)
