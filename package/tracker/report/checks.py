"""What a field of a report may hold: each check returns the value as it is kept."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

Check = Callable[[Any], Any]

_COLOUR = re.compile(
    r"#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})|[a-z]{3,30}"
    r"|rgba?\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*(?:,\s*(?:0|1|0?\.\d+)\s*)?\)",
    re.IGNORECASE,
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Expected(Exception):  # noqa: N818 - it is read with its text
    """A value does not fit; the text says what would: ``"a number from 0 to 1"``."""


def checked(check: Check, default: Any = None, **more: Any) -> Any:
    """Return a dataclass field whose values go through a check, at construction and later.

    Parameters
    ----------
    check : callable
        Returns the value as it is kept, or raises :class:`Expected`.
    default : object
        What it is when not given; a list or a dict is copied for each object.
    """
    metadata = {"check": check}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=metadata, **more)
    return field(default=default, metadata=metadata, **more)


def kept(check: Check, default: Any = None, *, drawn: tuple[Any, ...]) -> Any:
    """Return a field of which only some values are drawn; others are kept, with a warning."""
    made = checked(check, default)
    return field(default=default, metadata={**made.metadata, "drawn": drawn})


def needed(check: Check) -> Any:
    """Return a dataclass field that must be given."""
    return field(metadata={"check": check})


def optional(check: Check) -> Check:
    """Allow None beside what a check allows."""
    return lambda value: None if value is None else check(value)


def text(limit: int | None = None, *, is_empty_allowed: bool = True) -> Check:
    """Allow text of at most `limit` characters."""
    what = "text" if limit is None else f"text of at most {limit} characters"

    def check(value: Any) -> str:
        if not isinstance(value, str) or (limit is not None and len(value) > limit):
            raise Expected(what)
        if not is_empty_allowed and not value.strip():
            raise Expected(f"{what}, not empty")
        return encodable(value)

    return check


def encodable(text: str) -> str:
    """Return text without lone surrogates, which no UTF-8 file can hold."""
    return text.encode("utf-8", "replace").decode()


def flag(value: Any) -> bool:
    """Allow True and False."""
    if not isinstance(value, bool):
        raise Expected("True or False")
    return value


def number(low: float = -math.inf, high: float = math.inf) -> Check:
    """Allow numbers of a range."""
    what = "a number" if math.isinf(low) else f"a number from {low:g} to {high:g}"

    def check(value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise Expected(what)
        return float(value)

    return check


def whole(low: int, high: int = 10**9) -> Check:
    """Allow whole numbers of a range."""
    what = (
        f"a whole number of {low} or more" if high == 10**9 else f"a whole number, {low} … {high}"
    )

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Expected(what)
        return value

    return check


def choice(*words: Any) -> Check:
    """Allow one of a few values."""
    what = f"one of {', '.join(map(repr, words))}"

    def check(value: Any) -> Any:
        if not any(
            value is word or (value == word and type(value) is type(word)) for word in words
        ):
            raise Expected(what)
        return value

    return check


def colour(value: Any) -> str:
    """Allow colours as CSS writes them: ``#3b82f6``, ``teal``, ``rgb(1, 2, 3)``."""
    if not isinstance(value, str) or not _COLOUR.fullmatch(value.strip()):
        raise Expected("a colour such as '#3b82f6', 'teal' or 'rgb(59, 130, 246)'")
    return value.strip()


def digest(value: Any) -> str:
    """Allow SHA-256 digests in hexadecimal."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise Expected("the SHA-256 of an object of the store, 64 hexadecimal digits")
    return value


def pattern(value: Any) -> str:
    """Allow regular expressions."""
    try:
        re.compile(value)
    except (re.error, TypeError) as error:
        raise Expected(f"a regular expression ({error})") from None
    return str(value)


def items(check: Check, what: str = "") -> Check:
    """Allow sequences whose items pass a check; kept as a list."""

    def checked_items(value: Any) -> list[Any]:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
            raise Expected(f"a list of {what or _said(check)}")
        kept = []
        for place, item in enumerate(value):
            try:
                kept.append(check(item))
            except Expected as error:
                raise Expected(f"a list of {what or error}; item {place} is {item!r:.80}") from None
        return kept

    return checked_items


def mapping(check: Check) -> Check:
    """Allow dicts from text to what passes a check."""

    def checked_mapping(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise Expected(f"a dict from text to {_said(check)}")
        kept = {}
        for key, item in value.items():
            try:
                kept[key] = check(item)
            except Expected as error:
                raise Expected(f"a dict from text to {error}; {key!r} has {item!r:.80}") from None
        return kept

    return checked_mapping


def pair_of_numbers(value: Any) -> tuple[float | None, float | None]:
    """Allow the limits of an axis: two numbers, either of them None."""
    is_pair = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2
    bounds = [bound for bound in value if bound is not None] if is_pair else [None]
    if any(not isinstance(b, int | float) or isinstance(b, bool) or b != b for b in bounds):
        raise Expected("two numbers, or None for an end that the data decide")
    low, high = value
    if low is not None and high is not None and low >= high:
        raise Expected("two numbers, the lower one first")
    return (low, high)


def instance(*kinds: type, what: str = "") -> Check:
    """Allow objects of some classes."""
    names = what or " or ".join(kind.__name__ for kind in kinds)

    def check(value: Any) -> Any:
        if not isinstance(value, kinds):
            raise Expected(names)
        return value

    return check


def _said(check: Check) -> str:
    try:
        check(object())
    except Expected as error:
        return str(error)
    return "values"
