"""Values of one series on their way into the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(slots=True, eq=False)
class Column:
    """Numeric values of one series, in the order in which they were logged."""

    kind: str
    steps: np.ndarray
    times_us: np.ndarray
    values: np.ndarray


def kind_of(kinds: set[type]) -> str:
    """Return the kind of a column with values of these types."""
    if kinds == {bool}:
        return "bool"
    return "float" if float in kinds else "int"


def wider(one: str, other: str) -> str:
    """Return the kind that holds values of both kinds."""
    order = ("bool", "int", "float")
    return max(one, other, key=order.index)
