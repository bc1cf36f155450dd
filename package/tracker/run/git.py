"""The state of a git work tree, asked of the ``git`` program in bounded time."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_DEADLINE_S = 5.0
_MOST_STATUS_BYTES = 4_000_000
_MOST_UNTRACKED = 1_000
# They name another repository than the one asked about, for instance inside a git hook.
_FOREIGN_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Status:
    commit: str | None = None
    branch: str | None = None
    is_dirty: bool = False
    untracked: list[str] = field(default_factory=list)


def describe_git(path: Path, *, patch_limit_bytes: int = 5_000_000) -> dict[str, Any] | None:
    """Describe the git work tree that `path` is in.

    Takes 5 s at most, never asks for a password, never takes git's locks.

    Parameters
    ----------
    path
        A directory, or a file in one.
    patch_limit_bytes
        Where a longer patch is cut.

    Returns
    -------
    dict[str, Any] | None
        ``root``; ``commit`` (None before the first); ``branch`` (None when detached); ``remote``
        (URL of ``origin`` or else the first, without user, password and query); ``is_dirty``
        (tracked files differ from the commit); ``patch`` (text for ``git apply``, binary files
        included, ending in a marker if cut; None if nothing differs); ``untracked`` (names of
        files and folders, 1,000 at most). What could not be found out in time is None. None
        instead of all this outside a work tree or without git.
    """
    try:
        return _describe(path, patch_limit_bytes)
    except Exception:
        _logger.debug("git could not be asked about %s", path, exc_info=True)
        return None


def _describe(path: Path, patch_limit_bytes: int) -> dict[str, Any] | None:
    git = _Git(path if path.is_dir() else path.parent, time.monotonic() + _DEADLINE_S)
    root = git.text("rev-parse", "--show-toplevel")
    if not root:
        return None
    commit = git.text("rev-parse", "--verify", "--quiet", "HEAD")
    branch, remote = git.text("symbolic-ref", "--quiet", "--short", "HEAD"), git.remote()
    # Last, because these two may use up the time.
    status = git.status()
    patch = None
    if commit is not None and (status is None or status.is_dirty):
        patch = git.patch(patch_limit_bytes)
    return {
        "root": root,
        "commit": commit,
        "branch": branch,
        "remote": remote,
        "is_dirty": None if status is None else status.is_dirty,
        "patch": patch,
        "untracked": None if status is None else status.untracked,
    }


class _Git:
    """Runs git commands in one directory until a deadline.

    Parameters
    ----------
    directory
        Where git runs.
    deadline_s
        When it must be done, by `time.monotonic`.
    """

    def __init__(self, directory: Path, deadline_s: float) -> None:
        self._directory = directory
        self._deadline_s = deadline_s
        environ = {k: v for k, v in os.environ.items() if k not in _FOREIGN_VARIABLES}
        self._environ = environ | {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            # A partial clone would fetch the files that it lacks.
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "LC_ALL": "C",
        }

    def text(self, *arguments: str) -> str | None:
        """Return what a command prints, stripped; None if it fails or prints nothing."""
        code, output = self._run(arguments, _MOST_STATUS_BYTES)
        text = output.decode("utf-8", "replace").strip()
        return text if code == 0 and text else None

    def remote(self) -> str | None:
        """Return the URL of ``origin``, or else of the first remote, without credentials."""
        listed = self.text("config", "--get-regexp", r"^remote\..*\.url$") or ""
        urls = dict(line.split(" ", 1) for line in listed.splitlines() if " " in line)
        url = urls.get("remote.origin.url") or next(iter(urls.values()), None)
        return None if url is None else _without_credentials(url)

    def status(self) -> _Status | None:
        """Return whether tracked files are changed, and which are not tracked."""
        code, output = self._run(
            ("status", "--porcelain=v1", "-z", "--untracked-files=normal"), _MOST_STATUS_BYTES
        )
        if code != 0:
            return None
        status = _Status()
        entries = iter(output.decode("utf-8", "replace").split("\0"))
        for entry in entries:
            if entry.startswith("?? "):
                status.untracked.append(entry[3:])
            elif entry:
                status.is_dirty = True
                if "R" in entry[:2] or "C" in entry[:2]:
                    # Followed by the name that the file had.
                    next(entries, None)
        del status.untracked[_MOST_UNTRACKED:]
        return status

    def patch(self, limit_bytes: int) -> str | None:
        """Return the changes since the commit as a patch, cut at `limit_bytes`."""
        code, output = self._run(
            ("diff", "HEAD", "--binary", "--no-color", "--no-ext-diff", "--no-textconv"),
            limit_bytes,
        )
        is_cut = len(output) > limit_bytes
        if not output or (code != 0 and not is_cut):
            return None
        text = output[:limit_bytes].decode("utf-8", "replace")
        marker = f"\n[cut: the patch is longer than {limit_bytes:,} bytes]\n"
        return text + marker if is_cut else text

    def _run(self, arguments: tuple[str, ...], limit_bytes: int) -> tuple[int, bytes]:
        """Run git; return its code and the first bytes of its output, one beyond the limit."""
        rest_s = self._deadline_s - time.monotonic()
        if rest_s <= 0:
            return -1, b""
        process = subprocess.Popen(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=self._directory,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Its own group: Ctrl-C is not for it, and a filter that it starts ends with it.
            start_new_session=True,
        )
        timer = threading.Timer(rest_s, _kill, [process])
        timer.daemon = True
        timer.start()
        try:
            with process:
                assert process.stdout is not None
                output = process.stdout.read(limit_bytes + 1)
                if len(output) > limit_bytes:
                    _kill(process)
        finally:
            timer.cancel()
        return process.returncode, output


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _without_credentials(url: str) -> str:
    """Take user, password and query out of a URL; ``git@host:path`` is none and has none."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = parts.username if parts.scheme in ("ssh", "git+ssh") else None
    return urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))
