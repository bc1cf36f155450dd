"""Messages with numbers in them: arrays of float64, one behind the other in one buffer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Parcel:
    """Collects the arrays of one message.

    Little-endian float64, because a browser's ``Float64Array`` is that on every machine that
    runs one today.
    """

    def __init__(self) -> None:
        self._arrays: list[Floats] = []
        self._count = 0

    def add(self, array: Floats) -> list[int]:
        """Add an array; return where it lies in the buffer, as [first number, how many]."""
        place = [self._count, len(array)]
        self._arrays.append(array)
        self._count += len(array)
        return place

    def buffers(self) -> list[bytes]:
        """Return the message's buffers: one, or none where there are no numbers."""
        if not self._count:
            return []
        import numpy as np

        return [np.concatenate(self._arrays).astype("<f8", copy=False).tobytes()]


def unpack(place: Sequence[int], buffers: Sequence[bytes | memoryview]) -> Floats:
    """Return an array of a message; what the browser does, for tests and other readers."""
    import numpy as np

    first, count = place
    if not count:
        return np.empty(0)
    return np.frombuffer(buffers[0], dtype="<f8", count=count, offset=8 * first)


def plain(items: Iterable[tuple[str, Any]], limit: int, length: int) -> list[list[str]]:
    """Return at most `limit` pairs as text of at most `length`: what a page shows of a config."""
    from tracker.figures.summary import value_text

    return [[name[:length], value_text(value, length)] for name, value in islice(items, limit)]
