"""Makes what users log or configure plain: numbers, strings, lists, dicts, references.

No array library is imported: arrays and scalars are known by how they behave.
"""

from __future__ import annotations

import collections.abc as abc
import contextlib
import dataclasses
import datetime
import decimal
import enum
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol

from tracker.media.wrapping import as_media
from tracker.run import arrays
from tracker.run.encoder import Late

PLAIN = frozenset({float, int, bool, str, type(None)})
MAX_DEPTH = 32
LONGEST_RANGE = 100_000
INT64 = 2**63
RESERVED_KEYS = frozenset({"_step", "_runtime", "_timestamp"})
_BYTES = (bytes, bytearray, memoryview)
_TEXTS = (decimal.Decimal, complex, uuid.UUID, datetime.timedelta)

# How to read NumPy's scalars, which are logged a lot, by their types.
_numpy_scalars: dict[type, Callable[[Any], Any]] = {}

# What is done with an array of more than 32 elements depends on where it is going: a
# value of a row, inside of one, the summary, the config.
Place = Literal["row", "inner", "summary", "config"]


class Storable(Protocol):
    """A value with files of its own, such as an image."""

    def to_reference(self, put_bytes: Callable[[bytes], str]) -> dict[str, Any]:
        """Keep the files and return the JSON that stands for the value."""


class Coercer:
    """Turns values into what the journal can hold. Nothing in here raises.

    Parameters
    ----------
    put_bytes : callable
        Keeps bytes by content and returns their digest.
    complain : callable
        Is told, in a sentence, of anything that could not be kept as it was.
    may_wait : bool
        Leave files of a row that take a while as :class:`~tracker.run.encoder.Late`.

    Attributes
    ----------
    earlier : mapping
        The summary of the run that this one goes on from: its tables go on too.
    """

    def __init__(
        self,
        put_bytes: Callable[[bytes], str],
        complain: Callable[[str], None],
        *,
        may_wait: bool = False,
    ) -> None:
        self.earlier: Mapping[str, Any] = {}
        self._may_wait = may_wait
        self._put_bytes = put_bytes
        self._complain = complain
        self._told: set[str] = set()

    def flatten(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the plain values of one row; nested mappings become ``a.b``."""
        return dict(self._pairs("", data, ()))

    def _pairs(
        self, prefix: str, data: Mapping[Any, Any], path: tuple[int, ...]
    ) -> Iterator[tuple[str, Any]]:
        path = (*path, id(data))
        for key, value in self._items(data):
            if not prefix and type(key) is str and key in RESERVED_KEYS:
                self._tell(
                    f"The key {key!r} belongs to tracker, which sets it for every row: the value "
                    "given is not stored. To choose a step, use log(…, step=…).",
                    key,
                )
                continue
            name = prefix + self._key(key, is_first=not prefix)
            if self._is_branch(value, path):
                yield from self._pairs(name + ".", value, path)
            else:
                self._prepare(name, value)
                yield name, self._guarded(value, "row", path)
                for beside, table in self._companions(name, value):
                    yield beside, self._guarded(table, "row", path)

    def _prepare(self, name: str, value: Any) -> None:
        """Let a table that is logged in increments go on after the run's last session."""
        earlier = self.earlier.get(name)
        if isinstance(earlier, Mapping) and hasattr(type(value), "resume_from"):
            with contextlib.suppress(ValueError, TypeError):  # a user's own summary
                value.resume_from(dict(earlier))

    def _companions(self, name: str, value: Any) -> list[tuple[str, Any]]:
        """Return what is logged beside a value: the table of a chart."""
        if not hasattr(type(value), "companions"):
            return []
        return list(value.companions(name).items())

    def _items(self, data: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
        try:
            return list(data.items())
        except Exception as error:  # noqa: BLE001 - a user's own mapping
            self._tell(
                f"The items of a {type(data).__name__} could not be read ({_reason(error)}): they "
                "are not stored.",
                f"items {type(data).__qualname__}",
            )
            return []

    def _key(self, key: Any, *, is_first: bool) -> str:
        if type(key) is str:
            text = key
        elif isinstance(key, str):
            text = str.__str__(key)
        else:
            text = _text_of(key.value if isinstance(key, enum.Enum) else key)
            if is_first:
                self._tell(
                    f"A key of log() is {text} of type {type(key).__name__}: keys are strings. It "
                    f"is stored as {text!r}.",
                    f"key {type(key).__name__}",
                )
        return clean_text(text)

    def _is_branch(self, value: Any, path: tuple[int, ...]) -> bool:
        """Say whether a value's items become keys of their own."""
        if not isinstance(value, Mapping) or is_storable(value):
            return False
        if len(path) > MAX_DEPTH or id(value) in path:
            return False
        try:
            return bool(value) and "_type" not in value
        except Exception:  # noqa: BLE001 - it is told of when the value is read
            return False

    def plain(self, value: Any, place: Place = "config") -> Any:
        """Return any value as plain, JSON-like data."""
        return self._guarded(value, place, ())

    def _guarded(self, value: Any, place: Place, path: tuple[int, ...]) -> Any:
        if type(value) in PLAIN:
            return value if type(value) is not int else _bounded(value)
        kind = type(value)
        try:
            if (read := _numpy_scalars.get(kind)) is not None:
                return read(value)
            return self._plain(value, place, path)
        except Exception as error:  # noqa: BLE001 - logging must never end a training
            self._tell(
                f"A value of type {kind.__name__} could not be read ({_reason(error)}): the name "
                "of its type is stored instead.",
                f"unread {kind.__qualname__}",
            )
            return f"<{kind.__module__}.{kind.__qualname__}>"

    def _plain(self, value: Any, place: Place, path: tuple[int, ...]) -> Any:
        if is_storable(value):
            return self._refer(value, place, path)
        if place != "config" and (media := self._as_media(value)) is not None:
            return self._refer(media, place, path)
        if isinstance(value, str | bool | int | float | enum.Enum):
            return self._of_subclass(value, place, path)
        if isinstance(value, _BYTES):
            return bytes(value).decode(errors="replace")
        if isinstance(value, Mapping | abc.Sequence | abc.Set) or _is_dataclass(value):
            return self._container(value, place, path)
        return self._object(value, place, path)

    def _as_media(self, value: Any) -> Any | None:
        try:
            return as_media(_drawing_of(value))
        except Exception as error:
            if not arrays.is_table(value):
                raise
            self._tell(
                f"A DataFrame cannot be kept as a table ({_reason(error)}): its first "
                f"{arrays.TABLE_ROWS:,} rows are stored as they are.",
                "odd table",
            )
            return None

    def _refer(self, value: Storable, place: Place, path: tuple[int, ...]) -> Any:
        if place == "row" and self._may_wait and hasattr(value, "snapshot"):
            late = value.snapshot()
            if not late.is_quick:
                return Late(late, late.held_bytes)
        return self._guarded(value.to_reference(self._put_bytes), "inner", path)

    def _refer_all(self, media: list[Any], place: Place, path: tuple[int, ...]) -> Any:
        if place == "row" and self._may_wait and all(hasattr(m, "snapshot") for m in media):
            late = [each.snapshot() for each in media]
            if not all(each.is_quick for each in late):
                return Late(late, sum(each.held_bytes for each in late))
            media = late
        return {"_type": "media-list", "items": [self._refer(m, "inner", path) for m in media]}

    def _of_subclass(self, value: Any, place: Place, path: tuple[int, ...]) -> Any:
        if isinstance(value, enum.Enum):
            return self._guarded(value.value, place, path)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, float):
            _remember_scalar(value)
            return float(value)
        return _bounded(int(value))

    def _container(self, value: Any, place: Place, path: tuple[int, ...]) -> Any:
        if id(value) in path:
            self._tell("A value contains itself: there it is stored as '<recursion>'.", "recursion")
            return "<recursion>"
        if len(path) > MAX_DEPTH:
            self._tell(
                f"A value is nested more than {MAX_DEPTH} deep: deeper parts are stored as text.",
                "depth",
            )
            return _text_of(value)
        path = (*path, id(value))
        if place != "config" and isinstance(value, list | tuple) and (media := _all_media(value)):
            return self._refer_all(media, place, path)
        place = "inner" if place in ("row", "summary") else place
        fields = _fields(value)
        if fields is not None:
            return {
                self._key(key, is_first=False): self._guarded(item, place, path)
                for key, item in list(fields.items())
            }
        if isinstance(value, range) and len(value) > LONGEST_RANGE:
            return str(value)
        items = value if isinstance(value, abc.Sequence) else _sorted(value)
        return [self._guarded(item, place, path) for item in items]

    def _object(self, value: Any, place: Place, path: tuple[int, ...]) -> Any:
        if isinstance(value, datetime.datetime | datetime.date | datetime.time):
            return value.isoformat() if value == value else None  # pandas' NaT
        if isinstance(value, _TEXTS):
            return str(value)
        if isinstance(value, os.PathLike):
            return self._guarded(os.fspath(value), place, path)
        if arrays.is_table(value):
            return (
                str(value)
                if place == "config"
                else self._guarded(arrays.rows_of(value), place, path)
            )
        if (array := arrays.as_array(value)) is not None:
            return self._array(array, place, path)
        return self._scalar(value, place)

    def _array(self, value: Any, place: Place, path: tuple[int, ...]) -> Any:
        size = arrays.size_of(value)
        if size > arrays.LIST_LIMIT and place != "inner":
            if place == "config":
                return str(value)
            described = arrays.histogram(value) if place == "row" else arrays.statistics(value)
            if described is not None:
                return described
        items = arrays.to_list(value)
        _remember_scalar(value)
        if type(items) is type(value):
            return self._scalar(items, place)  # NumPy's long double is no Python number
        while size == 1 and isinstance(items, list) and len(items) == 1:
            items = items[0]
        return self._guarded(items, "inner" if place != "config" else place, path)

    def _scalar(self, value: Any, place: Place) -> Any:
        kind = type(value)
        if kind.__name__ in ("NAType", "NaTType"):
            return None
        if hasattr(kind, "__index__"):
            return _bounded(int(value))
        if hasattr(kind, "__float__"):
            return float(value)
        if callable(value) and hasattr(value, "__qualname__"):
            return f"{getattr(value, '__module__', '')}.{value.__qualname__}"
        text = str(value)
        if place != "config":
            self._tell(
                f"A value of type {kind.__name__} is no number, text, list, dict or media: what "
                "str() says of it is stored.",
                f"text {kind.__qualname__}",
            )
        return text

    def _tell(self, sentence: str, about: str) -> None:
        if about not in self._told and len(self._told) < 1000:
            self._told.add(about)
            self._complain(sentence)


def _remember_scalar(value: Any) -> None:
    if arrays.is_scalar(value):
        _numpy_scalars[type(value)] = type(value).item


def clean_text(text: str) -> str:
    """Return text without NUL and lone surrogates, which no database column can hold."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def is_storable(value: Any) -> bool:
    """Say whether a value has files of its own, such as an image."""
    return callable(getattr(type(value), "to_reference", None))


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _fields(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, Mapping):
        return value
    if not _is_dataclass(value):
        return None
    return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}


def _all_media(items: list[Any] | tuple[Any, ...]) -> list[Any] | None:
    """Return the items if all of them are media, or are logged as such."""
    media: list[Any] = []
    for item in items:
        try:
            each = item if is_storable(item) else as_media(_drawing_of(item))
        except Exception:  # noqa: BLE001 - it is told of when the item is read
            return None
        if each is None:
            return None
        media.append(each)
    return media


def _drawing_of(value: Any) -> Any:
    """Return the figure that axes are part of; anything else as it is."""
    if type(value).__module__.startswith("matplotlib.") and not hasattr(value, "savefig"):
        return getattr(value, "figure", value)
    return value


def _bounded(number: int) -> int | float:
    """Return a whole number as the journal can hold it."""
    if -INT64 <= number < 2 * INT64:
        return number
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _text_of(value: Any) -> str:
    try:
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    except Exception:  # noqa: BLE001 - a value that cannot be turned into text
        return f"<{type(value).__module__}.{type(value).__qualname__}>"


def _sorted(items: Any) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        return list(items)


def _reason(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {str(error)[:200]}"
    except Exception:  # noqa: BLE001 - an exception that cannot be turned into text
        return type(error).__name__
