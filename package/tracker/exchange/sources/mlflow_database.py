"""MLflow's SQLite database."""

from __future__ import annotations

import math
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracker.exchange import sqlite
from tracker.exchange.elsewhere import Elsewhere
from tracker.exchange.sources.mlflow_run import Metric, MlflowRun

_TABLES: Final = ("experiments", "runs", "metrics", "params", "tags")
_USUAL: Final = "mlflow.db"
# SQL knows no infinities, so that MLflow writes the greatest number for them.
_GREATEST: Final = sys.float_info.max


def find_database(source: Path) -> MlflowDatabase | None:
    """Return the database that a path leads to, None if there is none."""
    path = source if source.is_file() else source / _USUAL
    return MlflowDatabase(path) if sqlite.has_tables(path, *_TABLES) else None


class MlflowDatabase:
    """The runs of one database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def folder(self) -> Path:
        """The folder that artifacts are in, or below."""
        return self._path.parent

    def runs(self) -> Iterator[MlflowRun]:
        """Yield the runs that are not deleted, in the order in which they began."""
        with sqlite.reading(self._path) as db:
            params, tags = _pairs(db, "params"), _pairs(db, "tags")
            counts = {
                row[0]: (row[1], row[2])
                for row in sqlite.rows(
                    db, "SELECT run_uuid, count(*), max(timestamp) FROM metrics GROUP BY run_uuid"
                )
            }
            found = db.execute(
                "SELECT r.*, e.name AS experiment FROM runs r JOIN experiments e "
                "USING (experiment_id) WHERE r.lifecycle_stage = 'active' "
                "ORDER BY r.start_time, r.rowid"
            ).fetchall()
        for row in found:
            run_id = str(row["run_uuid"])
            own_tags = tags.get(run_id, {})
            yield MlflowRun(
                run_id,
                str(row["experiment"] or ""),
                own_tags.get("mlflow.runName") or str(row["name"] or ""),
                str(row["status"]),
                int(row["start_time"] or 0),
                None if row["end_time"] is None else int(row["end_time"]),
                str(row["artifact_uri"] or ""),
                repr((row["status"], row["end_time"], counts.get(run_id), params.get(run_id),
                      own_tags)),
                params.get(run_id, {}),
                own_tags,
            )  # fmt: skip

    def metrics(self, run: MlflowRun, told: Elsewhere) -> Iterator[Metric]:
        """Yield the points of a run in the order of time, step and key."""
        with sqlite.reading(self._path) as db:
            for row in sqlite.rows(
                db,
                "SELECT timestamp, step, key, value, is_nan FROM metrics WHERE run_uuid = ? "
                "ORDER BY timestamp, step, key, rowid",
                run.run_id,
            ):
                try:
                    time_ms, step, value = int(row[0]), int(row[1]), float(row[3])
                except (TypeError, ValueError):
                    told.lost["points that are no numbers"] += 1
                    continue
                if row[4]:
                    value = math.nan
                elif abs(value) >= _GREATEST:
                    value = math.copysign(math.inf, value)
                yield time_ms, step, str(row[2]), value


def _pairs(db: sqlite3.Connection, table: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for run_id, key, value in sqlite.rows(
        db, f"SELECT run_uuid, key, value FROM {table} ORDER BY rowid"
    ):
        found.setdefault(str(run_id), {})[str(key)] = str(value or "")
    return found
