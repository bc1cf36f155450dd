"""Reads what a user points at: a path, or an object with ``read``."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from tracker.errors import MediaFileMissingError, UsageError


def is_source(given: Any) -> bool:
    """Return whether `given` is a path or an open file."""
    return isinstance(given, str | os.PathLike) or hasattr(given, "read")


def read_source(given: Any, kind: str) -> tuple[bytes, str]:
    """Return the content of a path or an open file, and the file's name if it has one.

    Parameters
    ----------
    given : str, path or object with ``read``
        An open file with a name is read from its start, by that name.
    kind : str
        What is expected, for the sentence: ``"Audio"``, ``"Molecule"`` ….

    Raises
    ------
    MediaFileMissingError
        If there is no such file.
    UsageError
        If it is no regular file, is empty or cannot be read.
    """
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return read_path(path, kind), path.name
    name = getattr(given, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        if hasattr(given, "flush") and not given.closed:
            given.flush()
        return read_path(Path(name), kind), Path(name).name
    if hasattr(given, "seek"):
        given.seek(0)
    content = given.read()
    if isinstance(content, str):
        content = content.encode(errors="replace")
    if not content:
        raise UsageError(f"{kind} was given an empty file: there is nothing to log.")
    return bytes(content), name if isinstance(name, str) else ""


def read_text(content: bytes, kind: str) -> str:
    """Return `content` as text.

    Raises
    ------
    UsageError
        If it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{kind} was given bytes that are not UTF-8 text (byte {error.start}): expected text."
        ) from error


def read_path(path: Path, kind: str) -> bytes:
    """Return the content of a file.

    Raises
    ------
    MediaFileMissingError
        If there is none.
    UsageError
        If it is no regular file, is empty or cannot be read.
    """
    try:
        content = path.read_bytes() if stat.S_ISREG(path.stat().st_mode) else None
    except FileNotFoundError as error:
        raise MediaFileMissingError(
            f"{kind} file {path} cannot be used: No such file or directory."
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{kind} file {path} cannot be used: {reason}.") from error
    if content is None:
        raise UsageError(f"{kind} file {path} cannot be used: it is no regular file.")
    if not content:
        raise UsageError(f"{kind} file {path} cannot be used: it is empty.")
    return content
