"""Takes in a run that was recorded elsewhere: all of what is said of it, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

import msgspec

from tracker.store.database.database import Database
from tracker.store.files import lock
from tracker.store.files.whole_file import sync_folder
from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter

FOLDER = "importing"
WRITE_BYTES = 1024 * 1024


class WholeJournal:
    """A run's journal that is written beside the others, and becomes one of them when complete.

    Used as a context manager: what was not made complete by :meth:`complete` is gone at its end.

    Parameters
    ----------
    store : Database
        The store.
    begin : facts.Begin
        The first frame.
    known : int
        How many items an earlier import of the same source has taken in: so many are only
        counted.

    Attributes
    ----------
    stem : str
        The journal's name, also that of the folder with the run's saved files.
    count, checksum : int
        How many items there were, and a checksum of them.
    known_checksum : int
        The checksum of the first `known` of them.
    """

    def __init__(self, store: Database, begin: facts.Begin, known: int = 0) -> None:
        self._store = store
        self._folder = store.root / FOLDER
        store.journal_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = JournalWriter(self._folder, after=store.journal_dir)
        self._writer.open_segment(begin)
        self._encode = msgspec.msgpack.Encoder().encode
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._known = known
        self._is_in_place = False
        self.stem = self._writer.stem
        self.count = 0
        self.checksum = self.known_checksum = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        segments = list(self._writer.segments)
        self._writer.close()
        if not self._is_in_place:
            for path in segments:
                path.unlink(missing_ok=True)
            shutil.rmtree(self.files, ignore_errors=True)

    @property
    def files(self) -> Path:
        """The folder for files that are kept beside the run."""
        return self._store.root / "files" / self.stem

    @property
    def is_new(self) -> bool:
        """Whether the next item is one that no earlier import has taken in."""
        return self.count >= self._known

    def add_item(self, fact: facts.Fact) -> None:
        """Append something that the source says at this place each time that it is read."""
        payload = self._encode(fact)
        self.count += 1
        self.checksum = crc32(payload, self.checksum)
        if self.count <= self._known:
            self.known_checksum = self.checksum
        else:
            self._append(payload)

    def add(self, fact: facts.Fact) -> None:
        """Append something that is no item of the source."""
        self._append(self._encode(fact))

    def _append(self, payload: bytes) -> None:
        self._waiting.append(payload)
        self._waiting_bytes += len(payload)
        if self._waiting_bytes >= WRITE_BYTES:
            self._write()

    def _write(self) -> None:
        self._writer.append_encoded(self._waiting)
        self._waiting, self._waiting_bytes = [], 0

    def complete(self) -> None:
        """Put the journal among those whose writer is dead: recovery takes it in, now or later.

        Raises
        ------
        OSError
            If the disk is full; then nothing has been taken in.
        """
        self._write()
        os.fsync(self._writer.descriptor)
        segments = list(self._writer.segments)
        # Some systems do not move an open file.
        self._writer.close()
        for path in segments:
            path.replace(self._store.journal_dir / path.name)
            self._is_in_place = True
        sync_folder(self._store.journal_dir)


@contextmanager
def importing(store: Database) -> Iterator[None]:
    """Let one process at a time import into a store; what a killed one left is removed."""
    folder = store.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.locked(folder / "lock"):
        for path in folder.glob("*.journal"):
            path.unlink(missing_ok=True)
        yield
