"""Locks on files that the operating system gives back when their holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.errors import StoreError

# Open files of this process that may hold a lock: a forked child has copies of them.
_open_files: set[int] = set()

if sys.platform == "win32":
    import msvcrt

    # Nobody can read a locked region there, so it lies behind the end of every file.
    _REGION = 2**31 - 2

    def _lock(descriptor: int, *, shared: bool, block: bool) -> bool:
        while True:
            os.lseek(descriptor, _REGION, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                if not block:
                    return False
                time.sleep(0.02)
            else:
                return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _REGION, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool, block: bool) -> bool:
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, mode if block else mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def acquire(descriptor: int, *, shared: bool = False, block: bool = True) -> bool:
    """Lock an open file; say whether the lock was obtained.

    The lock belongs to the open file: :func:`close`, or the death of the process, frees it.
    """
    _open_files.add(descriptor)
    return _lock(descriptor, shared=shared, block=block)


def close(descriptor: int) -> None:
    """Free the lock and close the file.

    Closing alone would leave the lock to a child that was forked meanwhile; and in such a
    child there is nothing to do.
    """
    if descriptor not in _open_files:
        return
    _open_files.discard(descriptor)
    try:
        with contextlib.suppress(OSError):
            _unlock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock on `path` (made if absent), waiting for it as long as it takes.

    A shared lock in a place that cannot be written is no lock: nobody writes there.

    Raises
    ------
    StoreError
        If the file cannot be made or locked.
    """
    descriptor = _open(path, shared=shared)
    if descriptor is None:
        yield
        return
    _open_files.add(descriptor)
    try:
        try:
            acquire(descriptor, shared=shared)
        except OSError as error:
            raise _explained(path, error) from error
        yield
    finally:
        close(descriptor)


def seize(path: Path) -> int | None:
    """Open and lock a file that nobody holds; None if somebody does, or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    try:
        if acquire(descriptor, block=False) and path.exists():
            return descriptor
    except BaseException:
        close(descriptor)
        raise
    close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Say whether somebody holds the lock of a file; of one that is gone nobody does."""
    descriptor = seize(path)
    if descriptor is None:
        return path.exists()
    close(descriptor)
    return False


def _open(path: Path, *, shared: bool) -> int | None:
    no_follow = getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | no_follow, 0o600)
    except OSError as error:
        if not shared or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise _explained(path, error) from error
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDONLY | no_follow)
    return None


def _explained(path: Path, error: OSError) -> StoreError:
    if error.errno == errno.ELOOP:
        return StoreError(f"The lock {path} is a symbolic link: remove the link and try again.")
    return StoreError(f"The lock {path} cannot be had: {error.strerror}.")


def _close_inherited() -> None:
    for descriptor in _open_files:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _open_files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
