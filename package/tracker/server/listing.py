"""What the sidebar shows: projects, sweeps, runs and their small curves, as plain JSON."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tracker.figures.colours import colour_of
from tracker.figures.formats import format_number
from tracker.figures.sparkline import sparkline_path
from tracker.figures.summary import flat_items
from tracker.records import Curve, RunRecord, Series, SweepRecord
from tracker.server.places import shown_path
from tracker.store.database.connection import Connection
from tracker.store.reading import read, run_rows, sweep_rows
from tracker.store.reading.alerts import alerts
from tracker.store.reading.filters import Where, parse_filters
from tracker.store.series import curves
from tracker.store.store import Store

MOST_RUNS: Final = 1000
MOST_SWEEPS: Final = 5000
MOST_ALERTS: Final = 50
_FARTHEST_MS: Final = 253_402_300_799_000  # the year 9999
SPARK_SIZE: Final = (56, 16)
_SPARK_COLUMNS: Final = 28
_KEPT_SPARKS: Final = 20_000
_MOST_TAGS: Final = 20
_NAME_LENGTH: Final = 300
_SEARCHED: Final = ("display_name", "name", "state", "tags", "notes", "project")


def list_projects(store: Store, since_ms: int = 0) -> dict[str, Any]:
    """Return the store, its projects, the last written first, and what is running.

    Parameters
    ----------
    store : Store
    since_ms : int
        From when on alerts are told, the newest first, in milliseconds since 1970. Default 0:
        none are.
    """
    found: dict[str, Any] = {
        "store": shown_path(store.root), "projects": [], "running": [], "alerts": [],
        "now_ms": int(time.time() * 1000),
    }  # fmt: skip
    if not store.database.exists():
        return found
    with store.reading() as db:
        projects = sweep_rows.projects(db)
        running = read.runs(db, where=parse_filters({"state": "running"}), order="-created_at")
        since = datetime.fromtimestamp(min(since_ms, _FARTHEST_MS) / 1000, UTC)
        sent = alerts(db, since=since, limit=MOST_ALERTS) if since_ms else []
    counts = Counter(run.project for run in running)
    found["projects"] = [
        {
            "name": name,
            "runs": count,
            "running": counts[name],
            "updated_ms": updated.timestamp() * 1000,
        }
        for name, count, updated in projects
    ]
    found["running"] = [
        {"project": run.project, "id": run.run_id, "name": run.name[:_NAME_LENGTH]}
        for run in running
    ]
    found["alerts"] = [
        {
            "project": alert.project,
            "id": alert.run_id,
            "name": alert.run_name[:_NAME_LENGTH],
            "level": alert.level,
            "title": alert.title[:_NAME_LENGTH],
            "text": alert.text[:_NAME_LENGTH],
            "time_ms": alert.time.timestamp() * 1000,
        }
        for alert in sent
    ]
    return found


class Listing:
    """Lists runs, and keeps the small curves of those that have ended.

    Its methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._sparks: OrderedDict[tuple[Path, int], tuple[Any, tuple[str, float]]] = OrderedDict()

    def runs(
        self,
        store: Store,
        *,
        project: str | None = None,
        search: str = "",
        metric: str = "",
        limit: int = 50,
        sweep_limit: int = 200,
    ) -> dict[str, Any]:
        """Return runs, the newest first, each with a value and a curve of one metric.

        Parameters
        ----------
        store : Store
        project : str, optional
            Default: of all projects.
        search : str
            Only runs whose name, id, state, tags, notes or project contain it, and sweeps whose
            name, id, method, state or project do.
        metric : str
            The metric to show. Where a project has none of this name: one that a sweep or
            ``define_metric`` gave a goal, else the first that was logged.
        limit : int
            How many runs at most.
        sweep_limit : int
            How many sweeps at most.

        Returns
        -------
        dict
            ``"runs"``, ``"more"`` (whether there are more of them), ``"metrics"``: for each
            project of these runs the chosen one and all there are; ``"sweeps"``, the newest
            first, and ``"more_sweeps"``.
        """
        if not store.database.exists():
            return {"runs": [], "more": False, "metrics": {}, "sweeps": [], "more_sweeps": False}
        limit = min(max(limit, 1), MOST_RUNS)
        most = min(max(sweep_limit, 1), MOST_SWEEPS)
        with store.reading() as db:
            records = read.runs(db, project, _where(search), "-created_at", limit + 1)
            records, more = records[:limit], len(records) > limit
            metrics = {name: _metrics(db, name, metric) for name in _projects(records, project)}
            chosen = {name: found["chosen"] for name, found in metrics.items()}
            series = _series(db, records, chosen)
            sparks = self._read_sparks(db, store.root, records, series)
            sweeps = sweep_rows.sweeps(db, project, search.strip()[:_NAME_LENGTH], most + 1)
        return {
            "runs": [_row(record, chosen[record.project], sparks) for record in records],
            "more": more,
            "metrics": metrics,
            "sweeps": [_sweep_row(sweep) for sweep in sweeps[:most]],
            "more_sweeps": len(sweeps) > most,
        }

    def _read_sparks(
        self,
        db: Connection,
        root: Path,
        records: Sequence[RunRecord],
        series: Mapping[int, Series],
    ) -> dict[int, tuple[str, float]]:
        """Return the small curve and the last value of each run that has the metric."""
        found: dict[int, tuple[str, float]] = {}
        stamps = {run.run_key: (run.updated_at, run.last_step, run.state) for run in records}
        with self._guard:
            for run_key, one in series.items():
                kept = self._sparks.get((root, one.series_key))
                if kept is not None and kept[0] == (run_key, stamps[run_key]):
                    found[run_key] = kept[1]
        missing = {one.series_key: key for key, one in series.items() if key not in found}
        read_now = curves.curves(db, list(missing), width=_SPARK_COLUMNS)
        fresh = {missing[key]: _spark(curve) for key, curve in read_now.items()}
        with self._guard:
            for series_key, run_key in missing.items():
                if run_key in fresh and stamps[run_key][2] != "running":
                    stamp = (run_key, stamps[run_key])
                    self._sparks[root, series_key] = (stamp, fresh[run_key])
            while len(self._sparks) > _KEPT_SPARKS:
                self._sparks.popitem(last=False)
        return found | fresh


def _where(search: str) -> Where | None:
    if not (wanted := search.strip()[:_NAME_LENGTH]):
        return None
    pattern = f"(?i){re.escape(wanted)}"
    return parse_filters({"$or": [{field: {"$regex": pattern}} for field in _SEARCHED]})


def _projects(records: Sequence[RunRecord], project: str | None) -> list[str]:
    return [project] if project is not None else list({run.project: None for run in records})


def _metrics(db: Connection, project: str, wanted: str) -> dict[str, Any]:
    """Return the metric to show of a project, and which there are."""
    metrics = run_rows.project_metrics(db, project)
    shown = metrics.shown
    by_rank = [*(key for key in shown if key in metrics.goals), *shown]
    # Hidden ones can be chosen, and are never chosen by themselves.
    chosen = wanted if wanted in metrics.keys else next(iter(by_rank), "")
    keys = [*shown, *(key for key in metrics.keys if key in metrics.hidden)]
    return {"chosen": chosen, "keys": keys[:MOST_RUNS]}


def _series(
    db: Connection, records: Sequence[RunRecord], chosen: Mapping[str, str]
) -> dict[int, Series]:
    """Return the series of each run under its project's metric, by the runs' keys."""
    keys = sorted({key for key in chosen.values() if key})
    of_key = run_rows.series_of(db, [run.run_key for run in records], keys) if keys else {}
    found = {(one.run_key, key): one for key, group in of_key.items() for one in group}
    wanted = {run.run_key: (run.run_key, chosen[run.project]) for run in records}
    return {key: found[place] for key, place in wanted.items() if place in found}


def _spark(curve: Curve) -> tuple[str, float]:
    width, height = SPARK_SIZE
    last = curve.y[-1].item() if len(curve.y) else math.nan
    return sparkline_path(curve.y, width=width, height=height), last


def _row(run: RunRecord, metric: str, sparks: Mapping[int, tuple[str, float]]) -> dict[str, Any]:
    spark, last = sparks.get(run.run_key, ("", None))
    value = dict(flat_items(run.summary)).get(metric)
    if not isinstance(value, int | float) or isinstance(value, bool):
        value = last
    return {
        "project": run.project,
        "id": run.run_id,
        "name": run.name[:_NAME_LENGTH],
        "state": run.state,
        "colour": colour_of(run.run_key),
        "created_ms": run.created_at.timestamp() * 1000,
        "runtime_s": run.runtime_s if math.isfinite(run.runtime_s) else 0.0,
        "step": run.last_step,
        "tags": list(run.tags[:_MOST_TAGS]),
        "value": "" if value is None else format_number(value),
        "spark": spark,
    }


def _sweep_row(sweep: SweepRecord) -> dict[str, Any]:
    return {
        "project": sweep.project,
        "id": sweep.sweep_id,
        "name": sweep.name[:_NAME_LENGTH],
        "method": sweep.method[:_NAME_LENGTH],
        "state": sweep.state,
        "metric": (sweep.metric or "")[:_NAME_LENGTH],
        "goal": sweep.goal,
        "done": sweep.done,
        "running": sweep.running,
        "expected": sweep.expected,
        "best": "" if sweep.best is None else format_number(sweep.best),
        "created_ms": sweep.created_at.timestamp() * 1000,
    }


LISTING: Final = Listing()
