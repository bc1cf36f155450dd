"""Files kept by the SHA-256 of their content: each content once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from tracker.errors import NotFoundError

CHUNK_BYTES = 1024 * 1024
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NAME = re.compile(r"[0-9a-f]{64}")


class Objects:
    """A folder of files named by content. A file is never half visible.

    Parameters
    ----------
    root : Path
        The folder; made at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return where the content with this digest is.

        Raises
        ------
        NotFoundError
            If it is not here, or `sha256` is no digest.
        """
        if not _NAME.fullmatch(sha256) or not (place := self._place(sha256)).is_file():
            raise NotFoundError(f"There is no object {sha256!r} in {self.root}.")
        return place

    def put_bytes(self, content: bytes) -> str:
        """Keep `content`; return its SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        if not self._is_kept(digest, len(content)):
            with self._partial() as (path, writer):
                writer.write(content)
                writer.close()
                self._settle(path, digest)
        return digest

    def put_file(self, source: Path) -> tuple[str, int]:
        """Keep a copy of a file; return its SHA-256 and its size in bytes.

        The digest is that of the bytes that were copied, whatever happens to `source`
        meanwhile.
        """
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as reader, self._partial() as (path, writer):
            while chunk := reader.read(CHUNK_BYTES):
                digest.update(chunk)
                writer.write(chunk)
                size += len(chunk)
            writer.close()
            if not self._is_kept(digest.hexdigest(), size):
                self._settle(path, digest.hexdigest())
        return digest.hexdigest(), size

    def _place(self, digest: str) -> Path:
        return self.root / digest[:2] / digest[2:]

    def _is_kept(self, digest: str, size: int) -> bool:
        """Say whether the content is here; a file that a power cut left short is not."""
        try:
            return self._place(digest).stat().st_size == size
        except FileNotFoundError:
            return False

    @contextmanager
    def _partial(self) -> Iterator[tuple[Path, BinaryIO]]:
        folder = self.root / "incoming"
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        path = folder / f"{os.getpid()}.{token_hex(8)}"
        try:
            with os.fdopen(os.open(path, _CREATE, 0o600), "wb") as writer:
                yield path, writer
        finally:
            path.unlink(missing_ok=True)

    def _settle(self, path: Path, digest: str) -> None:
        place = self._place(digest)
        place.parent.mkdir(exist_ok=True, mode=0o700)
        path.replace(place)
