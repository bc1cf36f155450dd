"""Copies what runs logged out of the store: into files, or series by series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from tracker.store.database.encode import load_json
from tracker.store.database.rows import first_row

_FORMATS = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd"}
_POINTS = """
    SELECT r.project, r.run_id, r.name AS run, s.key, p.step, p.time, p.value,
           NULL::VARCHAR AS json
    FROM point p JOIN series s USING (series_key) JOIN run r USING (run_key)
    WHERE s.stream = 'default' AND r.run_key IN ({runs})
    UNION ALL BY NAME
    SELECT r.project, r.run_id, r.name AS run, s.key, v.step, v.time, NULL::DOUBLE AS value,
           v.value::VARCHAR AS json
    FROM value v JOIN series s USING (series_key) JOIN run r USING (run_key)
    WHERE s.stream = 'default' AND r.run_key IN ({runs}) AND (v.value ->> '$._type') IS NULL
"""


def copy_points(
    db: duckdb.DuckDBPyConnection,
    run_keys: Sequence[int],
    target: Path,
    format: Literal["csv", "parquet"],
) -> int:
    """Write a row for each point that runs logged, media not among them; return how many.

    Parameters
    ----------
    db : connection
        Of :meth:`tracker.store.database.database.Database.copying`.
    run_keys : sequence of int
        The runs.
    target : Path
        The file to write, which is replaced.
    format : {"csv", "parquet"}
    """
    query = _POINTS.format(runs=", ".join(str(int(key)) for key in run_keys) or "NULL")
    name = str(target).replace("'", "''")
    found = first_row(
        db,
        f"COPY (SELECT * FROM ({query}) ORDER BY project, run_id, time, step, key) TO '{name}' "
        f"({_FORMATS[format]})",
    )
    return 0 if found is None else int(found[0])


def count_media(db: duckdb.DuckDBPyConnection, run_keys: Sequence[int]) -> int:
    """Return how many values of runs are media."""
    row = first_row(
        db,
        "SELECT count(*) FROM value v JOIN series s USING (series_key) WHERE s.stream = 'default' "
        "AND list_contains(?::INTEGER[], s.run_key) AND (v.value ->> '$._type') IS NOT NULL",
        [list(run_keys)],
    )
    return 0 if row is None else int(row[0])


def read_points(
    db: duckdb.DuckDBPyConnection, series_key: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return steps, times in microseconds since the epoch, and numbers of a series."""
    found = db.execute(
        "SELECT step, epoch_us(time) AS time, value FROM point WHERE series_key = ? "
        "ORDER BY time, step",
        [series_key],
    ).fetchnumpy()
    numbers = np.ma.filled(found["value"], np.nan)
    return np.asarray(found["step"]), np.asarray(found["time"]), np.asarray(numbers)


def read_values(db: duckdb.DuckDBPyConnection, series_key: int) -> list[tuple[int, int, Any]]:
    """Return step, time in microseconds since the epoch, and value of a series of JSON."""
    rows = db.execute(
        "SELECT step, epoch_us(time), value FROM value WHERE series_key = ? ORDER BY time, step",
        [series_key],
    ).fetchall()
    return [(step, time_us, load_json(value)) for step, time_us, value in rows]
