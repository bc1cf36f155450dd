"""Reads sizes as people write them."""

from __future__ import annotations

import re

from tracker.errors import UsageError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


def size_bytes(text: str) -> int:
    """Return how many bytes ``10GB``, ``1.5 MiB`` or ``0`` are.

    Raises
    ------
    UsageError
        If it is no size.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise UsageError(f"SIZE is {text!r}: expected a size such as 10GB, 500MiB or 0.")
    number, unit, is_binary = found.groups()
    return int(float(number) * (_BINARY if is_binary else _UNITS)[unit.lower()])
