"""Logged Histograms over steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker.figures.distribution import distribution_figure
from tracker.figures.histogram import Counts, counts_of, logged_histogram_figure
from tracker.panels.runs.runset import Run, RunSet
from tracker.panels.views import Field, ViewMessage, figure_message
from tracker.panels.views.choices import choose, flag
from tracker.store.database.connection import Connection
from tracker.store.reading.logged_values import spread_values

if TYPE_CHECKING:
    import plotly.graph_objects as go

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
        logged = histograms_over_steps(db, runset.visible, key)
        return figure_message(distribution_of(logged, key, trim=bool(spec["trim"])))


def histograms_over_steps(
    db: Connection, runs: Sequence[Run], key: str
) -> list[tuple[Run, list[Counts]]]:
    """Return the runs that have logged a Histogram as a key, with those of up to 120 steps."""
    values = spread_values(db, [run.key for run in runs], key, _COLUMNS)
    read = [(run, [counts_of(*each) for each in values.get(run.key, ())]) for run in runs]
    found = [(run, [counts for counts in listed if counts]) for run, listed in read]
    return [(run, counts) for run, counts in found if counts]


def distribution_of(
    logged: Sequence[tuple[Run, Sequence[Counts]]], key: str, *, trim: bool = False
) -> go.Figure:
    """Draw the histograms of the first six runs: over their steps, or where each has one, those."""
    shown, words = logged[:MOST_RUNS], ""
    if len(logged) > MOST_RUNS:
        words = f"the first {MOST_RUNS} of {len(logged):,} runs"
    if logged and all(len(counts) == 1 for _, counts in shown):
        return logged_histogram_figure([(run.name, run.colour, one) for run, (one,) in shown], key)
    named = [(run.name, counts) for run, counts in shown]
    return distribution_figure(named, key, trim=trim, words=words)
