"""The figures of a page as one compressed piece of text: every array once, as binary numbers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ALIGN = 8
_BIGGEST_FLOAT32, _SMALLEST_FLOAT32 = 3.0e38, 1.2e-38
# Text that Plotly reads as a little HTML, and the only part of a figure that can lead out.
_LINKS = ("images", "sliders", "updatemenus")


class Parcel:
    """Collects figures, and writes them as text for ``report.js``."""

    def __init__(self) -> None:
        self._figures: list[Any] = []
        self._arrays: list[tuple[str, int, int]] = []
        self._places: dict[bytes, int] = {}
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, figure: dict[str, Any]) -> int:
        """Take a figure in; return its number."""
        layout = {k: v for k, v in figure["layout"].items() if k not in _LINKS}
        self._figures.append(self._told({"data": figure["data"], "layout": layout}))
        return len(self._figures) - 1

    def to_text(self) -> str:
        """Return everything as Base64 of gzip of: length, JSON, arrays."""
        head = {"figures": self._figures, "arrays": self._arrays}
        text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-(len(text) + 4) % _ALIGN)
        content = len(text).to_bytes(4, "little") + text + b"".join(self._chunks)
        return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was taken in."""
        return not self._figures

    def _told(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): self._told(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._told(item) for item in value]
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if value is None or isinstance(value, str | int):
            return value
        if hasattr(value, "dtype") and hasattr(value, "tolist"):
            return self._told_array(value)
        if hasattr(value, "isoformat"):
            return value.isoformat()
        return str(value)

    def _told_array(self, array: Any) -> Any:
        if array.ndim != 1 or array.dtype.kind not in "fiu":
            return self._told(array.tolist())
        kind, small = smallest(array)
        content = small.tobytes()
        digest = hashlib.sha256(kind.encode() + content).digest()
        if digest not in self._places:
            self._places[digest] = len(self._arrays)
            self._arrays.append((kind, self._size, len(small)))
            content += b"\0" * (-len(content) % _ALIGN)
            self._chunks.append(content)
            self._size += len(content)
        return {"$": self._places[digest]}


def smallest(array: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """Return an array in as few bytes as show no difference on a screen."""
    import numpy as np

    values = np.asarray(array, dtype=np.float64)
    if not len(values):
        return "f4", values.astype("<f4")
    finite = values[np.isfinite(values)]
    is_all_finite = len(finite) == len(values)
    if is_all_finite and bool(np.all(finite == np.rint(finite))) and np.abs(finite).max() < 2**31:
        return "i4", values.astype("<i4")
    size = np.abs(finite[finite != 0])
    fits = not len(size) or bool(size.max() < _BIGGEST_FLOAT32 and size.min() > _SMALLEST_FLOAT32)
    if fits and _is_close(finite):
        return "f4", values.astype("<f4")
    return "f8", values.astype("<f8")


def _is_close(finite: np.ndarray) -> bool:
    """Say whether four bytes tell neighbours apart: not so for times, or losses near 1e6 + 1e-3."""
    import numpy as np

    if not len(finite):
        return True
    span = float(finite.max() - finite.min())
    error = float(np.abs(finite - finite.astype(np.float32)).max())
    return span == 0 or error < span * 1e-5
