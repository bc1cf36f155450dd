"""Which store a folder of JupyterLab stands for. Pages name folders, and never files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tracker.errors import NotFoundError
from tracker.settings import find_store


def store_of(
    folder: str, server_root: str | os.PathLike[str], environ: Mapping[str, str] = os.environ
) -> Path:
    """Return the directory of the store that a kernel in a folder would find.

    Parameters
    ----------
    folder : str
        As JupyterLab knows it: relative to the server's root, with slashes; empty for the root.
    server_root : path-like
        The folder that the server shows. Where that is none, as with files kept elsewhere, the
        server's working directory stands for it.
    environ : mapping, optional
        Environment variables; default ``os.environ``.

    Raises
    ------
    NotFoundError
        If the folder is not inside the root.
    """
    root = Path(server_root).expanduser()
    root = (root if root.is_dir() else Path.cwd()).resolve()
    try:
        here = root.joinpath(*folder.replace("\\", "/").strip("/").split("/")).resolve()
        if here.is_relative_to(root):
            return find_store(environ=environ, here=here)
    except (OSError, ValueError, RuntimeError):
        pass  # NUL, a name that is too long, links in a circle
    raise NotFoundError(f"{folder[:200]!r} is no folder of this server.")


def shown_path(path: Path) -> str:
    """Return a path as people write it, with ``~`` for their home."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)
