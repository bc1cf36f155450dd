"""M4 in SQL: thin a line to the points that decide its pixels.

Of the points in each pixel column the first, the last, the lowest and the highest are kept
(Jugel et al., *M4: A Visualization-Oriented Time Series Data Aggregation*, VLDB 2014); a
line through them covers the same pixels as a line through all. Of equal lows the one stored
first is kept, of equal highs the one stored last.

NaN and the infinities are no heights. They are kept apart: of the NaN in a column the first
and the last, of the infinities also the lowest and the highest, and one of them wherever
two kept points of a column have one between them, so that no line is ever drawn across a
value that was not a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

SIGN = 2**63
ROW_BITS = 62

Columns = dict[str, NDArray[Any]]


def ordinal(number: str) -> str:
    """Return SQL for a BIGINT that orders as a DOUBLE does: its bits, negatives turned."""
    bits = f"({number})::BIT::BIGINT"
    return f"(CASE WHEN {bits} < 0 THEN xor({bits}, {SIGN - 1}) ELSE {bits} END)"


def from_ordinal(ordinal: str) -> str:
    """Return SQL for the DOUBLE that a column of :func:`ordinal` was made of."""
    bits = f"(CASE WHEN {ordinal} < 0 THEN xor({ordinal}, {SIGN - 1}) ELSE {ordinal} END)"
    return f"{bits}::BIT::DOUBLE"


@dataclass(frozen=True, slots=True)
class Source:
    """The points to read, as SQL.

    Attributes
    ----------
    sql : str
        A SELECT of ``series_key``, ``k`` (a BIGINT that orders the points as their x
        does), ``v`` (the value) and ``n`` (the row's number, which orders points of
        equal x).
    x_sql : str
        SQL for x, a DOUBLE; ``{0}`` stands for ``k``.
    parameters : dict
        What the SELECT needs bound; ``keys`` are the series to read.
    """

    sql: str
    x_sql: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def x(self, k: str = "k") -> str:
        """Return SQL for the x that `k` stands for."""
        return self.x_sql.format(k)

    def within(self, lo: float, hi: float) -> Source:
        """Return this source with only the points from `lo` to `hi`."""
        sql = f"SELECT * FROM ({self.sql}) WHERE {self.x()} BETWEEN $within_lo AND $within_hi"
        bound = {**self.parameters, "within_lo": lo, "within_hi": hi}
        return replace(self, sql=sql, parameters=bound)

    def only(self, series_keys: list[int]) -> Source:
        """Return this source with only these of its series."""
        return replace(self, parameters={**self.parameters, "keys": series_keys})


def extents(db: duckdb.DuckDBPyConnection, source: Source) -> list[tuple[int, int, float, float]]:
    """Return of each series that has points its key, their number, the least and most x."""
    return db.execute(
        f"SELECT series_key, count(*), {source.x('min(k)')}, {source.x('max(k)')} "
        f"FROM ({source.sql}) GROUP BY series_key",
        source.parameters,
    ).fetchall()


def whole(db: duckdb.DuckDBPyConnection, source: Source) -> Columns:
    """Return every point: series_key, x, v, in the order of drawing."""
    sql = f"SELECT series_key, {source.x()} AS x, v FROM ({source.sql}) ORDER BY series_key, k, n"
    return _fetch(db, sql, source.parameters)


def neighbours(db: duckdb.DuckDBPyConnection, source: Source, lo: float, hi: float) -> Columns:
    """Return of each series the last point before `lo` and the first one after `hi`."""
    sql = f"""
        WITH source AS ({source.sql}),
        edge AS (
            SELECT series_key, max(k) FILTER ({source.x()} < $lo) AS before,
                   min(k) FILTER ({source.x()} > $hi) AS after
            FROM source GROUP BY series_key
        )
        SELECT series_key, {source.x()} AS x,
               CASE WHEN k = before THEN arg_max(v, n) ELSE arg_min(v, n) END AS v
        FROM source JOIN edge USING (series_key)
        WHERE k = before OR k = after
        GROUP BY series_key, k, before ORDER BY series_key, k
    """
    return _fetch(db, sql, {**source.parameters, "lo": lo, "hi": hi})


def thinned(
    db: duckdb.DuckDBPyConnection, source: Source, *, lo: float, hi: float, width: int
) -> Columns:
    """Return the M4 points of each series: series_key, x, v, in the order of drawing.

    Parameters
    ----------
    db : connection
        An open store.
    source : Source
        The points from `lo` to `hi`.
    lo, hi : float
        The edges of the first and of the last pixel column.
    width : int
        Number of pixel columns.
    """
    scale = width / (hi - lo) if hi > lo else 0.0
    bound = {**source.parameters, "lo": lo, "scale": scale, "last": width - 1}
    found = _thin(db, source, "kept", bound)
    is_broken = ~np.isfinite(found["v"])
    if not is_broken.any():
        return found
    broken = np.unique(found["series_key"][is_broken])
    again = _thin(db, source, _BROKEN, {**bound, "keys": broken.tolist()})
    is_done = ~np.isin(found["series_key"], broken)
    return {name: np.concatenate([found[name][is_done], again[name]]) for name in found}


def _thin(
    db: duckdb.DuckDBPyConnection, source: Source, kept: str, bound: dict[str, Any]
) -> Columns:
    return _fetch(db, _M4.format(source=source.sql, x=source.x(), kept=kept), bound)


def _fetch(db: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> Columns:
    return {name: np.asarray(c) for name, c in db.execute(sql, parameters).fetchnumpy().items()}


# pos orders the points as they are drawn, height by value; both end in the row's number, so
# that no two are equal and the result does not hang on which thread met a point first.
_M4 = f"""
WITH points AS (
    SELECT series_key, v,
        greatest(least(floor(({{x}} - $lo) * $scale), $last), 0)::INTEGER AS pixel,
        CASE WHEN isfinite(v) THEN 0 WHEN isnan(v) THEN 1 ELSE 2 END AS class,
        (k::HUGEINT + {SIGN}) * {2**ROW_BITS} + n AS pos,
        {ordinal("v")}::HUGEINT * {2**ROW_BITS} + n AS height
    FROM ({{source}})
),
pixels AS (
    SELECT series_key, class,
        min(pos) AS first_pos, arg_min(v, pos) AS first_v,
        arg_min(pos, height) AS low_pos, arg_min(v, height) AS low_v,
        arg_max(pos, height) AS high_pos, arg_max(v, height) AS high_v,
        max(pos) AS last_pos, arg_max(v, pos) AS last_v
    FROM points GROUP BY series_key, pixel, class
),
kept AS (
    SELECT DISTINCT series_key, class,
        unnest([first_pos, low_pos, high_pos, last_pos]) AS pos,
        unnest([first_v, low_v, high_v, last_v]) AS v
    FROM pixels
)
SELECT series_key, {{x}} AS x, v
FROM (SELECT series_key, ((pos >> {ROW_BITS}) - {SIGN})::BIGINT AS k, pos, v FROM {{kept}})
ORDER BY series_key, pos
"""
_BROKEN = """(
    SELECT series_key, pos, v FROM kept
    UNION
    SELECT b.series_key, b.pos, b.v
    FROM (SELECT series_key, pos FROM kept WHERE class = 0) k
    ASOF JOIN (SELECT series_key, pos, v FROM points WHERE class > 0) b
    ON k.series_key = b.series_key AND k.pos > b.pos
)"""
