"""Logged Histograms over steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.figures.histogram import counts_of
from tracker.figures.histogram_steps import distribution_figure
from tracker.panels.runset import RunSet
from tracker.panels.views import Field, ViewMessage, figure_message
from tracker.panels.views.choices import choose, flag
from tracker.store.logged_values import spread_values
from tracker.store.read import Connection

MOST_RUNS = 6
# As many columns as a panel has room for; more cannot be told apart.
_COLUMNS = 120


class DistributionView:
    """A heat map over steps for each run, with lines of quantiles."""

    kind = "distribution"
    title = "Distribution over steps"
    fields = (
        Field("key", "Logged Histogram", "text", hint="gradients/fc1"),
        flag("trim", "Leave out the outermost 1 % on either side"),
    )

    def defaults(self, runset: RunSet) -> dict[str, Any]:
        """Return the first summary that holds a histogram."""
        key = next(
            (
                key
                for run in runset.all
                for key, value in run.summary.items()
                if isinstance(value, Mapping) and value.get("_type") == "histogram"
            ),
            "",
        )
        return {"title": key or "Distribution", "width": 6, "key": key, "trim": False}

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the histogram's key; any news where it is not settled."""
        return frozenset({str(spec["key"])}) if spec.get("key") else None

    def read(
        self, db: Connection, spec: Mapping[str, Any], runset: RunSet, ask: Mapping[str, Any]
    ) -> ViewMessage:
        """Return the histograms of the first six runs that are drawn and have some."""
        key = choose(spec, "key", "the key of a logged Histogram")
        logged_values = spread_values(db, [run.key for run in runset.visible], key, _COLUMNS)
        found = {
            run_key: [counts for step, value in values if (counts := counts_of(step, value))]
            for run_key, values in logged_values.items()
        }
        having = [run for run in runset.visible if found.get(run.key)]
        words = ""
        if len(having) > MOST_RUNS:
            words = f"the first {MOST_RUNS} of {len(having):,} runs"
        logged = [(run.name, found[run.key]) for run in having[:MOST_RUNS]]
        return figure_message(
            distribution_figure(logged, key, trim=bool(spec["trim"]), words=words)
        )
