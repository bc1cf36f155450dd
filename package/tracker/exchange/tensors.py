"""TensorFlow's tensors, as TensorBoard's events have them."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from tracker.exchange import wire

_DTYPES: Final = {
    1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2",
    22: "<u4", 23: "<u8",
}  # fmt: skip
_FLOATS: Final = {1: (5, "<f4"), 2: (6, "<f8")}
_INTEGERS: Final = {3: 7, 4: 7, 5: 7, 6: 7, 9: 10, 10: 11, 22: 16, 23: 17}
_MOST_ELEMENTS: Final = 1 << 26


def read_tensor(tensor: wire.Fields) -> Any:
    """Return the array of a TensorProto of numbers.

    Raises
    ------
    ValueError
        If it is of another kind, or not as it says.
    """
    kind = wire.integer(tensor, 1)
    if kind not in _DTYPES:
        raise ValueError(f"a tensor of the type {kind}")
    shape = [wire.integer(each, 1) for each in wire.messages(wire.message(tensor, 2), 2)]
    count = math.prod(shape)
    if not 0 <= count <= _MOST_ELEMENTS:
        raise ValueError("a tensor of this size")
    content = tensor.get(4)
    if content and isinstance(content[-1], bytes) and content[-1]:
        flat = np.frombuffer(content[-1], dtype=_DTYPES[kind])
    elif kind in _FLOATS:
        number, dtype = _FLOATS[kind]
        packed = b"".join(value for value in tensor.get(number, ()) if isinstance(value, bytes))
        flat = np.frombuffer(packed, dtype=dtype)
    else:
        flat = np.array(_varints(tensor, _INTEGERS.get(kind, 0)), dtype=_DTYPES[kind])
    # One value may stand for all.
    flat = np.repeat(flat, count) if len(flat) == 1 < count else flat
    return flat.reshape(shape)


def _varints(tensor: wire.Fields, number: int) -> list[int]:
    found: list[int] = []
    for value in tensor.get(number, ()):
        found += [wire.signed(value)] if isinstance(value, int) else wire.packed(value)
    return found
