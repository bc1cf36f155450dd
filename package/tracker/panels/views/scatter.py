"""Runs as points over any two of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.columns import title_of
from tracker.figures.scatter import scatter_figure
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import Field, ViewMessage, figure_message
from tracker.panels.views.choices import (
    LOG,
    choose,
    first_result,
    flag,
    option,
    settings,
    summary_keys,
    wide,
)
from tracker.store.database.connection import Connection

_COLUMNS = ("x", "y", "colour", "size")


class ScatterView:
    """A point a run."""

    kind = "scatter"
    title = "Scatter plot"
    fields = (
        Field("x", "X", "column"),
        Field("y", "Y", "column"),
        Field("colour", "Colour by", "column", hint="each run's own"),
        Field("size", "Size by", "column", hint="all equal"),
        flag("log_x", f"X {LOG}"),
        flag("log_y", f"Y {LOG}"),
        flag("log_colour", f"Colour {LOG}"),
        option("front", "Line through the best so far", ("none", "min", "max")),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the likeliest result over the first setting that differs."""
        x, y = next(iter(settings(runset)), "created_at"), first_result(runset)
        return {
            "title": f"{title_of(y) or 'Result'} by {title_of(x)}",
            "width": 6,
            "x": x,
            "y": y,
            "colour": None,
            "size": None,
            "log_x": bool(wide(runset, [x])),
            "log_y": False,
            "log_colour": False,
            "front": "none",
        }

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the metrics that are drawn; any news where they are not settled."""
        if not {"x", "y"} <= set(spec):
            return None
        return summary_keys(str(spec.get(name) or "") for name in _COLUMNS)

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the points of the runs that are drawn."""
        figure = scatter_figure(
            runset.visible,
            choose(spec, "x", "a column for the x-axis"),
            choose(spec, "y", "a column for the y-axis"),
            colour=spec["colour"] or None,
            size=spec["size"] or None,
            log_x=bool(spec["log_x"]),
            log_y=bool(spec["log_y"]),
            log_colour=bool(spec["log_colour"]),
            front=spec["front"],
        )
        return figure_message(figure)
