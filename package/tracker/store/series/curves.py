"""Reads curves: the points of series, thinned to what a panel can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import duckdb
import numpy as np

from tracker.errors import UsageError
from tracker.records import Curve
from tracker.store.series import m4
from tracker.store.series.clock import read_spans

Axis = Literal["step", "relative", "time"]
POINTS_PER_PIXEL = 4

_STEPS = """
SELECT series_key, step AS k, value AS v, p.rowid AS n
FROM point p JOIN (SELECT unnest($keys) AS series_key) USING (series_key)
"""
_TIMES = """
SELECT series_key, epoch_us(time) AS k, value AS v, p.rowid AS n
FROM point p JOIN (SELECT unnest($keys) AS series_key) USING (series_key)
"""
_RUNTIMES = """
SELECT series_key, epoch_us(time) - shift AS k, value AS v, p.rowid AS n
FROM point p
JOIN (
    SELECT unnest($span_series) AS series_key, unnest($since) AS since,
           unnest($until) AS until, unnest($shift) AS shift
) USING (series_key)
WHERE series_key IN (SELECT unnest($keys))
"""
_IN_SPAN = "AND epoch_us(time) >= since AND epoch_us(time) < until"
# A point has the x that its run had logged at that step or last before it.
_OVER = f"""
CREATE OR REPLACE TEMP TABLE over_metric AS
SELECT series_key, {m4.ordinal("x + 0.0")} AS k, v, n
FROM (
    SELECT p.series_key, x.x, p.value AS v, p.n
    FROM (
        SELECT p.series_key, y.run_key, p.step, p.value, p.rowid AS n
        FROM point p
        JOIN (SELECT unnest($keys) AS series_key) USING (series_key)
        JOIN series y USING (series_key)
    ) p
    ASOF JOIN (
        SELECT s.run_key, step, arg_max(value, p.rowid) AS x
        FROM point p JOIN series s USING (series_key)
        WHERE s.run_key IN (SELECT unnest($x_runs)) AND s.key = $x_key AND s.stream = 'default'
        GROUP BY ALL
    ) x
    ON p.run_key = x.run_key AND p.step >= x.step
)
WHERE isfinite(x)
"""
_MICROSECONDS = "({0} / 1e6::DOUBLE)"


def curves(
    db: duckdb.DuckDBPyConnection,
    series_keys: Sequence[int],
    *,
    x: Axis = "step",
    width: int = 640,
    lo: float | None = None,
    hi: float | None = None,
) -> dict[int, Curve]:
    """Return the points of some series, by series key, ordered by x.

    A series of at most four points a pixel column is returned whole, a longer one thinned
    by M4, see :mod:`tracker.store.series.m4`: its line covers the same pixels. Points of equal x
    keep the order in which they were logged.

    Parameters
    ----------
    db : connection
        An open store.
    series_keys : sequence of int
        The series of one panel, which share its pixel columns. Keys that the store does
        not have are passed over.
    x : {"step", "relative", "time"}
        Steps, seconds since the run began (sessions of a resumed run added up), or
        seconds since the epoch. Default steps.
    width : int
        Number of pixel columns between `lo` and `hi`. Default 640.
    lo, hi : float, optional
        Only points from `lo` to `hi`, and on either side the nearest one beyond, so that
        the line reaches the edges. Default: from the least to the greatest x of all these
        series.

    Raises
    ------
    UsageError
        If `width` is less than 1, `lo` more than `hi`, or `x` not an axis.
    """
    named = _read_names(db, series_keys)
    if x == "step":
        source = m4.Source(_STEPS, "{0}::DOUBLE", {"keys": list(named)})
    elif x == "time":
        source = m4.Source(_TIMES, _MICROSECONDS, {"keys": list(named)})
    elif x == "relative":
        source = _runtime_source(db, named)
    else:
        raise UsageError(f"x is {x!r}: expected 'step', 'relative' or 'time'.")
    return _read(db, source, named, width, lo, hi)


def curves_over(
    db: duckdb.DuckDBPyConnection,
    run_keys: int | Sequence[int],
    keys: Sequence[str],
    x_key: str,
    *,
    width: int = 640,
    lo: float | None = None,
    hi: float | None = None,
) -> dict[int, Curve]:
    """Return curves over another metric, by series key, ordered by x.

    The x of a point is the value that `x_key` had at the point's step, or last before it.
    Points before the first such value, and where it is NaN or infinite, are left out; they
    are not counted in the curves' `total`.

    Parameters
    ----------
    db : connection
        An open store.
    run_keys : int or sequence of int
        One run or several.
    keys : sequence of str
        The metrics to read.
    x_key : str
        The metric for the x-axis; runs that never logged it have curves without points.
    width, lo, hi
        As for :func:`curves`.

    Raises
    ------
    UsageError
        If `width` is less than 1, or `lo` more than `hi`.
    """
    runs = [run_keys] if isinstance(run_keys, int) else list(run_keys)
    found = db.execute(
        "SELECT series_key FROM series WHERE run_key IN (SELECT unnest($runs)) "
        "AND key IN (SELECT unnest($keys)) AND stream = 'default' AND kind != 'json'",
        {"runs": runs, "keys": list(keys)},
    ).fetchall()
    named = _read_names(db, [series_key for (series_key,) in found])
    source = m4.Source(
        "SELECT * FROM over_metric WHERE series_key IN (SELECT unnest($keys))",
        m4.from_ordinal("{0}"),
        {"keys": list(named)},
    )
    db.execute(_OVER, {"keys": list(named), "x_runs": runs, "x_key": x_key})
    try:
        return _read(db, source, named, width, lo, hi)
    finally:
        db.execute("DROP TABLE over_metric")


def _read_names(
    db: duckdb.DuckDBPyConnection, series_keys: Sequence[int]
) -> dict[int, tuple[int, str]]:
    """Return run and key of the series that exist, in the order asked for."""
    rows = db.execute(
        "SELECT series_key, run_key, key FROM series WHERE series_key IN (SELECT unnest($keys))",
        {"keys": [int(key) for key in series_keys]},
    ).fetchall()
    found = {series_key: (run_key, key) for series_key, run_key, key in rows}
    return {key: found[key] for key in map(int, series_keys) if key in found}


def _runtime_source(
    db: duckdb.DuckDBPyConnection, named: Mapping[int, tuple[int, str]]
) -> m4.Source:
    spans = read_spans(db, [run_key for run_key, _ in named.values()])
    rows = [
        (series_key, span.since_us, span.until_us, span.shift_us)
        for series_key, (run_key, _) in named.items()
        for span in spans.get(run_key, ())
    ]
    columns = zip(*rows, strict=True) if rows else [()] * 4
    names = ("span_series", "since", "until", "shift")
    parameters = {name: list(column) for name, column in zip(names, columns, strict=True)}
    is_resumed = len(rows) > len(named)
    sql = _RUNTIMES + _IN_SPAN if is_resumed else _RUNTIMES
    return m4.Source(sql, _MICROSECONDS, {"keys": list(named), **parameters})


def _read(
    db: duckdb.DuckDBPyConnection,
    source: m4.Source,
    named: Mapping[int, tuple[int, str]],
    width: int,
    lo: float | None,
    hi: float | None,
) -> dict[int, Curve]:
    least, most = _check_range(width, lo, hi)
    if not named:
        return {}
    is_zoomed = lo is not None or hi is not None
    inside = source.within(least, most) if is_zoomed else source
    extents = m4.extents(db, inside)
    totals = {key: total for key, total, *_ in extents}
    long = [key for key, total in totals.items() if total > POINTS_PER_PIXEL * width]
    short = [key for key in totals if key not in set(long)]
    parts = [m4.whole(db, inside.only(short))] if short else []
    if long:
        first = min(least for *_, least, _ in extents) if lo is None else lo
        last = max(most for *_, most in extents) if hi is None else hi
        parts.append(m4.thinned(db, inside.only(long), lo=first, hi=last, width=width))
    points = {key: piece for part in parts for key, *piece in _split(part)}
    empty = np.empty(0, dtype=np.float64)
    within = {key: points.get(key, [empty, empty]) for key in named}
    beyond = list(_split(m4.neighbours(db, source, least, most))) if is_zoomed else []
    around = {key: (xs, vs) for key, xs, vs in beyond}
    found = {}
    for key, (run_key, name) in named.items():
        xs, vs = within[key]
        total = totals.get(key, 0)
        is_exact = len(xs) == total
        if key in around:
            xs, vs = _surround(xs, vs, *around[key], least)
        found[key] = Curve(key, run_key, name, xs, vs, total, is_exact)
    return found


def _check_range(width: int, lo: float | None, hi: float | None) -> tuple[float, float]:
    if width < 1:
        raise UsageError(f"width is {width}: expected a number of pixels, 1 or more.")
    least = -math.inf if lo is None else float(lo)
    most = math.inf if hi is None else float(hi)
    if not least <= most:
        raise UsageError(f"The range is {lo} to {hi}: expected lo no more than hi.")
    return least, most


def _split(columns: m4.Columns) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    keys = columns["series_key"]
    if not len(keys):
        return
    starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
    for start, end in zip(starts, [*starts[1:], len(keys)], strict=True):
        piece = slice(start, end)
        yield int(keys[start]), np.asarray(columns["x"][piece]), np.asarray(columns["v"][piece])


def _surround(
    xs: np.ndarray, vs: np.ndarray, near_xs: np.ndarray, near_vs: np.ndarray, lo: float
) -> tuple[np.ndarray, np.ndarray]:
    is_before = near_xs < lo
    return (
        np.concatenate([near_xs[is_before], xs, near_xs[~is_before]]),
        np.concatenate([near_vs[is_before], vs, near_vs[~is_before]]),
    )
