"""Runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.comparer import MOST_RUNS, comparison_html, facts_of
from tracker.panels.runs.runset import Run, RunSet
from tracker.panels.views import ViewMessage
from tracker.panels.views.choices import compared, flag
from tracker.store.database.connection import Connection
from tracker.store.reading import read
from tracker.store.reading.filters import parse_filters
from tracker.store.reading.version_reads import code_of


class ComparerView:
    """What differs between runs: config, results, code, packages and machine."""

    kind = "comparer"
    title = "Run comparer"
    fields = (flag("only_differences", "Begin with what differs"),)

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return what differs."""
        return {"title": "Run comparer", "width": 12, "only_differences": True}

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str]:
        """Return nothing: the stamp says it."""
        return frozenset()

    def stamp(self, spec: Mapping[str, Any], runset: RunSet) -> Any:
        """Return the runs that are compared, as they are now."""
        shown, count = _compared(runset)
        return (
            spec["only_differences"],
            runset.spec.get("baseline"),
            count,
            [run.record for run in shown],
        )

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the runs that are drawn, and the baseline, as a table."""
        base = runset.baseline
        shown, count = _compared(runset)
        where = parse_filters({"name": {"$in": [run.id for run in shown]}})
        records = {each.run_key: each for each in read.runs(db, runset.project, where)}
        cells = read.cells_of(db, [run.key for run in shown])
        shown = [run for run in shown if run.key in records]
        files = code_of(db, [run.key for run in shown])
        facts = [facts_of(records[run.key], cells[run.key], files[run.key]) for run in shown]
        html = comparison_html(facts, baseline=base.id if base else None)
        if count > MOST_RUNS:
            note = f"The first {MOST_RUNS} of {count:,} drawn runs are compared."
            html = f'<p class="tkv-dim">{note}</p>{html}'
        only = bool(spec["only_differences"])
        return ViewMessage(
            "comparer", {"html": html, "colours": [run.colour for run in shown], "only": only}
        )


def _compared(runset: RunSet) -> tuple[list[Run], int]:
    """Return the runs that there is room for, the baseline first, and how many there are."""
    runs = compared(runset)
    return runs[:MOST_RUNS], len(runs)
