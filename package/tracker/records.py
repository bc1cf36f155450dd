"""The facts that pass between rooms: plain frozen records, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
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


def rule_for(key: str, rules: Iterable[MetricRule]) -> MetricRule | None:
    """Return the rule of a key: its own, else that of the longest matching ``prefix*``."""
    fitting = [
        rule
        for rule in rules
        if rule.name == key or (rule.name.endswith("*") and key.startswith(rule.name[:-1]))
    ]
    return max(fitting, key=lambda rule: (rule.name == key, len(rule.name)), default=None)


def step_metric_of(key: str, rules: Iterable[Iterable[MetricRule]]) -> str | None:
    """Return the x-axis of a key that the rules of several runs give it, None unless all agree."""
    found = [rule_for(key, own) for own in rules]
    names = {rule.step_metric if rule is not None else None for rule in found}
    (only,) = names if len(names) == 1 else (None,)
    return None if only == key else only


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
class SweepRecord:
    """How far a sweep is, as its tables say. Times are aware datetimes in UTC.

    Attributes
    ----------
    state : str
        running, paused, stopped, cancelled or finished.
    metric : str or None
        The name of the value by which trials are compared.
    expected : int or None
        How many trials it runs; None where it has no end.
    done, running : int
        Trials of its own that are over, and that run.
    best : float or None
        The best value of a trial that did not fail; never NaN.
    """

    project: str
    sweep_id: str
    name: str
    method: str
    state: str
    metric: str | None
    goal: Literal["minimize", "maximize"]
    expected: int | None
    done: int
    running: int
    best: float | None
    created_at: datetime


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


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert that a run sent. `level` is INFO, WARN or ERROR."""

    project: str
    run_id: str
    run_name: str
    time: datetime
    title: str
    text: str
    level: str


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One artifact version as the store knows it. Times are aware datetimes in UTC.

    Attributes
    ----------
    version_key : int
        What the tables know it by.
    created_us : int
        When it was made, in microseconds since the epoch.
    state : str
        ``"committed"`` or ``"deleted"``.
    step : int or None
        The step of its run when it was logged.
    ttl_s : int or None
        How long it is kept at least, in seconds.
    run : tuple of str or None
        Project and id of the run that made it.
    source : tuple or None
        Project, name and version of the version that this one is a link to.
        A link's aliases are its own; all else is what its source has.
    """

    version_key: int
    project: str
    name: str
    type: str
    version: int
    digest: str
    description: str | None
    metadata: dict[str, Any]
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    size_bytes: int
    file_count: int
    created_at: datetime
    created_us: int
    updated_at: datetime
    state: str
    step: int | None
    ttl_s: int | None
    run: tuple[str, str] | None
    source: tuple[str, str, int] | None


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """All versions of one name. Times are aware datetimes in UTC."""

    project: str
    name: str
    type: str
    version_count: int
    created_at: datetime
    updated_at: datetime
    is_linked: bool


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A run or an artifact version in a :class:`Lineage`.

    Attributes
    ----------
    id : str
        What edges name it by.
    kind : {"run", "version"}
    project : str
    name : str
        A run's name, or an artifact's with its version.
    type : str
        An artifact's type, or a run's job type.
    state : str
    key : int
        What the tables know it by.
    run_id : str
        Of a run; empty of a version.
    """

    id: str
    kind: Literal["run", "version"]
    project: str
    name: str
    type: str
    state: str
    key: int
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What led to some versions and runs, and what came of them.

    Attributes
    ----------
    nodes : dict of str to LineageNode
    edges : tuple of (str, str)
        From and to, in the direction in which data flows: a used version leads to the run,
        a run to the versions that it logged.
    starts : tuple of str
        Where the question began.
    """

    nodes: dict[str, LineageNode]
    edges: tuple[tuple[str, str], ...]
    starts: tuple[str, ...]

    def before(self, node: str) -> list[LineageNode]:
        """Return everything that led to a node, the nearest first."""
        return self._reached(node, {(target, source) for source, target in self.edges})

    def after(self, node: str) -> list[LineageNode]:
        """Return everything that came of a node, the nearest first."""
        return self._reached(node, set(self.edges))

    def _reached(self, node: str, steps: set[tuple[str, str]]) -> list[LineageNode]:
        following: dict[str, list[str]] = {}
        for here, there in sorted(steps):
            following.setdefault(here, []).append(there)
        found = [node]
        for place in found:
            found += [n for n in dict.fromkeys(following.get(place, ())) if n not in found]
        return [self.nodes[name] for name in found[1:]]
