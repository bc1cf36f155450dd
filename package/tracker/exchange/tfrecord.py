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
    """Reads a file of records once, from its start.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    damaged : int
        Records that are not what was written. Behind one whose length is wrong nothing more of the
        file can be read.
    is_torn : bool
        Whether the file ends within a record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        self.is_torn = False

    def records(self) -> Iterator[bytes]:
        """Yield the content of each record that is sound.

        Raises
        ------
        UsageError
            If the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                rest = b""
                while window := file.read(_WINDOW_BYTES):
                    window = rest + window
                    place, found, wanted = self._whole(window)
                    yield from self._sound(window, found)
                    if wanted < 0:
                        return
                    rest = window[place:]
                    if wanted > len(rest) + _WINDOW_BYTES:
                        rest += file.read(wanted - len(rest))
                self.is_torn = bool(rest)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}.") from error

    def _whole(self, window: bytes) -> tuple[int, list[tuple[int, int]], int]:
        """Return where the rest begins, start and length of whole records, and the rest's length.

        The length is negative where it cannot be known, because it is damaged.
        """
        place = 0
        heads: list[int] = []
        found: list[tuple[int, int]] = []
        while place + _HEAD.size <= len(window):
            length, _ = _HEAD.unpack_from(window, place)
            following = place + _AROUND + length
            if length > _MOST_BYTES or following > len(window):
                if not self._is_head(window, place):
                    self.damaged += 1
                    return place, found, -1
                return place, found, _AROUND + length
            heads.append(place)
            found.append((place + _HEAD.size, length))
            place = following
        bad = self._first_bad(window, heads)
        if bad is None:
            return place, found, _HEAD.size
        self.damaged += 1
        return place, found[:bad], -1

    def _is_head(self, window: bytes, place: int) -> bool:
        return self._first_bad(window, [place]) is None

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
        self.damaged += len(bad)
        for start, length in found:
            if start not in bad:
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
