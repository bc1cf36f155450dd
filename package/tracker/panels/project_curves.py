"""The curves of a project: of each drawn run a line, for each chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.figures.axes import x_axis
from tracker.figures.curve import Line
from tracker.panels.charts import Ask, Chart, Drawing
from tracker.panels.readings import read_together
from tracker.panels.runset import RunSet
from tracker.store.read import Connection
from tracker.store.run_rows import series_of


def project_drawings(
    db: Connection,
    runset: RunSet,
    charts: Sequence[Chart],
    ask: Ask,
    settings: Mapping[str, Any],
) -> dict[str, Drawing]:
    """Read the lines of charts, by the names of the charts.

    Parameters
    ----------
    db : connection
    runset : RunSet
        Whose visible runs are drawn.
    charts : sequence of Chart
    ask : Ask
    settings : mapping
        The workspace's part ``curves``.
    """
    shown = {run.key: run for run in runset.visible}
    longest_s = max((run.record.runtime_s for run in shown.values()), default=0.0)
    axis = x_axis(ask.x, longest_s)
    found = series_of(db, list(shown), [key for chart in charts for key in chart.keys])
    drawings = {}
    for chart in charts:
        series = [one.series_key for key in chart.keys for one in found[key]]
        readings = [
            (shown[reading.curve.run_key], reading)
            for reading in read_together(db, series, ask).values()
            if len(reading.curve.x)
        ]
        readings.sort(key=lambda pair: (pair[0].record.created_at, pair[0].key))
        is_mixed = len(chart.keys) > 1
        lines = [
            Line(f"{run.name} {r.curve.key}" if is_mixed else run.name, run.colour, r.curve)
            for run, r in readings
        ]
        ids = [run.id for run, _ in readings]
        bases = [reading.base for _, reading in readings]
        drawings[chart.name] = Drawing(lines, axis, runs=ids, bases=bases)
    return drawings
