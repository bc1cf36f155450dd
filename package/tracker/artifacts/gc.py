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
from tracker.artifacts.home import Home
from tracker.artifacts.keeping import LOCK
from tracker.errors import ConflictError, StoreError
from tracker.media.loading import digests
from tracker.media.table_file import read_notes
from tracker.records import VersionRecord
from tracker.store import lock, version_reads
from tracker.store.holding import Held, digests_in, only_in, read_held
from tracker.store.objects import Objects
from tracker.store.versions import LATEST

GRACE_S = 3600.0
_PARQUET, _ZSTD = b"PAR1", b"\x28\xb5\x2f\xfd"
_LARGEST = 1 << 28  # of what is unpacked to look for names in it


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
    """

    is_dry_run: bool
    versions: tuple[str, ...]
    objects: int
    size_bytes: int
    unfinished: int
    kept: int

    def __str__(self) -> str:
        word = "would remove" if self.is_dry_run else "removed"
        return (
            f"{word} {self.objects:,} objects of {self.size_bytes:,} bytes, "
            f"{self.unfinished:,} unfinished files and {len(self.versions):,} versions whose time "
            f"is over; {self.kept:,} objects stay"
        )


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
    StoreError
        If the database or a journal cannot be read: then nothing is removed.
    """
    home.store.recover()
    over = [record for record in _expired(home) if _is_free(record)]
    if not dry_run:
        for record in over:
            links.delete(home, record)
    with _alone(home):
        held = _closure(home.objects, read_held(home.store))
        if dry_run:
            held -= only_in(home.store, [record.version_key for record in over])
        before = time.time() - grace_s
        loose = [
            (digest, told)
            for digest, told in home.objects.all()
            if digest not in held and told.st_mtime < before
        ]
        unfinished = [path for path in home.objects.unfinished() if _is_older(path, before)]
        kept = sum(1 for _ in home.objects.all()) - len(loose)
        if not dry_run:
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
    )


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


# --- what is held


def _closure(objects: Objects, held: Held) -> set[str]:
    """Return everything that is held, with what tables and pinned reports name in turn."""
    named: set[str] = set()
    waiting = list(held.named)
    while waiting:
        digest = waiting.pop()
        if digest not in named:
            named.add(digest)
            waiting += _names_in(objects, digest)
    return named | held.files


def _names_in(objects: Objects, digest: str) -> set[str]:
    try:
        path = objects.path(digest)
        with path.open("rb") as file:
            head = file.read(4)
    except (LookupError, OSError):
        return set()
    if head == _PARQUET:
        return _names_in_table(path)
    if head == _ZSTD:
        return _names_in_packed(path)
    return set()


def _names_in_table(path: Path) -> set[str]:
    try:
        notes, cells = read_notes(path)
        text = "".join(cell for cell in cells if cell is not None and "sha256" in cell)
    except (StoreError, ValueError, KeyError, TypeError):
        return set()  # somebody's own Parquet file
    named = set(digests(notes, lambda digest: path.with_name(digest)))
    return named | digests_in(text.encode())


def _names_in_packed(path: Path) -> set[str]:
    import zstandard

    try:
        content = zstandard.ZstdDecompressor().decompress(path.read_bytes(), _LARGEST)
    except (zstandard.ZstdError, OSError):
        return set()  # somebody's own file
    return digests_in(content)


# --- removing


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
