"""Readings of the machine of several runs: GPUs one by one, processor, memory, disk, network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.errors import UsageError
from tracker.figures.axes import x_axis
from tracker.figures.canvas import message, note
from tracker.figures.colours import PALETTE
from tracker.figures.curve import curve_figure
from tracker.figures.system import SystemGroup, in_unit, system_groups, y_range_of
from tracker.panels.runs.runset import Run, RunSet
from tracker.panels.views import ViewMessage, figure_message
from tracker.panels.views.choices import option
from tracker.records import Curve, Series
from tracker.store.database.connection import Connection
from tracker.store.reading import read
from tracker.store.series.curves import curves

# By the names of tracker.figures.system's groups.
GROUPS: Final = {
    "GPU utilization": "gpu",
    "GPU memory": "gpu.memory",
    "GPU power": "gpu.power",
    "GPU temperature": "gpu.temp",
    "CPU": "cpu",
    "Memory": "memory",
    "Process memory": "memory.process",
    "Disk I/O": "disk.io",
    "Disk space used": "disk.use",
    "Network": "network",
}
_DASHES = ("solid", "dot", "dash", "longdash", "dashdot")
_WIDTH = 100
_LINES = 64
# Readings come more seldom than metrics.
_INTERVAL_S = 4


class SystemView:
    """One kind of reading, a line for each device of each run."""

    kind = "system"
    title = "System"
    fields = (
        option("group", "Reading", tuple(GROUPS)),
        option("x", "Over", ("relative", "time")),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the processor's load since each run began."""
        return {"title": "System", "width": 6, "group": "CPU", "x": "relative"}

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str]:
        """Return nothing: the stamp says it."""
        return frozenset()

    def stamp(self, spec: Mapping[str, Any], runset: RunSet) -> Any:
        """Return the runs that are drawn, and of running ones every few seconds of theirs."""
        return [(run.id, run.name, run.record.state, _lately(run)) for run in runset.visible]

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the curves of the runs that are drawn."""
        if spec["group"] not in GROUPS:
            raise UsageError(
                f"There are no readings {spec['group']!r}: expected one of {', '.join(GROUPS)}."
            )
        runs = {run.key: run for run in runset.visible}
        found = read.series(db, list(runs), "system")
        name = GROUPS[spec["group"]]
        group = next((g for g in system_groups(s.key for s in found) if g.name == name), None)
        if group is None:
            words = "None of the runs that are shown has readings of this kind."
            return figure_message(message(words))
        wanted = {line.key for line in group.lines}
        # Run by run in their order, so that a limit leaves out the last ones.
        order = {key: place for place, key in enumerate(runs)}
        every = sorted((s for s in found if s.key in wanted), key=lambda s: order[s.run_key])
        series = every[:_LINES]
        read_ = curves(db, [one.series_key for one in series], x=spec["x"], width=_WIDTH)
        figure = _figure(group, runs, series, read_, spec["x"])
        if len(series) < len(every):
            text = f"The first {_LINES} of {len(every):,} lines are drawn: hide runs for others."
            figure.update_layout(annotations=[note(text)])
        return figure_message(figure)


def _lately(run: Run) -> Any:
    at = run.record.updated_at
    return at if run.record.state != "running" else at.timestamp() // _INTERVAL_S


def _figure(
    group: SystemGroup,
    runs: Mapping[int, Run],
    series: Sequence[Series],
    found: Mapping[int, Curve],
    x: str,
) -> Any:
    lines = {line.key: (place, line) for place, line in enumerate(group.lines)}
    is_one_run = len({one.run_key for one in series}) == 1
    drawn: list[tuple[str, str, Curve]] = []
    dashes: dict[int, str] = {}
    longest_s = 0.0
    for one in series:
        curve = found.get(one.series_key)
        if curve is None or not len(curve.x):
            continue
        place, line = lines[one.key]
        run = runs[one.run_key]
        label = line.label if is_one_run else f"{run.name} · {line.label}"
        if len(group.lines) == 1 and not is_one_run:
            label = run.name
        colour = PALETTE[place % len(PALETTE)] if is_one_run else run.colour
        dashes[len(drawn)] = "solid" if is_one_run else _DASHES[place % len(_DASHES)]
        longest_s = max(longest_s, float(curve.x[-1]))
        drawn.append((label, colour, in_unit(line, curve)))
    axis = x_axis(x, longest_s if x == "relative" else 0.0)
    figure = curve_figure("", drawn, x=axis, y_title=group.unit, y_range=y_range_of(group))
    _dash(figure, drawn, dashes)
    figure.update_layout(hovermode="closest", showlegend=1 < len(drawn) <= 12)
    return figure


def _dash(figure: Any, drawn: Sequence[Any], dashes: Mapping[int, str]) -> None:
    """Tell the devices of a run, which all have its colour, by their dashes."""
    number = -1
    for trace in figure.data:
        if trace.meta["role"] == "line":
            number += 1
            trace.line.dash = dashes[number]
            trace.hovertemplate = "%{fullData.name}: %{y:.4g}<extra></extra>"
