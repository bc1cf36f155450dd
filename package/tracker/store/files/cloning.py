"""Copies that share their blocks with the original, where the file system can (reflinks)."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

# ioctl FICLONE of Linux: _IOW(0x94, 9, int)
_FICLONE = 0x40049409
_unable: set[int] = set()


def clone(source: BinaryIO, target: BinaryIO) -> bool:
    """Make an empty file a copy of another at no cost; say whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    device = os.fstat(target.fileno()).st_dev
    if device in _unable:
        return False
    import fcntl

    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:
        if os.fstat(source.fileno()).st_dev == device:
            _unable.add(device)
        return False
    return True
