"""Tables from files and data frames, as columns of plain values in which None is no value."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import math
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO, TypeGuard

from tracker.errors import TrackerError, UsageError
from tracker.run.arrays import is_table

Columns = dict[str, list[Any]]
_SEPARATORS: Final = {".csv": ",", ".tsv": "\t"}
_LINES: Final = (".jsonl", ".ndjson")
_PARQUET: Final = (".parquet", ".pq")
_OPENERS: Final[dict[str, Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
ENDINGS: Final = (*_SEPARATORS, *_LINES, ".json", *_PARQUET)
_BOOLS: Final = {"true": True, "false": False, "True": True, "False": False}
# Such numbers would lose digits as a float, and DuckDB's integers end there.
_INT64: Final = 2**63


def ending_of(path: Path) -> str:
    """Return how a file's name ends, without the ending of what packed it."""
    name = path.with_suffix("") if path.suffix.lower() in _OPENERS else path
    return name.suffix.lower()


def read_columns(source: Any) -> Columns:
    """Return the columns of a file or a data frame.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    if not isinstance(source, Path):
        return _of_frame(source)
    ending = ending_of(source)
    try:
        if ending in _PARQUET:
            return _of_parquet(source)
        if ending in _LINES or ending == ".json":
            return _of_records(_records(source, ending in _LINES))
        return _of_text(source, _SEPARATORS.get(ending, ","))
    except TrackerError as error:
        raise UsageError(str(error)) from error
    except (OSError, ValueError, RecursionError, EOFError, Warning) as error:
        raise UsageError(f"{source} cannot be read as a table: {error}.") from error


def _of_frame(frame: Any) -> Columns:
    if not is_table(frame):
        raise UsageError(
            f"import_runs() was given a {type(frame).__name__}: expected a path or a DataFrame."
        )
    if hasattr(frame, "reset_index") and getattr(frame.index, "name", None):
        frame = frame.reset_index()
    columns = {}
    for name in frame.columns:
        series = frame[name]
        values = series.to_list() if hasattr(series, "to_list") else list(series)
        # In a frame NaN stands for no value.
        columns[str(name)] = [None if _is_missing(value) else value for value in values]
    return columns


def _is_missing(value: Any) -> bool:
    is_nan = isinstance(value, float) and math.isnan(value)
    return value is None or is_nan or type(value).__name__ in ("NAType", "NaTType")


def _of_parquet(path: Path) -> Columns:
    from tracker.store.files.parquet import read_parquet

    columns, _ = read_parquet(path)
    return {
        name: [float(value) if isinstance(value, Decimal) else value for value in values]
        for name, values in columns.items()
    }


def _records(path: Path, is_lines: bool) -> list[Any]:
    opener: Callable[..., TextIO] = _OPENERS.get(path.suffix.lower(), open)
    with opener(path, "rt", encoding="utf-8-sig") as file:
        if is_lines:
            return [json.loads(line) for line in file if line.strip()]
        told = json.load(file)
    if not isinstance(told, list):
        raise ValueError("expected a list of objects")
    return told


def _of_records(records: list[Any]) -> Columns:
    columns: Columns = {}
    for place, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise ValueError(f"record {place + 1} is no object")
        for key, value in record.items():
            column = columns.setdefault(str(key), [])
            column += [None] * (place - len(column))
            column.append(value)
    for column in columns.values():
        column += [None] * (len(records) - len(column))
    return columns


def _of_text(path: Path, separator: str) -> Columns:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # of rows that are too long
        # As text, because an empty cell is no value, and "NaN" is one.
        frame = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, na_filter=False,
            encoding="utf-8-sig", index_col=False,
        )  # fmt: skip
    return {str(name): _typed(frame[name].to_list()) for name in frame.columns}


def _typed(cells: list[Any]) -> list[Any]:
    """Return what a column of text means: numbers if all of it are, or truth, else text."""
    for read in (_as_int, float, _BOOLS.__getitem__):
        try:
            return [None if cell == "" else read(cell) for cell in cells]
        except (ValueError, KeyError):
            continue
    return [None if cell == "" else cell for cell in cells]


def _as_int(cell: str) -> int:
    number = int(cell)
    if not -_INT64 <= number < _INT64 or "_" in cell:
        raise ValueError(cell)
    return number


def is_number(value: Any) -> TypeGuard[float]:
    """Say whether a value is a finite number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
