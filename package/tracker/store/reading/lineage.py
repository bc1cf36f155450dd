"""What led to artifact versions and runs, and what came of them, to any depth."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from tracker.records import Lineage, LineageNode

# Runs are even numbers and versions odd ones, so that both are nodes of one graph. A walk is
# a set of nodes, so that it ends although versions may be used and logged in a circle.
_QUERY = """
WITH RECURSIVE
edge AS (
    SELECT run_key, version_key, direction,
           CASE direction WHEN 'input' THEN 2 * version_key + 1 ELSE 2 * run_key END AS source,
           CASE direction WHEN 'input' THEN 2 * run_key ELSE 2 * version_key + 1 END AS target
    FROM lineage
),
up(node) AS (
    SELECT unnest($starts::BIGINT[])
    UNION SELECT e.source FROM up JOIN edge e ON e.target = up.node
),
down(node) AS (
    SELECT unnest($starts::BIGINT[])
    UNION SELECT e.target FROM down JOIN edge e ON e.source = down.node
)
SELECT e.direction, r.run_key, r.project, r.name, r.job_type, r.state, r.run_id,
       v.version_key, v.project, v.name || ':v' || v.version, v.type, v.state
FROM edge e JOIN run r USING (run_key) JOIN artifact_version v USING (version_key)
WHERE v.state <> 'pending' AND (
    $up AND e.source IN (FROM up) AND e.target IN (FROM up)
    OR $down AND e.source IN (FROM down) AND e.target IN (FROM down)
)
ORDER BY least(r.created_at, v.created_at), e.source, e.target
"""


def lineage(
    db: duckdb.DuckDBPyConnection,
    *,
    version_keys: list[int] | None = None,
    run_keys: list[int] | None = None,
    up: bool = True,
    down: bool = True,
) -> Lineage:
    """Return what led to versions and runs, and what came of them.

    Parameters
    ----------
    db : connection
        An open store.
    version_keys, run_keys : list of int
        Where to begin.
    up, down : bool
        Whether to go back, and to go on. Default both.
    """
    versions, runs = version_keys or [], run_keys or []
    starts = [2 * key + 1 for key in versions] + [2 * key for key in runs]
    rows = db.execute(_QUERY, {"starts": starts, "up": up, "down": down}).fetchall()
    nodes: dict[str, LineageNode] = {}
    edges: dict[tuple[str, str], None] = {}
    for direction, *told in rows:
        run = LineageNode(
            f"run:{told[0]}", "run", told[1], told[2], told[3] or "", told[4], told[0], told[5]
        )
        version = LineageNode(
            f"version:{told[6]}", "version", told[7], told[8], told[9], told[10], told[6]
        )
        nodes[run.id], nodes[version.id] = run, version
        edges[(version.id, run.id) if direction == "input" else (run.id, version.id)] = None
    _add_lonely(db, nodes, versions, runs)
    named = [f"version:{key}" for key in versions] + [f"run:{key}" for key in runs]
    return Lineage(nodes, tuple(edges), tuple(name for name in named if name in nodes))


def _add_lonely(
    db: duckdb.DuckDBPyConnection,
    nodes: dict[str, LineageNode],
    versions: list[int],
    runs: list[int],
) -> None:
    """Add what was asked for and has no edges."""
    if all(f"version:{key}" in nodes for key in versions) and all(
        f"run:{key}" in nodes for key in runs
    ):
        return
    for row in db.execute(
        "SELECT version_key, project, name || ':v' || version, type, state FROM artifact_version "
        "WHERE version_key IN (SELECT unnest(?::INTEGER[]))",
        [versions],
    ).fetchall():
        key, project, name, kind, state = row
        node = LineageNode(f"version:{key}", "version", project, name, kind, state, key)
        nodes.setdefault(node.id, node)
    for row in db.execute(
        "SELECT run_key, project, name, coalesce(job_type, ''), state, run_id FROM run "
        "WHERE run_key IN (SELECT unnest(?::INTEGER[]))",
        [runs],
    ).fetchall():
        key, project, name, kind, state, run_id = row
        node = LineageNode(f"run:{key}", "run", project, name, kind, state, key, run_id)
        nodes.setdefault(node.id, node)


def run_times(db: duckdb.DuckDBPyConnection, run_keys: list[int]) -> dict[int, datetime]:
    """Return when runs began, in UTC."""
    rows = db.execute(
        "SELECT run_key, created_at FROM run WHERE run_key IN (SELECT unnest(?::INTEGER[]))",
        [run_keys],
    ).fetchall()
    return {key: time.replace(tzinfo=UTC) for key, time in rows}
