"""One page's view of a run, a sweep or a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tracker.errors import NotFoundError
from tracker.figures.forest import make_ready
from tracker.panels.page.client import Client, Send
from tracker.panels.page.following import Following
from tracker.panels.page.source import Source
from tracker.panels.run_source import RunSource
from tracker.panels.sweep_source import STEERING, SweepSource
from tracker.panels.workspace.actions import WRITING
from tracker.panels.workspace.project_source import ProjectSource
from tracker.store.reading import read, sweep_rows
from tracker.store.store import open_store
from tracker.sweep.controller import Controller

_ONE: Final = "page"
_CHANGING: Final = WRITING | STEERING
_REFUSED: Final = "You may look at this store, and not change it: ask who runs the server."


@dataclass(frozen=True, slots=True)
class Subject:
    """What is shown: a run or a sweep of a project, or the whole project where both are empty."""

    project: str
    run: str = ""
    sweep: str = ""


class View:
    """Keeps one page up to date. Its methods may be called from any thread.

    Parameters
    ----------
    root : Path
        The store's directory.
    subject : Subject
    send : callable
        Sends a message and its buffers to the page.
    may_write : bool
        Whether the page may change names, tags and notes of runs, delete runs, save workspaces,
        and steer sweeps.

    Raises
    ------
    NotFoundError
        If the store has no such run, sweep or project.
    """

    def __init__(self, root: Path, subject: Subject, send: Send, *, may_write: bool) -> None:
        make_ready()  # other pages draw at the same time
        self._send = send
        self._may_write = may_write
        self._client: Client | None = None
        self._following = Following(root, _source(root, subject))

    def hear(self, message: Mapping[str, Any]) -> bool:
        """Answer a message; return False when the page takes leave."""
        board, kind = self._following.board, message.get("type")
        if kind == "bye":
            return False
        if self._client is None:
            self._client = Client(self._send)
            board.greet(_ONE, self._client, message)
        elif kind in _CHANGING and not self._may_write:
            board.refuse(self._client, message, _REFUSED)
        else:
            board.hear(self._client, message)
        return True

    def close(self) -> None:
        """Follow nothing any more."""
        self._following.board.leave(_ONE)
        self._following.close()


def _source(root: Path, subject: Subject) -> Source:
    store, project, run = open_store(root), subject.project, subject.run
    if not store.database.exists():
        raise NotFoundError(f"There is no store in {root} yet.")
    if subject.sweep:
        return SweepSource(Controller(store, subject.sweep, project))
    with store.reading() as db:
        known = sweep_rows.projects(db) if not run else []
        if any(name == project for name, *_ in known):
            return ProjectSource(project)
        record = read.run(db, project, run) if run else None
    if record is None:
        raise NotFoundError(
            f"{root} has no {f'run {project}/{run}' if run else f'project {project}'}."
        )
    return RunSource(project, record.run_id)
