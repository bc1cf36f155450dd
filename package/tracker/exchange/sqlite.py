"""SQLite databases of other programs: opened to be read, and not trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tracker.errors import TrackerError, UsageError

_MAGIC: Final = b"SQLite format 3\0"
_BUSY_S: Final = 10.0


def is_sqlite(path: Path) -> bool:
    """Say whether a file is a SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database to read it; what goes wrong with it is one sentence.

    Raises
    ------
    UsageError
        If it is damaged, locked or of another layout.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as db:
            db.row_factory = sqlite3.Row
            # What a view calls is not run.
            db.execute("PRAGMA trusted_schema = OFF")
            # Text that is no UTF-8 stays readable.
            db.text_factory = lambda content: content.decode("utf-8", "replace")
            yield db
    except TrackerError:
        raise
    # Besides SQLite's own: columns that are not there, and values that are of another kind.
    except (sqlite3.Error, ValueError, TypeError, OverflowError, IndexError) as error:
        raise UsageError(f"The database {path} cannot be read: {error}.") from error


def columns(db: sqlite3.Connection, table: str) -> set[str]:
    """Return the columns of a table; none if there is no such table."""
    found = db.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall()
    return {str(row["name"]) for row in found}


def has_tables(path: Path, *tables: str) -> bool:
    """Say whether a file is a database that has these tables."""
    if not is_sqlite(path):
        return False
    try:
        with reading(path) as db:
            return all(columns(db, table) for table in tables)
    except UsageError:
        return False


def rows(db: sqlite3.Connection, query: str, *parameters: Any) -> Iterator[sqlite3.Row]:
    """Yield what a query gives."""
    yield from db.execute(query, parameters)
