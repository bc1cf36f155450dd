"""Finds the sweep that a user names."""

from __future__ import annotations

from pathlib import Path

from tracker.errors import UsageError
from tracker.store.journal.ledger import Ledger
from tracker.store.store import Store
from tracker.sweep.controller import Controller

TURNS = {"pause": "paused", "resume": "running", "stop": "stopped", "cancel": "cancelled"}
Row = list[object]


def find(store: Store, sweep: str, project: str | None = None) -> Controller:
    """Return the sweep that is meant by an id, ``project/id`` or ``entity/project/id``."""
    *around, sweep_id = sweep.strip("/").split("/")
    return Controller(store, sweep_id, around[-1] if around else project)


def has_sweep(root: Path, sweep: str) -> bool:
    """Say whether the store has a sweep of this id, or ``project/id``."""
    try:
        return Ledger(root, sweep.strip("/").split("/")[-1]).exists()
    except UsageError:
        return False
