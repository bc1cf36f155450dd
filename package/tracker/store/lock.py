"""Locks on files that the operating system gives back when their holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def acquire(descriptor: int, *, shared: bool = False, block: bool = True) -> bool:
    """Lock an open file; say whether the lock was obtained.

    The lock belongs to the open file: closing it, or the death of the process, frees it.
    """
    if fcntl is not None:
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, mode if block else mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    import portalocker

    flags = portalocker.LockFlags.SHARED if shared else portalocker.LockFlags.EXCLUSIVE
    try:
        portalocker.lock(descriptor, flags if block else flags | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.exceptions.LockException:
        return False
    return True


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock on `path` (made if absent), waiting for it as long as it takes."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        acquire(descriptor, shared=shared)
        yield
    finally:
        os.close(descriptor)


def is_free(path: Path) -> bool:
    """Say whether nobody holds an exclusive lock on an existing file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return acquire(descriptor, shared=True, block=False)
    finally:
        os.close(descriptor)
