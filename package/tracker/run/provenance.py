"""Where a run comes from: program or notebook, machine, git and installed packages.

Nothing in here raises, waits for input or uses the network, and all of it may run on a background
thread. What looks like a secret is written as ``***``.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import getpass
import logging
import os
import platform
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from tracker.run.git import describe_git
from tracker.run.redaction import hide_in_arguments, hide_secrets

__all__ = [
    "describe_git",
    "describe_program",
    "front_end",
    "is_notebook",
    "list_packages",
]

_Fact = TypeVar("_Fact")

_NOTEBOOK_NAME_VARIABLES = ("TRACKER_NOTEBOOK_NAME", "WANDB_NOTEBOOK_NAME")
# Names that VS Code and papermill (with --inject-paths) put among the notebook's variables.
_NOTEBOOK_VARIABLES = ("__vsc_ipynb_file__", "PAPERMILL_OUTPUT_PATH", "PAPERMILL_INPUT_PATH")
_PACKAGE_FIELD = re.compile(r"^(Name|Version):[ \t]*(.+?)\s*$", re.MULTILINE)
_PACKAGE_HEAD_CHARS = 4_000
_logger = logging.getLogger(__name__)


def is_notebook() -> bool:
    """Say whether this code runs in a notebook's kernel.

    Returns
    -------
    bool
        True in every IPython kernel: under JupyterLab, nbclient, papermill, VS Code, Colab.
        False in IPython in a terminal and in plain Python.
    """
    return front_end() == "kernel"


def front_end() -> Literal["kernel", "ipython", "python"]:
    """Say what runs this code: a notebook's kernel, IPython in a terminal, or plain Python."""
    shell = _shell()
    if shell is None:
        return "python"
    return "kernel" if getattr(shell, "kernel", None) is not None else "ipython"


def describe_program() -> dict[str, Any]:
    """Describe the running program and the machine it runs on.

    Returns
    -------
    dict[str, Any]
        ``front_end``; ``program`` (path of the script, ``-m module``, or the notebook);
        ``notebook`` and ``notebook_path`` (None where there is none or nobody tells; the
        environment variable ``TRACKER_NOTEBOOK_NAME`` overrides what is found); ``args``;
        ``cwd``; ``python``; ``executable``; ``os``; ``hostname``; ``username``; ``pid``;
        ``slurm`` (the ``SLURM_*`` variables); ``started_at`` (now, ISO 8601, UTC).
    """
    notebook = _try(_find_notebook)
    path = _try(lambda: _notebook_path(notebook))
    return {
        "front_end": _try(front_end) or "python",
        "program": path or notebook or _try(_find_program),
        "notebook": None if notebook is None else re.split(r"[\\/]", notebook)[-1],
        "notebook_path": path,
        "args": _try(_find_arguments) or [],
        "cwd": _try(os.getcwd),
        "python": platform.python_version(),
        "executable": sys.executable or None,
        "os": _try(platform.platform),
        "hostname": _try(socket.gethostname),
        "username": _try(_find_user),
        "pid": os.getpid(),
        "slurm": hide_secrets({k: v for k, v in os.environ.items() if k.startswith("SLURM_")}),
        "started_at": datetime.datetime.now(datetime.UTC).isoformat(),
    }


def list_packages() -> dict[str, str]:
    """List the installed distributions: name to version, sorted by name.

    Returns
    -------
    dict[str, str]
        As ``pip list`` would show them; of several with one name the one that is imported.
    """
    from importlib import metadata

    found: dict[str, str] = {}
    for distribution in _try(lambda: list(metadata.distributions())) or []:
        name, version = _try(functools.partial(_name_and_version, distribution.read_text)) or (
            "",
            "",
        )
        if name:
            found.setdefault(name, version)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _shell() -> Any:
    module = sys.modules.get("IPython")
    # A thread may look while another is still importing IPython.
    find = getattr(module, "get_ipython", None)
    return None if find is None else find()


def _find_notebook() -> str | None:
    if not is_notebook():
        return None
    environ, variables = os.environ, getattr(_shell(), "user_ns", {})
    candidates = [
        *(environ.get(name) for name in _NOTEBOOK_NAME_VARIABLES),
        *(variables.get(name) for name in _NOTEBOOK_VARIABLES),
    ]
    # The server names every session so; only notebooks have a file name extension.
    session = environ.get("JPY_SESSION_NAME", "")
    candidates.append(session if Path(session).suffix else None)
    return next((each for each in candidates if isinstance(each, str) and each), None)


def _notebook_path(notebook: str | None) -> str | None:
    """Return the notebook's path if it is on this machine's disk."""
    if notebook is None:
        return None
    path = Path(notebook).expanduser()
    return str(path.resolve()) if path.is_file() else None


def _find_program() -> str | None:
    if is_notebook():
        return None
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        name = spec.name.removesuffix(".__main__")
        return f"-m {name}"
    file = getattr(main, "__file__", None)
    if file:
        return str(Path(file).resolve())
    return (sys.argv[0] if sys.argv else "") or None


def _find_arguments() -> list[str]:
    # A kernel's arguments are its own: the path of its connection file.
    return [] if is_notebook() else hide_in_arguments(sys.argv[1:])


def _find_user() -> str:
    # In a container the user may have a number only.
    with contextlib.suppress(OSError, KeyError):
        return getpass.getuser()
    return str(os.getuid())


def _name_and_version(read_text: Callable[[str], str | None]) -> tuple[str, str]:
    # Parsed here, because Distribution.name parses the whole file: 12 times as slow.
    text = read_text("METADATA") or read_text("PKG-INFO") or ""
    # The first of each counts: the description below may have such lines, too.
    fields = dict(reversed(_PACKAGE_FIELD.findall(text[:_PACKAGE_HEAD_CHARS])))
    return fields.get("Name", ""), fields.get("Version", "")


def _try(find: Callable[[], _Fact]) -> _Fact | None:
    try:
        return find()
    except Exception:
        _logger.debug("a fact about the program is missing", exc_info=True)
        return None
