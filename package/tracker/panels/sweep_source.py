"""What the panel of a sweep shows: its ledger, and the curves of its runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tracker.figures.canvas import message
from tracker.figures.forest import importances, make_ready
from tracker.figures.front import front_figure
from tracker.figures.importance import importance_figure
from tracker.figures.parallel import parallel_figure
from tracker.figures.sweep import TrialMark, progress_figure, trial_curves_figure
from tracker.panels.page.client import Client
from tracker.panels.page.source import Source, Tell
from tracker.panels.runs.table import cell
from tracker.panels.views import ViewMessage, Work, figure_message
from tracker.records import Curve
from tracker.store.database.connection import Connection
from tracker.store.journal.front import front_of
from tracker.store.journal.trials import Trial
from tracker.store.reading import read
from tracker.store.reading.filters import parse_filters
from tracker.store.series import curves
from tracker.store.store import Store
from tracker.sweep.controller import OVER, Controller, is_better
from tracker.sweep.distributions import LogNormal, LogUniform
from tracker.sweep.lookup import TURNS
from tracker.sweep.stopping import rungs

# What changes a sweep, and not only what is shown of it.
STEERING: Final = frozenset({"turn", "stop_trial"})
# Curves that can be told apart; rows that a table shows at once.
MAX_CURVES: Final = 60
MAX_ROWS: Final = 500
# Of a processor's time, for a forest of a hundred trees.
RANKING_SHARE: Final = 0.05
_CURVE_WIDTH: Final = 160
_BEST_CURVES: Final = 20
_SECTION: Final = "Search"


class SweepSource(Source):
    """Reads a sweep.

    Parameters
    ----------
    controller : Controller
        The sweep.
    """

    kind = "sweep"

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._state = "running"
        # Of each metric, and when it is to be worked out again.
        self._rankings: dict[str, tuple[ViewMessage, float]] = {}
        self._began_s = 0.0
        self.marks: list[TrialMark] = []
        # The numbers of the trials that no other is better than, where there are several metrics.
        self.front: list[int] = []
        self._known: dict[int, tuple[int, TrialMark]] = {}
        self._trials: list[Trial] = []

    @property
    def state(self) -> str:
        """How the sweep is."""
        return self._state

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more, unless somebody goes on with it."""
        return self._state in OVER and not any(t.state == "running" for t in self._trials)

    def read(self, db: Connection) -> None:
        """Read the ledger."""
        with self._controller.ledger.writing() as (book, _):
            self._state = book.state
            self._began_s = book.created_us / 1e6
            self._trials = list(book.trials.values())
            self.marks = [self._mark(trial, book.changed[trial.number]) for trial in self._trials]
        if len(self.metrics) > 1:
            best = front_of(self._trials, self._controller.config.are_maximized)
            self.front = [trial.number for trial in best]

    def _mark(self, trial: Trial, version: int) -> TrialMark:
        known = self._known.get(trial.number)
        if known is None or known[0] != version:
            params = self._controller.space.flatten(trial.params)
            ended_s = self._since(trial.ended_us)
            mark = TrialMark(
                trial.number, trial.state, trial.value, ended_s, params, trial.run_id or "",
                is_prior=trial.is_prior,
                others=tuple(trial.others),
            )  # fmt: skip
            known = self._known[trial.number] = (version, mark)
        return known[1]

    def _since(self, time_us: int | None) -> float | None:
        return None if time_us is None else max(0.0, time_us / 1e6 - self._began_s)

    @property
    def stamp(self) -> Any:
        """What changes when figures must be drawn again, besides the logged values."""
        return sum(t.is_over for t in self._trials), sum(t.attempt for t in self._trials)

    def keys(self, spec: Mapping[str, Any]) -> frozenset[str] | None:
        """Return None for the curves, which go on; the others wait for trials to end."""
        return None if spec["kind"] == "curves" else frozenset()

    def act(self, store: Store, message: Mapping[str, Any], tell: Tell) -> None:
        """Pause, resume, stop or cancel the sweep, or stop one of its trials."""
        kind, word = message.get("type"), str(message.get("turn"))
        if kind == "turn" and word in TURNS:
            self._controller.turn(TURNS[word])
        elif kind == "stop_trial" and isinstance(number := message.get("number"), int):
            self._controller.stop_trial(number)

    # -- what it shows

    def head(self) -> dict[str, Any]:
        """Return how far the sweep is."""
        config, best = self._controller.config, self.best()
        own = [t for t in self._trials if not t.is_prior]
        return {
            "id": self._controller.sweep_id,
            "name": (config.name or f"sweep {self._controller.sweep_id}")[:200],
            "project": self._controller.project,
            "method": config.method,
            "metric": self.metric,
            "metrics": self.metrics,
            "goal": config.metric.goal if config.metric else None,
            # A page hears no more of what is over.
            "state": "finished" if self.is_over else "running",
            "sweep": self._state,
            "counts": dict(Counter(t.state for t in own)),
            "prior": len(self._trials) - len(own),
            "done": sum(t.is_over for t in own),
            "expected": self._controller.expected_count,
            "left_s": self._left_s(own),
            "best": None if best is None else self._row(best),
            "front": self.front if len(self.metrics) > 1 else None,
        }

    @property
    def metrics(self) -> list[str]:
        """The names of all values by which trials are compared."""
        return [metric.name for metric in self._controller.config.metrics]

    @property
    def metric(self) -> str | None:
        """The name of the value by which trials are compared."""
        return self._controller.config.metric.name if self._controller.config.metric else None

    def best(self) -> Trial | None:
        """Return the best trial so far; one that failed is not it."""
        best: Trial | None = None
        for trial in self._trials:
            if trial.is_sound and is_better(
                self._controller.config, trial.value, best.value if best else None
            ):
                best = trial
        return best

    def _left_s(self, own: Sequence[Trial]) -> float | None:
        """Return how long the rest will take, as the mean trial did and as many at a time."""
        expected = self._controller.expected_count
        times = [
            (t.ended_us - t.began_us) / 1e6
            for t in own
            if t.ended_us is not None and t.began_us is not None
        ]
        running = [t for t in own if t.state == "running"]
        if expected is None or not times or not running or self._state != "running":
            return None
        mean, now_us = sum(times) / len(times), time.time() * 1e6
        done = sum(min(1.0, (now_us - (t.began_us or now_us)) / 1e6 / mean) for t in running)
        left = max(0.0, expected - sum(t.is_over for t in own) - done)
        return mean * left / len(running)

    def parts(self, client: Client) -> Iterable[tuple[str, dict[str, Any]]]:
        """Return the figures there are, and the table of trials."""
        yield "views", {"views": self.panels()}
        newest = sorted(self._trials, key=lambda t: -t.number)[:MAX_ROWS]
        names = [parameter.name for parameter in self._controller.space.parameters]
        rows = [self._row(trial) for trial in newest]
        yield "trials", {"parameters": names, "rows": rows, "total": len(self._trials)}

    def _row(self, trial: Trial) -> dict[str, Any]:
        flat = self._controller.space.flatten(trial.params)
        seconds = None
        if trial.began_us is not None and trial.ended_us is not None:
            seconds = (trial.ended_us - trial.began_us) / 1e6
        return {
            "number": trial.number,
            "state": trial.state,
            "told": bool(trial.told) and trial.state == "running",
            "value": cell(trial.value),
            "others": {
                name: cell(value)
                for name, value in zip(self.metrics[1:], trial.others, strict=False)
            },
            "run": trial.run_id or "",
            "seconds": seconds,
            "params": {name: cell(value) for name, value in flat.items()},
        }

    def panels(self) -> Sequence[Mapping[str, Any]]:
        """Return the figures of the sweep."""
        if len(self.metrics) > 1:
            return [
                _spec("front", "Best trade-offs"),
                *(_spec("curves", f"Trials: {name}", name) for name in self.metrics),
                _spec("parallel", _FIGURES["parallel"]),
                *(_spec("importance", f"Importance for {name}", name) for name in self.metrics),
            ]
        return [_spec(kind, title) for kind, title in _FIGURES.items() if self.metrics]

    def draw(self, db: Connection, spec: Mapping[str, Any]) -> ViewMessage | Work | None:
        """Return a figure; importances take long, and are worked out when the store is closed."""
        metric, marks, kind = spec.get("metric") or self.metric or "", self.marks, spec["kind"]
        best_last = self._controller.config.is_maximized
        if kind == "best":
            return figure_message(progress_figure(marks, metric, is_maximized=best_last))
        if kind == "front":
            goals = self._controller.config.are_maximized
            return figure_message(front_figure(marks, self.metrics, self.front, goals))
        if kind == "curves":
            rule = self._controller.config.early_terminate
            drawn = self._with_curves(db, metric)
            found = rungs(rule) if rule else ()
            return figure_message(trial_curves_figure(drawn, metric, found))
        known = [_TrialRun(mark, self.metrics) for mark in marks if mark.value is not None]
        if not known:
            return figure_message(message("No trial has ended with a value yet."))
        searched = [f"config.{each.name}" for each in self._controller.space.dimensions]
        target = f"summary.{metric}"
        if kind == "parallel":
            # The last one gives the lines their colour.
            columns = [*searched, *(f"summary.{name}" for name in reversed(self.metrics))]
            return figure_message(parallel_figure(known, columns, log=self._log_columns()))
        make_ready()
        return lambda: self._importance(known, target, searched)

    def _importance(
        self, known: Sequence[_TrialRun], target: str, searched: Sequence[str]
    ) -> ViewMessage:
        """Return the importances; while trials end they are worked out only now and then."""
        began = time.monotonic()
        drawn, due_at = self._rankings.get(target, (None, 0.0))
        if drawn is None or self.is_over or began > due_at:
            ranked, count = importances(known, target, searched)
            drawn, now = figure_message(importance_figure(ranked, target, count)), time.monotonic()
            self._rankings[target] = drawn, now + (now - began) / RANKING_SHARE
        return drawn

    def _log_columns(self) -> list[str]:
        given = self._controller.space.parameters
        logarithmic = (LogUniform, LogNormal)
        return [f"config.{p.name}" for p in given if isinstance(p.distribution, logarithmic)]

    def _with_curves(self, db: Connection, metric: str) -> list[TrialMark]:
        """Return the best trials and the newest ones, with their curves."""
        sign = -1.0 if self._controller.config.is_maximized else 1.0
        valued = [m for m in self.marks if m.value is not None and m.value == m.value]
        best = sorted(valued, key=lambda m: sign * (m.value or 0.0))[:_BEST_CURVES]
        newest = sorted(self.marks, key=lambda m: -m.number)[: MAX_CURVES - len(best)]
        wanted = {mark.number: mark for mark in [*best, *newest] if mark.run_id}
        ids = [mark.run_id for mark in wanted.values()]
        where = parse_filters({"name": {"$in": ids}})
        found = read.runs(db, self._controller.project, where) if ids else []
        runs = {record.run_key: record.run_id for record in found}
        series = {
            one.series_key: runs[one.run_key]
            for one in read.series(db, list(runs), "default")
            if one.key == metric and one.kind != "json"
        }
        lines = curves.curves(db, list(series), width=_CURVE_WIDTH)
        of_run: dict[str, Curve] = {series[key]: line for key, line in lines.items()}
        ordered = sorted(wanted.values(), key=lambda m: (m.state == "running", m.number))
        return [_with(mark, of_run.get(mark.run_id)) for mark in ordered]


_FIGURES: Final = {
    "best": "Best so far",
    "curves": "Trials",
    "parallel": "Parameters and results",
    "importance": "Importance of parameters",
}


def _spec(kind: str, title: str, metric: str = "") -> dict[str, Any]:
    about = {"metric": metric} if metric else {}
    place = f"sweep/{kind}/{metric}" if metric else f"sweep/{kind}"
    return {"id": place, "kind": kind, "title": title, "section": _SECTION, **about}


class _TrialRun:
    """A trial as a run with config and summary, for drawings of runs."""

    def __init__(self, mark: TrialMark, metrics: Sequence[str]) -> None:
        self.id = mark.run_id or str(mark.number)
        self.name = f"trial {mark.number}"
        self.colour = mark.colour
        results = zip(metrics, (mark.value, *mark.others), strict=False)
        self._values = {f"config.{name}": value for name, value in mark.params.items()}
        self._values |= {f"summary.{name}": value for name, value in results}

    def value(self, column: str) -> Any:
        """Return what a column says of the trial."""
        return self._values.get(column)


def _with(mark: TrialMark, curve: Curve | None) -> TrialMark:
    return replace(mark, curve=curve)
