"""A table as it was when it was logged: to a Parquet file and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.media.media import Put, digest
from tracker.media.table_columns import decode, encode
from tracker.media.table_dtypes import type_from_json
from tracker.media.table_types import CellType, UnknownType
from tracker.store.files.parquet import ParquetColumn, physical_names, read_parquet, write_parquet

VERSION = 1
WHOLE, INCREMENT = "table-file", "incremental-table-file"
# Parquet has no tables without columns.
NO_COLUMN = ParquetColumn("nothing", "BOOLEAN", np.zeros(0, dtype=np.bool_))

# What a Python object of a few bytes takes.
CELL_BYTES = 64

Load = Callable[[dict[str, Any]], Any]


@dataclass(slots=True, eq=False)
class TableSnapshot:
    """The rows of a table at one moment; nothing that happens to the table changes it.

    Attributes
    ----------
    columns : list
        The names.
    rows : list of list
        All rows, or for an increment those since the one before.
    types : dict
        Column to its type.
    links : dict
        Column to the snapshot of the table that it points into.
    log_mode : str
        As of the table.
    previous : TableSnapshot or None
        The increment before this one.
    number : int
        The increment's number, from 0.
    """

    columns: list[Any]
    rows: list[list[Any]]
    types: dict[Any, CellType]
    links: dict[Any, TableSnapshot] = field(default_factory=dict)
    log_mode: str = "IMMUTABLE"
    previous: TableSnapshot | None = None
    number: int = 0
    reference: dict[str, Any] | None = None

    is_quick: ClassVar[bool] = False

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept, roughly."""
        cells = len(self.rows) * len(self.columns) * CELL_BYTES
        files = (getattr(cell, "held_bytes", 0) for row in self.rows[:1] for cell in row)
        return cells + sum(files) * len(self.rows)

    def snapshot(self) -> TableSnapshot:
        """Return itself: nothing changes it."""
        return self

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep the rows as Parquet; return the JSON that stands for the table."""
        if self.reference is not None:
            return dict(self.reference)
        before = self.previous.to_reference(put_bytes) if self.previous else None
        links = {name: link.to_reference(put_bytes) for name, link in self.links.items()}
        notes, columns = self._encode(links, put_bytes)
        if before is not None:
            notes["previous"] = before
        content = write_parquet(columns or [NO_COLUMN], json.dumps(notes))
        reference: dict[str, Any] = {
            "_type": INCREMENT if self.log_mode == "INCREMENTAL" else WHOLE,
            "sha256": put_bytes(content),
            "format": "parquet",
            "size": len(content),
            "ncols": len(self.columns),
            "nrows": len(self.rows) + (before["nrows"] if before else 0),
            "log_mode": self.log_mode,
            "columns": [str(name) for name in self.columns],
        }
        if self.log_mode == "INCREMENTAL":
            reference["increment_num"] = self.number
            reference["previous"] = before["sha256"] if before else None
            self.reference, self.previous, self.rows = reference, None, []
        return dict(reference)

    def _encode(
        self, links: dict[Any, dict[str, Any]], put_bytes: Put
    ) -> tuple[dict[str, Any], list[ParquetColumn]]:
        columns, entries = [], []
        names = physical_names(self.columns)
        for place, (name, stored_name) in enumerate(zip(self.columns, names, strict=True)):
            kind = self.types[name]
            stored = encode([row[place] for row in self.rows], kind, put_bytes)
            entry = {"name": name, "stored": stored_name, "type": kind.to_json(), **stored.how}
            if name in links:
                entry["table"] = links[name]
            entries.append(entry)
            columns.append(
                ParquetColumn(stored_name, stored.sql_type, stored.values, stored.missing)
            )
        notes = {"version": VERSION, "log_mode": self.log_mode, "columns": entries}
        return notes, columns


@dataclass(frozen=True, eq=False)
class StoredTable:
    """What a Parquet file of a table says."""

    columns: list[Any]
    rows: list[list[Any]]
    types: dict[Any, CellType]
    links: dict[Any, tuple[dict[str, Any], dict[str, Any]]]
    log_mode: str
    previous: dict[str, Any] | None


def read_table(path: Path, load: Load) -> StoredTable:
    """Read one file; `load` makes media of the references in its cells.

    Raises
    ------
    StoreError
        If it is no table of ours, or is damaged.
    """
    columns, text = read_parquet(path)
    try:
        notes = json.loads(text)
        cells = [decode(columns[entry["stored"]], _how(entry), load) for entry in notes["columns"]]
        names = [entry["name"] for entry in notes["columns"]]
        links = {e["name"]: (e["type"], e["table"]) for e in notes["columns"] if "table" in e}
        types = {
            entry["name"]: type_from_json(entry["type"])
            for entry in notes["columns"]
            if entry["name"] not in links
        }
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, UsageError | NotFoundError):
            raise
        raise StoreError(f"{path} is no table of tracker's, or it is damaged: {error}.") from error
    rows = [list(row) for row in zip(*cells, strict=True)]
    return StoredTable(names, rows, types, links, notes["log_mode"], notes.get("previous"))


def has_same_rows(mine: list[list[Any]], theirs: list[list[Any]]) -> bool:
    """Return whether two tables of the same columns would be kept as the same rows."""
    if len(mine) != len(theirs):
        return False
    width = max(map(len, mine), default=0)
    types: dict[Any, CellType] = {place: UnknownType() for place in range(width)}
    one, other = (
        TableSnapshot(list(types), rows, types).to_reference(digest) for rows in (mine, theirs)
    )
    return bool(one["sha256"] == other["sha256"])


def read_notes(path: Path) -> tuple[dict[str, Any], Iterator[str | None]]:
    """Return what a file says of its columns, and the texts of cells that may hold media."""
    columns, text = read_parquet(path)
    notes = json.loads(text) if text else {"columns": []}
    stored = [entry["stored"] for entry in notes["columns"] if entry.get("as") == "json"]
    return notes, chain.from_iterable(columns[name] for name in stored)


def _how(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("as", "dtype", "shape") if key in entry}
