"""Older tables are brought up to this version, newer ones are left alone."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import duckdb
import pytest

import tracker
from tracker.errors import SchemaTooNewError, StoreDamagedError, TrackerWarning
from tracker.store.database import migrate
from tracker.store.database.database import wal_of
from tracker.store.store import Store

from .logbook import begin, curve, finish, leave, query, record, rows

QUIET = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def filled(store: Store) -> Store:
    leave(store, begin(), *rows(["a"], [[1], [2]]), finish())
    store.recover()
    return store


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_newer_schema_is_refused_and_not_a_byte_is_changed(filled: Store) -> None:
    with filled.writing() as db:
        db.execute("INSERT INTO schema_version VALUES (99, now()::TIMESTAMP)")
    before = digest(filled.database)
    leave(filled, begin("late"))
    for attempt in (filled.recover, lambda: query(filled, "SELECT 1")):
        with pytest.raises(SchemaTooNewError, match=r"version 99 .*pip install -U"):
            attempt()
    with pytest.raises(SchemaTooNewError), Store(filled.root).writing():
        pass
    assert digest(filled.database) == before
    assert not wal_of(filled.database).exists()


def test_a_schema_that_becomes_newer_while_we_run_is_refused_too(filled: Store) -> None:
    recorder = record(filled, "live")
    recorder.flush()
    with filled.writing() as db:
        db.execute("INSERT INTO schema_version VALUES (99, now()::TIMESTAMP)")
    recorder.log({"a": 1})
    with pytest.raises(SchemaTooNewError):
        recorder.flush()
    with duckdb.connect(filled.database) as db:  # there is no other way back
        db.execute("DELETE FROM schema_version WHERE version = 99")
    recorder.finish("finished", 0)
    assert curve(filled, "a", "live") == [(0, 1)]


def test_an_older_schema_is_brought_up_by_reader_and_writer(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(db: duckdb.DuckDBPyConnection) -> None:
        db.execute("ALTER TABLE run ADD COLUMN colour VARCHAR DEFAULT 'red'")

    monkeypatch.setattr(migrate, "STEPS", (*migrate.STEPS, add))
    monkeypatch.setattr(migrate, "VERSION", migrate.VERSION + 1)
    assert query(filled, "SELECT colour FROM run") == [("red",)]
    assert query(filled, "SELECT version FROM schema_version ORDER BY 1") == [(2,), (3,)]
    assert query(filled, "SELECT count(*) FROM history") == [(2,)]


def test_tables_of_before_the_first_release_are_made_anew_when_a_run_begins(
    filled: Store,
) -> None:
    with filled.writing() as db:
        db.execute("UPDATE schema_version SET version = 1")
        db.execute("DROP TABLE document")
    with pytest.raises(StoreDamagedError, match="before its first release: `tracker doctor"):
        query(filled, "SELECT 1")
    with pytest.warns(TrackerWarning, match="has been rebuilt from the journals"):
        run = tracker.init(project="digits", dir=filled.root, settings=QUIET)
    run.finish()
    assert query(filled, "SELECT version FROM schema_version") == [(migrate.VERSION,)]
    assert query(filled, "SELECT count(*) FROM runs") == [(2,)]
    assert curve(filled, "a") == [(0, 1), (1, 2)]


def test_a_migration_that_fails_changes_nothing(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(db: duckdb.DuckDBPyConnection) -> None:
        db.execute("ALTER TABLE run ADD COLUMN colour VARCHAR")
        db.execute("DELETE FROM run")
        raise RuntimeError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "STEPS", (*migrate.STEPS, half))
        patch.setattr(migrate, "VERSION", migrate.VERSION + 1)
        with pytest.raises(RuntimeError, match="planted"):
            query(filled, "SELECT 1")
    assert query(filled, "SELECT count(*) FROM run") == [(1,)]
    assert query(filled, "SELECT max(version) FROM schema_version") == [(migrate.VERSION,)]


def test_a_file_of_the_newest_storage_version_opens(filled: Store) -> None:
    filled.database.unlink()
    with duckdb.connect(filled.database) as db:
        migrate.begin(db, filled.database)
        db.execute("COMMIT")
    shutil.rmtree(filled.journal_dir / "archive")
    leave(filled, begin("new"), *rows(["a"], [[1]]))
    filled.recover()
    assert curve(filled, "a", "new") == [(0, 1)]


def test_a_database_without_tables_has_version_0() -> None:
    with duckdb.connect() as db:
        assert migrate.version_of(db) == 0
        db.execute("CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMP)")
        assert migrate.version_of(db) == 0
