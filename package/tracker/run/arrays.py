"""What is stored of arrays, tensors and data frames, known by how they behave."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

LIST_LIMIT = 32
HISTOGRAM_BINS = 32
TABLE_ROWS = 10_000


def as_array(value: Any) -> Any | None:
    """Return an array, tensor or scalar of an array library; None where it is neither."""
    if getattr(value, "shape", None) is None or isinstance(value, type):
        return None
    if not hasattr(value, "tolist") and callable(getattr(value, "numpy", None)):
        value = value.numpy()  # TensorFlow's
    if not hasattr(value, "tolist"):
        return None
    try:
        size_of(value)
    except (TypeError, ValueError):
        return None
    return value


def is_scalar(value: Any) -> bool:
    """Say whether a value is one of NumPy's numbers, which ``item()`` makes Python's."""
    is_numpy = type(value).__module__ == "numpy" and not hasattr(value, "__len__")
    return is_numpy and value.dtype.kind in "biuf" and type(value.item()) in (float, int, bool)


def size_of(value: Any) -> int:
    """Return how many elements an array has."""
    return math.prod(int(length) for length in value.shape)


def to_list(value: Any) -> Any:
    """Return the elements as nested lists; times as text, what is masked as None."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in ("M", "m"):
        value = value.astype(str)
    elif kind == "c":
        value = value.astype(complex)
    return value.tolist()


def histogram(value: Any) -> dict[str, Any] | None:
    """Return the histogram of an array's finite values, in 32 bins; None if not of numbers."""
    numbers = _numbers(value)
    if numbers is None:
        return None
    import numpy as np

    finite = numbers[np.isfinite(numbers)]
    # Halves, because the range of two floats may be more than a float can hold.
    counts, halves = np.histogram(finite / 2, bins=HISTOGRAM_BINS)
    return {
        "_type": "histogram",
        "values": [int(count) for count in counts] if len(finite) else [],
        "bins": [float(half) * 2 for half in halves] if len(finite) else [],
        "not_finite": int(len(numbers) - len(finite)),
    }


def statistics(value: Any) -> dict[str, Any] | None:
    """Return what a summary keeps of an array: W&B's statistics, of its finite values."""
    numbers = _numbers(value)
    if numbers is None:
        return None
    import numpy as np

    finite = numbers[np.isfinite(numbers)]
    described: dict[str, Any] = {"_type": "numpy.ndarray", "size": len(numbers)}
    if len(finite):
        described |= {
            "min": float(finite.min()),
            "max": float(finite.max()),
            "mean": float(finite.mean()),
            "var": float(finite.var()),
            "std": float(finite.std()),
        }
        for percent in (10, 25, 75, 90):
            described[f"{percent}%"] = float(np.percentile(finite, percent))
    return described


def _numbers(value: Any) -> np.ndarray | None:
    """Return the elements as one row of floats, without the masked ones."""
    import numpy as np

    if hasattr(value, "compressed"):
        value = value.compressed()
    if hasattr(value, "detach"):
        value = value.detach().cpu().double()
    array = np.asarray(value)
    if array.dtype.kind in "cMmUS":
        return None
    try:
        return array.astype(np.float64).ravel()
    except (TypeError, ValueError):
        return None


def is_table(value: Any) -> bool:
    """Say whether a value is a pandas DataFrame."""
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "itertuples")


def rows_of(frame: Any) -> dict[str, Any]:
    """Return a DataFrame's columns and rows, at most 10,000 of them."""
    split = frame.head(TABLE_ROWS).to_dict("split")
    return {
        "_type": "table",
        "columns": [str(column) for column in split["columns"]],
        "data": split["data"],
        "nrows": len(frame),
        "ncols": len(split["columns"]),
    }
