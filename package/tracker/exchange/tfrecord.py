"""TensorFlow's files of records: a length, its checksum, the content, and that one's checksum.

The checksums are CRC-32C, "masked". They are computed for many records of one length at once,
because Python would take longer over them than over everything else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tracker.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEAD: Final = struct.Struct("<QI")
_TAIL: Final = struct.Struct("<I")
_AROUND: Final = _HEAD.size + _TAIL.size
_WINDOW_BYTES: Final = 4 * 1024 * 1024
_MOST_BYTES: Final = 1 << 30
# Longer records are media, whose files have checksums of their own.
_LONGEST_CHECKED: Final = 64 * 1024
_POLYNOMIAL: Final = 0x82F63B78


def _make_table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


_TABLE: Final = _make_table()


def masked_checksums(contents: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the masked CRC-32C of each row."""
    checksums = np.full(len(contents), 0xFFFFFFFF, dtype=np.uint32)
    for column in contents.T:
        checksums = _TABLE[(checksums ^ column) & 0xFF] ^ (checksums >> 8)
    checksums ^= np.uint32(0xFFFFFFFF)
    masked = ((checksums >> 15) | (checksums << 17)) + np.uint32(0xA282EAD8)
    return masked.astype(np.uint32)


def join(contents: Sequence[bytes]) -> bytes:
    """Return contents as records, one after the other."""
    lengths = [struct.pack("<Q", len(content)) for content in contents]
    parts: list[bytes] = []
    for row in zip(lengths, _checksums(lengths), contents, _checksums(contents), strict=True):
        parts += row
    return b"".join(parts)


def _checksums(contents: Sequence[bytes]) -> list[bytes]:
    """Return the checksum of each content, as it is written."""
    by_length: dict[int, list[int]] = {}
    for place, content in enumerate(contents):
        by_length.setdefault(len(content), []).append(place)
    found = [b""] * len(contents)
    for length, places in by_length.items():
        joined = b"".join(contents[place] for place in places)
        rows = np.frombuffer(joined, dtype=np.uint8).reshape(len(places), length)
        for place, checksum in zip(places, masked_checksums(rows).tolist(), strict=True):
            found[place] = _TAIL.pack(checksum)
    return found


class TfRecords:
    """Reads a file of records, each time what has come since.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    is_torn : bool
        Whether the file ends within a record, which may yet become whole.
    is_broken : bool
        Whether a length is not what was written: nothing behind it can be read, unless that
        changes, as where the end of a file is seen before what stands there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_torn = False
        self.is_broken = False
        self._place = 0
        self._bad_contents = 0

    @property
    def damaged(self) -> int:
        """Records that are not what was written."""
        return self._bad_contents + self.is_broken

    def records(self) -> Iterator[bytes]:
        """Yield the content of each record that is sound, behind those that were there before.

        Raises
        ------
        UsageError
            If the file cannot be read.
        """
        self.is_torn = self.is_broken = False
        try:
            with self.path.open("rb") as file:
                file.seek(self._place)
                rest = b""
                while window := file.read(_WINDOW_BYTES):
                    window = rest + window
                    found, wanted = self._whole(window)
                    start = self._place
                    yield from self._sound(window, found)
                    if self.is_broken:
                        return
                    rest = window[self._place - start :]
                    if wanted > len(rest) + _WINDOW_BYTES:
                        rest += file.read(wanted - len(rest))
                self.is_torn = bool(rest)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}.") from error

    def _whole(self, window: bytes) -> tuple[list[tuple[int, int]], int]:
        """Return start and length of the whole records, and the rest's length."""
        place, wanted = 0, _HEAD.size
        heads: list[int] = []
        found: list[tuple[int, int]] = []
        while place + _HEAD.size <= len(window):
            length, _ = _HEAD.unpack_from(window, place)
            heads.append(place)
            following = place + _AROUND + length
            if length > _MOST_BYTES or following > len(window):
                wanted = _AROUND + length
                break
            found.append((place + _HEAD.size, length))
            place = following
        bad = self._first_bad(window, heads)
        self.is_broken = bad is not None or wanted > _MOST_BYTES + _AROUND
        return found[:bad], wanted

    def _first_bad(self, window: bytes, heads: list[int]) -> int | None:
        """Return the number of the first head whose length is not what was written."""
        if not heads:
            return None
        told = np.frombuffer(window, dtype=np.uint8)
        rows = told[np.array(heads)[:, None] + np.arange(_HEAD.size)]
        stored = np.ascontiguousarray(rows[:, 8:]).view("<u4").ravel()
        wrong = np.flatnonzero(masked_checksums(rows[:, :8]) != stored)
        return int(wrong[0]) if len(wrong) else None

    def _sound(self, window: bytes, found: list[tuple[int, int]]) -> Iterator[bytes]:
        bad = self._bad(window, found)
        begin = self._place
        for start, length in found:
            # Before it is given away, so that it is not given twice.
            self._place = begin + start + length + _TAIL.size
            if start in bad:
                self._bad_contents += 1
            else:
                yield window[start : start + length]

    def _bad(self, window: bytes, found: list[tuple[int, int]]) -> set[int]:
        """Return the starts of contents whose checksum is another."""
        by_length: dict[int, list[int]] = {}
        for start, length in found:
            if length <= _LONGEST_CHECKED:
                by_length.setdefault(length, []).append(start)
        told = np.frombuffer(window, dtype=np.uint8)
        bad: set[int] = set()
        for length, starts in by_length.items():
            rows = told[np.array(starts)[:, None] + np.arange(length + _TAIL.size)]
            stored = np.ascontiguousarray(rows[:, length:]).view("<u4").ravel()
            wrong = masked_checksums(rows[:, :length]) != stored
            bad.update(np.array(starts)[wrong].tolist())
        return bad
