"""The curves of a project: of each drawn run a line, for each chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.figures.axes import XAxis, x_axis
from tracker.figures.curve import Line
from tracker.panels.charts import Ask, Chart, Drawing
from tracker.panels.readings import Reading
from tracker.panels.runset import Run, RunSet
from tracker.panels.shelf import Shelf
from tracker.store.read import Connection
from tracker.store.run_rows import series_of


class ProjectCurves:
    """Reads the curves of a project's charts, and remembers what does not change any more."""

    def __init__(self) -> None:
        self._shelf = Shelf()

    def catch_up(self, db: Connection) -> None:
        """Take in what was logged since; to be called once for every opening of the store."""
        self._shelf.catch_up(db)

    def drawings(
        self,
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
        records = {key: run.record for key, run in shown.items()}
        longest_s = max((record.runtime_s for record in records.values()), default=0.0)
        axis = x_axis(ask.x, longest_s)
        found = series_of(db, list(shown), [key for chart in charts for key in chart.keys])
        series = {chart.name: [s for key in chart.keys for s in found[key]] for chart in charts}
        read = self._shelf.read(db, series, records, ask)
        return {chart.name: _drawing(chart, read[chart.name], shown, axis) for chart in charts}


def _drawing(
    chart: Chart, read: Mapping[int, Reading], shown: Mapping[int, Run], axis: XAxis
) -> Drawing:
    readings = [(shown[reading.curve.run_key], reading) for reading in read.values()]
    readings.sort(key=lambda pair: (pair[0].record.created_at, pair[0].key))
    is_mixed = len(chart.keys) > 1
    lines = [
        Line(f"{run.name} {r.curve.key}" if is_mixed else run.name, run.colour, r.curve)
        for run, r in readings
    ]
    ids = [run.id for run, _ in readings]
    return Drawing(lines, axis, runs=ids, bases=[reading.base for _, reading in readings])
