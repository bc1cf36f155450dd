"""What a filter in Mongo style means, in plain Python."""

from __future__ import annotations

import re
from typing import Any

from tracker.store.database.encode import dump_json

MISSING = object()


def _find(document: Any, parts: list[str]) -> Any:
    """The value at a dotted key: nested first, then with dots in its keys."""
    for size in range(1, len(parts) + 1):
        key = ".".join(parts[:size])
        if isinstance(document, dict) and key in document:
            rest = parts[size:]
            found = _find(document[key], rest) if rest else document[key]
            if found is not MISSING:
                return found
    return MISSING


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(one: Any, other: Any) -> bool:
    if is_number(one) and is_number(other):
        if one != one or other != other:
            return one != one and other != other
        both_whole = isinstance(one, int) and isinstance(other, int)
        return one == other if both_whole else float(one) == float(other)
    if isinstance(one, list | dict) and isinstance(other, list | dict):
        return dump_json(one) == dump_json(other)
    return type(one) is type(other) and bool(one == other)


_SIGNS = {
    "$gt": lambda one, other: one > other,
    "$gte": lambda one, other: one >= other,
    "$lt": lambda one, other: one < other,
    "$lte": lambda one, other: one <= other,
}


def _compare(operator: str, one: Any, other: Any) -> bool:
    if is_number(one) and is_number(other):
        both_whole = isinstance(one, int) and isinstance(other, int)
        return _SIGNS[operator](*((one, other) if both_whole else (float(one), float(other))))
    is_alike = type(one) is type(other) and isinstance(one, str | bool)
    return is_alike and _SIGNS[operator](one, other)


def _operation(value: Any, operator: str, given: Any) -> bool:
    items = [] if value is MISSING else [value, *(value if isinstance(value, list) else [])]
    match operator:
        case "$eq":
            is_absent = given is None and value is MISSING
            return is_absent or any(_equal(item, given) for item in items)
        case "$ne":
            return not _operation(value, "$eq", given)
        case "$in":
            return any(_operation(value, "$eq", item) for item in given)
        case "$nin":
            return not _operation(value, "$in", given)
        case "$exists":
            return (value is not MISSING) is given
        case "$regex":
            return any(isinstance(item, str) and re.search(given, item) for item in items)
        case "$not":
            return not all(_operation(value, op, other) for op, other in given.items())
    return any(_compare(operator, item, given) for item in items)


def fits(run: dict[str, Any], filters: dict[str, Any]) -> bool:
    return all(_entry(run, name, value) for name, value in filters.items())


def _entry(run: dict[str, Any], name: str, value: Any) -> bool:
    match name:
        case "$and":
            return all(fits(run, item) for item in value)
        case "$or":
            return any(fits(run, item) for item in value)
        case "$nor":
            return not any(fits(run, item) for item in value)
        case "$not":
            return not fits(run, value)
    found = _find(run, name.split("."))
    if isinstance(value, dict) and value:
        return all(_operation(found, op, given) for op, given in value.items())
    return _operation(found, "$eq", value)
