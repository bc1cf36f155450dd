"""Opens a store for reading, after taking in what dead processes left in it."""

from __future__ import annotations

import difflib
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tracker.errors import NotFoundError, StoreError, TrackerWarning
from tracker.records import RunRecord
from tracker.store.database.connection import Connection
from tracker.store.flusher import FLUSHER
from tracker.store.reading import read
from tracker.store.store import Store

RECOVERY_INTERVAL_S = 2.0
SUGGESTIONS = 3


class Reader:
    """A store as the read side uses it.

    Parameters
    ----------
    store : Store
        Where to read.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._recovered_at = -RECOVERY_INTERVAL_S
        self._is_warned = False

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """Open the store for a moment.

        Runs of dead processes are complete and marked first, and what this process has logged
        is there.
        """
        self.recover()
        FLUSHER.settle(self.store)
        with self.store.reading() as db:
            yield db

    def run(self, project: str | None, run_id: str) -> RunRecord:
        """Return the run with this id, or the only one with this name.

        Raises
        ------
        NotFoundError
            If there is none; the message has names that are close.
        """
        with self.open() as db:
            record = read.run(db, project, run_id)
            known = [] if record else read.names(db, project)
            is_project = record or project is None or known or not read.names(db)
        if record is not None:
            return record
        if not is_project and project is not None:
            raise self.no_project(project)
        same = [known_id for _, known_id, name in known if name == run_id]
        if len(same) > 1:
            raise NotFoundError(
                f"{len(same)} runs are named {run_id!r}: give the id of one of them, "
                f"{', '.join(same[:10])}."
            )
        place = f"in project {project!r}" if project else f"in {self.store.root}"
        names = [text for _, known_id, name in known for text in (known_id, name)]
        raise NotFoundError(f"There is no run {run_id!r} {place}.{did_you_mean(run_id, names)}")

    def no_project(self, name: str) -> NotFoundError:
        """Return the error that says that there is no such project."""
        with self.open() as db:
            known = [project for project, *_ in read.projects(db)]
        hint = did_you_mean(name, known) or (f" There is {', '.join(known[:10])}." if known else "")
        return NotFoundError(f"There is no project {name!r} in {self.store.root}.{hint}")

    def recover(self) -> None:
        """Take in what dead processes left, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self._recovered_at < RECOVERY_INTERVAL_S:
            return
        self._recovered_at = now
        try:
            self.store.recover()
        except (StoreError, OSError) as error:
            if not self._is_warned:
                self._is_warned = True
                warnings.warn(
                    f"What crashed runs left could not be taken in yet: {error}",
                    TrackerWarning,
                    stacklevel=2,
                )


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """Return a question with names that are close, or nothing."""
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(text.lower(), list(lowered), n=SUGGESTIONS, cutoff=0.5)
    names = [repr(lowered[name]) for name in close]
    return f" Did you mean {' or '.join(names)}?" if names else ""
