"""Brings a store's tables to this version of tracker, by numbered steps."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import duckdb

from tracker.errors import SchemaTooNewError, StoreDamagedError
from tracker.store.database.rows import first_row

Step = Callable[[duckdb.DuckDBPyConnection], None]


def _create(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(files("tracker.store.database").joinpath("schema.sql").read_text(encoding="utf-8"))


# Version 1 was that of builds before the first release, and is made anew from the journals.
FIRST_VERSION = 2
# The first step makes the tables, each other one brings them to the next version. Steps are
# never edited once released: add one.
STEPS: tuple[Step, ...] = (_create,)
VERSION = FIRST_VERSION + len(STEPS) - 1


def version_of(db: duckdb.DuckDBPyConnection) -> int:
    """Return the version of the tables in `db`, 0 when there are none."""
    try:  # asked at each opening, and much faster than asking the catalogue
        row = first_row(db, "SELECT max(version) FROM schema_version")
    except duckdb.CatalogException:
        return 0
    return int(row[0]) if row and row[0] is not None else 0


def check(version: int, place: object) -> None:
    """Refuse a store that a newer tracker wrote, or one before the first release.

    Raises
    ------
    SchemaTooNewError
        Naming both versions; nothing has been changed.
    StoreDamagedError
        If the tables must be made anew from the journals, which is done where a run begins.
    """
    if 0 < version < FIRST_VERSION:
        raise StoreDamagedError(
            f"The store {place} has the tables of a tracker before its first release: "
            "`tracker doctor --rebuild` makes them anew from the journals."
        )
    if version > VERSION:
        raise SchemaTooNewError(
            f"The store {place} has schema version {version} and this tracker knows versions "
            f"up to {VERSION}: upgrade it with `pip install -U notebook-tracker`. "
            "Nothing was changed."
        )


def begin(db: duckdb.DuckDBPyConnection, place: object) -> None:
    """Begin a transaction in which the tables have this version.

    Raises
    ------
    SchemaTooNewError, StoreDamagedError
        As for :func:`check`.
    """
    version = version_of(db)
    check(version, place)
    db.execute("BEGIN")
    for reached in range(max(version + 1, FIRST_VERSION), VERSION + 1):
        STEPS[reached - FIRST_VERSION](db)
        db.execute("INSERT INTO schema_version VALUES (?, now() AT TIME ZONE 'UTC')", [reached])
