"""Which settings matter for a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.errors import UsageError
from tracker.figures.canvas import message
from tracker.figures.columns import title_of
from tracker.figures.forest import importances, make_ready
from tracker.figures.importance import importance_figure
from tracker.panels.runs.runset import Run, RunSet
from tracker.panels.views import Field, ViewMessage, Work, figure_message
from tracker.panels.views.choices import choose, first_result, settings, texts
from tracker.store.database.connection import Connection


class ImportanceView:
    """Importance by a random forest, and correlation, of settings for a result.

    It is about runs that have ended: the result of a running one is not yet what it will be.
    """

    kind = "importance"
    title = "Parameter importance"
    fields = (
        Field("target", "For", "column"),
        Field("columns", "Of these settings only", "columns"),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return all settings for the likeliest result."""
        return {
            "title": "Parameter importance",
            "width": 6,
            "target": first_result(runset),
            "columns": [],
        }

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str]:
        """Return nothing: the stamp says it."""
        return frozenset()

    def stamp(self, spec: Mapping[str, Any], runset: RunSet) -> Any:
        """Return what the forest learns from: the target, the settings and the ended runs."""
        ended = _ended(runset)
        return spec["target"], settings(runset), [run.record for run in ended]

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> Work:
        """Return what lets the forest grow."""
        make_ready()
        target = choose(spec, "target", "the result that settings may matter for")
        runs = _ended(runset)
        columns = texts(spec["columns"]) or settings(runset)
        running = len(runset.unhidden) - len(runs)

        def work() -> ViewMessage:
            try:
                ranked, count = importances(runs, target, columns)
            except UsageError as error:
                words = f"{error} Runs that are still running do not count." if running else error
                return figure_message(message(str(words)))
            return figure_message(importance_figure(ranked, title_of(target), count))

        return work


def _ended(runset: RunSet) -> list[Run]:
    return [run for run in runset.unhidden if run.record.state != "running"]
