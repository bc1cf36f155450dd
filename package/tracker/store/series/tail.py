"""Reads what a store has got since the last look, without looking at the rest."""

from __future__ import annotations

import duckdb

from tracker.store.database.rows import first_row
from tracker.store.series.buckets import Buckets, from_points, joined
from tracker.store.series.columnar import fetch, in_drawing_order, pieces

_MARK = "SELECT rowid, series_key, step, epoch_us(time) FROM point WHERE rowid = "


class Tail:
    """Remembers the last point it has seen, and returns those behind it.

    Rows keep their order in a store, but not for ever their numbers: deleting some may close
    the gap. So the last one is looked at again before its number is believed.
    """

    def __init__(self) -> None:
        self._mark: tuple[int, ...] | None = None

    def is_sure(self, db: duckdb.DuckDBPyConnection) -> bool:
        """Say whether :meth:`move` will find all that is new."""
        if self._mark is None:
            return False
        return first_row(db, f"{_MARK} {self._mark[0]}") == self._mark

    def move(
        self, db: duckdb.DuckDBPyConnection, lines: dict[int, Buckets]
    ) -> tuple[dict[int, Buckets], set[int]]:
        """Return lines that have grown, by series, and which series must be read anew.

        Parameters
        ----------
        db : connection
            An open store.
        lines : dict of int to Buckets
            What was known at the last look.

        Returns
        -------
        (dict of int to Buckets, set of int)
            A series must be read anew if a step was logged again or out of order.
        """
        since = -1 if self._mark is None else self._mark[0]
        row = first_row(db, f"SELECT max(rowid) FROM point WHERE rowid > {since}")
        if row is None or row[0] is None:
            return {}, set()
        self._mark = first_row(db, f"{_MARK} {row[0]}")
        if not lines:
            return {}, set()
        rows = fetch(
            db,
            "SELECT p.series_key, p.step, epoch_us(p.time) AS time_us, p.value, p.rowid AS number "
            "FROM point p JOIN (SELECT unnest($keys)::INTEGER AS series_key) USING (series_key) "
            f"WHERE p.rowid > {since}",
            {"keys": list(lines)},
        )
        grown, broken = {}, set()
        for key, piece in pieces(in_drawing_order(rows)):
            line = lines[key]
            if line.ends is not None and piece["step"][0] <= line.ends[1]:
                broken.add(key)
                continue
            new = from_points(piece["step"], piece["value"], piece["time_us"], line.shift)
            grown[key] = joined(line, new)
        return grown, broken
