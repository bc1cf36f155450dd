"""Reads a stretch of what a run printed, and finds text in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

# What colours text in a terminal; nobody searches for it.
_CODES: Final = r"\x1b\[[0-9;:?]*[A-Za-z]"
_FITS: Final = (
    "($search = '' OR contains(lower(regexp_replace(text, $codes, '', 'g')), lower($search)))"
)


@dataclass(frozen=True, slots=True)
class Lines:
    """A stretch of what a run printed.

    Attributes
    ----------
    total : int
        Lines that fit the search, all together.
    first : int
        The place of the first line here among them.
    lines : list of (int, str, str)
        Number, stream and text of each line.
    """

    total: int
    first: int
    lines: list[tuple[int, str, str]]


def read_lines(
    db: duckdb.DuckDBPyConnection,
    run_key: int,
    first: int | None = None,
    count: int = 200,
    search: str = "",
) -> Lines:
    """Return `count` lines that a run printed, from place `first` on.

    Parameters
    ----------
    db : connection
        An open store.
    run_key : int
        The run.
    first : int, optional
        From 0 for the first line; more than there are gives the last ones. Default: the last.
    count : int
        Default 200.
    search : str
        Only lines that contain this text, in capitals or not. Default: all.
    """
    bound = {"run": run_key, "search": search, "codes": _CODES}
    found = db.execute(
        f"SELECT count(*) FROM console WHERE run_key = $run AND {_FITS}", bound
    ).fetchone()
    total = 0 if found is None else int(found[0])
    last_first = max(total - count, 0)
    start = last_first if first is None else min(max(first, 0), last_first)
    lines = db.execute(
        f"SELECT number, stream, text FROM console WHERE run_key = $run AND {_FITS} "
        f"ORDER BY number LIMIT {int(count)} OFFSET {start}",
        bound,
    ).fetchall()
    return Lines(total, start, lines)
