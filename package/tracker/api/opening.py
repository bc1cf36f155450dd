"""Opens a run for who has a store and an id."""

from __future__ import annotations

from tracker.api.reader import Reader
from tracker.api.run import Run
from tracker.store.store import Store


def open_run(store: Store, project: str, run_id: str) -> Run:
    """Return a run of a store, for reading."""
    reader = Reader(store)
    return Run(reader, reader.run(project, run_id))
