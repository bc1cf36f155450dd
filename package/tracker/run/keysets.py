"""The keys of rows, which the journal names once by a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tracker.records import MetricRule
from tracker.store.journal import facts
from tracker.store.writing.fold import rule_for


class Keyset(NamedTuple):
    """What is known of rows with the same keys.

    `missing` are step metrics that each row is given, `given` those it has, with their places.
    """

    number: int
    missing: tuple[str, ...] = ()
    given: tuple[tuple[str, int], ...] = ()


class Keysets:
    """The keysets of one journal's segment.

    Parameters
    ----------
    put : callable
        Writes a fact into the journal.

    Attributes
    ----------
    known : dict
        Keysets of ``log`` by their keys.
    rules : dict
        Metric rules by name.
    synced : dict
        The last values of step metrics that rows are given.
    """

    def __init__(self, put: Callable[[Any], None]) -> None:
        self.known: dict[tuple[str, ...], Keyset] = {}
        self.rules: dict[str, MetricRule] = {}
        self.synced: dict[str, Any] = {}
        self._put = put
        self._count = 0
        self._numbers: dict[tuple[str, tuple[str, ...]], int] = {}

    def make(self, keys: tuple[str, ...]) -> Keyset:
        """Make the keyset of rows with these keys."""
        missing = self._missing(keys) if self.synced else ()
        given = tuple((key, place) for place, key in enumerate(keys) if key in self.synced)
        number = self._name((*keys, *missing), "default")
        keyset = self.known[keys] = Keyset(number, missing, given)
        return keyset

    def number(self, keys: tuple[str, ...], stream: str) -> int:
        """Return the number of rows that are given nothing besides: of readings, and late ones."""
        number = self._numbers.get((stream, keys))
        if number is None:
            number = self._numbers[stream, keys] = self._name(keys, stream)
        return number

    def sync(self, rules: Iterable[MetricRule], summary: Mapping[str, Any]) -> None:
        """Give rows that lack a step metric of these rules its last value."""
        for rule in rules:
            if rule.step_metric is not None and rule.step_sync:
                self.synced.setdefault(rule.step_metric, summary.get(rule.step_metric, 0))
        self.known.clear()

    def forget(self) -> None:
        """Name all keys anew, for a new segment."""
        self.known.clear()
        self._numbers.clear()

    def _name(self, keys: tuple[str, ...], stream: str) -> int:
        self._count += 1
        self._put(facts.Keys(self._count, stream, list(keys)))
        return self._count

    def _missing(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        wanted: dict[str, None] = {}
        for key in keys:
            rule = rule_for(key, self.rules)
            if rule is not None and rule.step_sync and rule.step_metric is not None:
                wanted[rule.step_metric] = None
        return tuple(metric for metric in wanted if metric not in keys)
