"""Which run ``resume="auto"`` goes on with: the last of its project that did not end well."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tracker.errors import warn
from tracker.store.store import Store


def chosen(store: Store, project: str, run_id: str | None) -> str | None:
    """Return the id that ``resume="auto"`` goes on with."""
    try:
        known = _memory(store, project).read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        known = None
    if run_id is not None and known not in (None, run_id):
        warn(f"resume='auto' would go on with run {known!r}: id={run_id!r} is used instead.")
    return run_id or known


def remember(store: Store, project: str, run_id: str) -> None:
    """Keep in mind that ``resume="auto"`` goes on with this run if it does not end well."""
    place = _memory(store, project)
    partial = place.with_suffix(f".{os.getpid()}")
    try:
        place.parent.mkdir(exist_ok=True, mode=0o700)
        partial.write_text(run_id, encoding="utf-8")
        partial.replace(place)
    except OSError as error:
        warn(f"resume='auto' will not find run {run_id} again: {error}.")


def forget(store: Store, project: str, run_id: str) -> None:
    """Forget the run that :func:`remember` kept, if it is this one."""
    place = _memory(store, project)
    try:
        if place.read_text(encoding="utf-8") == run_id:
            place.unlink()
    except (OSError, ValueError):
        return


def _memory(store: Store, project: str) -> Path:
    return store.root / "resume" / hashlib.sha256(project.encode()).hexdigest()[:16]
