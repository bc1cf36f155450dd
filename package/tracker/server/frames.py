"""Messages with buffers as one binary frame: what a comm sends as several parts.

::

    length of the head (4 bytes, little-endian)
    head, JSON: {"content": the message, "sizes": [bytes of each buffer]}
    the buffers, one behind the other
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec


def pack(content: dict[str, Any], buffers: Sequence[bytes | memoryview] = ()) -> bytes:
    """Return a message as one frame."""
    parts = [bytes(buffer) for buffer in buffers]
    head = msgspec.json.encode({"content": content, "sizes": [len(part) for part in parts]})
    return b"".join([len(head).to_bytes(4, "little"), head, *parts])
