"""The wire format of protocol buffers: a message is a run of numbered fields.

Written here because W&B's and TensorBoard's files are small dialects of it, and their own packages
are large.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
_MOST_VARINT_BITS: Final = 70

# A number for a varint, else the bytes of a field.
Value: TypeAlias = int | bytes
Fields: TypeAlias = dict[int, list[Value]]


class WireError(ValueError):
    """Bytes that are no message."""


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field, in order.

    Raises
    ------
    WireError
        If the bytes are no message.
    """
    place, end = 0, len(data)
    while place < end:
        tag = data[place]
        place += 1
        if tag > 127:
            tag, place = _varint(data, place, tag)
        kind, number = tag & 7, tag >> 3
        if kind == BYTES:
            if place >= end:
                raise WireError("a field ends within its length")
            size = data[place]
            place += 1
            if size > 127:
                size, place = _varint(data, place, size)
            following = place + size
            if following > end:
                raise WireError("a field is longer than its message")
            yield number, data[place:following]
            place = following
        else:
            value, place = _number(data, place, kind)
            yield number, value


def _number(data: bytes, place: int, kind: int) -> tuple[Value, int]:
    """Return the value of a field that is no text, and where it ends."""
    if kind == VARINT:
        if place >= len(data):
            raise WireError("a field has no value")
        value = data[place]
        return (value, place + 1) if value < 128 else _varint(data, place + 1, value)
    if kind not in (FIXED64, FIXED32):
        raise WireError(f"a field has the unknown wire type {kind}")
    following = place + (8 if kind == FIXED64 else 4)
    if following > len(data):
        raise WireError("a number ends within its bytes")
    return data[place:following], following


def _varint(data: bytes, place: int, low: int) -> tuple[int, int]:
    """Return a varint whose first byte is `low`, and where it ends."""
    value, shift = low & 127, 7
    while shift < _MOST_VARINT_BITS:
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise WireError("a varint does not end")


def read(data: bytes) -> Fields:
    """Return all fields of a message by their number."""
    found: Fields = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


def message(found: Fields, number: int) -> Fields:
    """Return the last message of this number; an empty one if there is none."""
    values = found.get(number)
    return read(values[-1]) if values and isinstance(values[-1], bytes) else {}


def messages(found: Fields, number: int) -> list[Fields]:
    """Return all messages of this number."""
    return [read(value) for value in found.get(number, ()) if isinstance(value, bytes)]


def text(found: Fields, number: int) -> str:
    """Return the last text of this number; empty if there is none."""
    values = found.get(number)
    return as_text(values[-1]) if values else ""


def texts(found: Fields, number: int) -> list[str]:
    """Return all texts of this number."""
    return [as_text(value) for value in found.get(number, ())]


def as_text(value: Value) -> str:
    """Return a value as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def integer(found: Fields, number: int) -> int:
    """Return the last signed number of this number; 0 if there is none."""
    values = found.get(number)
    return signed(values[-1]) if values else 0


def signed(value: Value) -> int:
    """Return what a varint of int32 or int64 means."""
    if not isinstance(value, int):
        return 0
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def packed(data: bytes) -> list[int]:
    """Return the signed numbers of a packed field of varints."""
    found, place = [], 0
    while place < len(data):
        value, place = _number(data, place, VARINT)
        found.append(signed(value))
    return found


def double(value: Value) -> float:
    """Return what the bytes of a double mean; 0.0 where they are none."""
    return float(_DOUBLE.unpack(value)[0]) if isinstance(value, bytes) and len(value) == 8 else 0.0


def single(value: Value) -> float:
    """Return what the bytes of a float mean; 0.0 where they are none."""
    return float(_FLOAT.unpack(value)[0]) if isinstance(value, bytes) and len(value) == 4 else 0.0


def time_us(found: Fields, number: int) -> int:
    """Return a Timestamp as microseconds since the epoch; 0 if there is none."""
    stamp = message(found, number)
    return integer(stamp, 1) * 1_000_000 + integer(stamp, 2) // 1000


# --- writing


def varint(number: int) -> bytes:
    """Return a number as a varint."""
    number &= (1 << 64) - 1
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


def field(number: int, value: int | float | bytes | str) -> bytes:
    """Return a field: a varint for an int, a double for a float, else bytes."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | FIXED64) + _DOUBLE.pack(value)
    content = value.encode("utf-8", "replace") if isinstance(value, str) else value
    return varint(number << 3 | BYTES) + varint(len(content)) + content


def single_field(number: int, value: float) -> bytes:
    """Return a field that is a float of four bytes."""
    return varint(number << 3 | FIXED32) + _FLOAT.pack(value)
