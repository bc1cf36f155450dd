"""Two tables side by side, row by row where a key is equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tracker.errors import UsageError
from tracker.media.media import Find, Put
from tracker.media.table import Table
from tracker.media.table_file import TableSnapshot
from tracker.media.upstairs import Shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class JoinSnapshot:
    """A join as it was when it was logged."""

    table1: TableSnapshot
    table2: TableSnapshot
    join_key: str | list[str]
    is_quick: ClassVar[bool] = False

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept, roughly."""
        return self.table1.held_bytes + self.table2.held_bytes

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep both tables and return the JSON that stands for the join."""
        return {
            "_type": JoinedTable.type_name,
            "table1": self.table1.to_reference(put_bytes),
            "table2": self.table2.to_reference(put_bytes),
            "join_key": self.join_key,
        }


class JoinedTable(Shown):
    """A join to log: ``run.log({"both": tracker.JoinedTable(before, after, "id")})``.

    Parameters
    ----------
    table1, table2 : Table
        The tables.
    join_key : str or list of two str
        The column that both have, or the one of each.

    Raises
    ------
    UsageError
        If they are no tables, or do not have these columns.
    """

    type_name: ClassVar[str] = "joined-table"

    def __init__(self, table1: Table, table2: Table, join_key: str | list[str]) -> None:
        if not isinstance(join_key, str) and (
            not isinstance(join_key, list | tuple) or len(join_key) != 2
        ):
            raise UsageError("JoinedTable join_key should be a string or a list of two strings")
        for place, table in ((1, table1), (2, table2)):
            if not isinstance(table, Table):
                raise UsageError(
                    f"JoinedTable table{place} should be a tracker.Table object, and is a "
                    f"{type(table).__name__}."
                )
        self.join_key: str | list[str] = join_key if isinstance(join_key, str) else list(join_key)
        self.table1, self.table2 = table1, table2
        for table, key in zip((table1, table2), self.keys, strict=True):
            table.get_column(key)

    @property
    def keys(self) -> tuple[str, str]:
        """The key's column in each table."""
        if isinstance(self.join_key, str):
            return self.join_key, self.join_key
        return self.join_key[0], self.join_key[1]

    def get_dataframe(
        self, how: Literal["inner", "left", "right", "outer"] = "inner"
    ) -> pd.DataFrame:
        """Return the join as a pandas DataFrame.

        Parameters
        ----------
        how : {"inner", "left", "right", "outer"}
            Which rows without a partner stay. Default ``"inner"``: none.
        """
        left, right = self.keys
        return self.table1.get_dataframe().merge(
            self.table2.get_dataframe(),
            how=how,
            left_on=left,
            right_on=right,
            suffixes=("_1", "_2"),
        )

    def snapshot(self) -> JoinSnapshot:
        """Return what to keep; nothing done to the tables changes it."""
        return JoinSnapshot(self.table1.snapshot(), self.table2.snapshot(), self.join_key)

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep both tables and return the JSON that stands for the join."""
        return self.snapshot().to_reference(put_bytes)

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> JoinedTable:
        """Return what was logged."""
        tables = [Table.restore(reference[name], find) for name in ("table1", "table2")]
        return cls(tables[0], tables[1], reference["join_key"])

    def to_value(self) -> pd.DataFrame:
        """Return the join as a pandas DataFrame."""
        return self.get_dataframe()

    def __repr__(self) -> str:
        keys = " = ".join(dict.fromkeys(self.keys))
        return f"<tracker.JoinedTable: {self.table1!r} and {self.table2!r} where {keys}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JoinedTable):
            return NotImplemented
        mine = (self.join_key, self.table1, self.table2)
        return mine == (other.join_key, other.table1, other.table2)

    __hash__ = None  # type: ignore[assignment]
