"""Brings a store's tables to this version of tracker, by numbered steps."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import duckdb

from tracker.errors import SchemaTooNewError
from tracker.store.rows import first_row

Step = Callable[[duckdb.DuckDBPyConnection], None]


def _create(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(files("tracker.store").joinpath("schema.sql").read_text(encoding="utf-8"))


# Step n brings version n to n + 1. Steps are never edited once released: add one.
STEPS: tuple[Step, ...] = (_create,)
VERSION = len(STEPS)


def version_of(db: duckdb.DuckDBPyConnection) -> int:
    """Return the version of the tables in `db`, 0 when there are none."""
    try:  # asked at each opening, and much faster than asking the catalogue
        row = first_row(db, "SELECT max(version) FROM schema_version")
    except duckdb.CatalogException:
        return 0
    return int(row[0]) if row and row[0] is not None else 0


def check(version: int, place: object) -> None:
    """Refuse a store that a newer tracker wrote.

    Raises
    ------
    SchemaTooNewError
        Naming both versions; nothing has been changed.
    """
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
    SchemaTooNewError
        If a newer tracker wrote them.
    """
    version = version_of(db)
    check(version, place)
    db.execute("BEGIN")
    for number in range(version, VERSION):
        STEPS[number](db)
        db.execute("INSERT INTO schema_version VALUES (?, now() AT TIME ZONE 'UTC')", [number + 1])
