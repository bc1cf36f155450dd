"""What a store holds as plain values, for programs that read JSON: these keys stay stable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker.records import (
    Curve,
    EventRecord,
    Lineage,
    RunRecord,
    Series,
    SweepRecord,
    VersionRecord,
)

if TYPE_CHECKING:
    from tracker.store.journal.trials import Trial


def plain_project(name: str, runs: int, updated_at: datetime) -> dict[str, Any]:
    """Return a project and how many runs it has."""
    return {"name": name, "runs": runs, "updated_at": updated_at.isoformat()}


def plain_run(record: RunRecord) -> dict[str, Any]:
    """Return a run, but its metadata, which are long, and its history."""
    return {
        "project": record.project, "run_id": record.run_id, "name": record.name,
        "group": record.group, "job_type": record.job_type, "tags": list(record.tags),
        "notes": record.notes, "state": record.state, "exit_code": record.exit_code,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "ended_at": record.ended_at.isoformat() if record.ended_at else None,
        "runtime_s": record.runtime_s, "last_step": record.last_step,
        "sweep_id": record.sweep_id, "config": record.config, "summary": record.summary,
    }  # fmt: skip


def plain_metric(series: Series, curve: Curve) -> dict[str, Any]:
    """Return how a metric went. A thinned curve does: it has the least, the greatest, the last."""
    numbers = curve.y[~np.isnan(curve.y)]
    return {
        "key": series.key,
        "points": curve.total,
        "last": curve.y[-1].item() if len(curve.y) else None,
        "min": numbers.min().item() if len(numbers) else None,
        "max": numbers.max().item() if len(numbers) else None,
    }


def plain_event(event: EventRecord) -> dict[str, Any]:
    """Return an alert, a traceback, or what else happened to a run."""
    return {"time": event.time.isoformat(), "kind": event.kind, "payload": event.payload}


def plain_sweep(record: SweepRecord) -> dict[str, Any]:
    """Return how far a sweep is."""
    return {
        "project": record.project, "sweep_id": record.sweep_id, "name": record.name,
        "method": record.method, "state": record.state, "metric": record.metric,
        "goal": record.goal, "expected": record.expected, "done": record.done,
        "running": record.running, "best": record.best,
        "created_at": record.created_at.isoformat(),
    }  # fmt: skip


def plain_trial(trial: Trial) -> dict[str, Any]:
    """Return a trial of a sweep."""
    return {
        "number": trial.number, "state": trial.state, "value": trial.value,
        "other_values": trial.others, "run_id": trial.run_id, "params": trial.params,
        "attempt": trial.attempt,
        "is_prior": trial.is_prior, "began_at": _moment(trial.began_us),
        "ended_at": _moment(trial.ended_us),
    }  # fmt: skip


def plain_version(record: VersionRecord) -> dict[str, Any]:
    """Return a version of an artifact."""
    source = record.source
    return {
        "project": record.project, "name": record.name, "type": record.type,
        "version": f"v{record.version}", "aliases": list(record.aliases),
        "tags": list(record.tags), "digest": record.digest, "size_bytes": record.size_bytes,
        "files": record.file_count, "description": record.description,
        "metadata": record.metadata, "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(), "step": record.step, "ttl_s": record.ttl_s,
        "link_to": None if source is None else f"{source[0]}/{source[1]}:v{source[2]}",
        "run": None if record.run is None else "/".join(record.run),
    }  # fmt: skip


def plain_lineage(found: Lineage) -> dict[str, Any]:
    """Return runs and versions by their paths, and which leads to which."""
    paths = {
        key: f"{node.project}/{node.run_id if node.kind == 'run' else node.name}"
        for key, node in found.nodes.items()
    }
    return {
        "starts": [paths[key] for key in found.starts],
        "nodes": [
            {
                "path": paths[key], "kind": node.kind, "name": node.name, "type": node.type,
                "state": node.state,
            }
            for key, node in found.nodes.items()
        ],
        "edges": [{"from": paths[before], "to": paths[after]} for before, after in found.edges],
    }  # fmt: skip


def _moment(time_us: int | None) -> str | None:
    return None if time_us is None else datetime.fromtimestamp(time_us / 1e6, UTC).isoformat()
