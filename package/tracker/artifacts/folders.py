"""All files below a folder, through links, once each."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tracker.errors import UsageError


def walk(folder: Path, action: str) -> Iterator[tuple[Path, str, os.stat_result]]:
    """Yield the files below a folder by name: where they are, their path below it, their stat.

    Sockets, pipes and devices are passed over.

    Raises
    ------
    UsageError
        If a link leads nowhere or round in a circle, or a folder cannot be read.
    """
    yield from _walk(folder, "", action, (_identity(folder.stat()),))


def _walk(
    folder: Path, above: str, action: str, seen: tuple[tuple[int, int], ...]
) -> Iterator[tuple[Path, str, os.stat_result]]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"{action}() cannot read {str(folder)!r}: {error.strerror}.") from error
    for entry in entries:
        path = Path(entry.path)
        try:
            # Of Windows' scandir inode and device are missing.
            told = path.stat() if os.name == "nt" else entry.stat()
        except OSError as error:
            raise UsageError(
                f"{action}() cannot follow {str(path)!r}: {error.strerror}. Remove the link, or "
                "mend it."
            ) from error
        if stat.S_ISREG(told.st_mode):
            yield path, above + entry.name, told
        elif stat.S_ISDIR(told.st_mode):
            if _identity(told) in seen:
                raise UsageError(f"{action}() goes round in a circle at the link {str(path)!r}.")
            yield from _walk(path, f"{above}{entry.name}/", action, (*seen, _identity(told)))


def _identity(told: os.stat_result) -> tuple[int, int]:
    return told.st_dev, told.st_ino
