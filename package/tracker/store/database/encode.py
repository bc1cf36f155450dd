"""JSON as the store keeps it: numbers that JSON lacks are the strings that W&B uses."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MARKS = tuple(f'"{name}"' for name in _NON_FINITE)


def dump_json(obj: Any) -> str:
    """Return `obj` as JSON text; NaN and infinities at any depth become strings.

    Tuples and sets become arrays, times ISO 8601 text, NumPy values what they hold, keys
    of dicts text, and whatever else JSON cannot say its ``str``. Lone surrogates, which
    no UTF-8 can hold, become U+FFFD.

    Parameters
    ----------
    obj : object
        Anything; a dict for the store's ``config``, ``summary`` and ``metadata``.

    Returns
    -------
    str
        ``"NaN"``, ``"Infinity"`` and ``"-Infinity"`` stand for the numbers that JSON lacks.
    """
    try:
        data = msgspec.json.encode(obj)
    except (TypeError, ValueError):
        return msgspec.json.encode(_plain(obj)).decode()
    # msgspec writes numbers that JSON lacks as null: without a null there was none.
    if b"null" in data:
        data = msgspec.json.encode(_plain(obj))
    return data.decode()


def load_json(text: str | bytes) -> Any:
    """Return what :func:`dump_json` was given, as plain Python values.

    Parameters
    ----------
    text : str or bytes
        JSON. The strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"`` come back as
        floats at any depth, even where the user had logged that word as text.

    Raises
    ------
    ValueError
        If `text` is not JSON.
    """
    try:
        obj = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        obj = json.loads(text)  # knows numbers beyond float64, which DuckDB lets through
    marks = _MARKS if isinstance(text, str) else tuple(mark.encode() for mark in _MARKS)
    if any(mark in text for mark in marks):  # type: ignore[operator]
        return _restored(obj)
    return obj


def _plain(obj: Any) -> Any:
    """Return `obj` out of the types that msgspec writes, non-finite numbers as strings."""
    if isinstance(obj, float):
        number = float(obj)
        return number if math.isfinite(number) else _spelled(number)
    if isinstance(obj, str):
        return _clean(obj)
    if isinstance(obj, Mapping):
        return {_clean(str(key)): _plain(item) for key, item in obj.items()}
    if isinstance(obj, list | tuple | set | frozenset):
        return [_plain(item) for item in obj]
    return _plain_object(obj)


def _plain_object(obj: Any) -> Any:
    if obj is None or isinstance(obj, bool | int):
        return obj
    if hasattr(obj, "tolist"):
        held = obj.tolist()
        return str(obj) if held is obj else _plain(held)
    try:
        built = msgspec.to_builtins(obj)
    except (TypeError, ValueError):
        return _clean(str(obj))
    return built if isinstance(built, str) else _plain(built)


def _clean(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def _spelled(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _restored(obj: Any) -> Any:
    if isinstance(obj, str):
        return _NON_FINITE.get(obj, obj)
    if isinstance(obj, dict):
        return {key: _restored(item) for key, item in obj.items()}
    if isinstance(obj, list):
        return [_restored(item) for item in obj]
    return obj
