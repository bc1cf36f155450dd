"""Reads what runs logged besides numbers: which keys hold media, and the references themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from tracker.store.database.encode import load_json


@dataclass(frozen=True, slots=True)
class MediaKey:
    """A key under which media were logged.

    Attributes
    ----------
    key : str
    type : str
        The ``_type`` of the last value; of a list that of its items.
    run_keys : tuple of int
        The runs that logged it.
    count : int
        How many values there are.
    first_step, last_step : int
        Between which they lie.
    is_list : bool
        Whether the last value of a run is a list of media.
    """

    key: str
    type: str
    run_keys: tuple[int, ...]
    count: int
    first_step: int
    last_step: int
    is_list: bool


@dataclass(frozen=True, slots=True)
class Logged:
    """One value: of which run, at which step, and what stands in the history for it."""

    run_key: int
    step: int
    reference: Any


# Only the last value of a series is looked into: there may be a hundred thousand.
_KEYS = """
    WITH mine AS (
        SELECT series_key, key, run_key FROM series
        WHERE stream = 'default' AND kind = 'json' AND run_key IN (SELECT unnest($runs))
              AND ($key IS NULL OR key = $key)
    )
    SELECT key, arg_max(coalesce(listed, type), last_step), list(run_key ORDER BY run_key),
           sum(count)::BIGINT, min(first_step), max(last_step),
           bool_or(listed IS NOT NULL)
    FROM (
        SELECT s.series_key, s.key, s.run_key, v.count, v.first_step, v.last_step,
               v.last ->> '$._type' AS type,
               CASE WHEN (v.last ->> '$._type') = 'media-list'
                    THEN v.last ->> '$.items[0]._type' END AS listed
        FROM mine s JOIN (
            SELECT series_key, count(*) AS count, min(step) AS first_step,
                   max(step) AS last_step, arg_max(value, rowid) AS last
            FROM value SEMI JOIN mine USING (series_key) GROUP BY series_key
        ) v USING (series_key)
        WHERE json_type(v.last) = 'OBJECT'
    )
    WHERE type IS NOT NULL GROUP BY key ORDER BY min(series_key)
"""
_STEPS = """
    SELECT DISTINCT v.step FROM series s JOIN value v USING (series_key)
    WHERE s.stream = 'default' AND s.kind = 'json' AND s.key = $key
          AND s.run_key IN (SELECT unnest($runs)) AND json_type(v.value) = 'OBJECT'
    ORDER BY v.step
"""
# A step that was logged twice has its last value.
_VALUES = """
    SELECT s.run_key, v.step, arg_max(v.value, v.rowid)
    FROM series s JOIN value v USING (series_key)
    WHERE s.stream = 'default' AND s.kind = 'json' AND s.key = $key
          AND s.run_key IN (SELECT unnest($runs)) AND v.step BETWEEN $first AND $last
    GROUP BY s.run_key, v.step ORDER BY s.run_key, v.step
"""
_AT = """
    SELECT s.run_key, max(v.step) FROM series s JOIN value v USING (series_key)
    WHERE s.stream = 'default' AND s.kind = 'json' AND s.key = $key
          AND s.run_key IN (SELECT unnest($runs)) AND v.step <= $step
    GROUP BY s.run_key
"""


def media_keys(
    db: duckdb.DuckDBPyConnection, run_keys: Sequence[int], key: str | None = None
) -> list[MediaKey]:
    """Return the keys under which these runs logged media, in the order of their first use.

    With `key` only that one is looked for.
    """
    rows = db.execute(_KEYS, {"runs": list(run_keys), "key": key}).fetchall()
    return [
        MediaKey(key, kind or "", tuple(runs), count, first, last, is_list)
        for key, kind, runs, count, first, last, is_list in rows
    ]


def media_stamp(db: duckdb.DuckDBPyConnection) -> Any:
    """Return what changes when a run logs something besides numbers under a new key."""
    return db.execute(
        "SELECT count(*), max(series_key), sum(series_key) FROM series WHERE kind = 'json'"
    ).fetchone()


def media_steps(db: duckdb.DuckDBPyConnection, run_keys: Sequence[int], key: str) -> list[int]:
    """Return the steps at which any of these runs logged media under a key, ascending."""
    rows = db.execute(_STEPS, {"runs": list(run_keys), "key": key}).fetchall()
    return [step for (step,) in rows]


def media_between(
    db: duckdb.DuckDBPyConnection, run_keys: Sequence[int], key: str, first: int, last: int
) -> list[Logged]:
    """Return what these runs logged under a key from step `first` to step `last`."""
    bound = {"runs": list(run_keys), "key": key, "first": first, "last": last}
    rows = db.execute(_VALUES, bound).fetchall()
    return [Logged(run_key, step, load_json(value)) for run_key, step, value in rows]


def media_at(
    db: duckdb.DuckDBPyConnection, run_keys: Sequence[int], key: str, step: int | None = None
) -> list[Logged]:
    """Return for each of these runs the last value of a key up to `step`; None for the end."""
    bound = {"runs": list(run_keys), "key": key, "step": 2**62 if step is None else step}
    found = []
    for run_key, at in db.execute(_AT, bound).fetchall():
        found += media_between(db, [run_key], key, at, at)
    return found


def media_values(db: duckdb.DuckDBPyConnection, run_key: int) -> list[tuple[str, Any]]:
    """Return key and reference of all media that a run logged, the oldest first."""
    rows = db.execute(
        "SELECT s.key, v.value FROM value v JOIN series s USING (series_key) "
        "WHERE s.run_key = ? AND (v.value ->> '$._type') IS NOT NULL ORDER BY v.rowid",
        [run_key],
    ).fetchall()
    return [(key, load_json(value)) for key, value in rows]
