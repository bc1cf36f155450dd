"""A database with the store's tables, filled by the tests themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import count
from typing import Any

import duckdb
import pytest

from tracker.store.database.encode import dump_json

BEGAN = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Tables:
    """An empty store in memory; adds rows as plainly as the tests need them."""

    began = BEGAN

    def __init__(self) -> None:
        self.db = duckdb.connect()
        self.db.execute(
            resources.files("tracker.store.database").joinpath("schema.sql").read_text("utf-8")
        )
        self._run_keys = count(1)
        self._series_keys = count(1)

    def add_run(
        self,
        run_id: str | None = None,
        *,
        project: str = "digits",
        name: str | None = None,
        config: dict[str, Any] | None = None,
        summary: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        parent: dict[str, Any] | None = None,
        created_s: float = 0.0,
        session: bool = True,
        **columns: Any,
    ) -> int:
        """Add a run that began `created_s` after BEGAN; return its run_key."""
        run_key = next(self._run_keys)
        began = _naive(created_s)
        row = {
            "run_key": run_key,
            "project": project,
            "run_id": run_id or f"id{run_key}",
            "name": name or run_id or f"id{run_key}",
            "tags": [],
            "state": "finished",
            "config": dump_json(config or {}),
            "summary": dump_json(summary or {}),
            "metadata": dump_json(metadata or {}),
            "created_at": began,
            "updated_at": began,
            "runtime_s": 0.0,
            "last_step": -1,
            "parent": None if parent is None else dump_json(parent),
            **columns,
        }
        marks = ", ".join("?" for _ in row)
        self.db.execute(f"INSERT INTO run ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        if session:
            self.add_session(run_key, created_s)
        return run_key

    def add_session(self, run_key: int, started_s: float, before_s: float = 0.0) -> None:
        self.db.execute(
            "INSERT INTO session VALUES (?, 'j', ?, ?, 0, 'host', 1)",
            [run_key, _naive(started_s), before_s],
        )

    def add_series(
        self, run_key: int, key: str, *, stream: str = "default", kind: str = "float"
    ) -> int:
        series_key = next(self._series_keys)
        self.db.execute(
            "INSERT INTO series VALUES (?, ?, ?, ?, ?)", [series_key, run_key, stream, key, kind]
        )
        return series_key

    def add_points(
        self,
        series_key: int,
        points: Iterable[tuple[int, float]],
        times_s: Sequence[float] | None = None,
    ) -> int:
        """Add (step, value) in this order; a point's time is its step in seconds, or as given."""
        rows = list(points)
        times = [float(step) for step, _ in rows] if times_s is None else list(times_s)
        self.db.execute(
            "INSERT INTO point SELECT $series, unnest($steps), "
            "make_timestamp(unnest($times)), unnest($values)::DOUBLE",
            {
                "series": series_key,
                "steps": [step for step, _ in rows],
                "times": [round((BEGAN.timestamp() + time_s) * 1e6) for time_s in times],
                # as text, in which DuckDB reads every float exactly, NaN too
                "values": [repr(float(value)) for _, value in rows],
            },
        )
        return series_key

    def add_values(self, series_key: int, values: Iterable[tuple[int, Any]]) -> int:
        for step, value in values:
            self.db.execute(
                "INSERT INTO value VALUES (?, ?, ?, ?)",
                [series_key, step, _naive(float(step)), dump_json(value)],
            )
        return series_key

    def clear(self) -> None:
        for table in ("run", "session", "series", "point", "value"):
            self.db.execute(f"DELETE FROM {table}")


def _naive(after_s: float) -> datetime:
    return (BEGAN + timedelta(seconds=after_s)).replace(tzinfo=None)


@pytest.fixture
def tables() -> Iterator[Tables]:
    made = Tables()
    yield made
    made.db.close()


@pytest.fixture(scope="module")
def shared_tables() -> Iterator[Tables]:
    """One database for all examples of property tests, which clear it themselves."""
    made = Tables()
    yield made
    made.db.close()
