"""Opens the store: short, under a lock, and never longer than one transaction."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from tracker.errors import StoreDamagedError, StoreError, StoreLockedError
from tracker.settings import DATABASE_FILE
from tracker.store.database import migrate, tables
from tracker.store.database.forks import GATE
from tracker.store.files import lock
from tracker.store.journal import archive

LOCK_FILE = "tracker.lock"
REBUILD_LOCK_FILE = "rebuild.lock"
DOCUMENTS = "documents"
# Files that DuckDB 1.5 can read too.
STORAGE_VERSION = "v1.5.0"
# Half of DuckDB's own, in bytes: a new store of many small tables is half as large. Files that
# there are keep theirs.
BLOCK_SIZE = "131072"
WRITE_CONFIG = {
    "storage_compatibility_version": STORAGE_VERSION,
    "default_block_size": BLOCK_SIZE,
    "autoinstall_known_extensions": "false",
    "threads": "1",
}
READ_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}
# The rest is set once the store is attached.
QUERY_CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
SCHEMA = "store"
HELD_PATIENCE_S = 5.0
Connect = Callable[[], duckdb.DuckDBPyConnection]

# What DuckDB says, in the order in which we look for it.
_HELD = ("Could not set lock", "onflicting lock", "different configuration", "already attached")
_NO_ROOM = ("No space left", "ermission denied", "Read-only file system", "Too many open files",
            "Out of Memory", "Cannot allocate memory", "Disk quota", "File too large",
            "Is a directory")  # fmt: skip
_OTHER_VERSION = ("newer version", "version number", "older version")
_DAMAGE = ("orrupt", "checksum", "not a valid DuckDB database", "Could not read enough bytes",
           "replaying WAL", "Serialization Error", "INTERNAL Error", "does not exist")  # fmt: skip
# Other errors are about a statement, and quote it.
_OF_THE_FILE = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException,
                duckdb.FatalException, duckdb.ConnectionException, duckdb.TransactionException,
                duckdb.OutOfMemoryException)  # fmt: skip


class Database:
    """A directory with one DuckDB file, the journals beside it and the objects.

    Connections are short: any other process, notebook or the ``duckdb`` program can open
    the file between two of them.

    Parameters
    ----------
    root : Path
        The directory; made at the first write.

    Attributes
    ----------
    damaged_file : int or None
        Which database file (its number in the file system) was found damaged last.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / DATABASE_FILE
        self.journal_dir = root / "journal"
        self.objects_dir = root / "objects"
        self.damaged_file: int | None = None

    def stamp(self) -> tuple[int, int] | None:
        """Return what is another once the database file has changed; None without a file."""
        try:
            status = self.database.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    @contextlib.contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for reading, shut off from files, network and settings.

        Raises
        ------
        StoreLockedError
            If another program holds the database open for writing.
        StoreDamagedError, SchemaTooNewError
            If the file cannot be read by this version.
        """
        with self._reading(self._connect_reading) as db:
            yield db

    @contextlib.contextmanager
    def querying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for reading as :meth:`reading` does, and the objects with it.

        The errors are those of :meth:`reading`.
        """
        with self._reading(self._connect_beside) as db:
            yield db

    @contextlib.contextmanager
    def copying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for copying out of it: it can be read, and files can be written.

        For statements of our own alone; nothing that a user wrote is run there. The errors are
        those of :meth:`reading`.
        """
        with self._reading(self._attach) as db:
            yield db

    @contextlib.contextmanager
    def _reading(self, connect: Connect) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self.database.exists():
            with self.writing():
                pass
        with self._opened(connect, shared=True) as db:
            version = migrate.version_of(db)
            migrate.check(version, self.database)
            if version == migrate.VERSION:
                yield db
                return
        with self.writing():
            pass
        with self._opened(connect, shared=True) as db:
            yield db

    @contextlib.contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for one transaction, committed at the end of the block.

        Raises
        ------
        StoreLockedError, StoreDamagedError, SchemaTooNewError
            As for :meth:`reading`; an error in the block rolls everything back.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"The store {self.root} cannot be made: {error.strerror}. Choose another place "
                "with TRACKER_DIR or tracker.init(dir=…)."
            ) from error
        with self._opened(self._connect_writing, shared=False) as db:
            migrate.begin(db, self.database)
            yield db
            db.execute("COMMIT")

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """Keep the database from being replaced by a rebuilt one.

        Who takes a journal in and puts it away must do both with the same database.
        """
        with lock.locked(self.root / REBUILD_LOCK_FILE, shared=True):
            yield

    def set_aside(self) -> Path | None:
        """Move the database into ``damaged/``; return where it is now, None if there is none.

        The caller holds the lock.
        """
        parts = [path for path in (self.database, wal_of(self.database)) if path.exists()]
        if not parts:
            return None
        number, name = 0, time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        while (aside := self.root / "damaged" / f"{name}-{number}").exists():
            number += 1
        aside.mkdir(parents=True, mode=0o700)
        for path in parts:
            path.replace(aside / path.name)
        return aside / parts[0].name

    def has_copies(self) -> bool:
        """Say whether there is anything that a database can be rebuilt from."""
        return archive.is_any(self.journal_dir) or any((self.root / DOCUMENTS).glob("*/*.json"))

    @property
    def lock_file(self) -> Path:
        """The file whose lock everybody takes before opening the database."""
        return self.root / LOCK_FILE

    @contextlib.contextmanager
    def _opened(self, connect: Connect, *, shared: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        give_up_at = time.monotonic() + HELD_PATIENCE_S
        while True:
            with lock.locked(self.lock_file, shared=shared), GATE.passing():
                try:
                    with self._explaining(is_opening=True):
                        db = connect()
                except StoreLockedError:
                    if time.monotonic() > give_up_at:
                        raise
                else:
                    with self._explaining(), contextlib.closing(db):
                        yield db
                    return
            # Another program has the file open without our lock: nothing to wait on but time.
            time.sleep(0.05)

    def _connect_reading(self) -> duckdb.DuckDBPyConnection:
        config: dict[str, Any] = dict(READ_CONFIG)
        return duckdb.connect(self.database, read_only=True, config=config)

    def _connect_writing(self) -> duckdb.DuckDBPyConnection:
        if not self.database.exists():
            self._create()
        config: dict[str, Any] = dict(WRITE_CONFIG)
        return duckdb.connect(self.database, config=config)

    def _connect_beside(self) -> duckdb.DuckDBPyConnection:
        """Attach the file to a database of its own.

        A connection that may read a folder needs other settings than :meth:`reading`, and
        DuckDB allows a file only one set of them in a process.
        """
        db = self._attach()
        try:
            tables.guard(db, self.objects_dir)
        except BaseException:
            db.close()
            raise
        return db

    def _attach(self) -> duckdb.DuckDBPyConnection:
        config: dict[str, Any] = dict(QUERY_CONFIG)
        db = duckdb.connect(":memory:", config=config)
        try:
            name = str(self.database).replace("'", "''")
            db.execute(f"ATTACH '{name}' AS {SCHEMA} (READ_ONLY)")
            db.execute(f"USE {SCHEMA}")
        except BaseException:
            db.close()
            raise
        return db

    def _create(self) -> None:
        """Make the database under another name: a half-made one is never seen."""
        if self.has_copies():
            raise self._damage("is missing, and there are copies of what was in it")
        fresh = self.database.with_name(self.database.name + ".new")
        self.set_aside()  # a WAL without its database
        for leftover in (fresh, wal_of(fresh)):
            leftover.unlink(missing_ok=True)
        config: dict[str, Any] = dict(WRITE_CONFIG)
        with contextlib.closing(duckdb.connect(fresh, config=config)) as db:
            migrate.begin(db, self.database)
            db.execute("COMMIT")
        fresh.chmod(0o600)
        fresh.replace(self.database)

    @contextlib.contextmanager
    def _explaining(self, *, is_opening: bool = False) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not is_opening:
                raise
            raise StoreError(f"{self.database} cannot be opened: {error.strerror}.") from error
        except duckdb.Error as error:
            if not is_about_the_file(error):
                raise
            known = self._explained(str(error), is_opening=is_opening)
            if known is None:
                raise
            raise known from error

    def _explained(self, text: str, *, is_opening: bool) -> StoreError | None:
        reason = text.splitlines()[0][:300] if text else "no reason given"
        said = text.replace(str(self.root), "")  # any word may be in a path
        if any(word in said for word in _NO_ROOM):
            return StoreError(f"{self.database} cannot be used: {reason}")
        if any(word in said for word in _HELD):
            return StoreLockedError(
                f"Another program, or a connection of your own in this one, holds "
                f"{self.database} open: close it there. What is logged meanwhile is safe in the "
                f"journal. ({reason})"
            )
        if is_opening and any(word in said for word in _OTHER_VERSION):
            return StoreError(
                f"{self.database} was written by another version of DuckDB than "
                f"{duckdb.__version__}: upgrade duckdb. Nothing was changed. ({reason})"
            )
        if any(word in said for word in (_DAMAGE if is_opening else _DAMAGE[:4])):
            return self._damage(f"is damaged and was left as it is ({reason})")
        return StoreError(f"{self.database} cannot be opened: {reason}") if is_opening else None

    def _damage(self, what: str) -> StoreDamagedError:
        self.damaged_file = file_number(self.database)
        return StoreDamagedError(
            f"{self.database} {what}: `tracker doctor --rebuild` makes a new one from the journals."
        )


def is_about_the_file(error: BaseException) -> bool:
    """Say whether an error of DuckDB is about the database file, and not about one statement."""
    return type(error) is duckdb.Error or isinstance(error, _OF_THE_FILE)


def wal_of(database: Path) -> Path:
    """Return where DuckDB keeps what it has not yet written into a database file."""
    return database.with_name(database.name + ".wal")


def file_number(path: Path) -> int:
    """Return a file's number in its file system, 0 if there is no file."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
