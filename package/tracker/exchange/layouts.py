"""Which columns of a table say run, step and time, and which are metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tracker.errors import UsageError
from tracker.exchange.choices import Choices
from tracker.exchange.columns import Columns

_RUNS: Final = ("run_id", "run id", "run", "run_name", "run name", "name", "experiment")
_IDS: Final = ("run_id", "run id")
_NAMES: Final = ("run_name", "run name", "run", "name")
_STEPS: Final = ("_step", "step", "global_step", "trainer/global_step", "iteration", "epoch")
_TIMES: Final = ("_timestamp", "timestamp", "wall_time", "wall time", "time", "_time")
_KEYS: Final = ("key", "metric", "tag", "metric_name", "metric name")
_PROJECTS: Final = ("project",)
# A chart of W&B's: a column for each run, and what it lay between where points were left out.
_CHART: Final = re.compile(r"(?P<run>.+) - (?P<metric>.+?)(?P<bound>__MIN|__MAX)?")


@dataclass
class Layout:
    """A table's columns by what they say.

    Attributes
    ----------
    run, name, step, time, key, project : str or None
        The columns that say so; `name` where `run` is an id.
    metrics : list of str
        The others.
    charted : dict of str to (str, str)
        Columns that are a metric of one run: the run and the metric.
    dropped : int
        Columns that are no metric of their own.
    """

    run: str | None = None
    name: str | None = None
    step: str | None = None
    time: str | None = None
    key: str | None = None
    project: str | None = None
    metrics: list[str] = field(default_factory=list)
    charted: dict[str, tuple[str, str]] = field(default_factory=dict)
    dropped: int = 0

    @property
    def has_ids(self) -> bool:
        """Whether the column of runs says their ids."""
        return self.run is not None and self.run.strip().lower() in _IDS


def find_layout(columns: Columns, choices: Choices) -> Layout:
    """Return the layout of a table.

    Raises
    ------
    UsageError
        If a column that was named is not there.
    """
    layout = Layout(
        run=_chosen(columns, choices.run, "run_column") or _first(columns, _RUNS),
        step=_chosen(columns, choices.step, "step_column") or _first(columns, _STEPS),
        time=_chosen(columns, choices.time, "time_column") or _first(columns, _TIMES),
        project=_first(columns, _PROJECTS),
    )
    if layout.has_ids:
        layout.name = _first(columns, _NAMES)
    lower = {name.lower() for name in columns}
    if "value" in lower:
        layout.key = _first(columns, _KEYS)
    special = {layout.run, layout.name, layout.step, layout.time, layout.key, layout.project}
    names = [name for name in columns if name not in special]
    if layout.run is None:
        names = _take_chart(layout, names)
    layout.metrics = [name for name in names if not name.lower().startswith("unnamed: ")]
    return layout


def _take_chart(layout: Layout, names: list[str]) -> list[str]:
    """Note the columns of a chart of W&B's, if it is one; return the others."""
    found = {name: match for name in names if (match := _CHART.fullmatch(name))}
    if not any(match["bound"] for match in found.values()):
        return names
    for name, match in found.items():
        if match["bound"] or match["metric"] == "_step":
            layout.dropped += 1
        else:
            layout.charted[name] = (match["run"], match["metric"])
    others = [name for name in names if name not in found]
    if layout.step is None and others:
        layout.step = others.pop(0)  # the chart's x-axis
    return others


def _chosen(columns: Columns, name: str | None, what: str) -> str | None:
    if name is not None and name not in columns:
        raise UsageError(f"{what} is {name!r}, and the table has: {', '.join(columns)}.")
    return name


def _first(columns: Columns, words: Iterable[str]) -> str | None:
    lower = {name.strip().lower(): name for name in reversed(list(columns))}
    return next((lower[word] for word in words if word in lower), None)
