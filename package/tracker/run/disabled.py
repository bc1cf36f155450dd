"""The recorder of a disabled run: it keeps nothing and touches no disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from tracker.errors import RunFinishedError, UsageError
from tracker.records import MetricRule
from tracker.run.values import Coercer
from tracker.settings import Settings
from tracker.store.journal import facts


class NullRecorder:
    """Has the face of :class:`~tracker.run.recorder.Recorder` and records nothing."""

    is_foreign = False

    def __init__(self, settings: Settings, begin: facts.Begin) -> None:
        self.settings = settings
        self.begin = begin
        self.lock = threading.RLock()
        self.step = 0
        self.is_closed = False
        self.rules: dict[str, MetricRule] = {}
        self.coercer = Coercer(lambda content: "", lambda sentence: None)
        self.live = SimpleNamespace(before_flush=[])
        self._summary: dict[str, Any] = {}

    @property
    def objects(self) -> Any:
        """A disabled run has no files."""
        raise UsageError("This run is disabled: it keeps no files. Use mode='offline'.")

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        """Keep the values as the summary, for the life of the object, as W&B does."""
        if self.is_closed:
            raise RunFinishedError(self.begin.run_id, "log")
        self._summary.update(data)
        if step is None:
            self.step += commit is not False

    def append(self, *several: Any) -> None:
        """Keep summary values that the user set, for the life of the object."""
        for fact in several:
            if isinstance(fact, facts.SummaryChange):
                self._summary.update(fact.changed)
                for key in fact.deleted:
                    self._summary.pop(key, None)

    def define(self, rule: MetricRule) -> None:
        """Keep the rule."""
        self.rules[rule.name] = rule

    def summary(self) -> dict[str, Any]:
        """Return the last values."""
        return {str(key): value for key, value in self._summary.items()}

    def flush(self) -> None:
        """Do nothing."""

    def subscribe(self, listener: Callable[[set[str]], None]) -> Callable[[], None]:
        """Never call `listener`."""
        return lambda: None

    def finish(self, state: str, exit_code: int) -> None:
        """Take no more."""
        self.is_closed = True

    def warn_once(self, sentence: str, about: str | None = None) -> None:
        """Say nothing."""
