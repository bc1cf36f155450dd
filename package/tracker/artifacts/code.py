"""Which files ``log_code`` takes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tracker.errors import UsageError

Filter = Callable[..., Any]


def is_code(path: str) -> bool:
    """Say whether a file is one that ``log_code`` takes by default."""
    name = Path(path).name
    return name.endswith(".py") or name.startswith("Dockerfile") or name == "requirements.txt"


def find_code(root: Path, include: Filter | None, exclude: Filter | None) -> Iterator[Path]:
    """Yield the files below a folder that `include` takes and `exclude` does not.

    Hidden folders and virtual environments are passed over. The functions are given a
    file's path, and the root if they take a second argument.

    Raises
    ------
    UsageError
        If there is no such folder.
    """
    if not root.is_dir():
        raise UsageError(f"log_code() was given {str(root)!r}: there is no such folder.")
    take, leave = _with_root(include or is_code, root), _with_root(exclude or _nothing, root)
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(
            name
            for name in inner
            if not name.startswith(".") and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = str(Path(folder) / name)
            if take(path) and not leave(path):
                yield Path(path)


def _nothing(path: str) -> bool:
    return False


def _with_root(function: Filter, root: Path) -> Callable[[str], bool]:
    try:
        wants_root = len(inspect.signature(function).parameters) > 1
    except (TypeError, ValueError):
        wants_root = False
    if wants_root:
        return lambda path: bool(function(path, str(root)))
    return lambda path: bool(function(path))
