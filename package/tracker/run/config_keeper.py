"""Keeps the config of a run in its journal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tracker.run.recorder import Recorder, now_us
from tracker.store.journal import facts
from tracker.store.writing.sessions import SHARED


class ConfigKeeper:
    """What a config needs of its run.

    Parameters
    ----------
    recorder : Recorder
        The run's journal.
    check_alive : callable
        Raises if the run has finished.
    use_artifact : callable
        Is given an artifact that became a config value.
    """

    def __init__(
        self,
        recorder: Recorder,
        check_alive: Callable[[str], None],
        use_artifact: Callable[[Any], Any],
    ) -> None:
        self._recorder = recorder
        self._check_alive = check_alive
        self._use_artifact = use_artifact

    def plain(self, value: Any) -> Any:
        """Return a value as plain data; an artifact is used by the run and becomes its name."""
        if is_artifact(value):
            return self._use_artifact(value).full_name
        return self._recorder.coercer.plain(value)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Keep other threads out during a change."""
        self._check_alive("config")
        with self._recorder.lock:
            yield

    def save(self, values: dict[str, Any], before: dict[str, Any]) -> None:
        """Store the config, and what changed as an event."""
        changed = {k: v for k, v in values.items() if k not in before or before[k] != v}
        payload: dict[str, Any] = {
            "changed": changed,
            "before": {key: before[key] for key in changed if key in before},
            "removed": [key for key in before if key not in values],
        }
        time_us = now_us()
        is_shared = self._recorder.begin.resume in SHARED
        fields = {"config_changed": changed} if is_shared else {"config": values}
        self._recorder.append(
            facts.Event("config", time_us, payload), facts.Change(time_us, fields)
        )

    def complain(self, sentence: str) -> None:
        """Warn of something, once."""
        self._recorder.warn_once(sentence)


def is_artifact(value: Any) -> bool:
    """Say whether a value is an artifact, without loading what only artifacts need."""
    module = sys.modules.get("tracker.artifacts.artifact")
    # Another thread may be about to load it: then nobody has made one yet.
    kind = getattr(module, "Artifact", None)
    return kind is not None and isinstance(value, kind)
