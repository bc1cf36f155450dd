"""Conditions on one JSON value, as SQL in which ``{e}`` stands for the value.

NaN and the infinities are the strings that :mod:`tracker.store.database.encode` writes; here they
are the numbers that they stand for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tracker.errors import QueryError
from tracker.store.database.encode import dump_json, load_json

COMPARISONS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}

_WORDS = "('NaN', 'Infinity', '-Infinity')"
_HUGE = 2**126


@dataclass(frozen=True, slots=True)
class Predicate:
    """A piece of SQL that is true, false or NULL, and what it needs bound."""

    sql: str
    parameters: list[Any] = field(default_factory=list)


def number(e: str) -> str:
    """Return SQL for a JSON number as a DOUBLE; NULL for anything else."""
    return (
        f"(CASE WHEN json_type({e}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') "
        f"THEN TRY_CAST({e} AS DOUBLE) WHEN json_type({e}) = 'VARCHAR' "
        f"AND ({e} ->> '$') IN {_WORDS} THEN TRY_CAST({e} ->> '$' AS DOUBLE) END)"
    )


def integer(e: str) -> str:
    """Return SQL for a JSON integer as a HUGEINT; NULL for anything else."""
    return f"(CASE WHEN json_type({e}) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST({e} AS HUGEINT) END)"


def text(e: str) -> str:
    """Return SQL for a JSON string as text; NULL for anything else."""
    return (
        f"(CASE WHEN json_type({e}) = 'VARCHAR' AND ({e} ->> '$') NOT IN {_WORDS} "
        f"THEN {e} ->> '$' END)"
    )


def truth(e: str) -> str:
    """Return SQL for a JSON boolean; NULL for anything else."""
    return f"(CASE WHEN json_type({e}) = 'BOOLEAN' THEN TRY_CAST({e} AS BOOLEAN) END)"


def document(e: str) -> str:
    """Return SQL for a JSON list or object as its text; NULL for anything else."""
    return f"(CASE WHEN json_type({e}) IN ('ARRAY', 'OBJECT') THEN CAST({e} AS VARCHAR) END)"


def equals_any(values: Iterable[Any]) -> Predicate:
    """Return the condition that the value equals one of `values`.

    Numbers equal across integers and floats, lists and objects when they are written
    alike, and None equals JSON's null.
    """
    kinds: dict[str, list[Any]] = {}
    for kind, value in map(_operand, values):
        kinds.setdefault(kind, []).append(value)
    tests: list[str] = []
    parameters: list[Any] = []
    for kind, members in kinds.items():
        if kind == "null":
            tests.append("json_type({e}) = 'NULL'")
        elif kind == "nan":
            tests.append(f"isnan({number('{e}')})")
        else:
            for sql in _MEMBERSHIPS[kind]:
                tests.append(sql)
                parameters.append(members)
    return Predicate(" OR ".join(tests) or "false", parameters)


_MEMBERSHIPS = {
    "int": (
        f"list_contains(?::HUGEINT[], {integer('{e}')})",
        f"({integer('{e}')} IS NULL AND list_contains(?::DOUBLE[], {number('{e}')}))",
    ),
    "float": (f"list_contains(?::DOUBLE[], {number('{e}')})",),
    "str": (f"list_contains(?::VARCHAR[], {text('{e}')})",),
    "bool": (f"list_contains(?::BOOLEAN[], {truth('{e}')})",),
    "document": (f"list_contains(?::VARCHAR[], {document('{e}')})",),
}


def compares(operator: str, value: Any) -> Predicate:
    """Return the condition that the value is more or less than `value`, of its kind.

    Raises
    ------
    QueryError
        If `value` is nothing that has an order.
    """
    sign = COMPARISONS[operator]
    kind, given = _operand(value)
    match kind:
        case "int":
            sql = (
                f"CASE WHEN {integer('{e}')} IS NOT NULL THEN {integer('{e}')} {sign} ?::HUGEINT "
                f"ELSE NOT isnan({number('{e}')}) AND {number('{e}')} {sign} ?::DOUBLE END"
            )
            return Predicate(sql, [given, float(given)])
        case "float":
            return Predicate(
                f"NOT isnan({number('{e}')}) AND {number('{e}')} {sign} ?::DOUBLE", [given]
            )
        case "str":
            return Predicate(f"{text('{e}')} {sign} ?", [given])
        case "bool":
            return Predicate(f"{truth('{e}')} {sign} ?", [given])
        case "nan":
            return Predicate("false")
    raise QueryError(f"{operator} is {value!r}: expected a number, text, a time or a boolean.")


def fits_pattern(pattern: str) -> Predicate:
    """Return the condition that the value is text in which `pattern` is found."""
    return Predicate(f"regexp_matches({text('{e}')}, ?)", [pattern])


def _operand(value: Any) -> tuple[str, Any]:
    """Return a filter's value as the JSON that it is compared with is read, and its kind."""
    plain = load_json(dump_json(value))
    if plain is None:
        return "null", None
    if isinstance(plain, bool):
        return "bool", plain
    if isinstance(plain, str):
        return "str", plain
    if isinstance(plain, list | dict):
        return "document", dump_json(plain)
    if isinstance(plain, int) and abs(plain) < _HUGE:
        return "int", plain
    try:
        number = float(plain)
    except OverflowError:
        raise QueryError("A number in the filter is beyond the range of floats.") from None
    return ("nan", None) if math.isnan(number) else ("float", number)
