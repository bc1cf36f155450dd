"""Remembers the digests of files that were read before, so that they need not be read again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tracker.artifacts.entry import Entry, Signature
from tracker.errors import StoreError

FILE = "known_files.sqlite"
BATCH = 500
# Names that are no text, numbers too large, a file system without locks.
FAILURES = (sqlite3.Error, OverflowError, UnicodeError)
_TABLE = (
    "CREATE TABLE IF NOT EXISTS file (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, "
    "ctime INTEGER, inode INTEGER, device INTEGER, sha256 TEXT) WITHOUT ROWID"
)
_SENT = "CREATE TABLE IF NOT EXISTS sent (sha256 TEXT PRIMARY KEY) WITHOUT ROWID"


class KnownFiles:
    """Digests by path and signature. It may be deleted at any time, and may fail: it saves work.

    Parameters
    ----------
    root : Path
        The store's directory.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / FILE

    def recall(self, entries: Iterable[Entry]) -> None:
        """Give entries the digests of files that have not changed since they were noted."""
        wanted = {str(e.local_path): e for e in entries if e.local_path is not None and not e.known}
        if not wanted or not self._path.exists():
            return
        try:
            with closing(self._open()) as db:
                for path, *signature, sha256 in _look_up(db, list(wanted), "file", "path"):
                    entry = wanted[path]
                    if Signature(*signature) == entry.signature:
                        entry.known = sha256
        except FAILURES:
            pass

    def note(self, entries: Iterable[Entry], since_ns: int) -> None:
        """Keep the digests of files that were old when reading began, at `since_ns`.

        Others may have changed after that within the tick of the clock that they show.
        """
        rows = [
            (
                str(entry.local_path), signature.size_bytes, signature.mtime_ns,
                signature.ctime_ns, signature.inode, signature.device, entry.known,
            )
            for entry in entries
            if entry.local_path is not None
            and entry.known
            and (signature := entry.signature) is not None
            and not signature.is_racy(since_ns)
        ]  # fmt: skip
        if not rows:
            return
        try:
            with closing(self._open()) as db, db:
                db.execute(_TABLE)
                db.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        except FAILURES:
            pass

    # --- what the remote home has

    def sent(self, digests: Iterable[str]) -> set[str]:
        """Return those of some contents that the remote home is known to have."""
        wanted = [digest for digest in dict.fromkeys(digests) if digest]
        if wanted and self._path.exists():
            with suppress(*FAILURES), closing(self._open()) as db:
                return {digest for (digest,) in _look_up(db, wanted, "sent", "sha256")}
        return set()

    def note_sent(self, digests: Iterable[str]) -> None:
        """Note that the remote home has these contents."""
        rows = [(digest,) for digest in digests]
        if rows:
            with suppress(*FAILURES), closing(self._open()) as db, db:
                db.execute(_SENT)
                db.executemany("INSERT OR IGNORE INTO sent VALUES (?)", rows)

    def forget_sent(self, digests: Iterable[str]) -> None:
        """Note that the remote home may have lost these contents.

        Raises
        ------
        StoreError
            If that cannot be noted.
        """
        rows = [(digest,) for digest in digests]
        if not rows or not self._path.exists():
            return
        try:
            with closing(self._open()) as db, db:
                db.execute(_SENT)
                db.executemany("DELETE FROM sent WHERE sha256 = ?", rows)
        except FAILURES as error:
            raise StoreError(f"{self._path} cannot be written: {error}.") from error

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=5)
        db.execute("PRAGMA synchronous = OFF")
        return db


def _look_up(
    db: sqlite3.Connection, wanted: list[str], table: str, column: str
) -> Iterable[tuple[Any, ...]]:
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        marks = ", ".join("?" * len(some))
        yield from db.execute(f"SELECT * FROM {table} WHERE {column} IN ({marks})", some)
