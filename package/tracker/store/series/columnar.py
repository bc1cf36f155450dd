"""Results of queries as columns of numbers, and the rows of each series among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]


def fetch(db: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> Columns:
    """Return what a query finds, a NumPy array a column."""
    return {name: np.asarray(c) for name, c in db.execute(sql, parameters).fetchnumpy().items()}


def ordered(rows: Columns, by: str) -> Columns:
    """Order rows by series and then by a column, keeping the order of equal ones."""
    keys, values = rows["series_key"], rows[by]
    rises = np.diff(keys)
    if ((rises > 0) | ((rises == 0) & (np.diff(values) >= 0))).all():
        return rows
    return _taken(rows, np.lexsort((values, keys)))


def in_drawing_order(rows: Columns) -> Columns:
    """Order points by series and step, points of equal step by their ``number``."""
    if (np.diff(rows["number"]) < 0).any():
        rows = _taken(rows, np.argsort(rows["number"]))
    # Series by series the steps are in order almost always.
    return ordered(_taken(rows, np.argsort(rows["series_key"], kind="stable")), "step")


def _taken(rows: Columns, places: NDArray[np.intp]) -> Columns:
    return {name: column[places] for name, column in rows.items()}


def pieces(rows: Columns) -> Iterator[tuple[int, Columns]]:
    """Share ordered rows out to their series."""
    keys = rows["series_key"]
    if not len(keys):
        return
    starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
    for start, end in zip(starts, [*starts[1:], len(keys)], strict=True):
        yield int(keys[start]), {name: column[start:end] for name, column in rows.items()}
