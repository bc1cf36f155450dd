"""What was encoded a moment ago, for trainings that log the same images at every step."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

# Some hundred images of 256×256.
MOST_BYTES: Final = 16 * 1024 * 1024

Encoded = tuple[bytes, dict[str, Any]]


class Recent:
    """Files by what they were made of, those that were used last.

    Parameters
    ----------
    most_bytes : int
        How much they may take together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._files: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Encoded]) -> Encoded:
        """Return the file for a key and what is said of it, made by `make` where it is not here."""
        with self._lock:
            known = self._files.get(key)
            if known is not None:
                self._files.move_to_end(key)
                return known
        made = make()
        with self._lock:
            if key not in self._files and len(made[0]) <= self._most_bytes:
                self._files[key] = made
                self._bytes += len(made[0])
            while self._bytes > self._most_bytes:
                _, (content, _) = self._files.popitem(last=False)
                self._bytes -= len(content)
        return made


# One for all runs of the process.
RECENT: Final = Recent()
