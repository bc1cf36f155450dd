"""Makes what users log or configure plain: numbers, strings, lists, dicts, references.

No array library is imported: arrays and scalars are known by how they behave.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

PLAIN = frozenset({float, int, bool, str, type(None)})
LIST_LIMIT = 32
HISTOGRAM_BINS = 32
MAX_DEPTH = 32
INT64 = 2**63


@runtime_checkable
class Storable(Protocol):
    """A value with files of its own, such as an image."""

    def to_reference(self, put_bytes: Callable[[bytes], str]) -> dict[str, Any]:
        """Keep the files and return the JSON that stands for the value."""


class Coercer:
    """Turns values into what the journal can hold.

    Parameters
    ----------
    put_bytes : callable
        Keeps bytes by content and returns their digest.
    complain : callable
        Is told, in a sentence, of anything that could not be kept as it was.
    """

    def __init__(self, put_bytes: Callable[[bytes], str], complain: Callable[[str], None]) -> None:
        self._put_bytes = put_bytes
        self._complain = complain

    def flatten(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the plain values of one row; nested mappings become ``a.b``."""
        return dict(self._pairs("", data, 0))

    def _pairs(self, prefix: str, data: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
        for key, value in data.items():
            name = prefix + (key if type(key) is str else self._key(key, prefix))
            if depth < MAX_DEPTH and _is_nested(value):
                yield from self._pairs(name + ".", value, depth + 1)
            else:
                yield name, self.history_value(value)

    def _key(self, key: Any, prefix: str) -> str:
        if not prefix and not isinstance(key, str):
            self._complain(f"A key of log() is {key!r}: keys are strings. It is stored as '{key}'.")
        return str(key)

    def history_value(self, value: Any) -> Any:
        """Return a value of a row as plain data; a large array becomes a histogram."""
        if type(value) in PLAIN and not (type(value) is int and not -INT64 <= value < 2 * INT64):
            return value
        size = array_size(value)
        if size is not None and size > LIST_LIMIT:
            return histogram(value)
        if isinstance(value, list | tuple) and value and all(map(_is_storable, value)):
            return {
                "_type": "media-list",
                "items": [item.to_reference(self._put_bytes) for item in value],
            }
        return self.plain(value)

    def plain(self, value: Any, depth: int = 0) -> Any:
        """Return any value as plain, JSON-like data; never raises."""
        try:
            return self._plain(value, depth)
        except Exception as error:  # noqa: BLE001 - logging must never end a training
            self._complain(
                f"A value of type {type(value).__name__} could not be read ({error}): its name "
                "is stored instead."
            )
            return f"<{type(value).__module__}.{type(value).__name__}>"

    def _plain(self, value: Any, depth: int) -> Any:
        if type(value) in PLAIN:
            return float(value) if _is_huge(value) else value
        if depth > MAX_DEPTH:
            self._complain("A value is nested more than 32 deep: deeper parts are stored as text.")
            return _text(value)
        if _is_storable(value):
            return value.to_reference(self._put_bytes)
        if _is_figure(value):
            from tracker.media.image import Image

            return Image(value).to_reference(self._put_bytes)
        if isinstance(value, Mapping):
            return {str(key): self.plain(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset | range):
            return [self.plain(item, depth + 1) for item in value]
        return self._plain_object(value, depth)

    def _plain_object(self, value: Any, depth: int) -> Any:
        if isinstance(value, enum.Enum):
            return self.plain(value.value, depth + 1)
        if isinstance(value, bool | int | float | str):
            return _of_subclass(value)
        if isinstance(value, datetime.datetime | datetime.date | datetime.time):
            return value.isoformat()
        size = array_size(value)
        if size is not None:
            return self._array(value, size, depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.plain(dataclasses.asdict(value), depth + 1)
        if callable(value) and hasattr(value, "__qualname__"):
            return f"{getattr(value, '__module__', '')}.{value.__qualname__}"
        return _text(value)

    def _array(self, value: Any, size: int, depth: int) -> Any:
        if size == 1:
            return self.plain(value.item(), depth + 1)
        if size <= LIST_LIMIT:
            return self.plain(value.tolist(), depth + 1)
        return _text(value)


def array_size(value: Any) -> int | None:
    """Return how many elements an array or tensor has, None where it is neither."""
    shape = getattr(value, "shape", None)
    if shape is None or not (hasattr(value, "item") and hasattr(value, "tolist")):
        return None
    try:
        return math.prod(int(length) for length in shape)
    except (TypeError, ValueError):
        return None


def histogram(value: Any) -> dict[str, Any]:
    """Return the histogram of an array's finite values, in 32 bins."""
    import numpy as np

    detached = value.detach().cpu().float() if hasattr(value, "detach") else value
    numbers = np.asarray(detached, dtype=np.float64).ravel()
    finite = numbers[np.isfinite(numbers)]
    counts, edges = np.histogram(finite, bins=HISTOGRAM_BINS) if len(finite) else ([], [])
    return {
        "_type": "histogram",
        "values": [int(count) for count in counts],
        "bins": [float(edge) for edge in edges],
        "not_finite": int(len(numbers) - len(finite)),
    }


def _is_nested(value: Any) -> bool:
    is_mapping = isinstance(value, Mapping) and not isinstance(value, Storable)
    return is_mapping and bool(value) and "_type" not in value


def _is_storable(value: Any) -> bool:
    return not isinstance(value, type) and isinstance(value, Storable)


def _is_figure(value: Any) -> bool:
    return type(value).__module__.startswith("matplotlib.") and hasattr(value, "savefig")


def _is_huge(value: Any) -> bool:
    return type(value) is int and not -INT64 <= value < 2 * INT64


def _of_subclass(value: Any) -> Any:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            plain = kind(value)
            return float(plain) if _is_huge(plain) else plain
    return value


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
