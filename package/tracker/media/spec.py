"""Drawings that are JSON: what Plotly, Bokeh and Vega have in common."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from typing import Any

from tracker.errors import UsageError
from tracker.media.media import Find, Media
from tracker.media.source import read_source, read_text


class Spec(Media):
    """Media whose file is one JSON object.

    Attributes
    ----------
    spec : dict
        The object. It is data of unknown origin: draw it with the library that it is for, and
        nothing in it is run by tracker.
    """

    format = "json"

    def __init__(self, text: str, caption: str | None = None) -> None:
        super().__init__(caption)
        self._text = text

    @property
    def spec(self) -> dict[str, Any]:
        """The object, each time a new copy."""
        made: dict[str, Any] = json.loads(self._text)
        return made

    @property
    def content(self) -> bytes:
        """The JSON as UTF-8."""
        return self._text.encode(errors="replace")

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Any:
        """Return what was logged."""
        made = cls.__new__(cls)
        text = find(reference["sha256"]).read_bytes().decode()
        Spec.__init__(made, text, reference.get("caption"))
        return made

    def to_value(self) -> dict[str, Any]:
        """Return the object."""
        return self.spec


def dump_spec(given: Any) -> str:
    """Return an object as JSON text: arrays as lists, NaN and infinities as null."""
    return json.dumps(_plain(given), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_spec(given: Any, kind: str) -> str:
    """Return the JSON object in a file as text.

    Raises
    ------
    UsageError
        If it is none.
    """
    text = read_text(read_source(given, kind)[0], kind)
    return check_spec(text, kind)


def check_spec(text: str, kind: str) -> str:
    """Return `text`.

    Raises
    ------
    UsageError
        If it is no JSON object.
    """
    try:
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{kind} was given text that is not JSON: {error}.") from error
    if not is_object:
        raise UsageError(f"{kind} was given JSON that is no object: expected {{…}}.")
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m"):
        value = value.astype(str)
    if hasattr(value, "tolist"):
        listed = value.tolist()
        return str(value) if type(listed) is type(value) else _plain(listed)
    return str(value)
