"""Takes in a run that was recorded elsewhere: all of what is said of it, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

import msgspec

from tracker.errors import StoreError
from tracker.store.database.database import Database
from tracker.store.files import lock
from tracker.store.files.whole_file import sync_folder
from tracker.store.journal import archive, facts
from tracker.store.journal.journal import JournalWriter
from tracker.store.writing.feed import Feed, take_in

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

    def complete(self) -> Path:
        """Put the journal among those whose writer is dead; return where it is.

        :func:`take_in_whole` takes it in, or recovery, whenever that comes.

        Raises
        ------
        OSError
            If the disk is full; then nothing has been taken in.
        """
        self._write()
        os.fsync(self._writer.descriptor)
        (path,) = self._writer.segments
        # Some systems do not move an open file.
        self._writer.close()
        target = self._store.journal_dir / path.name
        path.replace(target)
        self._is_in_place = True
        sync_folder(self._store.journal_dir)
        return target


def take_in_whole(store: Database, paths: Sequence[Path]) -> None:
    """Take several whole journals in by one transaction, and put them away.

    What somebody else is taking in is left to them, and what cannot be taken in to recovery.

    Raises
    ------
    StoreError
        If the database cannot be written now; the journals stay.
    """
    with ExitStack() as held, store.steady():
        seized = [path for path in paths if _seize(path, held)]
        feeds = [Feed(path.name.split(".", 1)[0], [path], is_final=True) for path in seized]
        for feed in feeds:
            held.callback(feed.close)
        try:
            while take_in(store, feeds):
                pass
            for path in seized:
                archive.keep(path)
        except (StoreError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - recovery finds out which of them it is
            return
    # The files are closed by now: some systems do not remove an open one.
    for path in seized:
        path.unlink(missing_ok=True)


def _seize(path: Path, held: ExitStack) -> bool:
    descriptor = lock.seize(path)
    if descriptor is not None:
        held.callback(lock.close, descriptor)
    return descriptor is not None


@contextmanager
def importing(store: Database) -> Iterator[None]:
    """Let one process at a time import into a store; what a killed one left is removed."""
    folder = store.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.locked(folder / "lock"):
        for path in folder.glob("*.journal"):
            path.unlink(missing_ok=True)
        yield
