"""A query of the store, as a table or drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.figures.canvas import note
from tracker.figures.query_result import result_figure, result_html
from tracker.panels.runs.runset import RunSet
from tracker.panels.views import Field, ViewMessage, figure_message, html_message
from tracker.panels.views.choices import flag, option
from tracker.store.database.connection import Connection
from tracker.store.reading.query import fetch_rows

_DEADLINE_S = 10.0
# Beyond it a drawing is too large for a page.
_MOST_ROWS = 20_000
_USUAL = """select name, state, round(runtime_s, 1) as seconds, last_step
from runs where project = $project
order by created_at desc limit 20"""


class SqlView:
    """One reading statement, and how to draw what it gives."""

    kind = "sql"
    title = "SQL"
    fields = (
        Field("query", "One SELECT; $project is this project", "lines", hint=_USUAL),
        option("draw", "As", ("table", "line", "bar", "scatter")),
        Field("x", "X", hint="the first column"),
        Field("y", "Y, separated by commas", hint="all other columns of numbers"),
        Field("colour", "One drawing for each", hint="value of this column"),
        flag("live", "Ask again when something is logged"),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return a query of the newest runs."""
        rest = {"x": "", "y": "", "colour": "", "live": False}
        return {"title": "SQL", "width": 6, "query": _USUAL, "draw": "table"} | rest

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return any news for a live query, and none for another."""
        return None if spec.get("live") else frozenset()

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return what the query gives; a query is given ten seconds."""
        query = str(spec["query"])
        wanted = {"project": runset.project} if re.search(r"\$project\b", query) else None
        names, rows = fetch_rows(db, query, wanted, most=_MOST_ROWS + 1, deadline_s=_DEADLINE_S)
        columns = _columns(names, rows[:_MOST_ROWS])
        if spec["draw"] == "table":
            return html_message(result_html(columns, is_cut=len(rows) > _MOST_ROWS))
        figure = result_figure(
            columns,
            spec["draw"],
            x=str(spec["x"] or "").strip(),
            y=[name.strip() for name in str(spec["y"] or "").split(",") if name.strip()],
            colour=str(spec["colour"] or "").strip(),
        )
        if len(rows) > _MOST_ROWS:
            words = f"only the first {_MOST_ROWS:,} rows are drawn"
            figure.update_layout(annotations=[*figure.layout.annotations, note(words)])
        return figure_message(figure)


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for place, name in enumerate(names):
        title = name if name not in found else f"{name} ({place + 1})"
        found[title] = [row[place] for row in rows]
    return found
