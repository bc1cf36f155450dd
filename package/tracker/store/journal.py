"""The crash-safe, append-only log of a live run, and reading it back.

A segment is a file of frames: two magic bytes, the payload's length and CRC-32, the
payload. A frame is handed to the operating system by one ``write`` before ``log``
returns, so nothing that returned is lost when the process is killed. The writer holds an
exclusive lock on its segments for as long as it lives.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec

from tracker.store import lock
from tracker.store.facts import Fact

MAGIC = b"\xd7J"
HEADER = struct.Struct("<2sII")
SEGMENT_BYTES = 64 * 1024 * 1024
SUFFIX = ".journal"
MAX_FRAME_BYTES = 1 << 30


class JournalWriter:
    """Appends frames to a run's journal. Callers serialise their calls.

    Attributes
    ----------
    stem : str
        Name shared by the journal's segments; sorts by the time it was begun.
    segments : list of Path
        Segments not yet archived, the open one last.
    """

    def __init__(self, directory: Path, *, fsync: bool = False) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._fsync = fsync
        self.stem = f"{time.time_ns():020d}-{token_hex(4)}"
        self.segments: list[Path] = []
        self._descriptors: dict[Path, int] = {}
        self._encoder = msgspec.msgpack.Encoder()
        self._buffer = bytearray(512)
        self._count = 0
        self.descriptor = -1
        self.size = 0

    def open_segment(self, first: Fact) -> None:
        """Begin a segment with `first`; a reader never sees it without lock and frame."""
        path = self._directory / f"{self.stem}.{self._count:04d}{SUFFIX}"
        hidden = path.with_suffix(".new")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(hidden, flags, 0o600)
        try:
            lock.acquire(descriptor)
            self._write(descriptor, self._frame(first))
            hidden.rename(path)
        except BaseException:
            os.close(descriptor)
            hidden.unlink(missing_ok=True)
            raise
        self._count += 1
        self.descriptor = descriptor
        self._descriptors[path] = descriptor
        self.segments.append(path)
        self.size = os.fstat(descriptor).st_size

    @property
    def is_full(self) -> bool:
        """Whether the open segment should be followed by another."""
        return self.size >= SEGMENT_BYTES

    def append(self, fact: Any) -> None:
        """Append one fact; when this returns it survives the death of the process.

        Raises
        ------
        OSError
            If the disk is full or gone; the journal is as it was before.
        """
        buffer = self._buffer
        self._encoder.encode_into(fact, buffer, 10)
        payload = memoryview(buffer)[10:]
        HEADER.pack_into(buffer, 0, MAGIC, len(payload), zlib.crc32(payload))
        payload.release()
        self._write(self.descriptor, buffer)

    def append_many(self, facts: list[Any]) -> None:
        """Append several facts by one write."""
        if facts:
            self._write(self.descriptor, b"".join(map(self._frame, facts)))

    def release(self, path: Path) -> None:
        """Forget a segment that has been taken in whole, and free its lock."""
        self.segments.remove(path)
        os.close(self._descriptors.pop(path))

    def close(self) -> None:
        """Close every file; their locks are free from now on."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()
        self.descriptor = -1

    def _frame(self, fact: Any) -> bytes:
        payload = self._encoder.encode(fact)
        return HEADER.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload

    def _write(self, descriptor: int, frame: bytes | bytearray) -> None:
        written = os.write(descriptor, frame)
        if written != len(frame):
            self._finish_write(descriptor, frame, written)
        if self._fsync:
            os.fsync(descriptor)
        self.size += written

    def _finish_write(self, descriptor: int, frame: bytes | bytearray, written: int) -> None:
        begun_at = os.fstat(descriptor).st_size - written
        try:
            while written < len(frame):
                written += os.write(descriptor, frame[written:])
        except OSError:
            os.ftruncate(descriptor, begun_at)
            raise


class SegmentReader:
    """Reads the frames of one segment, from any position, as the file grows.

    Attributes
    ----------
    position : int
        Bytes read so far: every frame before it has been handed out.
    damaged : list of (int, int)
        Start and end of stretches that are no valid frames and were passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = 0
        self.damaged: list[tuple[int, int]] = []
        self._file = path.open("rb", buffering=0)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def payloads(self, limit_bytes: int, *, is_final: bool = False) -> Iterator[bytes]:
        """Yield the payloads that lie whole in the next `limit_bytes`.

        Parameters
        ----------
        limit_bytes : int
            How much to read at most, in bytes; a larger frame is read whole.
        is_final : bool
            Nobody writes any more: bytes at the end that are no frame are damage
            rather than a frame under way.
        """
        limit_bytes = max(limit_bytes, HEADER.size)
        data = self._read(limit_bytes)
        if len(data) >= HEADER.size:
            magic, length, _ = HEADER.unpack_from(data)
            if magic == MAGIC and limit_bytes < HEADER.size + length <= MAX_FRAME_BYTES:
                limit_bytes = HEADER.size + length
                data = self._read(limit_bytes)
        yield from self._split(data, is_final and len(data) < limit_bytes)

    def _read(self, size: int) -> bytes:
        self._file.seek(self.position)
        return self._file.read(size)

    def _split(self, data: bytes, is_end: bool) -> Iterator[bytes]:
        offset, base = 0, self.position
        view = memoryview(data)
        unpack, header = HEADER.unpack_from, HEADER.size
        while offset + header <= len(data):
            magic, length, checksum = unpack(data, offset)
            end = offset + header + length
            is_frame = magic == MAGIC and length <= MAX_FRAME_BYTES
            if is_frame and end > len(data) and not is_end:
                break  # the rest of it is not here yet
            if (
                is_frame
                and end <= len(data)
                and zlib.crc32(view[offset + header : end]) == checksum
            ):
                self.position = base + end
                yield data[offset + header : end]
                offset = end
                continue
            resumed = _next_frame(view, offset + 1)
            if resumed is None:
                break
            self.damaged.append((base + offset, base + resumed))
            offset = resumed
            self.position = base + offset
        if is_end and offset < len(data):
            self.damaged.append((base + offset, base + len(data)))
            self.position = base + len(data)


def _next_frame(data: memoryview, start: int) -> int | None:
    whole = data.obj
    assert isinstance(whole, bytes)
    while (start := whole.find(MAGIC, start)) >= 0:
        if start + HEADER.size > len(whole):
            return None
        _, length, checksum = HEADER.unpack_from(whole, start)
        end = start + HEADER.size + length
        if end <= len(whole) and zlib.crc32(data[start + HEADER.size : end]) == checksum:
            return start
        start += 1
    return None


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


def archive(path: Path) -> None:
    """Compress a segment that has been taken in whole, and remove the original."""
    import zstandard

    target = path.parent / "archive" / (path.name + ".zst")
    target.parent.mkdir(exist_ok=True, mode=0o700)
    partial = target.with_suffix(".partial")
    with path.open("rb") as source, partial.open("wb") as sink:
        zstandard.ZstdCompressor(level=3).copy_stream(source, sink)
    partial.replace(target)
    path.unlink()
