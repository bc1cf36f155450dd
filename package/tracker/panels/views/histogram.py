"""How values are distributed: of a column over runs, or of a logged Histogram at a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.columns import title_of
from tracker.figures.histogram import counts_of, histogram_figure, logged_histogram_figure
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import Field, ViewMessage, figure_message
from tracker.panels.views.choices import LOG, choose, first_result, flag, summary_keys
from tracker.store.database.connection import Connection
from tracker.store.reading.logged_values import last_values


class HistogramView:
    """A histogram over runs; with `key`, of what the runs logged last as that Histogram."""

    kind = "histogram"
    title = "Histogram"
    fields = (
        Field("column", "Over runs, of", "column"),
        Field("bins", "Bins", "number", hint="automatic"),
        flag("log", f"Axis {LOG}"),
        Field("key", "Or of a logged Histogram", "text", hint="gradients/fc1"),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the likeliest result over runs."""
        column = first_result(runset)
        title = f"{title_of(column)} over runs" if column else "Histogram"
        rest = {"column": column, "bins": None, "log": False, "key": ""}
        return {"title": title, "width": 6} | rest

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the metric that is drawn; any news where it is not settled."""
        if spec.get("key"):
            return frozenset({str(spec["key"])})
        return summary_keys([str(spec["column"] or "")]) if "column" in spec else None

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the histogram of the runs that are drawn."""
        if spec["key"]:
            key = str(spec["key"])
            last = last_values(db, [run.key for run in runset.visible], key)
            logged = [
                (run.name, run.colour, counts)
                for run in runset.visible
                for step, value in last.get(run.key, ())
                if (counts := counts_of(step, value)) is not None
            ]
            return figure_message(logged_histogram_figure(logged, key))
        bins = spec["bins"]
        figure = histogram_figure(
            runset.visible,
            choose(spec, "column", "a column"),
            groups=runset.visible_groups,
            bins=max(1, min(int(bins), 500)) if bins else None,
            is_log=bool(spec["log"]),
        )
        return figure_message(figure)
