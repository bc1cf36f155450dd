"""Keeps the files of a draft in the store: hashed and copied at once, by several threads."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tracker.artifacts.entry import Entry, changed, gone
from tracker.artifacts.home import LOCK, Home
from tracker.artifacts.progress import Progress
from tracker.artifacts.sharing import share
from tracker.artifacts.threads import for_each
from tracker.store.files import lock


@contextmanager
def keeping(home: Home) -> Iterator[None]:
    """Hold clean-ups off from the first copied file until the version is in the journal."""
    home.store.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.locked(home.store.root / LOCK, shared=True):
        yield


def keep_all(home: Home, entries: Iterable[Entry]) -> None:
    """Copy into the store what it lacks; every entry knows its digest afterwards.

    What the remote home lacks, if there is one, is sent there.

    Raises
    ------
    UsageError
        If a file has changed since it was added, or is gone.
    NotFoundError
        If the store has lost a file of an earlier version.
    OSError
        If a file cannot be copied.
    """
    wanted = [entry for entry in entries if entry.ref is None]
    added = [entry for entry in wanted if entry.local_path is not None]
    since_ns = time.time_ns()
    for entry in added:
        entry.check_unchanged()
    home.known.recall(added)
    sent = home.known.sent(entry.known for entry in wanted) if home.remote is not None else set()
    fresh = [entry for entry in wanted if entry.known not in sent and not _is_kept(home, entry)]
    progress = Progress("keeping", sum(entry.size for entry in fresh))
    try:
        for_each(lambda entry: _copy(home, entry, progress), fresh)
    finally:
        progress.close()
    home.known.note(fresh, since_ns)
    share(home, wanted)


def _is_kept(home: Home, entry: Entry) -> bool:
    if entry.local_path is None:
        if home.remote is None or home.remote.size(entry.sha256) != entry.size:
            home.objects.path(entry.sha256)
        return True
    return bool(entry.known) and home.objects.holds(entry.known, entry.size, marked=False)


def _copy(home: Home, entry: Entry, progress: Progress) -> None:
    path = entry.local_path
    assert path is not None
    try:
        digest, size = home.objects.put_file(path, progress.add)
    except FileNotFoundError as error:
        if path.exists():
            raise
        raise gone(path) from error
    entry.check_unchanged()
    if size != entry.size or (entry.known and entry.known != digest):
        raise changed(path)
    entry.known = digest
