"""Reads the alerts that runs sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import duckdb

from tracker.records import AlertRecord
from tracker.store.reading.run_record import EPOCH, utc

_ALERTS: Final = """
    SELECT r.project, r.run_id, coalesce(r.name, r.run_id), e.time, e.payload ->> '$.title',
           e.payload ->> '$.text', upper(e.payload ->> '$.level')
    FROM event e JOIN run r USING (run_key)
    WHERE e.kind = 'alert' AND ($run_key IS NULL OR e.run_key = $run_key)
          AND ($since IS NULL OR e.time >= $since)
    ORDER BY e.time DESC, e.rowid DESC LIMIT $limit
"""


def alerts(
    db: duckdb.DuckDBPyConnection,
    *,
    run_key: int | None = None,
    since: datetime | None = None,
    limit: int,
) -> list[AlertRecord]:
    """Return alerts, the newest first.

    Parameters
    ----------
    db : connection
        An open store.
    run_key : int, optional
        Only of this run. Default: of all.
    since : datetime, optional
        Only those sent then and later; with a time zone.
    limit : int
        How many at most.
    """
    naive = None if since is None else since.astimezone(UTC).replace(tzinfo=None)
    rows = db.execute(_ALERTS, {"run_key": run_key, "since": naive, "limit": limit}).fetchall()
    return [
        AlertRecord(
            project, run_id, name, utc(time) or EPOCH, title or "", text or "", level or "INFO"
        )
        for project, run_id, name, time, title, text, level in rows
    ]
