"""Files that are whole or not there: written under another name, which is then changed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


@contextmanager
def partial_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file for its owner alone; it is gone at the end unless it was settled.

    Raises
    ------
    FileExistsError
        If there is a file of that name.
    """
    descriptor = os.open(path, _CREATE, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as writer:
            yield writer
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def settle(writer: BinaryIO, path: Path, target: Path, *, durable: bool = True) -> None:
    """Close a partial file and give it the name that counts; a file of that name goes.

    Parameters
    ----------
    writer : file
        Of :func:`partial_file`.
    path, target : Path
        Its name until now, and from now on: in one file system.
    durable : bool
        When this returns, the content and the name are on the disk and survive a power cut.
        Default True.
    """
    writer.flush()
    if durable:
        os.fsync(writer.fileno())
    writer.close()
    path.replace(target)
    if durable:
        with contextlib.suppress(OSError):  # some network file systems refuse it
            sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk, on systems where that is asked for."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
