"""Reads how far sweeps are, from their tables: no ledger is opened, and no lock is waited for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import duckdb

from tracker.records import SweepRecord
from tracker.store.reading import read
from tracker.store.reading.run_record import EPOCH, utc

# As SweepSource counts: runs from before the sweep may be the best, and are no trials of its own.
_SWEEPS: Final = """
    WITH mine AS (
        SELECT s.project, s.sweep_id, s.state, s.created_at, d.content -> '$.config' AS config,
               coalesce(d.content -> '$.config.metric', d.content -> '$.config.metrics[0]')
                   AS metric,
               try_cast(d.content ->> '$.expected_run_count' AS BIGINT) AS expected
        FROM sweep s JOIN document d
            ON d.kind = 'sweep' AND d.project = s.project AND d.name = s.sweep_id
        WHERE $project IS NULL OR s.project = $project
    ), told AS (
        SELECT project, sweep_id, state, created_at,
               coalesce(nullif(config ->> '$.name', ''), sweep_id) AS name,
               coalesce(config ->> '$.method', '') AS method,
               metric ->> '$.name' AS metric,
               starts_with(lower(trim(coalesce(metric ->> '$.goal', ''))), 'max')
                   AS is_maximized,
               coalesce(expected, try_cast(config ->> '$.run_cap' AS BIGINT)) AS expected
        FROM mine
    ), counted AS (
        SELECT sweep_id,
               count(*) FILTER (NOT is_prior AND state NOT IN ('pending', 'running')) AS done,
               count(*) FILTER (NOT is_prior AND state = 'running') AS running,
               min(value) FILTER (state IN ('finished', 'stopped') AND NOT isnan(value)) AS least,
               max(value) FILTER (state IN ('finished', 'stopped') AND NOT isnan(value)) AS most
        FROM trial SEMI JOIN mine USING (sweep_id) GROUP BY sweep_id
    )
    SELECT t.project, t.sweep_id, t.name, t.method, t.state, t.metric, t.is_maximized, t.expected,
           coalesce(c.done, 0), coalesce(c.running, 0),
           CASE WHEN t.is_maximized THEN c.most ELSE c.least END, t.created_at
    FROM told t LEFT JOIN counted c USING (sweep_id)
    WHERE contains(lower(concat_ws(chr(10), t.sweep_id, t.name, t.method, t.state, t.project)),
                   lower($search))
    ORDER BY t.created_at DESC, t.sweep_id LIMIT $limit
"""


def sweeps(
    db: duckdb.DuckDBPyConnection, project: str | None = None, search: str = "", limit: int = 100
) -> list[SweepRecord]:
    """Return sweeps, the one made last first.

    Parameters
    ----------
    db : connection
        An open store.
    project : str, optional
        Only sweeps of this project. Default: of all projects.
    search : str
        Only sweeps whose id, name, method, state or project contain it, in capitals or not.
    limit : int
        How many at most.
    """
    given = {"project": project, "search": search, "limit": limit}
    return [
        SweepRecord(
            *(name, sweep_id, title, method, state, metric),
            goal="maximize" if is_maximized else "minimize",
            expected=expected,
            done=done,
            running=running,
            best=best,
            created_at=utc(created) or EPOCH,
        )
        for (
            *(name, sweep_id, title, method, state, metric, is_maximized, expected, done, running),
            best,
            created,
        ) in db.execute(_SWEEPS, given).fetchall()
    ]


def projects(db: duckdb.DuckDBPyConnection) -> list[tuple[str, int, datetime]]:
    """Return name, number of runs and last news of each project, the newest first.

    Those that have sweeps and no runs yet are among them.
    """
    begun = [(name, 0, made) for name, made in _without_runs(db)]
    return sorted(begun + read.projects(db), key=lambda each: each[2], reverse=True)


def _without_runs(db: duckdb.DuckDBPyConnection) -> list[tuple[str, datetime]]:
    rows = db.execute(
        "SELECT project, max(created_at) FROM sweep ANTI JOIN run USING (project) "
        "GROUP BY project ORDER BY 2 DESC, 1"
    ).fetchall()
    return [(name, utc(made) or EPOCH) for name, made in rows]
