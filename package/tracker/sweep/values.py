"""Tells when two parameter values are the same, and keeps values as plain data."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

SCALARS = (bool, int, float, str, type(None))


def value_key(value: Any) -> Hashable:
    """Return what two values have in common exactly if they are the same parameter value.

    As in W&B an integer equals the same float, a bool is no integer, a list no tuple, and
    the order of a dict does not count. So ``0``, ``False``, ``""`` and None are four values.
    """
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, int | float):
        return ("nan",) if value != value else ("number", value)
    if isinstance(value, str):
        return ("str", value)
    if isinstance(value, list | tuple):
        return (type(value).__name__, *map(value_key, value))
    if isinstance(value, Mapping):
        return ("dict", frozenset((value_key(key), value_key(v)) for key, v in value.items()))
    return (type(value).__name__, repr(value))


def loose_key(value: Any) -> Hashable:
    """Return the key of a value as it comes back from JSON, where a tuple is a list."""
    return value_key(_without_tuples(value))


def _without_tuples(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_without_tuples(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _without_tuples(item) for key, item in value.items()}
    return value


def to_plain(value: Any) -> Any:
    """Return a value as numbers, strings, lists, tuples and dicts; raise TypeError otherwise.

    Array scalars and arrays of any library become numbers and lists.
    """
    if type(value) in SCALARS:
        return value
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(to_plain, value)) if type(value) in (list, tuple) else list(value)
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if hasattr(value, "tolist"):
        return to_plain(value.tolist())
    raise TypeError(f"{type(value).__name__} is not plain data")
