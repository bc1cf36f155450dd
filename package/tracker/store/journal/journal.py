"""The crash-safe, append-only log of a live run.

It is a file of frames, or several: segments. A frame is handed to the operating system by
one ``write`` before ``log`` returns, so nothing that returned is lost when the process is
killed. The writer holds an exclusive lock on its segments for as long as it lives.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec

from tracker.errors import StoreError, UsageError
from tracker.store.files import lock
from tracker.store.files.whole_file import sync_folder
from tracker.store.journal.facts import Fact
from tracker.store.journal.frames import MAX_FRAME_BYTES, frame

SEGMENT_BYTES = 64 * 1024 * 1024
SUFFIX = ".journal"
ARCHIVE = "archive"
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)


class JournalWriter:
    """Appends frames to a run's journal. Callers serialise their calls.

    Parameters
    ----------
    directory : Path
        Where the segments are.
    fsync : bool
        Whether every write is to be on the disk when it returns. Default False.
    after : Path, optional
        The folder whose journals sort before this one. Default `directory`.

    Attributes
    ----------
    stem : str
        Name shared by the journal's segments; sorts after every journal begun before it,
        even where the clock was set back.
    segments : list of Path
        Segments not yet archived, the open one last.

    Raises
    ------
    StoreError
        If the directory cannot be made.
    """

    def __init__(self, directory: Path, *, fsync: bool = False, after: Path | None = None) -> None:
        try:
            directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            directory.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"The journal's folder {directory} cannot be made: {error.strerror}."
            ) from error
        self._directory = directory
        self._fsync = fsync
        self.stem = f"{_next_stamp(after or directory):020d}-{token_hex(4)}"
        self.segments: list[Path] = []
        self._descriptors: dict[Path, int] = {}
        self._encoder = msgspec.msgpack.Encoder()
        self._count = 0
        self.descriptor = -1
        self.size = 0

    def open_segment(self, first: Fact) -> None:
        """Begin a segment with `first`.

        Raises
        ------
        OSError
            If the file cannot be made or written; an earlier segment stays the open one.
        """
        path = self._directory / f"{self.stem}.{self._count:06d}{SUFFIX}"
        begun = self._frame(first)
        descriptor = os.open(path, _CREATE, 0o600)
        try:
            lock.acquire(descriptor)
            path.stat()  # gone, if this process slept long enough to be taken for dead
            self._write(descriptor, begun)
            if self._fsync:
                sync_folder(self._directory)
        except BaseException:
            lock.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self._count += 1
        self.descriptor = descriptor
        self._descriptors[path] = descriptor
        self.segments.append(path)
        self.size = len(begun)

    def append(self, fact: Any) -> None:
        """Append one fact; when this returns it survives the death of the process.

        Raises
        ------
        OSError
            If the disk is full or gone; the journal is as it was before.
        UsageError
            If the fact is too large to be read again.
        """
        self._write(self.descriptor, self._frame(fact))

    def append_many(self, facts: list[Any]) -> None:
        """Append several facts by one write."""
        if facts:
            self._write(self.descriptor, b"".join(map(self._frame, facts)))

    def append_encoded(self, payloads: list[bytes]) -> None:
        """Append facts that have been encoded already, by one write.

        Raises
        ------
        OSError
            If the disk is full or gone; the journal is as it was before.
        UsageError
            If a fact is too large to be read again.
        """
        if longest := max(map(len, payloads), default=0):
            if longest > MAX_FRAME_BYTES:
                raise _too_large(longest)
            self._write(self.descriptor, b"".join(map(frame, payloads)))

    def release(self, path: Path) -> None:
        """Forget a segment that has been taken in whole, and free its lock."""
        self.segments.remove(path)
        lock.close(self._descriptors.pop(path))

    def close(self) -> None:
        """Close every file; their locks are free from now on."""
        for descriptor in self._descriptors.values():
            lock.close(descriptor)
        self.disown()

    def disown(self) -> None:
        """In a forked child: forget the files, which are the parent's."""
        self._descriptors.clear()
        self.descriptor = -1

    def _frame(self, fact: Any) -> bytes:
        payload = self._encoder.encode(fact)
        if len(payload) > MAX_FRAME_BYTES:
            raise _too_large(len(payload))
        return frame(payload)

    def _write(self, descriptor: int, data: bytes) -> None:
        written = os.write(descriptor, data)
        if self._fsync or written != len(data):
            self._complete(descriptor, data, written)
        self.size += len(data)

    def _complete(self, descriptor: int, data: bytes, written: int) -> None:
        begun_at = os.fstat(descriptor).st_size - written
        try:
            while written < len(data):
                written += os.write(descriptor, data[written:])
            if self._fsync:
                os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, begun_at)
            raise


def _too_large(length: int) -> UsageError:
    return UsageError(
        f"One call logged {length:,} bytes: expected at most {MAX_FRAME_BYTES:,}. Log it in parts, "
        "or as a file of an artifact."
    )


def _next_stamp(directory: Path) -> int:
    """Return the time in nanoseconds, or what follows the newest journal of all."""
    newest = 0
    for folder in (directory, directory / ARCHIVE):
        with contextlib.suppress(FileNotFoundError):
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if SUFFIX in entry.name]
            stamp = max(names, default="").partition("-")[0]
            newest = max(newest, int(stamp) if len(stamp) == 20 and stamp.isdecimal() else 0)
    return max(time.time_ns(), newest + 1 if newest < 2**63 else 0)


def is_written(directory: Path, names: Collection[str]) -> bool:
    """Say whether the process lives that writes one of these journals."""
    segments = stems(directory)
    return any(lock.is_held(segments[stem][-1]) for stem in segments.keys() & names)


def stems(directory: Path) -> dict[str, list[Path]]:
    """Return the journals in `directory` that are not archived: stem to segments in order."""
    found: dict[str, list[Path]] = {}
    try:
        paths = sorted(path for path in directory.iterdir() if path.name.endswith(SUFFIX))
    except FileNotFoundError:
        return found
    for path in paths:
        found.setdefault(path.name.split(".", 1)[0], []).append(path)
    return found


def in_groups(
    journals: Mapping[str, list[Path]], most_bytes: int, most: int
) -> Iterator[dict[str, list[Path]]]:
    """Yield journals, so many at a time as one transaction is to take in; a large one alone.

    Parameters
    ----------
    journals : mapping
        Stem to segments, packed or not.
    most_bytes, most : int
        How large the files of a group may be together, and how many journals it may have.
    """
    group: dict[str, list[Path]] = {}
    group_bytes = 0
    for stem, segments in journals.items():
        own_bytes = sum(map(_size, segments))
        if group and (group_bytes + own_bytes > most_bytes or len(group) >= most):
            yield group
            group, group_bytes = {}, 0
        group[stem] = segments
        group_bytes += own_bytes
    if group:
        yield group


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
