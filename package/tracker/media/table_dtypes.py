"""Column types from what users write as ``dtype``, and from a stored table."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Mapping
from typing import Any

from tracker.errors import UsageError
from tracker.media.table_keys import PrimaryKeyType
from tracker.media.table_types import (
    AnyType,
    ArrayType,
    BooleanType,
    CellType,
    ConstType,
    DictType,
    ListType,
    MediaType,
    NoneType,
    NumberType,
    ObjectType,
    StringType,
    TimestampType,
    UnknownType,
    media_type,
    type_of,
    union,
)

_BY_CLASS: dict[Any, CellType] = {
    bool: BooleanType(),
    int: NumberType(),
    float: NumberType(),
    complex: NumberType(),
    str: StringType(),
    datetime.datetime: TimestampType(),
    datetime.date: TimestampType(),
    type(None): NoneType(),
    list: ListType(),
    tuple: ListType(),
    set: ListType(),
    frozenset: ListType(),
    dict: DictType({}, is_open=True),
}
_PLAIN = (AnyType, BooleanType, NoneType, NumberType, PrimaryKeyType, StringType, TimestampType)
_BY_NAME: dict[str, Callable[..., CellType]] = {kind.name: kind for kind in (*_PLAIN, UnknownType)}


def type_from(dtype: Any) -> CellType:
    """Return the column type for what a user gave as ``dtype``.

    Parameters
    ----------
    dtype : object
        A class such as ``int``, ``str``, ``numpy.float32`` or ``tracker.Image``; a list of
        one such for lists of it, of several for any of them; a dict of them for dicts; a set
        or another value for exactly that.
    """
    if isinstance(dtype, CellType):
        return dtype
    if isinstance(dtype, type):
        return _from_class(dtype)
    if isinstance(dtype, list):
        parts = [type_from(part) for part in dtype]
        return union(parts) if len(parts) > 1 else ListType(parts[0] if parts else UnknownType())
    if isinstance(dtype, Mapping):
        return DictType({key: type_from(part) for key, part in dtype.items()})
    if hasattr(dtype, "to_reference"):
        return media_type(type(dtype))
    if type(dtype).__module__.startswith("numpy.dtype"):
        return _from_class(dtype.type)
    return ConstType(dtype)


def optional(kind: CellType) -> CellType:
    """Return the type that also takes None."""
    return union([kind, NoneType()])


def _from_class(kind: type) -> CellType:
    if kind in _BY_CLASS:
        return _BY_CLASS[kind]
    if issubclass(kind, CellType):
        return kind()
    if hasattr(kind, "to_reference"):
        return media_type(kind)
    if issubclass(kind, enum.Enum):
        return union([type_of(member.value) for member in kind])
    if kind.__module__ == "numpy":
        import numpy as np

        return ArrayType() if kind.__name__ == "ndarray" else type_of(np.zeros(1, kind)[0])
    for known in (bool, int, float, str, datetime.date):
        if issubclass(kind, known):
            return _BY_CLASS[known]
    return ObjectType(kind.__name__)


def type_from_json(json: Mapping[str, Any]) -> CellType:
    """Return the type that ``CellType.to_json`` wrote.

    Raises
    ------
    UsageError
        If it is none.
    """
    name, params = json.get("wb_type"), json.get("params") or {}
    if name in _BY_NAME:
        return _BY_NAME[name]()
    if name in _WITH_PARAMS:
        return _WITH_PARAMS[name](params)
    if isinstance(name, str):
        return MediaType(name)
    raise UsageError(f"A table's column has the type {json!r}: expected W&B's notation.")


def _list_from(params: Mapping[str, Any]) -> CellType:
    return ListType(type_from_json(params["element_type"]), params.get("length"))


def _const_from(params: Mapping[str, Any]) -> CellType:
    return ConstType(set(params["val"]) if params.get("is_set") else params.get("val"))


def _array_from(params: Mapping[str, Any]) -> CellType:
    return ArrayType(tuple(params["shape"]) if "shape" in params else None)


_WITH_PARAMS: dict[str, Callable[[Mapping[str, Any]], CellType]] = {
    "const": _const_from,
    "list": _list_from,
    "ndarray": _array_from,
    "pythonObject": lambda params: ObjectType(params.get("class_name", "object")),
    "typedDict": lambda params: DictType(
        {key: type_from_json(part) for key, part in params.get("type_map", {}).items()},
        bool(params.get("is_open")),
    ),
    "union": lambda params: union(map(type_from_json, params.get("allowed_types", ()))),
}
