"""Sends contents to the remote home, and makes room on this machine for what is there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from tracker.artifacts.entry import Entry
from tracker.artifacts.held import closure
from tracker.artifacts.home import Home
from tracker.artifacts.progress import Progress
from tracker.artifacts.remote import RemoteObjects
from tracker.artifacts.threads import for_each
from tracker.errors import NotFoundError, StoreError, UsageError, warn
from tracker.store.holding import read_held
from tracker.store.reading import version_reads

SMALL_BYTES = 1 << 20  # sent without asking whether it is there, which takes as long


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was sent.

    Attributes
    ----------
    url : str
        Where to.
    sent, there : int
        Contents that were sent, and that were there before.
    size_bytes : int
        What was sent, together.
    lost : tuple of str
        Contents that are neither here nor there.
    """

    url: str
    sent: int
    there: int
    size_bytes: int
    lost: tuple[str, ...]


def share(home: Home, entries: Iterable[Entry]) -> None:
    """Send what the remote home lacks; warn if that cannot be, because nothing is lost then."""
    sizes = {entry.sha256: entry.size for entry in entries}
    try:
        remote = home.remote
        if remote is not None:
            lacking = sizes.keys() - home.known.sent(sizes)
            _send(home, remote, {digest: sizes[digest] for digest in lacking})
    except (StoreError, UsageError) as error:
        warn(
            f"{error} The files of the artifact are kept in {home.objects.root} only: "
            "`tracker artifact push` sends them later."
        )


def push(home: Home) -> Pushed:
    """Send what versions hold and the remote home lacks, by its own listing.

    Raises
    ------
    UsageError
        If the store has no remote home.
    StoreError
        If it cannot be reached.
    """
    remote = remote_of(home)
    with home.store.reading() as db:
        sizes = version_reads.contents(db)
    there = {each.digest for each in remote.all() if sizes.get(each.digest) == each.size}
    lacking = {digest: size for digest, size in sizes.items() if digest not in there}
    lost = {digest for digest in lacking if not _is_here(home, digest)}
    wanted = {digest: size for digest, size in lacking.items() if digest not in lost}
    home.known.forget_sent(lost)
    _send(home, remote, wanted)
    home.known.note_sent(there)
    size_bytes = sum(wanted.values())
    return Pushed(remote.url, len(wanted), len(there), size_bytes, tuple(sorted(lost)))


def trim(home: Home, target_bytes: int) -> tuple[int, int]:
    """Remove copies of what is in the remote home, what was used last the last of all.

    What runs have logged besides artifacts is here only, and stays.

    Parameters
    ----------
    home : Home
    target_bytes : int
        How much the copies that stay may take together.

    Returns
    -------
    tuple of int
        How many copies were removed, and how many bytes they took.

    Raises
    ------
    UsageError
        If the store has no remote home.
    StoreError
        If it cannot be reached.
    """
    there = {each.digest: each.size for each in remote_of(home).all()}
    held = read_held(home.store)
    own = closure(home.objects, held.named)
    copies = [
        (max(told.st_mtime, told.st_atime), told.st_size, digest)
        for digest, told in home.objects.all()
        if digest in held.files and digest not in own and there.get(digest) == told.st_size
    ]
    over = sum(size for _, size, _ in copies) - target_bytes
    removed = freed = 0
    for _, size, digest in sorted(copies):
        if freed >= over:
            break
        path = home.objects.throw_away(digest)
        if path is not None:
            path.unlink(missing_ok=True)
            removed, freed = removed + 1, freed + size
    return removed, freed


def remote_of(home: Home) -> RemoteObjects:
    """Return the remote home of a store that must have one.

    Raises
    ------
    UsageError
        If it has none.
    """
    if home.remote is None:
        raise UsageError(
            f"The artifacts of {home.store.root} have no remote home: give it one with "
            "TRACKER_ARTIFACT_HOME or tracker.init(settings={'artifact_home': …})."
        )
    return home.remote


def _send(home: Home, remote: RemoteObjects, sizes: dict[str, int]) -> None:
    progress = Progress("sending", sum(sizes.values()))
    sent: list[str] = []

    def send(digest: str) -> None:
        is_quick = sizes[digest] < SMALL_BYTES and _is_here(home, digest)
        if is_quick or remote.size(digest) != sizes[digest]:
            remote.put(home.objects.path(digest), digest)
        sent.append(digest)
        progress.add(sizes[digest])

    try:
        for_each(send, list(sizes), remote.threads)
    finally:
        progress.close()
        home.known.note_sent(sent)


def _is_here(home: Home, digest: str) -> bool:
    with contextlib.suppress(NotFoundError):
        return home.objects.path(digest).is_file()
    return False
