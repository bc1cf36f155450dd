"""The records of W&B's transaction log, ``run-ID.wandb``.

It is LevelDB's log format with a header of seven bytes: blocks of 32 KB, in which each piece of a
record has a CRC-32, a length and a word for whether it begins or ends the record.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracker.errors import UsageError

_BLOCK: Final = 32 * 1024
_PIECE: Final = struct.Struct("<IHB")
_HEADER: Final = struct.Struct("<4sHB")
_IDENT: Final = b":W&B"
_MAGIC: Final = 0xBEE1
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_SEEDS: Final = [zlib.crc32(bytes([kind])) for kind in range(_LAST + 1)]
_MOST_RECORD_BYTES: Final = 1 << 30


class WandbLog:
    """Reads a log once, from its start.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    damaged : int
        How many blocks have a piece that could not be read; what follows it in its block is
        passed over.
    is_torn : bool
        Whether the file ends within a record, as that of a killed process does.

    Raises
    ------
    UsageError
        If it is no such log, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0
        self.is_torn = False
        try:
            with path.open("rb") as file:
                head = file.read(_HEADER.size)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
        if len(head) < _HEADER.size:
            raise UsageError(f"{path} is no log of W&B: it has {len(head)} bytes.")
        ident, magic, version = _HEADER.unpack(head)
        if ident != _IDENT or magic != _MAGIC:
            raise UsageError(f"{path} is no log of W&B: it does not begin with {_IDENT!r}.")
        if version != 0:
            raise UsageError(
                f"{path} is a log of W&B in version {version} of its format: expected 0. It comes "
                "from a newer wandb than this version of tracker knows."
            )

    def records(self) -> Iterator[bytes]:
        """Yield the content of each record that can be read."""
        begun: list[bytes] = []
        size = 0
        for kind, piece in self._pieces():
            if kind in (_FULL, _FIRST):
                begun, size = [], 0
            elif not begun:
                continue  # its beginning was damaged
            begun.append(piece)
            size += len(piece)
            if size > _MOST_RECORD_BYTES:
                begun = []
            elif kind in (_FULL, _LAST):
                yield b"".join(begun) if len(begun) > 1 else piece
                begun = []
        self.is_torn = self.is_torn or bool(begun)

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield the pieces of each block; kind 1 is a whole record, 2 to 4 parts of one."""
        try:
            with self.path.open("rb") as file:
                start = _HEADER.size
                while block := file.read(_BLOCK):
                    yield from self._in_block(block, start)
                    start = 0
        except OSError:
            self.damaged += 1

    def _in_block(self, block: bytes, place: int) -> Iterator[tuple[int, bytes]]:
        is_last = len(block) < _BLOCK
        while place + _PIECE.size <= len(block):
            checksum, length, kind = _PIECE.unpack_from(block, place)
            start = place + _PIECE.size
            place = start + length
            if place > len(block):
                self._cut(is_last=is_last)
                return
            piece = block[start:place]
            if kind == 0 and length == 0 and checksum == 0:
                self._cut(is_last=is_last)  # room that was made and never written
                return
            if not _FULL <= kind <= _LAST or zlib.crc32(piece, _SEEDS[kind]) != checksum:
                self.damaged += 1
                return
            yield kind, piece
        if is_last and place < len(block):
            self.is_torn = True

    def _cut(self, *, is_last: bool) -> None:
        if is_last:
            self.is_torn = True
        else:
            self.damaged += 1
