"""Runs SQL that a user wrote: one statement that reads, and nothing else."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tracker.errors import QueryError
from tracker.store.database.tables import bind_tables

if TYPE_CHECKING:
    from pandas import DataFrame

READING_WORDS = (
    "SELECT", "WITH", "FROM", "VALUES", "TABLE", "DESCRIBE", "DESC", "SHOW", "SUMMARIZE", "EXPLAIN",
)  # fmt: skip
TABLES = (
    "runs, history, history_values, system, summary, media, console_lines, cells, events, "
    "artifacts, artifact_files, artifact_uses, sweeps, trials"
)
_READING_TYPES = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
_BLANK = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_EXPLAIN = re.compile(r"EXPLAIN\s*(?:ANALYZE\b)?\s*(?:\([^)]*\))?", re.IGNORECASE)


def run_query(
    db: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Any = None,
    objects_dir: Path | None = None,
) -> DataFrame:
    """Run one reading statement on a connection of :meth:`Store.querying`.

    Parameters
    ----------
    db : connection
        An open store, shut off from files, network and settings.
    query : str
        One SELECT, WITH, FROM, VALUES, TABLE, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.
    parameters : list, tuple or dict, optional
        Values for ``?``, ``$1`` or ``$name`` in `query`.
    objects_dir : Path, optional
        Where logged tables are; without it they cannot be named.

    Raises
    ------
    QueryError
        If the statement does not read, reaches outside the store, or cannot be carried out.
    """
    check_query(query)
    with _sentences():
        if objects_dir is not None:
            bind_tables(db, objects_dir, query)
        return db.execute(query, parameters).df()


def fetch_rows(
    db: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Any = None,
    *,
    most: int,
    deadline_s: float,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one reading statement; return the names of its columns and its first rows.

    Parameters
    ----------
    db : connection
        Of :meth:`Store.reading`.
    query, parameters
        As for :func:`run_query`.
    most : int
        How many rows at most.
    deadline_s : float
        After so many seconds the statement is broken off.

    Raises
    ------
    QueryError
        As :func:`run_query` does, and if the statement takes too long.
    """
    check_query(query)
    timer = threading.Timer(deadline_s, db.interrupt)
    timer.start()
    try:
        with _sentences():
            found = db.execute(query, parameters)
            return [name for name, *_ in found.description], found.fetchmany(most)
    except QueryError as error:
        if isinstance(error.__cause__, duckdb.InterruptException):
            raise QueryError(
                f"The query took more than {deadline_s:g} s and was broken off: ask for less."
            ) from error
        raise
    finally:
        timer.cancel()


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn DuckDB's errors into sentences."""
    try:
        yield
    except duckdb.PermissionException as error:
        raise QueryError(
            "SQL on the store cannot reach files, the network, extensions or settings: only the "
            f"store's own tables ({TABLES}). {_reason(error)}"
        ) from error
    except duckdb.CatalogException as error:
        raise QueryError(
            f"{_reason(error)} The store has {TABLES}, and the tables that runs logged, by their "
            "keys."
        ) from error
    except duckdb.Error as error:
        raise QueryError(f"The query failed: {_reason(error)}") from error


def check_query(query: str) -> None:
    """Raise QueryError unless `query` is one statement that only reads."""
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise QueryError(f"The query is not SQL as DuckDB knows it: {_reason(error)}") from error
    if len(statements) != 1:
        raise QueryError(f"The query holds {len(statements)} statements: expected one.")
    body = query[_end_of(_BLANK, query) :]
    word = re.match(r"\w*", body)
    first = word.group().upper() if word else ""
    if first not in READING_WORDS or statements[0].type not in _READING_TYPES:
        raise QueryError(
            f"The query begins with {first or body[:20]!r}: only reading statements are allowed "
            f"({', '.join(READING_WORDS)})."
        )
    if first == "EXPLAIN":
        check_query(body[_end_of(_EXPLAIN, body) :])


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


def _reason(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(line for line in lines if not line.startswith(("LINE ", "^")))
    return text if text.endswith((".", "!", "?")) else f"{text}."
