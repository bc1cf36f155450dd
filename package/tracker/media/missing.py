"""Knows what other libraries write where there is no value."""

from __future__ import annotations

from typing import Any


def is_nan(value: Any) -> bool:
    """Return whether `value` is the float NaN."""
    return isinstance(value, float) and value != value


def is_missing(value: Any) -> bool:
    """Return whether `value` is what pandas and NumPy write where there is none."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return type(value).__name__ in ("datetime64", "timedelta64") and value != value
