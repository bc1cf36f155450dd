"""The address under which a run can be seen."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

URL_MARK = "#tracker="


def run_url(root: Path, project: str, run_id: str | None = None) -> str:
    """Return where to see a run or a project: this notebook in JupyterLab, else the store's file.

    No token is part of it: the address may be printed and shared.
    """
    fragment = URL_MARK + "/".join(quote(part) for part in (project, run_id) if part)
    notebook = os.environ.get("JPY_SESSION_NAME")
    if notebook and (page := _page_of(Path(notebook))):
        return f"{page}{fragment}"
    return f"{(root / 'tracker.duckdb').absolute().as_uri()}{fragment}"


def _page_of(notebook: Path) -> str | None:
    """Return the notebook's address on the server that runs this kernel, or on another one."""
    if not notebook.is_absolute():
        notebook = Path.cwd() / notebook.name
    parent = os.environ.get("JPY_PARENT_PID")
    running = sorted(_servers(), key=lambda server: str(server.get("pid")) != parent)
    for server in running:
        folder, url = server.get("root_dir") or server.get("notebook_dir"), server.get("url")
        if folder and url and notebook.is_relative_to(folder):
            relative = notebook.relative_to(folder).as_posix()
            return f"{str(url).rstrip('/')}/lab/tree/{quote(relative)}"
    return None


def _servers() -> Iterator[dict[str, Any]]:
    import psutil
    from jupyter_core.paths import jupyter_runtime_dir

    for path in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        try:
            server = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        # A server that was killed leaves its file behind.
        if isinstance(server, dict) and psutil.pid_exists(int(server.get("pid") or 0)):
            yield server
