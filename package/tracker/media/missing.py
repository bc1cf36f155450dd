"""Knows what other libraries write where there is no value."""

from __future__ import annotations

from typing import Any


def is_nan(value: Any) -> bool:
    """Return whether `value` is NaN, as a float or one of NumPy's."""
    is_real = isinstance(value, float) or type(value).__name__ in ("float16", "float32")
    return is_real and bool(value != value)


def is_missing(value: Any) -> bool:
    """Return whether `value` is what pandas and NumPy write where there is none."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return type(value).__name__ in ("datetime64", "timedelta64") and value != value
