"""Files kept by the SHA-256 of their content: each content once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from tracker.errors import NotFoundError, StoreError
from tracker.store.files import cloning
from tracker.store.files.whole_file import partial_file, settle

CHUNK_BYTES = 1024 * 1024
FRESH_S = 60.0  # an object that is put again within this time is not marked anew
READ_ONLY = 0o400
INCOMING, TRASH = "incoming", "trash"
LOOKS = 5
_NAME = re.compile(r"[0-9a-f]{64}")


class Objects:
    """A folder of files named by content. A file is never half visible.

    They are read-only, because files elsewhere may be links to them.

    Parameters
    ----------
    root : Path
        The folder; made at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = str(root)

    def path(self, sha256: str) -> Path:
        """Return where the content with this digest is.

        Raises
        ------
        NotFoundError
            If it is not here, or `sha256` is no digest.
        """
        if _NAME.fullmatch(sha256):
            place = self._place(sha256)
            # Between two looks a clean-up may have put back what somebody wants.
            if any(place.is_file() or self.restore(sha256) for _ in range(LOOKS)):
                return place
        raise NotFoundError(f"There is no object {sha256!r} in {self.root}.")

    def put_bytes(self, content: bytes) -> str:
        """Keep `content`; return its SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        if not self.holds(digest, len(content)):
            with self._partial() as (path, writer):
                writer.write(content)
                self._settle(path, writer, digest)
        return digest

    def put_file(self, source: Path, told: Callable[[int], None] | None = None) -> tuple[str, int]:
        """Keep a copy of a file; return its SHA-256 and its size in bytes.

        The digest is that of the bytes that were copied, whatever happens to `source`
        meanwhile. `told` is called with numbers of bytes as they are copied.
        """
        with source.open("rb") as reader, self._partial() as (path, writer):
            if cloning.clone(reader, writer):
                with path.open("rb") as copy:
                    digest, size = copy_hashed(copy, None, told)
            else:
                digest, size = copy_hashed(reader, writer, told)
            if not self.holds(digest, size):
                self._settle(path, writer, digest)
        return digest, size

    def take(self, digest: str, fetch: Callable[[Path], None], origin: str) -> Path:
        """Keep what `fetch` writes into the file that it is given; return where it is kept.

        Raises
        ------
        StoreError
            If it is not the content with this digest; `origin` is named then.
        """
        with self._partial() as (path, writer):
            fetch(path)
            with path.open("rb") as copy:
                found, _ = copy_hashed(copy, None)
            if found != digest:
                raise StoreError(
                    f"The object {digest} in {origin} is damaged: what came has the SHA-256 "
                    f"{found}."
                )
            self._settle(path, writer, digest)
        return self._place(digest)

    def holds(self, digest: str, size: int, *, marked: bool = True) -> bool:
        """Say whether the content is here, and mark it as wanted now.

        A file that a power cut left short is not. Who holds clean-ups off need not have it
        `marked`, which is a write for each file.
        """
        place = self._text(digest)
        try:
            stat = os.stat(place)  # noqa: PTH116 - a Path for each of 10,000 files takes longer
            if stat.st_size != size:
                return False
            if marked and abs(time.time() - stat.st_mtime) > FRESH_S:
                os.utime(place)  # gone, if a clean-up has just taken it
        except FileNotFoundError:
            return self.restore(digest) and self.holds(digest, size, marked=marked)
        except PermissionError:
            pass  # somebody else's, in a shared store
        return True

    # --- for the clean-up: see tracker.artifacts.gc

    def all(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield every object: its digest, and what the file system says of it."""
        if not self.root.is_dir():
            return
        for folder in sorted(self.root.iterdir()):
            if len(folder.name) == 2 and folder.is_dir():
                with os.scandir(folder) as found:
                    for entry in found:
                        name = folder.name + entry.name
                        with contextlib.suppress(FileNotFoundError):
                            if _NAME.fullmatch(name):
                                yield name, entry.stat()

    def throw_away(self, digest: str) -> Path | None:
        """Move an object to the trash, from which :meth:`path` takes it back when asked."""
        target = self.root / TRASH / digest
        target.parent.mkdir(exist_ok=True, mode=0o700)
        try:
            self._place(digest).replace(target)
        except OSError:
            return None  # gone already, or open on a system that does not move open files
        return target

    def restore(self, digest: str) -> bool:
        """Take an object back from the trash; say whether it was there."""
        place = self._place(digest)
        try:
            place.parent.mkdir(exist_ok=True, mode=0o700)
            (self.root / TRASH / digest).replace(place)
        except OSError:
            return False
        return True

    def trashed(self) -> list[tuple[str, Path]]:
        """Return what is in the trash, by digest."""
        folder = self.root / TRASH
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return [(path.name, path) for path in found if _NAME.fullmatch(path.name)]

    def unfinished(self) -> list[Path]:
        """Return the files that are being written, or whose writers died."""
        folder = self.root / INCOMING
        return sorted(folder.iterdir()) if folder.is_dir() else []

    # --- within

    def _place(self, digest: str) -> Path:
        return Path(self._text(digest))

    def _text(self, digest: str) -> str:
        return f"{self._folder}{os.sep}{digest[:2]}{os.sep}{digest[2:]}"

    @contextmanager
    def _partial(self) -> Iterator[tuple[Path, BinaryIO]]:
        folder = self.root / INCOMING
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        path = folder / f"{os.getpid()}.{token_hex(8)}"
        with partial_file(path) as writer:
            yield path, writer

    def _settle(self, path: Path, writer: BinaryIO, digest: str) -> None:
        place = self._place(digest)
        place.parent.mkdir(exist_ok=True, mode=0o700)
        path.chmod(READ_ONLY)
        # Not forced to the disk: a thousand small files would take seconds more. What a power
        # cut leaves short is seen by its size, and kept again.
        settle(writer, path, place, durable=False)


def copy_hashed(
    reader: BinaryIO, writer: BinaryIO | None, told: Callable[[int], None] | None = None
) -> tuple[str, int]:
    """Read to the end, writing what is read; return its SHA-256 and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    buffer = memoryview(bytearray(CHUNK_BYTES))
    while count := reader.readinto(buffer):  # type: ignore[attr-defined]
        part = buffer[:count]
        digest.update(part)
        if writer is not None:
            writer.write(part)
        size += count
        if told is not None:
            told(count)
    return digest.hexdigest(), size
