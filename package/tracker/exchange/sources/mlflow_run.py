"""A run as MLflow's stores have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tracker.exchange.elsewhere import Elsewhere

Metric = tuple[int, int, str, float]  # time in milliseconds, step, key, value


@dataclass(slots=True)
class MlflowRun:
    """A run as one of MLflow's stores has it; times are milliseconds since the epoch."""

    run_id: str
    experiment: str
    name: str
    status: str
    start_ms: int
    end_ms: int | None
    artifact_uri: str
    fingerprint: str
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class MlflowStore(Protocol):
    """Where runs are."""

    @property
    def folder(self) -> Path:
        """The folder that artifacts are in, or below."""

    def runs(self) -> Iterable[MlflowRun]:
        """Return the runs that are not deleted."""

    def metrics(self, run: MlflowRun, told: Elsewhere) -> Iterator[Metric]:
        """Yield the points of a run in the order of time, step and key."""
