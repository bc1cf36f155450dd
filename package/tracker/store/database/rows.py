"""Reading single rows."""

from __future__ import annotations

from typing import Any

import duckdb


def first_row(
    db: duckdb.DuckDBPyConnection, query: str, parameters: Any = None
) -> tuple[Any, ...] | None:
    """Return the first row of a query, None where there is none.

    All rows are fetched: DuckDB 2 refuses further work on a connection while a result is
    unfinished, which ``fetchone`` leaves it.
    """
    rows = db.execute(query, parameters).fetchall()
    return rows[0] if rows else None
