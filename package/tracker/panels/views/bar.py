"""Bars of the summary: one a run, or one a group with its spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.bars import bar_figure, group_bars, run_bars
from tracker.figures.columns import title_of
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import Field, ViewMessage, figure_message
from tracker.panels.views.choices import LOG, first_result, flag, option, summary_keys, texts
from tracker.store.database.connection import Connection

_SPREADS = {"std": " ± std", "sem": " ± sem", "minmax": ", min to max"}


class BarView:
    """The last values of metrics as bars."""

    kind = "bar"
    title = "Bar chart"
    fields = (
        Field("columns", "Values", "columns"),
        option("aggregate", "Of a group, the", ("mean", "median", "min", "max")),
        option("spread", "Its spread", ("std", "sem", "minmax", "none")),
        option("order", "Order", ("runs", "descending", "ascending")),
        flag("log", f"Axis {LOG}"),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return bars of the likeliest result."""
        name = first_result(runset)
        return {
            "title": title_of(name) or "Bars",
            "width": 6,
            "columns": texts(name),
            "aggregate": "mean",
            "spread": "std",
            "order": "runs",
            "log": False,
        }

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the metrics that are drawn; any news where they are not settled."""
        return summary_keys(texts(spec["columns"])) if "columns" in spec else None

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the bars of the runs, or of the groups, that are drawn."""
        columns = texts(spec["columns"])
        title = title_of(columns[0]) if len(columns) == 1 else ""
        if runset.group_by:
            bars = group_bars(runset.visible_groups, columns, spec["aggregate"], spec["spread"])
            title = f"{title} ({spec['aggregate']}{_SPREADS.get(spec['spread'], '')})"
        else:
            bars = run_bars(runset.visible, columns)
        figure = bar_figure(bars, x_title=title, is_log=bool(spec["log"]), order=spec["order"])
        return figure_message(figure)
