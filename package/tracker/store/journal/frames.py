"""Frames of a journal's segment: what they look like, and reading them back.

A frame is two magic bytes, the payload's length and CRC-32, and the payload, which is never
empty: the magic followed by zeroes would be such a frame.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

MAGIC = b"\xd7J"
HEADER = struct.Struct("<2sII")
MAX_FRAME_BYTES = 1 << 30
SEARCH_BYTES = 4 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    """Return a payload with its header."""
    return HEADER.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


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
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    @property
    def size(self) -> int:
        """Bytes that the file has by now."""
        return os.fstat(self._descriptor).st_size

    def head(self) -> tuple[bytes, int]:
        """Return the first bytes, as many as a frame's header has, and the file's size."""
        return self._read(0, HEADER.size), self.size

    def payloads(self, limit_bytes: int, *, is_final: bool = False) -> Generator[bytes]:
        """Yield the payloads that lie whole in the next `limit_bytes`.

        Parameters
        ----------
        limit_bytes : int
            How much to read at most, in bytes; a larger frame is read whole.
        is_final : bool
            Nobody writes any more: bytes at the end that are no frame are damage
            rather than a frame under way.
        """
        size = self.size
        data, base, offset = self._window(limit_bytes, size), self.position, 0
        header, unpack, checksum_of = HEADER.size, HEADER.unpack_from, zlib.crc32
        while offset < len(data):
            if offset + header <= len(data):
                magic, length, checksum = unpack(data, offset)
                payload = data[offset + header : offset + header + length]
                is_whole = magic == MAGIC and 0 < length == len(payload)
                if is_whole and checksum_of(payload) == checksum:
                    offset += header + length
                    self.position = base + offset
                    yield payload
                    continue
            if self._is_cut(data, offset, base, size):
                return  # its rest lies behind this window
            resumed = self._next_frame(base + offset + 1, size)
            if resumed is None and not is_final:
                return  # a frame under way
            resumed = size if resumed is None else resumed
            self.damaged.append((base + offset, resumed))
            self.position = resumed
            offset = resumed - base

    def skip_to(self, position: int) -> Generator[bytes]:
        """Yield the payloads before `position`, and read on from there.

        A frame that lies across `position` is read again: when its first half was passed
        over as the end of a torn file, the other half was not there yet.
        """
        while self.position < position:
            begun_at = self.position
            with closing(self.payloads(position - begun_at)) as payloads:
                for payload in payloads:
                    if self.position > position:
                        start = self.position - HEADER.size - len(payload)
                        self.position = min(start, position)
                        self.damaged.clear()
                        return
                    yield payload
            if self.position == begun_at:
                self.position = position
        self.damaged.clear()

    def is_torn(self, start: int, end: int) -> bool:
        """Say whether a damaged stretch is a frame that the file ends within.

        So it is where the writer was killed while it wrote: its ``log`` never returned.
        """
        if end < self.size:
            return False
        head = self._read(start, HEADER.size)
        if len(head) < HEADER.size:
            return head[:2] == MAGIC[: len(head)]
        magic, length, _ = HEADER.unpack(head)
        there = self.size - start - HEADER.size
        return bool(magic == MAGIC and there < length <= MAX_FRAME_BYTES)

    def _window(self, limit_bytes: int, size: int) -> bytes:
        data = self._read(self.position, limit_bytes)
        if len(data) < HEADER.size:
            data = self._read(self.position, HEADER.size)
        end = _frame_end(data, 0, self.position, size)
        if end is not None and end > self.position + len(data):
            data = self._read(self.position, end - self.position)
        return data

    def _is_cut(self, data: bytes, offset: int, base: int, size: int) -> bool:
        if len(data) - offset < HEADER.size:
            return base + len(data) < size
        end = _frame_end(data, offset, base + offset, size)
        return end is not None and end > base + len(data)

    def _next_frame(self, start: int, size: int) -> int | None:
        """Return where the first valid frame from `start` on begins."""
        while start < size:
            data = self._read(start, SEARCH_BYTES)
            found = data.find(MAGIC)
            while found >= 0:
                header = data[found : found + HEADER.size]
                if len(header) < HEADER.size:
                    header = self._read(start + found, HEADER.size)
                end = _frame_end(header, 0, start + found, size)
                if end is not None and _is_intact(self._read(start + found, end - start - found)):
                    return start + found
                found = data.find(MAGIC, found + 1)
            start += max(1, len(data) - 1)  # the magic may lie across two stretches
        return None

    if hasattr(os, "pread"):

        def _read(self, position: int, size: int) -> bytes:
            # A forked child shares the file's own position, and may move it.
            return os.pread(self._descriptor, size, position)

    else:

        def _read(self, position: int, size: int) -> bytes:
            os.lseek(self._descriptor, position, os.SEEK_SET)
            return os.read(self._descriptor, size)


def is_unborn(path: Path) -> bool:
    """Say whether a segment ends within its first frame: its writer died while beginning it."""
    reader = SegmentReader(path)
    try:
        head, size = reader.head()
        is_torn = head[:2] == MAGIC[: len(head)] and _frame_end(head, 0, 0, size) is None
        return is_torn and not any(True for _ in reader.payloads(1)) and not reader.position
    finally:
        reader.close()


def _frame_end(data: bytes, offset: int, start: int, size: int) -> int | None:
    """Return where the frame at `start` of a file ends, None where there can be none."""
    if len(data) - offset < HEADER.size:
        return None
    magic, length, _ = HEADER.unpack_from(data, offset)
    end = start + HEADER.size + int(length)
    return end if magic == MAGIC and 0 < length <= MAX_FRAME_BYTES and end <= size else None


def _is_intact(frame: bytes | memoryview) -> bool:
    checksum = HEADER.unpack_from(frame)[2]
    return bool(zlib.crc32(frame[HEADER.size :]) == checksum)
