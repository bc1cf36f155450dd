"""Reads rows of history: what a run logged at each step, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from tracker.records import Stream
from tracker.store.database.encode import load_json
from tracker.store.series.clock import read_spans

STEP, RUNTIME, TIMESTAMP = "_step", "_runtime", "_timestamp"
ROW_KEYS = (STEP, RUNTIME, TIMESTAMP)

_CASTS = {"int": np.int64, "bool": np.bool_}


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The values of one key: in which rows, and which. `values` is as long as `rows`."""

    rows: NDArray[np.intp]
    values: NDArray[Any] | list[Any]

    def column(self, length: int) -> NDArray[Any] | list[Any]:
        """Return a value for each row; NaN, or None among values that are no numbers."""
        if isinstance(self.values, list):
            filled: list[Any] = [None] * length
            for row, value in zip(self.rows.tolist(), self.values, strict=True):
                filled[row] = value
            return filled
        if len(self.rows) == length:
            return self.values
        numbers = np.full(length, np.nan)
        numbers[self.rows] = self.values
        return numbers

    def cells(self) -> Iterable[tuple[int, Any]]:
        """Return row and plain Python value of each cell."""
        is_list = isinstance(self.values, list)
        values = self.values if is_list else self.values.tolist()  # type: ignore[union-attr]
        return zip(self.rows.tolist(), values, strict=True)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows by step: the steps, when they were logged, and the cells of each key."""

    steps: NDArray[np.int64]
    times_us: NDArray[np.int64]
    runtimes_s: NDArray[np.float64]
    keys: dict[str, Cells]

    def special(self) -> dict[str, NDArray[Any]]:
        """Return the columns ``_step``, ``_runtime`` and ``_timestamp``."""
        return {STEP: self.steps, RUNTIME: self.runtimes_s, TIMESTAMP: self.times_us / 1e6}


def read_steps(
    db: duckdb.DuckDBPyConnection,
    run_key: int,
    keys: Sequence[str] | None = None,
    stream: Stream = "default",
    min_step: int | None = None,
    max_step: int | None = None,
) -> NDArray[np.int64]:
    """Return the steps at which a run logged at least one of some keys, ascending.

    The parameters are those of :func:`history`.
    """
    found = _series_of(db, run_key, keys, stream)
    bound = {"keys": list(found), "first": min_step, "end": max_step}
    columns = db.execute(
        f"SELECT DISTINCT step FROM (SELECT step FROM point {_WANTED} "
        f"UNION ALL SELECT step FROM value {_WANTED}) ORDER BY step",
        bound,
    ).fetchnumpy()
    return np.asarray(columns["step"], dtype=np.int64)


def read_rows(
    db: duckdb.DuckDBPyConnection,
    run_key: int,
    keys: Sequence[str] | None = None,
    stream: Stream = "default",
    min_step: int | None = None,
    max_step: int | None = None,
    steps: NDArray[np.int64] | None = None,
) -> Rows:
    """Return the rows of a run that hold at least one of some keys.

    The parameters are those of :func:`history`; `steps` picks the rows at these steps.
    """
    found = _series_of(db, run_key, keys, stream)
    wanted = _WANTED
    bound: dict[str, Any] = {"keys": list(found), "first": min_step, "end": max_step}
    if steps is not None:
        wanted += " AND step IN (SELECT unnest($steps))"
        bound["steps"] = steps.tolist()
    pieces = [_fetch(db, "point", wanted, bound)]
    if any(kind == "json" for _, kind in found.values()):
        pieces.append(_fetch(db, "value", wanted, bound))
    logged = _ascending(np.concatenate([piece["step"] for piece in pieces]))
    times_us = np.full(len(logged), np.iinfo(np.int64).min)
    for piece in pieces:
        np.maximum.at(times_us, np.searchsorted(logged, piece["step"]), piece["time_us"])
    names = list(dict.fromkeys(key for key, _ in found.values()))
    cells = _cells(logged, pieces, found)
    return Rows(
        logged,
        times_us,
        _runtimes(db, run_key, times_us),
        {name: cells[name] for name in names if name in cells},
    )


def history(
    db: duckdb.DuckDBPyConnection,
    run_key: int,
    keys: Sequence[str] | None = None,
    stream: Stream = "default",
    min_step: int | None = None,
    max_step: int | None = None,
    steps: NDArray[np.int64] | None = None,
) -> dict[str, NDArray[Any] | list[Any]]:
    """Return a run's rows by step, as columns.

    Parameters
    ----------
    db : connection
        An open store.
    run_key : int
        The run.
    keys : sequence of str, optional
        Only these keys, and only rows that hold at least one of them. Default: all.
    stream : {"default", "system"}
        What was logged, or the readings of the machine. Default what was logged.
    min_step, max_step : int, optional
        Only rows from `min_step` to before `max_step`.
    steps : int64 array, optional
        Only rows at these steps.

    Returns
    -------
    dict of str to array or list
        ``_step``; ``_runtime``, the seconds that the run had been running; ``_timestamp``,
        seconds since the epoch; then the keys, in the order asked for or first logged. A
        row shows what was logged last for its step. Where a row lacks a key there is NaN,
        or None among values that are not numbers. A key of whole numbers or of booleans
        that no row lacks is an int64 or a bool array. Keys never logged are left out.
    """
    rows = read_rows(db, run_key, keys, stream, min_step, max_step, steps)
    length = len(rows.steps)
    return {**rows.special(), **{key: c.column(length) for key, c in rows.keys.items()}}


_WANTED = (
    "WHERE series_key IN (SELECT unnest($keys)) "
    "AND ($first IS NULL OR step >= $first) AND ($end IS NULL OR step < $end)"
)


def _series_of(
    db: duckdb.DuckDBPyConnection, run_key: int, keys: Sequence[str] | None, stream: Stream
) -> dict[int, tuple[str, str]]:
    """Return key and kind of the series to read, in the order asked for or first logged."""
    rows = db.execute(
        "SELECT series_key, key, kind FROM series WHERE run_key = ? AND stream = ? "
        "ORDER BY series_key",
        [run_key, stream],
    ).fetchall()
    if keys is not None:
        places = {key: place for place, key in enumerate(keys)}
        rows = [row for row in rows if row[1] in places]
        rows.sort(key=lambda row: places[row[1]])
    return {series_key: (key, kind) for series_key, key, kind in rows}


def _fetch(
    db: duckdb.DuckDBPyConnection, table: str, wanted: str, bound: dict[str, Any]
) -> dict[str, NDArray[Any]]:
    columns = db.execute(
        f"SELECT series_key, step, epoch_us(time) AS time_us, value FROM {table} {wanted} "
        "ORDER BY rowid",
        bound,
    ).fetchnumpy()
    return {name: np.asarray(column) for name, column in columns.items()}


def _cells(
    steps: NDArray[np.int64],
    pieces: list[dict[str, NDArray[Any]]],
    found: dict[int, tuple[str, str]],
) -> dict[str, Cells]:
    """Return the cells of each key; of several values for one step the last inserted."""
    made: dict[str, Cells] = {}
    for piece in filter(lambda piece: len(piece["step"]), pieces):
        # Stable, so that the rows of each series stay in the order of their insertion.
        order = np.argsort(piece["series_key"], kind="stable")
        ordered = piece["series_key"][order]
        for chosen in np.split(order, np.flatnonzero(np.diff(ordered)) + 1):
            key, kind = found[int(piece["series_key"][chosen[0]])]
            rows = np.searchsorted(steps, piece["step"][chosen])
            last = _last_of_each(rows)
            values = piece["value"][chosen][last]
            cells = Cells(rows[last], _typed(values, kind))
            made[key] = _merged(made[key], cells) if key in made else cells
    return made


def _ascending(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each step once, ascending. Steps come in long ascending stretches."""
    steps = np.sort(steps, kind="stable")
    is_new: NDArray[np.bool_] = np.diff(steps, prepend=steps[:1] - 1) != 0
    return steps[is_new]


def _last_of_each(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, ascending by row, where each row occurs last."""
    if len(rows) < 2 or (np.diff(rows) > 0).all():
        return np.arange(len(rows))
    _, from_end = np.unique(rows[::-1], return_index=True)
    return len(rows) - 1 - from_end


def _typed(values: NDArray[Any], kind: str) -> NDArray[Any] | list[Any]:
    if kind == "json":
        return [load_json(text) for text in values]
    # A series is of whole numbers until one is not; those before it keep no mark of it.
    return values.astype(_CASTS[kind]) if kind in _CASTS else values


def _merged(numbers: Cells, others: Cells) -> Cells:
    """Join numbers and other values of one key; the others win where both are."""
    both = dict(numbers.cells()) | dict(others.cells())
    rows = sorted(both)
    return Cells(np.array(rows, dtype=np.intp), [both[row] for row in rows])


def _runtimes(
    db: duckdb.DuckDBPyConnection, run_key: int, times_us: NDArray[np.int64]
) -> NDArray[np.float64]:
    spans = read_spans(db, [run_key]).get(run_key, [])
    if not spans:
        return np.zeros(len(times_us))
    untils = np.array([span.until_us for span in spans])
    shifts = np.array([span.shift_us for span in spans])
    place = np.minimum(np.searchsorted(untils, times_us, side="right"), len(spans) - 1)
    return np.asarray((times_us - shifts[place]) / 1e6, dtype=np.float64)
