"""A table's column as Parquet holds it, and back: by what the cells are, not what was said."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker.media.media import Put
from tracker.media.missing import is_nan
from tracker.media.table_cells import EXACT_IN_DOUBLE, PLAIN, dump, from_json, snapshot_cell
from tracker.media.table_types import LISTS, CellType, UnionType

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
ELEMENT_TYPES = {"f8": "DOUBLE", "f4": "FLOAT", "f2": "FLOAT", "u8": "UBIGINT", "b1": "BOOLEAN"}
EMPTY_TYPES = {"number": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}

Load = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, eq=False)
class StoredColumn:
    """A column ready for Parquet, and in `how` what is needed to read it back."""

    sql_type: str
    values: NDArray[Any]
    missing: NDArray[np.bool_]
    how: dict[str, Any] = field(default_factory=dict)


def encode(cells: Sequence[Any], kind: CellType, put_bytes: Put) -> StoredColumn:
    """Return a column for Parquet.

    Numbers, text, moments and lists or arrays of numbers become SQL's own types; media and
    whatever is mixed become text in JSON, so that columns of several runs go together.

    Parameters
    ----------
    cells : sequence
        What the table holds in this column.
    kind : CellType
        What the column is said to be; decides only where all cells are None.
    put_bytes : callable
        Keeps the files of media.
    """
    values = [cell if type(cell) in PLAIN else snapshot_cell(cell) for cell in cells]
    classes = {type(value) for value in values} - {type(None)}
    has_reals = any(issubclass(kind, float | np.floating) for kind in classes)
    if has_reals and not all(map(_is_number, classes)):
        values = [None if is_nan(value) else value for value in values]
        classes = {type(value) for value in values} - {type(None)}
    missing = np.fromiter((value is None for value in values), dtype=np.bool_, count=len(values))
    if not classes:
        filler = _objects([""] * len(values))
        return StoredColumn(EMPTY_TYPES.get(_main(kind), "VARCHAR"), filler, missing)
    for attempt in (_scalars, _moments, _lists, _arrays):
        stored = attempt(values, classes, missing)
        if stored is not None:
            return stored
    texts = ["" if value is None else dump(value, put_bytes) for value in values]
    filled = np.where(missing, "null", _objects(texts))
    return StoredColumn("VARCHAR", filled, missing, {"as": "json"})


def decode(values: Sequence[Any], how: dict[str, Any], load: Load) -> list[Any]:
    """Return the cells of a column as they were; `load` reads references to media."""
    if not how:
        return list(values)
    read = _DECODERS[how["as"]]
    return [None if value is None else read(value, how, load) for value in values]


def _scalars(
    values: list[Any], classes: set[type], missing: NDArray[np.bool_]
) -> StoredColumn | None:
    for accepts, make in (
        (_is_boolean, _booleans), (_is_text, _texts), (_is_bytes, _blobs), (_is_number, _numbers),
    ):  # fmt: skip
        if all(map(accepts, classes)):
            return make(values, classes, missing)
    return None


def _booleans(values: list[Any], classes: set[type], missing: NDArray[np.bool_]) -> StoredColumn:
    return StoredColumn("BOOLEAN", np.array([bool(value) for value in values]), missing)


def _texts(values: list[Any], classes: set[type], missing: NDArray[np.bool_]) -> StoredColumn:
    texts = ["" if value is None else str(value) for value in values]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        texts = [text.encode(errors="replace").decode() for text in texts]
    return StoredColumn("VARCHAR", _objects(texts), missing)


def _blobs(values: list[Any], classes: set[type], missing: NDArray[np.bool_]) -> StoredColumn:
    return StoredColumn("BLOB", _objects([b"" if v is None else v for v in values]), missing)


def _numbers(
    values: list[Any], classes: set[type], missing: NDArray[np.bool_]
) -> StoredColumn | None:
    filled = [0 if value is None else value for value in values]
    reals = [kind for kind in classes if issubclass(kind, float | np.floating)]
    if not reals:
        return _whole_numbers(filled, missing)
    if classes != set(reals) and any(
        abs(int(value)) > EXACT_IN_DOUBLE for value in filled if not isinstance(value, tuple(reals))
    ):
        return None
    is_single = all(issubclass(kind, np.float32 | np.float16) for kind in classes)
    sql_type, dtype = ("FLOAT", np.float32) if is_single else ("DOUBLE", np.float64)
    how = {"as": "single"} if is_single else {}
    return StoredColumn(sql_type, np.array(filled, dtype=dtype), missing, how)


def _whole_numbers(filled: list[Any], missing: NDArray[np.bool_]) -> StoredColumn | None:
    for sql_type, dtype in (("BIGINT", np.int64), ("UBIGINT", np.uint64)):
        try:
            return StoredColumn(sql_type, np.array(filled, dtype=dtype), missing)
        except OverflowError:
            continue
    return None


def _moments(
    values: list[Any], classes: set[type], missing: NDArray[np.bool_]
) -> StoredColumn | None:
    if all(issubclass(kind, datetime.datetime) for kind in classes):
        return _instants(values, missing)
    if classes == {datetime.date}:
        filled = [datetime.date.min if value is None else value for value in values]
        days = np.array(filled, dtype="datetime64[D]").astype("datetime64[s]")
        return StoredColumn("DATE", days, missing)
    return None


def _instants(values: list[Any], missing: NDArray[np.bool_]) -> StoredColumn | None:
    known = [value for value in values if value is not None]
    zones = {value.utcoffset() is not None for value in known}
    is_fine = any(getattr(value, "nanosecond", 0) for value in known)
    if zones == {True} and not is_fine:
        micros = [0 if value is None else (value - EPOCH) // MICROSECOND for value in values]
        return StoredColumn("TIMESTAMPTZ", np.array(micros, dtype=np.int64), missing)
    if zones == {False} and not is_fine:
        filled = [known[0] if value is None else value for value in values]
        return StoredColumn("TIMESTAMP", np.array(filled, dtype="datetime64[us]"), missing)
    return None


def _lists(
    values: list[Any], classes: set[type], missing: NDArray[np.bool_]
) -> StoredColumn | None:
    if not all(issubclass(kind, LISTS) for kind in classes):
        return None
    items = {type(item) for value in values if value is not None for item in value}
    if items == {str}:
        return _text_lists(values, missing)
    if not items or not items <= {int, float}:
        return None
    dtype = np.int64 if items == {int} else np.float64
    try:
        arrays = [np.array(() if value is None else list(value), dtype=dtype) for value in values]
    except OverflowError:
        return None
    if len(items) == 2 and any((abs(array) > EXACT_IN_DOUBLE).any() for array in arrays):
        return None
    return StoredColumn("BIGINT[]" if items == {int} else "DOUBLE[]", _objects(arrays), missing)


def _text_lists(values: list[Any], missing: NDArray[np.bool_]) -> StoredColumn | None:
    cells = [[] if value is None else list(value) for value in values]
    try:
        "".join(text for cell in cells for text in cell).encode()
    except UnicodeEncodeError:
        return None
    return StoredColumn("VARCHAR[]", _objects(cells), missing)


def _arrays(
    values: list[Any], classes: set[type], missing: NDArray[np.bool_]
) -> StoredColumn | None:
    if classes != {np.ndarray}:
        return None
    arrays = [value for value in values if value is not None]
    dtype, shapes = arrays[0].dtype, {array.shape for array in arrays}
    is_flat = all(len(shape) == 1 for shape in shapes)
    if any(array.dtype != dtype for array in arrays) or dtype.kind not in "biuf":
        return None
    if not (is_flat or len(shapes) == 1) or (dtype.kind == "f" and dtype.itemsize > 8):
        return None
    element = ELEMENT_TYPES.get(f"{dtype.kind}{dtype.itemsize}", "BIGINT")
    wide = {"DOUBLE": np.float64, "FLOAT": np.float32, "UBIGINT": np.uint64, "BOOLEAN": np.bool_}
    kept = wide.get(element, np.int64)
    cells = [np.empty(0, kept) if v is None else v.astype(kept).ravel() for v in values]
    how = {"as": "array", "dtype": dtype.str.lstrip("<>=|")}
    if not is_flat:
        how["shape"] = list(arrays[0].shape)
    return StoredColumn(f"{element}[]", _objects(cells), missing, how)


def _read_array(value: Any, how: dict[str, Any], load: Load) -> Any:
    return np.array(value, dtype=np.dtype(how["dtype"])).reshape(how.get("shape", -1))


def _read_json(value: Any, how: dict[str, Any], load: Load) -> Any:
    return from_json(json.loads(value), load)


_DECODERS: dict[str, Callable[[Any, dict[str, Any], Load], Any]] = {
    "array": _read_array,
    "json": _read_json,
    "single": lambda value, how, load: np.float32(value),
}


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    cells = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        cells[place] = value
    return cells


def _main(kind: CellType) -> str:
    """Return the name of the one type beside None that a column is said to be."""
    parts = kind.allowed if isinstance(kind, UnionType) else (kind,)
    names = [part.name for part in parts if part.name != "none"]
    return names[0] if len(names) == 1 else ""


def _is_boolean(kind: type) -> bool:
    return issubclass(kind, bool | np.bool_)


def _is_text(kind: type) -> bool:
    return issubclass(kind, str)


def _is_bytes(kind: type) -> bool:
    return kind is bytes


def _is_number(kind: type) -> bool:
    is_number = issubclass(kind, int | float | np.integer | np.floating)
    return is_number and not _is_boolean(kind) and not issubclass(kind, np.longdouble)
