"""Long series of runs that have ended, kept in buckets, so that many are read at once.

A panel of a hundred runs has no more room than some hundred buckets a line. Reading those
from here costs a hundredth of reading the points, which of runs that were logged at the same
time lie mingled. The rollup of a run is made in the transaction that ends the run and dropped
in the one that resumes it; it is made of the points and can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np

from tracker.store.database.rows import first_row
from tracker.store.series.buckets import BUCKET_FIELDS, Buckets, coarser, from_points, shift_for
from tracker.store.series.columnar import Columns, fetch, in_drawing_order, ordered, pieces

TABLES = ("rollup", "rollup_coarse", "rollup_odd")
# A shorter series is read from its points.
LONG = 2048
COLUMNS = 1024
# Points in memory at a time: as few as make no more than so many readings of the table, between
# these limits.
_READINGS = 8
_BATCH = (300_000, 4_000_000)

# Buckets of the coarse table are 2 ** _COARSER times as large.
_COARSER = 2
_ROWS = ("shift", "count", *BUCKET_FIELDS)
_COARSE_ROWS = (
    "shift", "bucket", "n", "total", "low", "high", "last", "first_step", "last_step",
    "first_us", "last_us",
)  # fmt: skip
_CHOSEN = "JOIN (SELECT unnest($keys)::INTEGER AS series_key) USING (series_key)"
_OWN = "(SELECT series_key FROM series WHERE run_key = ? AND kind != 'json')"


def build(db: duckdb.DuckDBPyConnection, run_key: int) -> None:
    """Make the rollup of a run that has ended, in place of what there was.

    A run that goes on, such as one whose earlier session ends now, gets none.
    """
    drop(db, run_key)
    state = first_row(db, "SELECT state FROM run WHERE run_key = ?", [run_key])
    if state is None or state[0] == "running":
        return
    counts = db.execute(
        f"SELECT series_key, count(*), min(step), max(step) FROM point JOIN {_OWN} "
        f"USING (series_key) GROUP BY series_key HAVING count(*) > {LONG} ORDER BY series_key",
        [run_key],
    ).fetchall()
    shifts = {key: shift_for(first, last, COLUMNS) for key, _, first, last in counts}
    for keys in _batches({key: count for key, count, *_ in counts}):
        _put(db, read_points(db, keys, shifts))


def drop(db: duckdb.DuckDBPyConnection, run_key: int) -> None:
    """Forget the rollup of a run."""
    for table in TABLES:
        db.execute(f"DELETE FROM {table} WHERE series_key IN {_OWN}", [run_key])


def read(db: duckdb.DuckDBPyConnection, series_keys: Sequence[int]) -> dict[int, Buckets]:
    """Return the rollups that there are of some series."""
    given = {"keys": list(series_keys)}
    rows = fetch(db, f"SELECT r.* FROM rollup r {_CHOSEN}", given)
    if not len(rows["series_key"]):
        return {}
    odd = fetch(db, f"SELECT r.* FROM rollup_odd r {_CHOSEN}", given)
    rows = ordered(rows, "bucket")
    odds = dict(pieces(ordered(odd, "step")))
    found = {}
    for key, piece in pieces(rows):
        own = odds.get(key)
        parts = {name: piece[name] for name in BUCKET_FIELDS}
        is_row = piece["n"] > 0
        if not is_row.all():
            parts = {name: part[is_row] for name, part in parts.items()}
        found[key] = Buckets(
            int(piece["shift"][0]),
            **parts,
            odd_step=own["step"] if own else np.empty(0, dtype=np.int64),
            odd=own["value"] if own else np.empty(0),
            count=int(piece["count"][0]),
        )
    return found


def read_points(
    db: duckdb.DuckDBPyConnection,
    series_keys: Sequence[int],
    shifts: dict[int, int],
    between: tuple[int, int] | None = None,
) -> dict[int, Buckets]:
    """Read the points of some series into buckets; series without points are absent.

    Parameters
    ----------
    db : connection
        An open store.
    series_keys : sequence of int
    shifts : dict of int to int
        The shift of each series; 0 for those that are not named.
    between : (int, int), optional
        Only steps from the one to the other.
    """
    bounds = "" if between is None else f"WHERE p.step BETWEEN {between[0]} AND {between[1]}"
    rows = fetch(
        db,
        "SELECT p.series_key, p.step, epoch_us(p.time) AS time_us, p.value, p.rowid AS number "
        f"FROM point p {_CHOSEN} {bounds}",
        {"keys": list(series_keys)},
    )
    return {
        key: from_points(piece["step"], piece["value"], piece["time_us"], shifts.get(key, 0))
        for key, piece in pieces(in_drawing_order(rows))
    }


def batches(db: duckdb.DuckDBPyConnection, series_keys: Sequence[int]) -> list[list[int]]:
    """Share those series that have points out so that the points of a batch fit into memory."""
    if not series_keys:
        return []
    counts = db.execute(
        f"SELECT series_key, count(*) FROM point {_CHOSEN} GROUP BY series_key ORDER BY series_key",
        {"keys": list(series_keys)},
    ).fetchall()
    return list(_batches(dict(counts)))


def _put(db: duckdb.DuckDBPyConnection, lines: dict[int, Buckets]) -> None:
    kept = {key: line if len(line.bucket) else _stand_in(line) for key, line in lines.items()}
    _insert(db, "rollup", _rows(kept, _ROWS))
    large = {key: coarser(line, line.shift + _COARSER) for key, line in lines.items()}
    _insert(db, "rollup_coarse", _rows(large, _COARSE_ROWS))
    odd = {
        "series_key": np.repeat(list(kept), [len(line.odd) for line in kept.values()]),
        "step": np.concatenate([line.odd_step for line in kept.values()]),
        "value": np.concatenate([line.odd for line in kept.values()]),
    }
    if len(odd["step"]):
        # DuckDB reads NaN in a NumPy column as NULL.
        _insert(db, "rollup_odd", odd, "series_key, step, coalesce(value, 'NaN'::DOUBLE)")


def _rows(lines: dict[int, Buckets], names: Sequence[str]) -> Columns:
    lengths = [len(line.bucket) for line in lines.values()]
    rows: Columns = {"series_key": np.repeat(list(lines), lengths)}
    for name in names:
        parts = [getattr(line, name) for line in lines.values()]
        is_one = name in ("shift", "count")
        rows[name] = np.repeat(parts, lengths) if is_one else np.concatenate(parts)
    return rows


def _stand_in(line: Buckets) -> Buckets:
    """Return the line with one bucket of no numbers: of a series that has none."""
    zero = np.zeros(1, dtype=np.int64)
    parts = {name: zero.astype(getattr(line, name).dtype) for name in BUCKET_FIELDS}
    return Buckets(line.shift, **parts, odd_step=line.odd_step, odd=line.odd, count=line.count)


def _insert(db: duckdb.DuckDBPyConnection, table: str, rows: Columns, select: str = "*") -> None:
    db.register("incoming", rows)
    db.execute(f"INSERT INTO {table} SELECT {select} FROM incoming")
    db.unregister("incoming")


def _batches(counts: dict[int, int]) -> Iterator[list[int]]:
    """Share series out so that a batch fits into memory."""
    batch: list[int] = []
    held = 0
    limit = min(max(sum(counts.values()) // _READINGS, _BATCH[0]), _BATCH[1])
    for key, count in counts.items():
        if batch and held + count > limit:
            yield batch
            batch, held = [], 0
        batch.append(key)
        held += count
    if batch:
        yield batch
