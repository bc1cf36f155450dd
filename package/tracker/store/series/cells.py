"""Reads what groups of series are made of: of each series and column of steps what is in it."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np

from tracker.store.series.columnar import Columns, fetch

_CHOSEN = "JOIN (SELECT unnest($keys)::INTEGER AS series_key) USING (series_key)"
_ROLLED = (
    "SELECT series_key, min(shift) FROM {table} r " + _CHOSEN + " GROUP BY series_key "
    "HAVING min(shift) <= $shift"
)
_AS_IT_IS = f"""
SELECT series_key, bucket AS "column", n::DOUBLE AS n, total, low, high, last, first_step,
       last_step{{clock}}
FROM {{table}} r {_CHOSEN}
"""
_MADE_COARSER = f"""
SELECT series_key, bucket >> ($shift - shift) AS "column", sum(n)::DOUBLE AS n,
       sum(total) AS total, min(low) AS low, max(high) AS high, arg_max(last, bucket) AS last,
       min(first_step) AS first_step, max(last_step) AS last_step,
       min(first_us) AS first_us, max(last_us) AS last_us
FROM {{table}} r {_CHOSEN} WHERE n > 0 GROUP BY series_key, "column"
"""
_FROM_POINTS = f"""
SELECT series_key, step >> $shift AS "column", count(number)::DOUBLE AS n, sum(number) AS total,
       min(number) AS low, max(number) AS high, arg_max(number, row) AS last,
       min(step) AS first_step, max(step) AS last_step, min(us) AS first_us, max(us) AS last_us,
       count(*) AS points
FROM (
    SELECT p.series_key, p.step, epoch_us(p.time) AS us, p.rowid AS row,
           if(isfinite(p.value), p.value, NULL) AS number
    FROM point p {_CHOSEN} WHERE p.step BETWEEN $first AND $final
) GROUP BY series_key, "column"
"""
_ODD_OF_ROLLUP = f"SELECT r.series_key, r.step, r.value FROM rollup_odd r {_CHOSEN}"
_ODD_OF_POINTS = (
    f"SELECT p.series_key, p.step, p.value FROM point p {_CHOSEN} "
    "WHERE NOT isfinite(p.value) AND p.step BETWEEN $first AND $final"
)
_NAMES = (
    "series_key", "column", "n", "total", "low", "high", "last", "first_step", "last_step",
    "first_us", "last_us",
)  # fmt: skip


def read_cells(
    db: duckdb.DuckDBPyConnection,
    series_keys: Sequence[int],
    shift: int,
    between: tuple[int, int] | None = None,
    *,
    has_clock: bool = True,
) -> tuple[Columns, Columns]:
    """Return the numbers of series by columns of ``2 ** shift`` steps, and what is no number.

    Series whose rollup is fine enough are read from it, the others from their points. Between
    two steps all are read from their points. Without the clock the times may be missing.

    Returns
    -------
    (Columns, Columns)
        A row a series and column with a number in it: ``series_key, column, n, total, low,
        high, last, first_step, last_step, first_us, last_us``; and a row a value that is no
        number: ``series_key, step, value``.
    """
    parts, odd, rest = [], [], list(series_keys)
    first, final = between or (-(2**62), 2**62)
    for table in ("rollup_coarse", "rollup") if between is None else ():
        shifts = rolled(db, table, rest, shift)
        right = [key for key, own in shifts.items() if own == shift]
        finer = [key for key, own in shifts.items() if own != shift]
        if right:
            sql = _AS_IT_IS.format(table=table, clock=", first_us, last_us" if has_clock else "")
            parts.append(fetch(db, sql, {"keys": right}))
        if finer:
            given = {"keys": finer, "shift": shift}
            parts.append(fetch(db, _MADE_COARSER.format(table=table), given))
        if shifts:
            odd.append(fetch(db, _ODD_OF_ROLLUP, {"keys": list(shifts)}))
            rest = [key for key in rest if key not in shifts]
        if not rest:
            break
    if rest:
        bounds = {"keys": rest, "first": first, "final": final}
        found = fetch(db, _FROM_POINTS, {**bounds, "shift": shift})
        if found.pop("points").sum() > found["n"].sum():
            odd.append(fetch(db, _ODD_OF_POINTS, bounds))
            is_number = found["n"] > 0
            found = {name: column[is_number] for name, column in found.items()}
        parts.append(found)
    names = _NAMES if has_clock else _NAMES[:-2]
    return _together(parts, names), _together(odd, ("series_key", "step", "value"))


def rolled(
    db: duckdb.DuckDBPyConnection, table: str, series_keys: Sequence[int], shift: int
) -> dict[int, int]:
    """Return the shifts of the series that a table of rollups has in fine enough columns."""
    given = {"keys": list(series_keys), "shift": shift}
    return dict(db.execute(_ROLLED.format(table=table), given).fetchall())


def _together(parts: list[Columns], names: Sequence[str]) -> Columns:
    if not parts:
        return {name: np.empty(0, dtype=np.int64) for name in names}
    if len(parts) == 1:
        return {name: parts[0][name] for name in names}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}
