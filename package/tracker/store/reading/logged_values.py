"""Reads values that are no numbers, such as histograms, of several runs at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from tracker.store.database.encode import load_json

# run key -> (step, value) in the order of the steps
Values = dict[int, list[tuple[int, Any]]]

_WHERE = (
    "FROM value v JOIN series s USING (series_key) WHERE s.run_key IN (SELECT unnest($runs)) "
    "AND s.key = $key AND s.stream = 'default'"
)


def last_values(db: duckdb.DuckDBPyConnection, run_keys: Sequence[int], key: str) -> Values:
    """Return what each of some runs logged last as a key; runs without are absent.

    Parameters
    ----------
    db : connection
        An open store.
    run_keys : sequence of int
    key : str
    """
    rows = db.execute(
        f"SELECT s.run_key, v.step, v.value {_WHERE} QUALIFY row_number() OVER "
        "(PARTITION BY s.run_key ORDER BY v.step DESC, v.rowid DESC) = 1",
        {"runs": list(run_keys), "key": key},
    ).fetchall()
    return _collected(rows)


def spread_values(
    db: duckdb.DuckDBPyConnection, run_keys: Sequence[int], key: str, most: int
) -> Values:
    """Return what each of some runs logged as a key: all, or `most` spread over the steps.

    The first and the last are always among them.

    Parameters
    ----------
    db : connection
        An open store.
    run_keys : sequence of int
    key : str
    most : int
        2 or more.
    """
    rows = db.execute(
        f"""
        WITH numbered AS (
            SELECT s.run_key, v.rowid AS id,
                   row_number() OVER (PARTITION BY s.run_key ORDER BY v.step, v.rowid) - 1 AS n,
                   count(*) OVER (PARTITION BY s.run_key) AS total
            {_WHERE}
        ), chosen AS (
            SELECT run_key, id, n FROM numbered
            WHERE total <= $most OR n = 0
                OR n * ($most - 1) // (total - 1) > (n - 1) * ($most - 1) // (total - 1)
        )
        SELECT run_key, step, value FROM chosen JOIN value v ON v.rowid = id ORDER BY run_key, n
        """,
        {"runs": list(run_keys), "key": key, "most": most},
    ).fetchall()
    return _collected(rows)


def numbers_at(
    db: duckdb.DuckDBPyConnection, steps: Mapping[int, Sequence[int]], key: str
) -> dict[tuple[int, int], float]:
    """Return which number runs had logged as a key at some steps, or last before them.

    Parameters
    ----------
    db : connection
        An open store.
    steps : mapping of int to sequence of int
        Of each run the steps.
    key : str

    Returns
    -------
    dict of (int, int) to float
        By run and step; those without a finite number are absent.
    """
    wanted = [(run_key, step) for run_key, own in steps.items() for step in own]
    rows = db.execute(
        """
        SELECT w.run_key, w.step, x.value
        FROM (SELECT unnest($runs) AS run_key, unnest($steps) AS step) w
        ASOF JOIN (
            SELECT s.run_key, p.step, arg_max(p.value, p.rowid) AS value
            FROM point p JOIN series s USING (series_key)
            WHERE s.run_key IN (SELECT unnest($runs)) AND s.key = $key AND s.stream = 'default'
            GROUP BY s.run_key, p.step
        ) x ON w.run_key = x.run_key AND w.step >= x.step
        WHERE isfinite(x.value)
        """,
        {"runs": [run for run, _ in wanted], "steps": [step for _, step in wanted], "key": key},
    ).fetchall()
    return {(run_key, step): value for run_key, step, value in rows}


def _collected(rows: Iterable[tuple[int, int, str]]) -> Values:
    found: Values = {}
    for run_key, step, text in rows:
        found.setdefault(run_key, []).append((step, load_json(text)))
    return found
