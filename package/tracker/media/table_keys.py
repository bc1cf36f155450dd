"""Links between tables: a row's key or place, remembered with the table it belongs to."""

# ruff: noqa: D102 - what overrides a method means what the base class says

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracker.errors import UsageError
from tracker.media.table_types import AnyType, CellType, NumberType, StringType, UnionType

if TYPE_CHECKING:
    from tracker.media.table import Table


@dataclass(frozen=True)
class LinkType(CellType):
    """A type whose values know their table."""

    def is_picky(self) -> bool:
        return True


@dataclass(frozen=True)
class PrimaryKeyType(LinkType):
    """Text that names a row."""

    name = "primaryKey"

    def assign(self, value: Any) -> CellType | None:
        return self if isinstance(value, str) else None

    def join(self, other: CellType) -> CellType | None:
        return self if isinstance(other, StringType | PrimaryKeyType) else None


@dataclass(frozen=True)
class ForeignKeyType(LinkType):
    """Text that names a row of another table."""

    name = "foreignKey"
    table: Table = field(compare=False)
    column: str = ""

    def join(self, other: CellType) -> CellType | None:
        return self if isinstance(other, StringType) or _is_same(self, other) else None

    def params(self) -> dict[str, Any]:
        return {"col_name": self.column}


@dataclass(frozen=True)
class ForeignIndexType(LinkType):
    """The place of a row in another table."""

    name = "foreignIndex"
    table: Table = field(compare=False)

    def join(self, other: CellType) -> CellType | None:
        return self if isinstance(other, NumberType) or _is_same(self, other) else None


LINKS = (ForeignKeyType, ForeignIndexType)


class TableKey(str):
    """The key of a row, from a table's key column."""

    __slots__ = ("column", "table")
    table: Table
    column: str

    def __new__(cls, key: str, table: Table, column: str) -> TableKey:
        """Return the key with its table."""
        made = super().__new__(cls, key)
        made.table, made.column = table, column
        return made

    @property
    def cell_type(self) -> CellType:
        """The type of a column of such keys in another table."""
        return ForeignKeyType(self.table, self.column)


class TableIndex(int):
    """The place of a row, from ``iterrows`` or ``get_index``."""

    table: Table

    def __new__(cls, index: int, table: Table) -> TableIndex:
        """Return the place with its table."""
        made = super().__new__(cls, index)
        made.table = table
        return made

    @property
    def cell_type(self) -> CellType:
        """The type of a column of such places in another table."""
        return ForeignIndexType(self.table)

    def get_row(self) -> dict[Any, Any]:
        """Return the row as a dict."""
        return dict(zip(self.table.columns, self.table.data[self], strict=True))


def check_link(
    kind: LinkType, table: Table, name: Any, types: Mapping[Any, CellType], optional: bool
) -> None:
    """Raise UsageError if a column of `table` cannot become the link `kind`."""
    if optional:
        raise UsageError("Primary keys, foreign keys, and foreign indexes cannot be optional.")
    if getattr(kind, "table", None) is table:
        raise UsageError("Cannot set a foreign table reference to same table.")
    keys = [key for key, known in types.items() if isinstance(known, PrimaryKeyType)]
    if isinstance(kind, PrimaryKeyType) and keys not in ([], [name]):
        raise UsageError(
            f"Cannot have multiple primary keys - {keys[0]} is already set as the primary key."
        )


def may_become_link(kind: CellType) -> bool:
    """Return whether a column of this type becomes one of links with the first link in it."""
    parts = kind.allowed if isinstance(kind, UnionType) else (kind,)
    return not any(isinstance(part, LinkType | AnyType) for part in parts)


def linked(cell: Any, kind: CellType, table: Table, name: Any) -> Any:
    """Return a cell of the column `name` of `table` that knows its table, if it is a link."""
    if isinstance(kind, PrimaryKeyType):
        return TableKey(cell, table, name)
    if isinstance(kind, ForeignKeyType):
        return TableKey(cell, kind.table, kind.column)
    return TableIndex(cell, kind.table) if isinstance(kind, ForeignIndexType) else cell


def _is_same(link: Any, other: CellType) -> bool:
    return link == other and link.table is getattr(other, "table", None)
