"""Removes what nothing holds: objects, files whose writers died, versions whose time is over."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tracker.artifacts import links
from tracker.artifacts.held import closure
from tracker.artifacts.home import LOCK, Home
from tracker.artifacts.remote import RemoteObject
from tracker.errors import ConflictError
from tracker.records import VersionRecord
from tracker.store.files import lock
from tracker.store.files.objects import Objects
from tracker.store.holding import only_in, read_held
from tracker.store.reading import version_reads
from tracker.store.writing.versions import LATEST

GRACE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Collected:
    """What a clean-up removed, or would remove.

    Attributes
    ----------
    is_dry_run : bool
        Nothing was removed.
    versions : tuple of str
        Versions whose time to live was over, such as ``vision/digits:v3``.
    objects : int
        Contents that nothing holds.
    size_bytes : int
        What they take together.
    unfinished : int
        Files whose writers died.
    kept : int
        Contents that stay.
    remote_objects, remote_size_bytes : int
        Contents in the remote home that nothing holds, and what they take there.
    """

    is_dry_run: bool
    versions: tuple[str, ...]
    objects: int
    size_bytes: int
    unfinished: int
    kept: int
    remote_objects: int = 0
    remote_size_bytes: int = 0

    def __str__(self) -> str:
        versions = _counted(len(self.versions), "version")
        parts = [
            (self.objects, _sized(self.objects, self.size_bytes)),
            (self.remote_objects,
             f"{_sized(self.remote_objects, self.remote_size_bytes)} in the remote home"),
            (self.unfinished, _counted(self.unfinished, "unfinished file")),
            (len(self.versions), f"{versions} whose time is over"),
        ]  # fmt: skip
        said = ", ".join(text for number, text in parts if number) or "nothing"
        stay = "stays" if self.kept == 1 else "stay"
        word = "would remove" if self.is_dry_run else "removed"
        return f"{word} {said}; {_counted(self.kept, 'object')} {stay}"


def collect(home: Home, *, dry_run: bool = True, grace_s: float = GRACE_S) -> Collected:
    """Remove what no version, run, report or alias holds.

    It may be interrupted at any time: nothing that is held is lost.

    Parameters
    ----------
    home : Home
        The store.
    dry_run : bool
        Only say what would be removed. Default True.
    grace_s : float
        What was put in place within this time stays, in seconds. Default an hour; less than a
        minute is for a store that nobody else uses now.

    Raises
    ------
    ConflictError
        If an artifact is being logged right now.
    UsageError
        If the store is a copy of another that has the same remote home.
    StoreError
        If the database, a journal or the remote home cannot be read: then nothing is removed.
    """
    home.store.recover()
    if not dry_run:
        home.refuse_copy()
    over = [record for record in _expired(home) if _is_free(record)]
    if not dry_run:
        for record in over:
            links.delete(home, record)
    with _alone(home):
        found = read_held(home.store)
        held = found.files | closure(home.objects, found.named)
        if dry_run:
            held -= only_in(home.store, [record.version_key for record in over])
        before = time.time() - grace_s
        there = list(home.objects.all())
        loose = [
            (digest, told)
            for digest, told in there
            if digest not in held and told.st_mtime < before
        ]
        unfinished = [path for path in home.objects.unfinished() if _is_older(path, before)]
        kept = len(there) - len(loose)
        remote = _loose_in_remote(home, held, before)
        if not dry_run:
            _remove_in_remote(home, remote)
            _empty_trash(home.objects, held)
            for digest, _ in loose:
                _remove(home.objects, digest, before)
            for path in unfinished:
                path.unlink(missing_ok=True)
    return Collected(
        dry_run,
        tuple(f"{record.project}/{record.name}:v{record.version}" for record in over),
        len(loose),
        sum(told.st_size for _, told in loose),
        len(unfinished),
        kept,
        len(remote),
        sum(each.size for each in remote),
    )


def _sized(objects: int, size_bytes: int) -> str:
    return f"{_counted(objects, 'object')} of {_counted(size_bytes, 'byte')}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _expired(home: Home) -> Iterator[VersionRecord]:
    now = datetime.now(UTC)
    with home.store.reading() as db:
        found = version_reads.versions(db)
        for record in found:
            if record.ttl_s is not None and record.source is None:
                is_over = record.created_at + timedelta(seconds=record.ttl_s) < now
                if is_over and not version_reads.links(db, record.version_key):
                    yield record


def _is_free(record: VersionRecord) -> bool:
    """Say whether no alias holds a version; the latest moves by itself."""
    return not set(record.aliases) - {LATEST}


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Keep others from logging artifacts for the moment.

    Raises
    ------
    ConflictError
        If somebody is at it.
    """
    path = home.store.root / LOCK
    with lock.locked(path, shared=True):
        pass  # now the file is there
    descriptor = lock.seize(path)
    if descriptor is None:
        raise ConflictError("An artifact is being logged right now: try again when that is done.")
    try:
        yield
    finally:
        lock.close(descriptor)


# --- removing


def _loose_in_remote(home: Home, held: set[str], before: float) -> list[RemoteObject]:
    """Return what nothing holds in the remote home; what does not tell its age stays."""
    if home.remote is None:
        return []
    return [
        each
        for each in home.remote.all()
        if each.digest not in held and each.time_s is not None and each.time_s < before
    ]


def _remove_in_remote(home: Home, loose: list[RemoteObject]) -> None:
    if home.remote is not None and loose:
        # First of all nobody may think that they are there.
        home.known.forget_sent(each.digest for each in loose)
        home.remote.remove(each.path for each in loose)


def _remove(objects: Objects, digest: str, before: float) -> None:
    """Remove one object, unless somebody wants it since we looked."""
    path = objects.throw_away(digest)
    if path is None:
        return
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mtime > before:
            objects.restore(digest)
        else:
            _unlink(path)


def _empty_trash(objects: Objects, held: set[str]) -> None:
    """Finish what an interrupted clean-up left."""
    for digest, path in objects.trashed():
        if digest in held:
            objects.restore(digest)
        else:
            with contextlib.suppress(FileNotFoundError):
                _unlink(path)


def _unlink(path: Path) -> None:
    if os.name == "nt":
        path.chmod(0o600)  # read-only files are not removed there
    path.unlink()


def _is_older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False
