"""Column names and rows from whatever a table can be made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from tracker.errors import UsageError
from tracker.media.loading import value_of
from tracker.media.missing import is_nan
from tracker.media.table_cells import PLAIN, snapshot_cell
from tracker.media.table_types import CellType, CellTypeError, type_of

LogMode = Literal["IMMUTABLE", "MUTABLE", "INCREMENTAL"]
LOG_MODES = ["IMMUTABLE", "MUTABLE", "INCREMENTAL"]
MUTATED = (
    "You are mutating a Table with log_mode='IMMUTABLE' that has been logged already. "
    "Subsequent log() calls will have no effect. Set log_mode='MUTABLE' to enable re-logging "
    "after mutations"
)
DEFAULT_COLUMNS = ("Input", "Output", "Expected")
Rows = Iterable[Sequence[Any]]


def read_rows(columns: Any, data: Any, dataframe: Any) -> tuple[list[Any], Rows]:
    """Return column names and rows.

    Raises
    ------
    UsageError
        If what was given is no table.
    """
    frame = dataframe if dataframe is not None else data if _is_frame(data) else None
    if frame is not None:
        names, rows = _read_frame(frame)
        return check_names(names), rows
    chosen = None if columns is None else list(check_iterable(columns, "columns"))
    given: list[Any] = []
    if hasattr(data, "ndim") and hasattr(data, "tolist"):
        given = _read_array(data)
    elif data is not None:
        given = list(check_iterable(data, "data"))
    if given and all(isinstance(row, Mapping) for row in given):
        chosen = chosen or list(dict.fromkeys(key for row in given for key in row))
        given = [_from_dict(row, chosen) for row in given]
    names = check_names(list(DEFAULT_COLUMNS) if chosen is None else chosen)
    return names, (_check_row(place, row) for place, row in enumerate(given))


def check_names(names: list[Any]) -> list[Any]:
    """Return the names of columns.

    Raises
    ------
    UsageError
        If one is neither text nor a whole number, or comes twice.
    """
    for name in names:
        if not isinstance(name, str | int):
            raise UsageError(
                f"columns argument expects list of strings or ints, found {name!r}, "
                f"a {type(name).__name__}."
            )
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise UsageError(f"The column {twice[0]!r} comes twice: give each its own name.")
    return names


def check_iterable(given: Any, what: str) -> Iterable[Any]:
    """Return `given`.

    Raises
    ------
    UsageError
        If it is no list or the like.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise UsageError(f"{what} argument expects a `list` object, found {given!r:.100}.")
    return given


def check_mode(log_mode: str | None) -> LogMode:
    """Return the mode.

    Raises
    ------
    UsageError
        If there is no such mode.
    """
    if log_mode is None:
        return "IMMUTABLE"
    if log_mode not in LOG_MODES:
        raise UsageError(f"Invalid log_mode: {log_mode}. Must be one of {LOG_MODES}")
    return log_mode  # type: ignore[return-value]


def for_each(given: Any, count: int) -> list[Any]:
    """Return a list with an entry for each column.

    Raises
    ------
    UsageError
        If there are more or fewer.
    """
    if not isinstance(given, list):
        return [given] * count
    if len(given) != count:
        raise UsageError(f"{len(given)} were given for {count} columns: {given}.")
    return given


def fit(values: Iterable[Any], kind: CellType) -> tuple[list[Any], CellType]:
    """Return the cells of one column, and its type widened to cover them.

    Raises
    ------
    CellTypeError
        If one does not fit.
    """
    cells: list[Any] = []
    known: set[type] = set()
    for value in values:
        cell = value
        if type(value) not in known:
            cell = snapshot_cell(value)
            wider = kind.assign(cell)
            if wider is None:
                raise CellTypeError(
                    f"Existing data {cell!s:.300}, of type {type_of(cell)} cannot be cast to {kind}"
                )
            kind = wider
            if is_settled(cell, kind):
                known.add(type(cell))
        cells.append(cell)
    return cells, kind


def compute_columns(
    rows: Iterable[tuple[int, dict[Any, Any]]], fn: Callable[[int, dict[Any, Any]], Any]
) -> dict[str, list[Any]]:
    """Return the values that `fn` computes row by row, by column.

    Raises
    ------
    UsageError
        If it returns something else than a dict.
    """
    made: dict[str, list[Any]] = {}
    for place, row in rows:
        computed = fn(place, row)
        if not isinstance(computed, Mapping):
            raise UsageError(f"The function returned {computed!r:.100}: expected a dict.")
        for name, value in computed.items():
            made.setdefault(name, []).append(value)
    return made


def is_settled(cell: Any, kind: CellType) -> bool:
    """Return whether `kind`, which took `cell`, takes every other of its class as it is."""
    return type(cell) in PLAIN and not is_nan(cell) and not kind.is_picky()


def as_array(cells: list[Any]) -> Any:
    """Return cells as a NumPy array, of objects if they do not fit together."""
    import numpy as np

    values = [value_of(cell) for cell in cells]
    try:
        return np.array(values)
    except ValueError:
        made = np.empty(len(values), dtype=object)
        for place, value in enumerate(values):
            made[place] = value
        return made


def _is_frame(given: Any) -> bool:
    return hasattr(given, "iloc") or (hasattr(given, "rows") and hasattr(given, "columns"))


def _read_frame(frame: Any) -> tuple[list[Any], Rows]:
    if not _is_frame(frame):
        raise UsageError(
            "dataframe argument expects a `pandas.core.frame.DataFrame` object, found "
            f"{type(frame).__name__}."
        )
    if not hasattr(frame, "iloc"):
        return list(frame.columns), frame.rows()
    names = [_plain_name(name) for name in frame.columns]
    cells = [_cells_of(frame.iloc[:, place]) for place in range(len(names))]
    return names, zip(*cells, strict=True)


def _plain_name(name: Any) -> Any:
    if isinstance(name, str | int):
        return name
    return int(name) if hasattr(name, "dtype") and name.dtype.kind in "iu" else str(name)


def _cells_of(series: Any) -> list[Any]:
    if getattr(series.dtype, "kind", "") == "M" and not hasattr(series.dtype, "tz"):
        coarse = series.to_numpy().astype("datetime64[us]")
        if ((coarse == series.to_numpy()) | series.isna().to_numpy()).all():
            moments: list[Any] = coarse.tolist()
            return moments
    cells: list[Any] = series.tolist()
    return cells


def _read_array(array: Any) -> list[Any]:
    if array.ndim < 2:
        raise UsageError(
            f"data is an array of shape {tuple(array.shape)}: expected rows and columns."
        )
    return array.tolist() if array.ndim == 2 else [list(row) for row in array]


def _from_dict(row: Mapping[Any, Any], names: list[Any]) -> list[Any]:
    extra = [key for key in row if key not in names]
    if extra:
        raise UsageError(f"A row has {extra[0]!r}, which is no column: they are {names}.")
    return [row.get(name) for name in names]


def _check_row(place: int, row: Any) -> Sequence[Any]:
    if isinstance(row, str | bytes | Mapping) or not isinstance(row, Iterable):
        raise UsageError(
            f"Row {place} is {row!r:.100}: expected a list with a value for each column."
        )
    return list(row)
