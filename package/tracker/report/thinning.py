"""Figures for notebooks: fewer points, in fewer bytes, as JSON that Plotly reads."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

from tracker.report.parcel import smallest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Of one figure in a notebook, all lines together: about 100 KB.
POINT_BUDGET = 9_000
_LEAST_COLUMNS = 40


def figure_json(figure: dict[str, Any]) -> dict[str, Any]:
    """Return a figure as JSON, its lines thinned by M4 to what a picture of it needs."""
    longest = [trace for trace in figure["data"] if _is_long(trace)]
    total = sum(len(trace["x"]) for trace in longest)
    data = figure["data"]
    if total > POINT_BUDGET:
        columns = max(_LEAST_COLUMNS, POINT_BUDGET // (4 * len(longest)))
        data = [_thinned(trace, columns) if _is_long(trace) else trace for trace in data]
    told: dict[str, Any] = _told({"data": data, "layout": figure["layout"]})
    return told


def _is_long(trace: dict[str, Any]) -> bool:
    x: Any = trace.get("x")
    y: Any = trace.get("y")
    is_line = trace.get("type", "scatter") == "scatter"
    return is_line and hasattr(x, "dtype") and hasattr(y, "dtype") and bool(x.shape == y.shape)


def _thinned(trace: dict[str, Any], columns: int) -> dict[str, Any]:
    x, y = trace["x"], trace["y"]
    if len(x) <= 4 * columns:
        return trace
    places = m4_places(x, y, columns)
    return {**trace, "x": x[places], "y": y[places]}


def m4_places(x: NDArray[Any], y: NDArray[Any], columns: int) -> NDArray[np.intp]:
    """Return the places of first, last, least and most of each column, and of gaps."""
    import numpy as np

    low, high = float(x[0]), float(x[-1])
    column = ((x - low) / ((high - low) or 1.0) * columns).astype(np.int64).clip(0, columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    ends = np.append(starts[1:], len(x))
    kept = [starts, ends - 1]
    above, below = np.where(np.isnan(y), -np.inf, y), np.where(np.isnan(y), np.inf, y)
    for start, end in zip(starts, ends, strict=True):
        kept.append(
            np.array([start + above[start:end].argmax(), start + below[start:end].argmin()])
        )
    gaps = np.isnan(y)
    kept.append(np.flatnonzero(gaps & ~np.append(False, gaps[:-1])))
    return np.unique(np.concatenate(kept))


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _told(item) for key, item in value.items() if key != "meta"}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        if value.ndim != 1 or value.dtype.kind not in "fiu":
            return _told(value.tolist())
        kind, small = smallest(value)
        return {"dtype": kind, "bdata": base64.b64encode(small.tobytes()).decode()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
