"""Opens the store: short, under a lock, and never longer than one transaction."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from tracker.errors import StoreDamagedError, StoreError, StoreLockedError
from tracker.settings import DATABASE_FILE
from tracker.store import lock, migrate

LOCK_FILE = "tracker.lock"
# Files that DuckDB 1.5 can read too.
STORAGE_VERSION = "v1.5.0"
WRITE_CONFIG = {
    "storage_compatibility_version": STORAGE_VERSION,
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
HELD_PATIENCE_S = 5.0


class Store:
    """A directory with one DuckDB file, the journals beside it and the objects.

    Connections are short: any other process, notebook or the ``duckdb`` program can open
    the file between two of them.

    Parameters
    ----------
    root : Path
        The directory; made at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / DATABASE_FILE
        self.journal_dir = root / "journal"
        self.objects_dir = root / "objects"
        self._is_ready = False

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
        self._prepare()
        with lock.locked(self._lock_file, shared=True):
            db = self._connect(read_only=True)
            try:
                yield db
            finally:
                db.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for one transaction, committed at the end of the block.

        Raises
        ------
        StoreLockedError, StoreDamagedError, SchemaTooNewError
            As for :meth:`reading`; an error in the block rolls everything back.
        """
        self._make_directories()
        with lock.locked(self._lock_file):
            db = self._connect(read_only=False)
            try:
                db.execute("BEGIN")
                self._migrate(db)
                yield db
                db.execute("COMMIT")
            finally:
                db.close()
        self._is_ready = True

    def recover(self) -> list[str]:
        """Take in the journals whose writer is dead; see :mod:`tracker.store.recovery`."""
        from tracker.store import recovery

        return recovery.recover(self)

    def rebuild(self) -> Path | None:
        """Make the database anew from the journals; see :mod:`tracker.store.recovery`."""
        from tracker.store import recovery

        return recovery.rebuild(self)

    def edit(self, project: str, run_id: str, changes: dict[str, Any]) -> None:
        """Change fields of a stored run: name, tags, notes, group, config, summary …."""
        from tracker.store import recovery

        recovery.edit(self, project, run_id, changes)

    def delete_run(self, project: str, run_id: str) -> None:
        """Delete a run with its history and its kept journals."""
        from tracker.store import recovery

        recovery.delete(self, project, run_id)

    @property
    def _lock_file(self) -> Path:
        return self.root / LOCK_FILE

    def _make_directories(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"The store {self.root} cannot be made: {error.strerror}. Choose another place "
                "with TRACKER_DIR or tracker.init(dir=…)."
            ) from error

    def _prepare(self) -> None:
        if self._is_ready and self.database.exists():
            return
        if not self.database.exists():
            with self.writing():
                return
        with self.reading_raw() as db:
            version = migrate.version_of(db)
        migrate.check(version, self.database)
        if version < migrate.VERSION:
            with self.writing():
                return
        self._is_ready = True

    @contextlib.contextmanager
    def reading_raw(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for reading whatever the version of its tables."""
        with lock.locked(self._lock_file, shared=True):
            db = self._connect(read_only=True)
            try:
                yield db
            finally:
                db.close()

    def _migrate(self, db: duckdb.DuckDBPyConnection) -> None:
        if self._is_ready:
            return
        version = migrate.version_of(db)
        migrate.check(version, self.database)
        if version < migrate.VERSION:
            migrate.migrate(db, version)

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        config: dict[str, Any] = dict(READ_CONFIG if read_only else WRITE_CONFIG)
        give_up_at = time.monotonic() + HELD_PATIENCE_S
        while True:
            try:
                return duckdb.connect(self.database, read_only=read_only, config=config)
            except duckdb.Error as error:
                known = _explain(error, self.database)
                if not isinstance(known, StoreLockedError) or time.monotonic() > give_up_at:
                    raise known from error
            # Another program has the file open without our lock: nothing to wait on but time.
            time.sleep(0.05)


def _explain(error: Exception, database: Path) -> StoreError:
    text = str(error)
    if "Could not set lock" in text or "already attached" in text or "Conflicting lock" in text:
        return StoreLockedError(
            f"Another program holds {database} open for writing: close it there. What is logged "
            f"meanwhile is safe in the journal. ({_first_line(text)})"
        )
    if "newer version" in text or "version number" in text:
        return StoreError(
            f"{database} was written by another version of DuckDB than {duckdb.__version__}: "
            f"upgrade duckdb. Nothing was changed. ({_first_line(text)})"
        )
    if isinstance(error, duckdb.IOException) and _is_refusal(text):
        return StoreError(f"{database} cannot be opened: {_first_line(text)}")
    return StoreDamagedError(
        f"{database} is damaged and was left as it is: tracker.Api().rebuild() makes a new one "
        f"from the journals. ({_first_line(text)})"
    )


def _is_refusal(text: str) -> bool:
    return any(word in text for word in ("Permission denied", "No space left", "Too many open"))


def _first_line(text: str) -> str:
    return text.splitlines()[0][:300] if text else "no reason given"


_stores: dict[Path, Store] = {}


def open_store(root: str | os.PathLike[str]) -> Store:
    """Return this process' store at `root`."""
    place = Path(root)
    store = _stores.get(place)
    if store is None:
        store = _stores.setdefault(place, Store(place))
    return store
