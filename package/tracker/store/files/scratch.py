"""Temporary files that do not outlive their process for long, however it dies.

Each process has one folder in the system's temporary directory, and holds a lock in it. What a
killed process left behind is removed by the next one that needs such a folder: nobody holds its
lock. A process id would not do, as others get it anew, and containers share folders.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.store.files import lock

PREFIX = "tracker-tmp-"
LOCK_FILE = "lock"
FILES = "files"
# How long a process may take between making its folder and locking it.
UNLOCKED_S = 3600.0


class _Scratch:
    """The folder of one process."""

    def __init__(self) -> None:
        self.root, self._descriptor = _claimed()
        self.files = self.root / FILES

    def end(self) -> None:
        """Remove the folder."""
        _end(self.root, self._descriptor)


# By process: a forked child has its parent's too, and must leave it alone.
_scratches: dict[int, _Scratch] = {}


def new_folder() -> Path:
    """Return a new folder for temporary files; it goes with the process, if not before."""
    process = os.getpid()
    own = _scratches.get(process)
    if own is None:
        remove_remains()
        own = _scratches.setdefault(process, _Scratch())
    own.files.mkdir(parents=True, exist_ok=True)  # who cleans up /tmp may have been thorough
    return Path(tempfile.mkdtemp(dir=own.files))


def remove(folder: Path) -> None:
    """Remove a folder that this process made."""
    own = _scratches.get(os.getpid())
    if own is not None and folder.is_relative_to(own.root):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder for temporary files that is removed at the end of the block."""
    folder = new_folder()
    try:
        yield folder
    finally:
        remove(folder)


def remove_remains() -> None:
    """Remove the folders of processes of this user that are dead."""
    for root in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_ours(root):
                _remove_if_left(root)


def _claimed() -> tuple[Path, int | None]:
    """Make a folder and lock it; another if somebody took this one for a dead process'."""
    while True:
        root = Path(tempfile.mkdtemp(prefix=PREFIX))
        place = root / LOCK_FILE
        place.touch(0o600)
        try:
            descriptor = lock.seize(place)
        except OSError:
            place.unlink()  # no locks there: then nobody can tell whether this process lives
            return root, None
        if descriptor is not None:
            return root, descriptor


def _is_ours(root: Path) -> bool:
    status = root.lstat()
    is_of_user = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return is_of_user and root.is_dir() and not root.is_symlink()


def _remove_if_left(root: Path) -> None:
    descriptor = lock.seize(root / LOCK_FILE)
    if descriptor is not None:
        _end(root, descriptor)
    elif not (root / LOCK_FILE).exists() and time.time() - root.stat().st_mtime > UNLOCKED_S:
        root.rmdir()  # only if nothing is in it


def _end(root: Path, descriptor: int | None) -> None:
    """Remove a folder, its lock last: what is interrupted here is finished by the next."""
    shutil.rmtree(root / FILES, ignore_errors=True)
    with contextlib.suppress(OSError):
        # Windows removes no file that is open.
        if os.name == "nt" and descriptor is not None:
            lock.close(descriptor)
        (root / LOCK_FILE).unlink(missing_ok=True)
        root.rmdir()
    if os.name != "nt" and descriptor is not None:
        lock.close(descriptor)


def _end_own() -> None:
    own = _scratches.pop(os.getpid(), None)
    if own is not None:
        own.end()


# What is registered first comes last. A finalizer would not do: runs that nobody ended end with the
# process too, and what they still have to write is made in this folder.
atexit.register(_end_own)
