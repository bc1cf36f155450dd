"""What one flush puts into the store for one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracker.store.journal import facts
from tracker.store.writing.columns import Column

SeriesName = tuple[str, str]  # stream, key


@dataclass(slots=True)
class OpenStep:
    """The step that a further row may belong to, adding to its values and replacing some.

    Attributes
    ----------
    step : int
        The step.
    since_us : int
        When its first row was logged, in microseconds since the epoch.
    """

    step: int
    since_us: int


@dataclass(slots=True, eq=False)
class Batch:
    """Facts of one run, ready for the tables.

    Attributes
    ----------
    replaced : set of str
        Keys whose values of the step `replaced_in`, already in the tables, are replaced.
    summary, dropped, states : dict, set, dict
        Summary values that changed, keys that are gone, states of the fold that changed.
    positions : dict of str to int
        Bytes read of each segment, by file name.
    count : int
        How many facts there are.
    is_empty : bool
        Nothing has been read, nor passed over.
    has_more : bool
        The journal holds more than this batch took.
    """

    begins: list[facts.Begin] = field(default_factory=list)
    columns: dict[SeriesName, Column] = field(default_factory=dict)
    values: list[tuple[SeriesName, int, int, Any]] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    replaced_in: OpenStep | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, facts.Metric] = field(default_factory=dict)
    lines: dict[int, facts.Line] = field(default_factory=dict)
    cells: dict[int, facts.Cell] = field(default_factory=dict)
    events: list[facts.Event] = field(default_factory=list)
    versions: list[facts.Version | facts.VersionChange] = field(default_factory=list)
    finish: facts.Finish | None = None
    is_deleted: bool = False
    last_step: int | None = None
    last_time_us: int = 0
    summary: dict[str, Any] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    open_step: OpenStep | None = None
    positions: dict[str, int] = field(default_factory=dict)
    count: int = 0
    is_empty: bool = False
    has_more: bool = False

    def add(self, fact: facts.Fact) -> None:
        """Keep a fact that needs nothing of those before it."""
        match fact:
            case facts.Change():
                self._change(fact.fields)
            case facts.Metric():
                self.metrics[fact.name] = fact
            case facts.Line():
                self.lines[fact.number] = fact
            case facts.Cell():
                self.cells[fact.number] = fact
            case facts.Event():
                self.events.append(fact)
            case facts.Version() | facts.VersionChange():
                self.versions.append(fact)
            case facts.Finish():
                self.finish = fact
            case facts.Delete():
                self.is_deleted = True

    def _change(self, fields: dict[str, Any]) -> None:
        parts = {
            name: {**self.changes.get(name, {}), **(fields[name] or {})}
            for name in ("metadata", "config_changed")
            if name in fields
        }
        self.changes.update(fields, **parts)

    @property
    def is_end(self) -> bool:
        """Whether the run's end is here."""
        return self.finish is not None or self.is_deleted

    @property
    def keys(self) -> set[str]:
        """The keys of the default stream that have new values."""
        named = set(self.columns) | {name for name, *_ in self.values}
        return {key for stream, key in named if stream == "default"}
