"""The address under which a run can be seen."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote


def run_url(root: Path, project: str, run_id: str) -> str:
    """Return where to see a run: this notebook in JupyterLab, else the store's file.

    No token is part of it: the address may be printed and shared.
    """
    fragment = f"tracker={quote(project)}/{quote(run_id)}"
    notebook = os.environ.get("JPY_SESSION_NAME")
    if notebook and (server := _server_of(Path(notebook))):
        base, relative = server
        return f"{base}lab/tree/{quote(relative.as_posix())}#{fragment}"
    return f"{(root / 'tracker.duckdb').as_uri()}#{fragment}"


def _server_of(notebook: Path) -> tuple[str, Path] | None:
    if not notebook.is_absolute():
        notebook = Path.cwd() / notebook.name
    for running in _servers():
        folder = running.get("root_dir") or running.get("notebook_dir")
        if folder and notebook.is_relative_to(folder):
            return str(running["url"]), notebook.relative_to(folder)
    return None


def _servers() -> list[dict[str, str]]:
    folder = os.environ.get("JUPYTER_RUNTIME_DIR")
    connection = os.environ.get("JPY_PARENT_PID")
    if folder is None:
        from jupyter_core.paths import jupyter_runtime_dir

        folder = jupyter_runtime_dir()
    found = []
    for path in Path(folder).glob("jpserver-*.json"):
        try:
            described = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        is_parent = str(described.get("pid")) == connection
        found.append((not is_parent, described))
    return [described for _, described in sorted(found, key=lambda pair: pair[0])]
