"""Reads what stands behind a magic: words, quotes, and ``key=value`` pairs."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.errors import UsageError

_WORDS = {"true": True, "false": False, "null": None, "none": None}


def split(line: str) -> list[str]:
    """Split a line at blanks, except inside quotes.

    A backslash is an ordinary character, so that Windows paths stay whole.

    Raises
    ------
    UsageError
        If a quote is not closed.
    """
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split = True
    reader.commenters = ""
    reader.escape = ""
    try:
        return list(reader)
    except ValueError:
        raise UsageError(f"A quote is not closed in: {line.strip()}") from None


def read_value(text: str) -> Any:
    """Return the Python value that a user means by `text`: a number, a list …, else the text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def read_config(entries: Sequence[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config that the words behind ``--config`` mean.

    Parameters
    ----------
    entries : sequence of str
        Each ``key=value``, where ``a.b=1`` goes into the nested ``{"a": {"b": 1}}``, or the
        name of a variable that holds a dict, a dataclass or an ``argparse.Namespace``.
    namespace : mapping
        The user's variables.

    Raises
    ------
    UsageError
        If an entry is neither.
    """
    values: dict[str, Any] = {}
    for entry in entries:
        key, equals, text = entry.partition("=")
        if equals and key:
            _put(values, key, read_value(text))
        else:
            values.update(_from_variable(entry, namespace))
    return values


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *above, last = key.split(".")
    for part in above:
        inner = values.setdefault(part, {})
        if not isinstance(inner, dict):
            raise UsageError(f"--config {key}=… puts something into {part!r}, which is {inner!r}.")
        values = inner
    values[last] = value


def _from_variable(name: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    value = namespace.get(name)
    if isinstance(value, Mapping):
        return {str(key): each for key, each in value.items()}
    if isinstance(value, argparse.Namespace):
        return vars(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise UsageError(
        f"--config was given {name!r}: expected key=value, or the name of a variable that holds "
        "a dict."
    )
