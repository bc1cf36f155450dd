"""What ``define_metric`` said in a run."""

from __future__ import annotations

import duckdb

from tracker.records import MetricRule


def read_rules(db: duckdb.DuckDBPyConnection, run_key: int | None) -> list[MetricRule]:
    """Return what ``define_metric`` said in this run."""
    found = db.execute(
        "SELECT name, step_metric, step_sync, summary, goal, hidden FROM metric WHERE run_key = ?",
        [run_key],
    ).fetchall()
    return [MetricRule(n, m, bool(s), tuple(ops or ()), g, bool(h)) for n, m, s, ops, g, h in found]
