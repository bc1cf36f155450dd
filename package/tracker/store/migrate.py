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
    found = first_row(
        db,
        "SELECT count(*) FROM duckdb_tables() "
        "WHERE table_name = 'schema_version' AND database_name = current_database()",
    )
    if not found or not found[0]:
        return 0
    row = first_row(db, "SELECT max(version) FROM schema_version")
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


def bring_up(db: duckdb.DuckDBPyConnection, place: object) -> None:
    """Bring the tables to this version, inside the caller's transaction.

    Raises
    ------
    SchemaTooNewError
        If a newer tracker wrote them.
    """
    version = version_of(db)
    check(version, place)
    if version < VERSION:
        migrate(db, version)


def migrate(db: duckdb.DuckDBPyConnection, version: int) -> None:
    """Run the steps from `version` on, inside the caller's transaction."""
    for number in range(version, VERSION):
        STEPS[number](db)
        db.execute("INSERT INTO schema_version VALUES (?, now() AT TIME ZONE 'UTC')", [number + 1])
