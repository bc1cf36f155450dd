"""One sentence for every field of a sweep config that cannot be used as given."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tracker.errors import UsageError


def refusal(field: str, given: Any, expected: str) -> UsageError:
    """Return the error of a field that holds something else than expected."""
    shown = repr(given)
    return UsageError(f"{field} is {shown if len(shown) < 80 else shown[:76] + ' …'}: {expected}.")


def need_mapping(field: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping whose keys are strings."""
    if not isinstance(value, Mapping):
        raise refusal(field, value, "expected a mapping of names to values")
    for key in value:
        if not isinstance(key, str):
            raise refusal(f"A key of {field}", key, "names are strings, so put it in quotes")
    return value


def need_list(field: str, value: Any) -> list[Any]:
    """Return a list that is not empty."""
    if isinstance(value, str | Mapping) or not hasattr(value, "__iter__"):
        raise refusal(field, value, "expected a list, such as [1, 2, 3]")
    items = list(value)
    if not items:
        raise refusal(field, value, "expected at least one value")
    return items


def need_number(field: str, value: Any) -> float:
    """Return a finite number; YAML reads ``1e-5`` as a string, which is meant as a number."""
    number = _number(value)
    if number is None or not math.isfinite(number):
        raise refusal(field, value, "expected a finite number")
    return number


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def need_positive(field: str, value: Any) -> float:
    """Return a finite number above 0."""
    number = need_number(field, value)
    if number <= 0:
        raise refusal(field, value, "expected a number above 0")
    return number


def need_integer(field: str, value: Any, least: int | None = None) -> int:
    """Return a whole number, of at least ``least``."""
    number = _number(value)
    whole = number is not None and math.isfinite(number) and number == int(number)
    if not whole or (least is not None and int(number or 0) < least):
        bound = "" if least is None else f" ≥ {least}"
        raise refusal(field, value, f"expected a whole number{bound}")
    return int(number or 0)


def need_bool(field: str, value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise refusal(field, value, "expected true or false")
    return value


def need_text(field: str, value: Any) -> str:
    """Return a string that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise refusal(field, value, "expected a text")
    return value


def need_one_of(field: str, value: Any, allowed: Iterable[str]) -> str:
    """Return one of the allowed words, whatever its case."""
    words = list(allowed)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in words:
        return word
    near = difflib.get_close_matches(str(value).lower(), words, 1)
    hint = f"; did you mean {near[0]!r}" if near else ""
    raise refusal(field, value, f"expected one of {', '.join(words)}{hint}")


def unknown_keys(field: str, value: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Return a sentence for the keys that mean nothing here, or none."""
    strangers = sorted(set(value) - set(known))
    if not strangers:
        return []
    place = f"{field} has" if field else "The sweep config has"
    return [f"{place} unknown keys, which are ignored: {', '.join(strangers)}."]
