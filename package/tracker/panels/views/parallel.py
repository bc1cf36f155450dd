"""Runs as lines through their settings and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.parallel import parallel_figure
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import Field, ViewMessage
from tracker.panels.views.choices import first_result, settings, texts, wide
from tracker.store.database.connection import Connection

_AXES = 7


class ParallelView:
    """Parallel coordinates; what is boxed at an axis can become the run set."""

    kind = "parallel"
    title = "Parallel coordinates"
    fields = (
        Field("columns", "Axes from left to right; the last one colours", "columns"),
        Field("log", "Logarithmic", "columns"),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the settings that differ, and the likeliest result."""
        columns = [*settings(runset)[:_AXES], *texts(first_result(runset))]
        return {
            "title": "Parallel coordinates",
            "width": 12,
            "columns": columns,
            "log": wide(runset, columns[:-1]),
        }

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str]:
        """Return nothing: the stamp says it."""
        return frozenset()

    def stamp(self, spec: Mapping[str, Any], runset: RunSet) -> Any:
        """Return what is drawn: names and values of the runs."""
        columns = texts(spec["columns"])
        return [(run.id, run.name, *map(run.value, columns)) for run in runset.unhidden]

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the lines of all runs that pass and are not hidden."""
        figure = parallel_figure(
            runset.unhidden, texts(spec["columns"]), log=set(texts(spec["log"]))
        )
        return ViewMessage("parallel", {"figure": figure.to_json()})
