"""The store as the other rooms have it: a database that is recovered, rebuilt and edited."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from tracker.errors import TrackerWarning
from tracker.store import rebuild, recovery
from tracker.store.database.database import Database
from tracker.store.writing import edits


class Store(Database):
    """A directory with one DuckDB file, the journals beside it and the objects.

    See :class:`tracker.store.database.database.Database` for the parameters, and for how it is
    opened.
    """

    def recover(self) -> list[str]:
        """Take in the journals whose writer is dead; see :func:`tracker.store.recovery.recover`."""
        return recovery.recover(self)

    def rebuild(self) -> Path | None:
        """Make the database anew from the kept journals; the old file is set aside.

        Returns
        -------
        Path or None
            Where the old database file is now, if there was one.

        Raises
        ------
        UsageError
            If the database is sound and has runs whose journals were not kept.
        """
        aside, sentences = rebuild.rebuild(self)
        self.recover()
        for sentence in sentences:
            warnings.warn(sentence, TrackerWarning, stacklevel=2)
        return aside

    def edit(self, project: str, run_id: str, changes: dict[str, Any]) -> None:
        """Change fields of a stored run: name, tags, notes, group, config, summary …."""
        edits.edit(self, project, run_id, changes)

    def delete_run(self, project: str, run_id: str) -> None:
        """Delete a run with its history and its kept journals."""
        edits.delete(self, project, run_id)


_stores: dict[Path, Store] = {}


def open_store(root: str | os.PathLike[str]) -> Store:
    """Return this process' store at `root`."""
    place = Path(root)
    store = _stores.get(place)
    if store is None:
        store = _stores.setdefault(place, Store(place))
    return store
