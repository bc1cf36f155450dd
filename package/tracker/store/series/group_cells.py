"""Puts the columns of many series together in the database, where that is a plain aggregate.

It is one where no member of a group has to be carried over an empty column and every value is
a number. The rule that holds in all cases is in :mod:`tracker.figures.grouped`.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np

from tracker.store.series.cells import rolled
from tracker.store.series.columnar import Columns, fetch

# The square of a larger number may be more than a float can hold.
_LARGE = 1e150
_AS_IT_IS = """
SELECT place, series_key, bucket AS "column", n, total, low, high, first_step, last_step
FROM {table} JOIN wanted USING (series_key, shift) WHERE shift = $shift AND n > 0
"""
_MADE_COARSER = """
SELECT any_value(place) AS place, series_key, bucket >> ($shift - shift) AS "column",
       sum(n) AS n, sum(total) AS total, min(low) AS low, max(high) AS high,
       min(first_step) AS first_step, max(last_step) AS last_step
FROM {table} JOIN wanted USING (series_key, shift) WHERE shift < $shift AND n > 0
GROUP BY series_key, "column"
"""
_CELLS = f"""
WITH wanted AS (
    SELECT unnest($keys)::INTEGER AS series_key, unnest($shifts)::INTEGER AS shift,
           unnest($places)::INTEGER AS place
), cell AS (
    SELECT *, if(abs(total / n) < {_LARGE}, total / n, NULL) AS mean FROM ({{parts}})
)
"""
_MEMBERS = """
SELECT place, min("column") AS first, max("column") AS last, count(*) AS count,
       bool_and(mean IS NOT NULL) AS is_good
FROM cell GROUP BY place, series_key
"""
_GROUPS = """
SELECT place, "column", count(*) AS count, avg(mean) AS mean, min(mean) AS least,
       max(mean) AS most, coalesce(stddev_samp(mean), 0) AS std, min(low) AS low,
       max(high) AS high, min(first_step) AS x_low, max(last_step) AS x_high,
       sum(n)::DOUBLE AS n
FROM cell GROUP BY place, "column" ORDER BY place, "column"
"""
_ODD = (
    "SELECT DISTINCT series_key FROM rollup_odd "
    "JOIN (SELECT unnest($keys)::INTEGER AS series_key) USING (series_key)"
)


def read_groups(
    db: duckdb.DuckDBPyConnection, places: Mapping[int, int], shift: int
) -> tuple[Columns, set[int]]:
    """Return groups of series by columns of ``2 ** shift`` steps, and which groups these are.

    Parameters
    ----------
    db : connection
    places : mapping of int to int
        The number of the group that each series is in.
    shift : int

    Returns
    -------
    (Columns, set of int)
        A row a group and column, in order: ``place, column, count`` of members, ``mean, least,
        most, std`` of what they have there on average, ``low, high, x_low, x_high`` and the
        number ``n`` of points. The set holds the groups that are there; the others have a
        member without a rollup, with a gap, or with what is no number.
    """
    chosen, wrong = _chosen(db, places, shift)
    if not chosen:
        return {}, set()
    parts: list[str] = []
    keys: list[int] = []
    shifts: list[int] = []
    for table, own in chosen.items():
        keys += list(own)
        shifts += list(own.values())
        is_same = {each == shift for each in own.values()}
        parts += [_AS_IT_IS.format(table=table)] if True in is_same else []
        parts += [_MADE_COARSER.format(table=table)] if False in is_same else []
    own_places = [places[key] for key in keys]
    given = {"keys": keys, "shifts": shifts, "places": own_places, "shift": shift}
    cells = _CELLS.format(parts=" UNION ALL ".join(parts))
    rows = fetch(db, cells + _GROUPS, given)
    members = fetch(db, cells + _MEMBERS, given)
    is_fit = members["is_good"].astype(bool) & ~_has_gap(rows, members)
    wrong |= set(members["place"][~is_fit].tolist())
    right = set(members["place"].tolist()) - wrong
    is_right = np.isin(rows["place"], list(right))
    return {name: column[is_right] for name, column in rows.items()}, right


def _chosen(
    db: duckdb.DuckDBPyConnection, places: Mapping[int, int], shift: int
) -> tuple[dict[str, dict[int, int]], set[int]]:
    """Return the table of each series with its shift there; and the groups of those with none."""
    odd = db.execute(_ODD, {"keys": list(places)}).fetchall()
    wrong = {places[key] for (key,) in odd}
    rest = [key for key, place in places.items() if place not in wrong]
    chosen = {}
    for table in ("rollup_coarse", "rollup"):
        own = rolled(db, table, rest, shift) if rest else {}
        if own:
            chosen[table] = own
        rest = [key for key in rest if key not in own]
    wrong |= {places[key] for key in rest}
    return chosen, wrong


def _has_gap(rows: Columns, members: Columns) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say of each member whether it lacks a column that its group has between its ends."""
    base = rows["column"].min()
    size = int(rows["column"].max() - base) + 1
    known = rows["place"].astype(np.int64) * size + (rows["column"] - base)
    of = members["place"].astype(np.int64) * size - base
    first = np.searchsorted(known, of + members["first"])
    last = np.searchsorted(known, of + members["last"])
    return np.asarray(last - first + 1 != members["count"])
