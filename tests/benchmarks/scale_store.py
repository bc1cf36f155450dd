"""Makes a large store fast: rows straight into the tables, as many runs at once leave them."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb

from tracker.store.series import rollups
from tracker.store.store import open_store

PROJECT = "scale"
# Runs that log at the same time, and rows of each between two flushes: their points lie mingled.
TOGETHER = 10
FLUSH = 10

_RUNS = """
INSERT INTO run
SELECT r + 1, $project, 'r' || lpad(r::VARCHAR, 5, '0'), 'run-' || r, NULL, NULL, [], NULL,
       'finished', 0, json_object('lr', (r % 7) * 0.01, 'depth', r % 5, 'seed', r),
       json_object('loss', 1.0 / (r + 1), 'accuracy', r / $runs), '{}', $began + to_seconds(r * 60),
       $began + to_seconds(r * 60 + $steps / 10), $began + to_seconds(r * 60 + $steps / 10),
       $steps / 10, $steps - 1, NULL, NULL, '{}'
FROM range($runs) t(r)
"""
_SESSIONS = """
INSERT INTO session SELECT r + 1, 'bulk-' || r, $began + to_seconds(r * 60), 0, 0, 'host', 1
FROM range($runs) t(r)
"""
_SERIES = """
INSERT INTO series
SELECT r * $metrics + m + 1, r + 1, 'default', if(m % 2 = 0, 'train/', 'val/') || 'm' || m, 'float'
FROM range($runs) t(r), range($metrics) u(m) ORDER BY 1
"""
# i counts the points in the order in which they are flushed.
_POINTS = """
INSERT INTO point
SELECT (($first + r) * $metrics + m + 1)::INTEGER, step,
       $began + to_microseconds(((($first + r) * 600 + step) * 100000)::BIGINT),
       exp(-step / 3000.0) + (hash(step * 1000003 + r * 1009 + m + $first) % 1000003) / 10000030
FROM (
    SELECT (i // ($together * $metrics * $flush)) * $flush + i % $flush AS step,
           (i // ($metrics * $flush)) % $together AS r, (i // $flush) % $metrics AS m
    FROM range($together * $metrics * $steps) t(i)
)
"""
_BEGAN = "TIMESTAMP '2026-01-01'"


def make(root: Path, runs: int, metrics: int, steps: int) -> float:
    """Fill a store with finished runs; return its size in GB.

    Parameters
    ----------
    root : Path
        A directory that holds no store yet.
    runs, metrics, steps : int
        `steps` is a multiple of ten.
    """
    store = open_store(root)
    begun = time.perf_counter()
    with store.writing() as db:
        given = {"project": PROJECT, "runs": runs, "steps": steps}
        db.execute(_RUNS.replace("$began", _BEGAN), given)
        db.execute(_SESSIONS.replace("$began", _BEGAN), {"runs": runs})
        db.execute(_SERIES, {"runs": runs, "metrics": metrics})
    for first in range(0, runs, TOGETHER):
        together = min(TOGETHER, runs - first)
        with store.writing() as db:
            _fast(db)
            given = {"first": first, "together": together, "metrics": metrics, "steps": steps}
            db.execute(_POINTS.replace("$began", _BEGAN), {**given, "flush": FLUSH})
    points_s = time.perf_counter() - begun
    for first in range(1, runs + 1, TOGETHER):
        with store.writing() as db:
            for run_key in range(first, min(first + TOGETHER, runs + 1)):
                rollups.build(db, run_key)
    rollups_s = time.perf_counter() - begun - points_s
    size = store.database.stat().st_size / 1e9
    print(
        f"store: {runs:,} runs × {metrics} metrics × {steps:,} steps, {size:.2f} GB; points in "
        f"{points_s:.0f} s, rollups in {rollups_s:.0f} s ({rollups_s / runs * 1000:.0f} ms a run)"
    )
    return size


def _fast(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("SET threads = 2")
