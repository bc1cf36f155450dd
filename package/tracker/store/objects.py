"""Files kept by the SHA-256 of their content: each content once."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from secrets import token_hex

from tracker.errors import NotFoundError

CHUNK_BYTES = 1024 * 1024
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
        place = self._place(digest)
        if not place.exists():
            partial = self._partial(place)
            partial.write_bytes(content)
            partial.replace(place)
        return digest

    def put_file(self, source: Path) -> tuple[str, int]:
        """Keep a copy of a file; return its SHA-256 and its size in bytes.

        The digest is that of the bytes that were copied, whatever happens to `source`
        meanwhile.
        """
        partial = self._partial(self.root / "incoming" / "file")
        digest, size = hashlib.sha256(), 0
        try:
            with source.open("rb") as reader, partial.open("xb") as writer:
                while chunk := reader.read(CHUNK_BYTES):
                    digest.update(chunk)
                    writer.write(chunk)
                    size += len(chunk)
            place = self._place(digest.hexdigest())
            if place.exists():
                partial.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                partial.replace(place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return digest.hexdigest(), size

    def _place(self, digest: str) -> Path:
        return self.root / digest[:2] / digest[2:]

    def _partial(self, place: Path) -> Path:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return place.with_name(f".{place.name}.{os.getpid()}.{token_hex(4)}")
