"""The ledger of a sweep: one file to which all its agents append, under its lock.

Claims do not go through the database: with a dozen runs being flushed its lock is waited for
longer than a short trial takes, and here a claim costs a fraction of a millisecond. As with the
journals the file is the truth, and the table ``trial`` is made from it.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.store.files import lock
from tracker.store.journal.frames import SegmentReader, frame
from tracker.store.journal.trials import Book, Fact

FOLDER = "sweeps"
LEDGER_FILE = "ledger"
WINDOW_BYTES = 4 * 1024 * 1024
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Fact)


class Ledger:
    """The facts of one sweep's trials.

    Parameters
    ----------
    root : Path
        The store's directory.
    sweep_id : str
        The sweep.
    """

    def __init__(self, root: Path, sweep_id: str) -> None:
        if not _ID.fullmatch(sweep_id):
            raise UsageError(
                f"The sweep id {sweep_id!r} cannot be used: expected letters, digits, - and _."
            )
        self.sweep_id = sweep_id
        self.folder = root / FOLDER / sweep_id
        self.path = self.folder / LEDGER_FILE
        self._book = Book()
        self._reader: SegmentReader | None = None
        self._guard = threading.RLock()

    def create(self, *facts: Fact) -> None:
        """Make the file, with its first facts."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.touch(mode=0o600)
        with self.writing() as (_, add):
            add(*facts)

    def exists(self) -> bool:
        """Say whether there is such a ledger."""
        return self.path.exists()

    def read(self) -> Book:
        """Return the book as it is now. It goes on changing: look at it and let it go."""
        with self.writing() as (book, _):
            return book

    @contextlib.contextmanager
    def writing(self) -> Iterator[tuple[Book, Any]]:
        """Keep all others out; gives the book as it is now, and how to add facts to it.

        Raises
        ------
        NotFoundError
            If the ledger is not there.
        StoreError
            If it cannot be written; what could not be written has not happened.
        """
        with self._guard:
            descriptor = self._open()
            try:
                lock.acquire(descriptor)
                self._catch_up()
                yield self._book, lambda *facts: self._append(descriptor, facts)
            finally:
                lock.close(descriptor)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Let one agent at a time choose parameters; meanwhile others may write."""
        with lock.locked(self.folder / "turn.lock"):
            yield

    # ---------------------------------------------------------------- agents that live

    def attend(self, agent: str) -> int:
        """Say that an agent of this process lives; return what :meth:`leave` needs."""
        place = self._presence(agent)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
        lock.acquire(descriptor)
        return descriptor

    def leave(self, agent: str, descriptor: int) -> None:
        """Say that the agent has ended."""
        self._presence(agent).unlink(missing_ok=True)
        lock.close(descriptor)

    def is_alive(self, agent: str) -> bool:
        """Say whether the agent's process lives: the operating system frees a dead one's lock."""
        place = self._presence(agent)
        descriptor = lock.seize(place)
        if descriptor is None:
            return place.exists()
        place.unlink(missing_ok=True)
        lock.close(descriptor)
        return False

    def _presence(self, agent: str) -> Path:
        if not _ID.fullmatch(agent):
            raise UsageError(f"The agent id {agent!r} cannot be used.")
        return self.folder / "agents" / agent

    # ------------------------------------------------------------------------ the file

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            return os.open(self.path, flags)
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no sweep {self.sweep_id!r} in this store.") from error
        except OSError as error:
            raise StoreError(f"{self.path} cannot be opened: {error.strerror}.") from error

    def _catch_up(self) -> None:
        if self._reader is None:
            self._reader = SegmentReader(self.path)
        reader = self._reader
        # Under the lock nobody is writing: what is no frame at the end was torn by a crash.
        while reader.position < reader.size:
            for payload in reader.payloads(WINDOW_BYTES, is_final=True):
                with contextlib.suppress(msgspec.MsgspecError):
                    self._book.add(_decoder.decode(payload))

    def _append(self, descriptor: int, facts: tuple[Fact, ...]) -> None:
        data = b"".join(frame(_encoder.encode(fact)) for fact in facts)
        before = os.fstat(descriptor).st_size
        try:
            written = os.write(descriptor, data)
            if written < len(data):
                raise OSError(0, "the disk is full")
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, before)
            raise StoreError(f"{self.path} cannot be written: {error.strerror}.") from error
        for fact in facts:
            self._book.add(fact)
        if self._reader is not None:
            self._reader.position = before + len(data)


def find_ledgers(root: Path) -> list[Ledger]:
    """Return the ledgers of all sweeps in a store."""
    places = sorted((root / FOLDER).glob(f"*/{LEDGER_FILE}"))
    return [Ledger(root, place.parent.name) for place in places if _ID.fullmatch(place.parent.name)]
