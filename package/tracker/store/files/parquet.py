"""Columns to Parquet and back, in memory: what a logged table is kept as."""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from tracker.errors import StoreError, UsageError
from tracker.store.files.scratch import temporary_folder

# One thread writes the same bytes for the same rows, so that they are kept once.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
METADATA_KEY = "tracker"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# DuckDB takes NaN in NumPy's floats for NULL: where there is one, the bits go in as integers.
_BITS = {"DOUBLE": (np.float64, np.int64, "BIGINT"), "FLOAT": (np.float32, np.int32, "INTEGER")}
_READ = {
    "TIMESTAMP WITH TIME ZONE": "epoch_us({})",
    "TIMESTAMP_NS": "epoch_ns({})",
}


@dataclass(frozen=True, slots=True, eq=False)
class ParquetColumn:
    """A column to write.

    Attributes
    ----------
    name : str
        Not empty, and unlike the others whatever the case of its letters.
    sql_type : str
        BOOLEAN, BIGINT, UBIGINT, DOUBLE, FLOAT, VARCHAR, BLOB, DATE, TIMESTAMP,
        TIMESTAMP_NS, TIMESTAMPTZ (in microseconds since 1970), or one of the numbers with ``[]``.
    values : ndarray
        One entry a row, arrays of one dimension in an object array for lists.
    missing : ndarray of bool, optional
        Where there is no value; what `values` has there does not matter.
    """

    name: str
    sql_type: str
    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None


def write_parquet(columns: Sequence[ParquetColumn], metadata: str = "") -> bytes:
    """Return a Parquet file with these columns; the same columns give the same bytes.

    Parameters
    ----------
    columns : sequence of ParquetColumn
        All as long as the first; at least one.
    metadata : str
        Text to keep in the file's footer.

    Raises
    ------
    UsageError
        If a value does not fit the type of its column.
    """
    given: dict[str, NDArray[Any]] = {}
    chosen = [
        f"{_expression(column, place, given)} AS {_quoted(column.name)}"
        for place, column in enumerate(columns)
    ]
    options = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
    if metadata:
        options += f", KV_METADATA {{{METADATA_KEY}: {_text(metadata)}}}"
    with temporary_folder() as folder, _connect() as db:
        place = folder / "table.parquet"
        longest = max((len(array) for array in given.values()), default=0)
        try:
            db.execute(f"SET pandas_analyze_sample = {max(longest, 1)}")
            db.register("given", given)
            rows = f"SELECT {', '.join(chosen)} FROM given"
            db.execute(f"COPY ({rows}) TO {_text(str(place))} ({options})")
        except duckdb.Error as error:
            raise UsageError(f"A table cannot be kept as Parquet: {_reason(error)}") from error
        return place.read_bytes()


def read_parquet(path: Path) -> tuple[dict[str, list[Any]], str]:
    """Return a Parquet file's columns, as plain Python values, and its metadata.

    Instants come back as datetimes in UTC, TIMESTAMP_NS as nanoseconds since 1970.

    Raises
    ------
    StoreError
        If the file is not Parquet or is damaged.
    """
    place = [glob.escape(str(path))]  # DuckDB would take the name for a pattern
    with _connect() as db:
        try:
            types = db.execute("DESCRIBE SELECT * FROM read_parquet(?)", place).fetchall()
            chosen = [_READ.get(kind, "{}").format(_quoted(name)) for name, kind, *_ in types]
            rows = db.execute(f"SELECT {', '.join(chosen)} FROM read_parquet(?)", place).fetchall()
            notes = db.execute("SELECT key, value FROM parquet_kv_metadata(?)", place)
            metadata = {bytes(key): bytes(value) for key, value in notes.fetchall()}
        except duckdb.Error as error:
            raise StoreError(
                f"The table in {path} cannot be read: {_reason(error)} It was left as it is."
            ) from error
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    columns = {
        name: _instants(values) if kind == "TIMESTAMP WITH TIME ZONE" else list(values)
        for (name, kind, *_), values in zip(types, cells, strict=True)
    }
    return columns, metadata.get(METADATA_KEY.encode(), b"").decode()


def physical_names(names: Sequence[Any]) -> list[str]:
    """Return a name that SQL knows apart for each of `names`, itself wherever possible."""
    taken: set[str] = set()
    chosen = []
    for place, name in enumerate(names):
        stem = str(name).replace("\0", "").encode(errors="replace").decode() or f"column_{place}"
        unique, number = stem, 1
        while unique.lower() in taken:
            number += 1
            unique = f"{stem}_{number}"
        taken.add(unique.lower())
        chosen.append(unique)
    return chosen


def _connect() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own to this process' empty database, which is slow to make."""
    with _lock:
        database = _databases.get(os.getpid())
        if database is None:
            # A forked process keeps its parent's, because closing it would wait for ever.
            database = _databases[os.getpid()] = duckdb.connect(":memory:", config=CONFIG)
        return database.cursor()


_lock = threading.Lock()
_databases: dict[int, duckdb.DuckDBPyConnection] = {}


def _expression(column: ParquetColumn, place: int, given: dict[str, NDArray[Any]]) -> str:
    name = f"v{place}"
    values = column.values
    element = column.sql_type.removesuffix("[]")
    is_list = element != column.sql_type
    read = name
    if element in _BITS and _has_nan(values, is_list):
        values, read = _as_bits(values, name, element, is_list)
    elif element == "TIMESTAMPTZ":
        read = f"make_timestamptz({name})"
    given[name] = values
    if column.missing is not None and column.missing.any():
        given[f"m{place}"] = column.missing
        read = f"CASE WHEN m{place} THEN NULL ELSE {read} END"
    return f"({read})::{column.sql_type}"


def _has_nan(values: NDArray[Any], is_list: bool) -> bool:
    if not is_list:
        return values.dtype.kind == "f" and bool(np.isnan(values).any())
    return any(np.isnan(cell).any() for cell in values)


def _as_bits(
    values: NDArray[Any], name: str, element: str, is_list: bool
) -> tuple[NDArray[Any], str]:
    number, bits, sql_bits = _BITS[element]
    if not is_list:
        return values.astype(number).view(bits), f"{name}::BIT::{element}"
    cells = np.empty(len(values), dtype=object)
    for place, cell in enumerate(values):
        cells[place] = np.ascontiguousarray(cell, dtype=number).view(bits)
    return cells, f"[b::BIT::{element} FOR b IN {name}::{sql_bits}[]]"


def _instants(values: Sequence[int | None]) -> list[datetime | None]:
    return [None if value is None else EPOCH + timedelta(microseconds=value) for value in values]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0][:300] if str(error) else "no reason given"
    return text if text.endswith((".", "!", "?")) else f"{text}."
