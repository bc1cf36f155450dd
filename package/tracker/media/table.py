"""Tables: rows and columns of numbers, text, arrays and other media."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tracker.errors import UsageError, warn
from tracker.media.loading import load
from tracker.media.media import Find, Put
from tracker.media.table_cells import snapshot_cell
from tracker.media.table_dtypes import optional as optional_type
from tracker.media.table_dtypes import type_from
from tracker.media.table_file import TableSnapshot, has_same_rows, read_table
from tracker.media.table_keys import (
    LINKS,
    ForeignIndexType,
    ForeignKeyType,
    LinkType,
    PrimaryKeyType,
    TableIndex,
    check_link,
    linked,
    may_become_link,
)
from tracker.media.table_rows import (
    MUTATED,
    LogMode,
    as_array,
    check_mode,
    check_names,
    compute_columns,
    fit,
    for_each,
    is_settled,
    read_rows,
)
from tracker.media.table_types import AnyType, CellType, CellTypeError, DictType, UnknownType
from tracker.media.upstairs import Shown

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class Table(Shown):
    """A table to log: ``run.log({"predictions": tracker.Table(columns=[…], data=[…])})``.

    Parameters
    ----------
    columns : list of str or int, optional
        Names. Default ``["Input", "Output", "Expected"]``, or the keys where `data` holds
        dicts.
    data : list of rows, ndarray or DataFrame, optional
        Rows are sequences, or dicts by column. Cells may be numbers, text, times, arrays,
        lists, dicts, None and any media.
    rows : list of rows, optional
        The same as `data`, for old programs.
    dataframe : DataFrame, optional
        Of pandas or polars; takes the place of `data` and `columns`.
    dtype : object, optional
        A type for all columns or a list of one for each: a class such as ``int``, ``str``
        or ``tracker.Image``, ``[int]`` for lists of it, or a value that alone is allowed.
        By default a column takes the type of its first value.
    optional : bool or list of bool
        Whether None is allowed. Default True.
    allow_mixed_types : bool
        Take anything in any column. Default False.
    log_mode : {"IMMUTABLE", "MUTABLE", "INCREMENTAL"}
        What logging it again does: nothing once it was changed, keep all rows again, or keep
        the rows that are new. Default ``"IMMUTABLE"``.

    Raises
    ------
    UsageError
        If columns, rows or the mode are not as above. A value of the wrong type raises one
        that is also a ``TypeError``.
    """

    type_name: ClassVar[str] = "table-file"
    # W&B's limits, for programs that read them. Nothing is cut here.
    MAX_ROWS = 10_000
    MAX_ARTIFACT_ROWS = 200_000

    def __init__(
        self,
        columns: Iterable[str | int] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | list[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: LogMode | None = "IMMUTABLE",
    ) -> None:
        self.log_mode: LogMode = check_mode(log_mode)
        names, given = read_rows(columns, rows if data is None else data, dataframe)
        self.columns: list[Any] = names
        self.data: list[list[Any]] = []
        self._types: dict[Any, CellType] = {}
        self._known: list[set[type]] = []
        self._is_logged = False
        self._frozen: TableSnapshot | None = None
        self._last: TableSnapshot | None = None
        self._kept_rows = 0
        kinds = for_each(AnyType() if allow_mixed_types else dtype, len(names))
        for name, kind, may_lack in zip(names, kinds, for_each(optional, len(names)), strict=True):
            declared = UnknownType() if kind is None else type_from(kind)
            self._types[name] = optional_type(declared) if may_lack else declared
            self._known.append(set())
        for row in given:
            self.add_data(*row)

    # ------------------------------------------------------------------ rows

    def add_data(self, *data: Any) -> None:
        """Add a row: a value for each column.

        Raises
        ------
        UsageError
            If there are more or fewer values than columns, or one does not fit its column.
        """
        if len(data) != len(self.columns):
            raise UsageError(
                f"This table expects {len(self.columns)} columns: {self.columns}, found {len(data)}"
            )
        if self._is_logged:
            self._before_change()
        row, types = list(data), self._types
        try:
            for place, value in enumerate(row):
                if type(value) not in self._known[place]:
                    row[place] = self._accept(place, value, row)
        except CellTypeError:
            self._types = types
            self._known = [set() for _ in self.columns]
            raise
        self.data.append(row)

    def add_row(self, *row: Any) -> None:
        """Add a row; W&B's older name of :meth:`add_data`."""
        self.add_data(*row)

    def iterrows(self) -> Iterator[tuple[TableIndex, list[Any]]]:
        """Yield the place and the values of each row; the place links to it elsewhere."""
        for place, row in enumerate(self.data):
            yield TableIndex(place, self), row

    def get_index(self) -> list[TableIndex]:
        """Return the places of all rows, for a column of another table."""
        return [TableIndex(place, self) for place in range(len(self.data))]

    def index_ref(self, index: int) -> TableIndex:
        """Return the place of one row, for a cell of another table."""
        if not 0 <= index < len(self.data):
            raise UsageError(f"Row {index} is not there: the table has {len(self.data)} rows.")
        return TableIndex(index, self)

    # ------------------------------------------------------------------ columns

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:
        """Add a column.

        Parameters
        ----------
        name : str
            Not yet taken.
        data : list or ndarray
            A value for each row.
        optional : bool
            Whether None is allowed. Default False.

        Raises
        ------
        UsageError
            If the name is taken, the length is another, a value does not fit, or the table
            is INCREMENTAL.
        """
        self._refuse_increments("add_column")
        check_names([*self.columns, name])
        values = list(data)
        if self.columns and len(values) != len(self.data):
            raise UsageError(f"Expected length {len(self.data)}, found {len(values)}")
        kind = optional_type(UnknownType()) if optional else UnknownType()
        cells, kind = fit(values, kind)
        self._before_change()
        if not self.columns:
            self.data = [[] for _ in values]
        for row, cell in zip(self.data, cells, strict=True):
            row.append(cell)
        self.columns.append(name)
        self._types[name] = kind
        self._known.append(set())

    def add_computed_columns(self, fn: Callable[[int, dict[Any, Any]], Mapping[str, Any]]) -> None:
        """Add columns computed row by row.

        Parameters
        ----------
        fn : callable
            Given the row's place and the row as a dict; returns the new values by the name
            of their columns.
        """
        self._refuse_increments("add_computed_columns")
        rows = ((p, dict(zip(self.columns, row, strict=True))) for p, row in self.iterrows())
        made = compute_columns(rows, fn)
        for name, values in made.items():
            self.add_column(name, values)

    def get_column(
        self, name: str | int, convert_to: Literal["numpy"] | None = None
    ) -> list[Any] | np.ndarray:
        """Return the values of a column, as an array with ``convert_to="numpy"``."""
        place = self._place(name)
        if convert_to not in (None, "numpy"):
            raise UsageError(f"convert_to is {convert_to!r}: expected 'numpy' or None.")
        cells = [row[place] for row in self.data]
        return cells if convert_to is None else as_array(cells)

    def get_dataframe(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame.from_records(self.data, columns=self.columns)

    def cast(self, col_name: str | int, dtype: Any, optional: bool = False) -> CellType:
        """Give a column another type.

        Raises
        ------
        UsageError
            If a value that is there does not fit; it is also a ``TypeError``.
        """
        place = self._place(col_name)
        kind = type_from(dtype)
        if isinstance(kind, LinkType):
            check_link(kind, self, col_name, self._types, optional)
        cells, kind = fit(
            [row[place] for row in self.data], optional_type(kind) if optional else kind
        )
        self._before_change()
        for row, cell in zip(self.data, cells, strict=True):
            row[place] = linked(cell, kind, self, col_name)
        self._types[col_name] = kind
        self._known[place] = set()
        return kind

    def set_pk(self, col_name: str | int) -> None:
        """Make a column of text the key that other tables point to."""
        self.cast(col_name, PrimaryKeyType())

    def set_fk(self, col_name: str | int, table: Table, table_col: str) -> None:
        """Make a column point to the rows of another table by the key in `table_col`."""
        if isinstance(self._types[self.columns[self._place(col_name)]], PrimaryKeyType):
            raise UsageError(f"Column {col_name!r} is the primary key: it cannot point elsewhere.")
        table.get_column(table_col)
        self.cast(col_name, ForeignKeyType(table, table_col))

    # ------------------------------------------------------------------ logging

    def has_been_logged(self) -> bool:
        """Return whether the table was logged since it was made or, if MUTABLE, changed."""
        return self._is_logged

    def snapshot(self, within: frozenset[int] = frozenset()) -> TableSnapshot:
        """Return the rows to log as they are now; nothing done to the table changes them.

        Parameters
        ----------
        within : frozenset of int
            The ids of the tables that hold this one.

        Raises
        ------
        UsageError
            If tables point to each other in a circle, or a row lacks a column.
        """
        if id(self) in within:
            raise UsageError("Tables point to each other in a circle: they cannot be logged.")
        within |= {id(self)}
        if self._frozen is not None:
            return self._frozen
        rows = [
            [c.snapshot(within) if isinstance(c, Table) else c for c in row]
            for row in self.data[self._kept_rows :]
        ]
        if any(len(row) != len(self.columns) for row in rows):
            raise UsageError(f"A row of the table does not have its {len(self.columns)} columns.")
        types = {name: self._types.get(name, UnknownType()) for name in self.columns}
        links = {
            name: kind.table.snapshot(within)
            for name, kind in types.items()
            if isinstance(kind, LINKS)
        }
        made = TableSnapshot(list(self.columns), rows, types, links, self.log_mode)
        self._is_logged = True
        if self.log_mode != "INCREMENTAL":
            return made
        if self._last is not None:
            if not rows:
                return self._last
            made.previous, made.number = self._last, self._last.number + 1
        self._last, self._kept_rows = made, len(self.data)
        return made

    def to_reference(self, put_bytes: Put) -> dict[str, Any]:
        """Keep the table as Parquet and return the JSON that stands for it in the history."""
        return self.snapshot().to_reference(put_bytes)

    def resume_from(self, reference: dict[str, Any]) -> None:
        """Let an INCREMENTAL table go on after what an earlier session logged.

        Parameters
        ----------
        reference : dict
            What the run's summary has under the table's key.
        """
        if self.log_mode == "INCREMENTAL" and self._last is None and "increment_num" in reference:
            number = int(reference["increment_num"])
            self._last = TableSnapshot(
                [], [], {}, log_mode=self.log_mode, number=number, reference=dict(reference)
            )

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Table:
        """Return the table that was logged; of an INCREMENTAL one all rows so far."""

        def read(inner: dict[str, Any]) -> Any:
            return load(inner, find)

        stored = read_table(find(reference["sha256"]), read)
        table = cls(columns=stored.columns, log_mode=stored.log_mode)  # type: ignore[arg-type]
        table.data, table._types = stored.rows, {**table._types, **stored.types}
        while stored.previous is not None:
            stored = read_table(find(stored.previous["sha256"]), read)
            table.data = stored.rows + table.data
        for name, (kind, link) in stored.links.items():
            other = cls.restore(link, find)
            column = kind.get("params", {}).get("col_name")
            is_key = kind["wb_type"] == ForeignKeyType.name
            table.cast(name, ForeignKeyType(other, column) if is_key else ForeignIndexType(other))
        table.resume_from(reference)
        table._kept_rows = len(table.data) if table._last else 0
        return table

    def to_value(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame."""
        return self.get_dataframe()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.columns == other.columns and has_same_rows(self.data, other.data)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<tracker.Table: {len(self.columns)} columns, {len(self.data):,} rows>"

    # ------------------------------------------------------------------ inside

    def _accept(self, place: int, value: Any, row: list[Any]) -> Any:
        name, cell = self.columns[place], snapshot_cell(value)
        kind = self._types[name]
        link = getattr(cell, "cell_type", None)
        if isinstance(link, LINKS) and link.table is not self and may_become_link(kind):
            self.cast(name, link)
            kind = self._types[name]
        wider = kind.assign(cell)
        if wider is None:
            given = dict(zip(self.columns, row, strict=True))
            reason = DictType(self._types).explain(given)
            raise CellTypeError(f"Data row contained incompatible types:\n{reason}")
        if wider is not kind:
            self._types = {**self._types, name: wider}
        if is_settled(cell, wider):
            self._known[place].add(type(cell))
        return linked(cell, wider, self, name)

    def _place(self, name: Any) -> int:
        if name not in self.columns:
            raise UsageError(f"There is no column {name!r}: the table has {self.columns}.")
        return self.columns.index(name)

    def _refuse_increments(self, operation: str) -> None:
        if self.log_mode == "INCREMENTAL":
            raise UsageError(
                f"Operation '{operation}' is not supported for tables with log_mode='INCREMENTAL'. "
                "Use a different log mode like 'MUTABLE' or 'IMMUTABLE'."
            )

    def _before_change(self) -> None:
        if self.log_mode == "MUTABLE":
            self._is_logged = False
        elif self.log_mode == "IMMUTABLE" and self._is_logged and self._frozen is None:
            self._frozen = self.snapshot()
            warn(MUTATED)
