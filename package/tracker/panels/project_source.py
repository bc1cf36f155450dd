"""What the panel of a project shows, read from the store: its runs, and their curves together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from tracker.figures.axes import x_axis
from tracker.figures.colours import colour_of
from tracker.figures.curve import Line
from tracker.figures.formats import format_number
from tracker.panels.charts import Ask, Chart, Drawing, split_key
from tracker.panels.readings import read_together
from tracker.panels.wire import Parcel
from tracker.records import ConsoleRecord, RunRecord, Series
from tracker.store import read
from tracker.store.read import Connection

MAX_RUNS: Final = 200
SHOWN_RUNS: Final = 10
_COLUMNS = 8


class ProjectSource:
    """Reads a project: its newest 200 runs.

    Parameters
    ----------
    project : str
    """

    kind = "project"
    is_over = False

    def __init__(self, project: str) -> None:
        self.project = project
        self.runs: list[RunRecord] = []
        self._series: dict[str, list[Series]] = {}
        self._hidden: set[str] = set()

    def read(self, db: Connection) -> None:
        """Read which runs there are and which series they have; everything else goes by that."""
        self.runs = read.runs(db, self.project, order="-created_at", limit=MAX_RUNS)
        keys = [run.run_key for run in self.runs]
        self._series = {}
        for series in read.series(db, keys, "default"):
            if series.kind != "json" and not series.key.startswith("_"):
                self._series.setdefault(series.key, []).append(series)
        rules = read.metrics(db, keys).values()
        self._hidden = {rule.name for found in rules for rule in found if rule.hidden}

    def head(self) -> dict[str, Any]:
        """Return the table of runs."""
        columns = self._columns()
        return {
            "name": self.project,
            "columns": columns,
            "shown": [run.run_id for run in self.runs[:SHOWN_RUNS]],
            "is_cut": len(self.runs) == MAX_RUNS,
            "runs": [self._row(run, columns) for run in self.runs],
        }

    def _columns(self) -> list[str]:
        """Return the numbers that most runs have in their summaries."""
        counts = Counter(
            key
            for run in self.runs
            for key, value in run.summary.items()
            if isinstance(value, int | float) and not key.startswith("_")
        )
        return [key for key, _ in counts.most_common(_COLUMNS)]

    def _row(self, run: RunRecord, columns: Sequence[str]) -> dict[str, Any]:
        values = [run.summary.get(column) for column in columns]
        return {
            "id": run.run_id,
            "name": run.name[:200],
            "state": run.state,
            "colour": colour_of(run.run_key),
            "tags": list(run.tags[:5]),
            "created_ms": run.created_at.timestamp() * 1000,
            "updated_ms": run.updated_at.timestamp() * 1000,
            "runtime_s": run.runtime_s,
            "step": run.last_step,
            "values": ["" if value is None else format_number(value)[:40] for value in values],
            "sort": [_sortable(value) for value in values],
        }

    def about(self) -> dict[str, Any]:
        """Return nothing: the table says all."""
        return {}

    def summary(self) -> list[list[str]]:
        """Return nothing: the table says all."""
        return []

    def charts(self) -> list[Chart]:
        """Return a chart for every metric of any run."""
        return [
            Chart(f"metric/{key}", *split_key(key), (key,))
            for key in self._series
            if key not in self._hidden
        ]

    def drawings(
        self,
        db: Connection,
        charts: Sequence[Chart],
        ask: Ask,
        runs: Sequence[str] | None = None,
    ) -> dict[str, Drawing]:
        """Read the lines of charts, one for every run that is shown."""
        newest = [run.run_id for run in self.runs[:SHOWN_RUNS]]
        wanted = set(newest if runs is None else runs)
        shown = {run.run_key: run for run in reversed(self.runs) if run.run_id in wanted}
        longest_s = max((run.runtime_s for run in shown.values()), default=0.0)
        axis = x_axis(ask.x, longest_s)
        drawings = {}
        for chart in charts:
            series = [s for s in self._series[chart.keys[0]] if s.run_key in shown]
            readings = read_together(db, [s.series_key for s in series], ask)
            found = [
                (shown[reading.curve.run_key], reading)
                for reading in readings.values()
                if len(reading.curve.x)
            ]
            found.sort(key=lambda pair: pair[0].created_at)
            lines = [
                Line(run.name, colour_of(run.run_key), reading.curve) for run, reading in found
            ]
            ids = [run.run_id for run, _ in found]
            bases = [reading.base for _, reading in found]
            drawings[chart.name] = Drawing(lines, axis, runs=ids, bases=bases)
        return drawings

    def tiles(self, db: Connection, parcel: Parcel) -> list[dict[str, Any]]:
        """Return none: readings belong to one run."""
        return []

    def console(self, db: Connection) -> list[ConsoleRecord]:
        """Return none: a console belongs to one run."""
        return []


def _sortable(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value - value == 0 else None
