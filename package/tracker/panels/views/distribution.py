"""Logged Histograms over steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker.figures.distribution import distribution_figure, placed
from tracker.figures.histogram import Counts, counts_of, logged_histogram_figure
from tracker.panels.runs.runset import Run, RunSet
from tracker.panels.views import Field, ViewMessage, figure_message
from tracker.panels.views.choices import choose, flag
from tracker.records import step_metric_of
from tracker.store.database.connection import Connection
from tracker.store.reading.logged_values import numbers_at, spread_values
from tracker.store.reading.read import metrics as read_metrics

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
        logged, x_key = histograms_over_steps(db, runset.visible, key)
        return figure_message(distribution_of(logged, key, x_key, trim=bool(spec["trim"])))


def histograms_over_steps(
    db: Connection, runs: Sequence[Run], key: str
) -> tuple[list[tuple[Run, list[Counts]]], str | None]:
    """Return the runs that have logged a Histogram as a key, with those of up to 120 steps.

    As curves do, they stand where the metric was that ``define_metric`` named as their axis, if
    all runs agree. That metric is returned too; None for steps.
    """
    values = spread_values(db, [run.key for run in runs], key, _COLUMNS)
    read = [(run, [counts_of(*each) for each in values.get(run.key, ())]) for run in runs]
    found = [(run, [counts for counts in listed if counts]) for run, listed in read]
    found = [(run, counts) for run, counts in found if counts]
    rules = read_metrics(db, [run.key for run, _ in found])
    x_key = step_metric_of(key, rules.values())
    if x_key is None:
        return found, None
    steps = {run.key: [each.step for each in counts] for run, counts in found}
    places = numbers_at(db, steps, x_key)
    if not places:
        return found, None  # it was named, and never logged
    there = [(run, placed(counts, places, run.key)) for run, counts in found]
    return [(run, counts) for run, counts in there if counts], x_key


def distribution_of(
    logged: Sequence[tuple[Run, Sequence[Counts]]],
    key: str,
    x_key: str | None = None,
    *,
    trim: bool = False,
) -> go.Figure:
    """Draw the histograms of the first six runs: over the x-axis, or where each has one, those."""
    shown, words = logged[:MOST_RUNS], ""
    if len(logged) > MOST_RUNS:
        words = f"the first {MOST_RUNS} of {len(logged):,} runs"
    if logged and all(len(counts) == 1 for _, counts in shown):
        return logged_histogram_figure([(run.name, run.colour, one) for run, (one,) in shown], key)
    named = [(run.name, counts) for run, counts in shown]
    return distribution_figure(named, key, trim=trim, words=words, x_key=x_key)
