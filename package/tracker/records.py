"""The facts that pass between rooms: plain frozen records, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

State = Literal["running", "finished", "failed", "crashed", "stopped"]
Stream = Literal["default", "system"]


@dataclass(frozen=True, slots=True)
class MetricRule:
    """What ``define_metric`` said of a metric.

    Attributes
    ----------
    name : str
        A key, or a prefix followed by ``*``.
    step_metric : str or None
        The key that is this metric's x-axis.
    step_sync : bool
        Give rows that lack the step metric its last value.
    summary : tuple of str
        Of ``min max mean first last best copy none``; empty means last.
    goal : {"minimize", "maximize"} or None
        Which way is better, for ``best``.
    hidden : bool
        Make no panel for it.
    """

    name: str
    step_metric: str | None = None
    step_sync: bool = False
    summary: tuple[str, ...] = ()
    goal: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as the store knows it. Times are aware datetimes in UTC."""

    run_key: int
    project: str
    run_id: str
    name: str
    group: str | None
    job_type: str | None
    tags: tuple[str, ...]
    notes: str | None
    state: State
    exit_code: int | None
    config: dict[str, Any]
    summary: dict[str, Any]
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    runtime_s: float
    last_step: int
    parent: dict[str, Any] | None = None
    sweep_id: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One key of one run. `kind` is ``"json"`` for values that are not numbers."""

    series_key: int
    run_key: int
    stream: Stream
    key: str
    kind: Literal["float", "int", "bool", "json"]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Points of one series, perhaps thinned to what a panel can show.

    Attributes
    ----------
    x, y : float64 arrays of equal length
        `x` is the step, the seconds since the run began, or epoch seconds. `y` may hold
        NaN and infinities, as they were logged.
    total : int
        Points in the range before thinning.
    is_exact : bool
        Whether every point of the range is here.
    """

    series_key: int
    run_key: int
    key: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    total: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class ConsoleRecord:
    """One line that a run printed."""

    number: int
    stream: str
    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class CellRecord:
    """One notebook cell that ran before or during a run."""

    number: int
    execution_count: int | None
    source: str
    started_at: datetime | None
    duration_s: float | None
    status: str
    error: str | None
    cell_id: str | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened to a run: an alert, a changed config, a traceback."""

    time: datetime
    kind: str
    payload: dict[str, Any] = field(default_factory=dict)
