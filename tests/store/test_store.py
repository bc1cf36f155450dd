"""The database is opened shortly, shared with anybody, and never made worse than it was."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tracker.errors import StoreDamagedError, StoreError, StoreLockedError
from tracker.store.database import database
from tracker.store.database.database import wal_of
from tracker.store.store import Store, open_store

from .logbook import begin, curve, finish, launch, leave, query, record, rows

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "HELD_PATIENCE_S", 0.2)


@pytest.fixture
def filled(store: Store) -> Store:
    leave(store, begin(), *rows(["a"], [[1], [2]]), finish())
    store.recover()
    return store


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def other_user(tmp_path: Path) -> Iterator[None]:
    """Act as somebody without root's rights."""
    if not IS_ROOT:
        yield
        return
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


# --- opening


def test_the_first_write_makes_a_store_that_is_only_its_owners(store: Store) -> None:
    with store.reading() as db:
        assert db.execute("SELECT count(*) FROM runs").fetchall() == [(0,)]
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700
    for path in store.root.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert {path.name for path in store.root.iterdir()} == {"tracker.duckdb", "tracker.lock"}


def test_a_database_that_was_being_made_when_its_process_died_is_made_again(
    store: Store,
) -> None:
    store.root.mkdir()
    (store.root / "tracker.duckdb.new").write_bytes(b"half")
    (store.root / "tracker.duckdb.new.wal").write_bytes(b"half")
    assert query(store, "SELECT count(*) FROM runs") == [(0,)]
    assert sorted(p.name for p in store.root.iterdir()) == ["tracker.duckdb", "tracker.lock"]


def test_an_error_in_the_block_takes_everything_back(filled: Store) -> None:
    with pytest.raises(KeyError), filled.writing() as db:
        db.execute("DELETE FROM run")
        raise KeyError
    assert query(filled, "SELECT count(*) FROM run") == [(1,)]


def test_a_reader_can_change_nothing_and_reach_nothing(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n1\n")
    for statement in (
        "DELETE FROM run",
        f"SELECT * FROM read_csv('{tmp_path}/x.csv')",
        f"COPY run TO '{tmp_path}/y.csv'",
        f"ATTACH '{tmp_path}/z.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        with filled.reading() as db, pytest.raises(duckdb.Error):
            db.execute(statement).fetchall()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store", "x.csv"]


def test_an_error_of_a_statement_stays_what_it_is(filled: Store) -> None:
    with pytest.raises(duckdb.BinderException), filled.reading() as db:
        db.execute("SELECT 'Corrupt' AS checksum, No_space_left")
    assert filled.damaged_file is None


def test_a_store_in_a_folder_with_an_alarming_name_is_sound(tmp_path: Path, hasty: None) -> None:
    store = Store(tmp_path / "Corrupt checksum, replaying WAL" / "No space left")
    leave(store, begin())
    store.recover()
    holder = launch("hold", store.database, stdin=-1, stdout=-1)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(StoreLockedError), store.reading():
        pass
    holder.communicate(b"\n")
    assert query(store, "SELECT count(*) FROM runs") == [(1,)]


def test_one_store_for_one_place(tmp_path: Path) -> None:
    assert open_store(tmp_path) is open_store(str(tmp_path))


def test_threads_of_one_process_read_and_write_at_once(filled: Store) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(5):
                if number % 2:
                    with filled.writing() as db:
                        db.execute("UPDATE run SET last_step = last_step + 1")
                else:
                    query(filled, "SELECT count(*) FROM history")
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert query(filled, "SELECT last_step FROM run") == [(1 + 15,)]


# --- other programs


def test_any_program_can_look_in_while_a_run_is_live(store: Store) -> None:
    recorder = record(store, flush_interval_s=0.05)
    seen: list[int] = []
    for step in range(10_000):
        recorder.log({"a": step})
        if step % 500 == 0:
            recorder.flush()
            try:
                with duckdb.connect(store.database, read_only=True) as db:
                    seen += db.execute("SELECT count(*) FROM history").fetchall()[0]
            except duckdb.Error as error:
                # It came just at the moment of a flush.
                assert "lock" in str(error) or "configuration" in str(error)  # noqa: PT017
    recorder.finish("finished", 0)
    assert len(seen) > 10
    assert seen == sorted(seen)


LOOK = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True)" \
    ".execute('SELECT count(*) FROM history').fetchall()[0][0])"  # fmt: skip


def test_another_process_can_look_in_while_a_run_is_live(store: Store) -> None:
    recorder = record(store, flush_interval_s=0.5)
    recorder.log({"a": 1})
    recorder.flush()
    for _ in range(3):
        found = subprocess.run(
            [sys.executable, "-c", LOOK, str(store.database)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if found.returncode == 0:
            break
        assert "lock" in found.stderr
    assert found.stdout == "1\n"
    recorder.finish("finished", 0)


def test_a_connection_of_the_users_own_in_this_process_is_no_damage(
    filled: Store, hasty: None
) -> None:
    with duckdb.connect(filled.database, read_only=True) as own:
        with pytest.raises(StoreLockedError, match="connection of your own"), filled.writing():
            pass
        with pytest.raises(StoreLockedError), filled.reading():
            pass
        assert own.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]
    with filled.writing():
        pass


def test_who_waits_for_another_program_holds_up_nobody_else(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "HELD_PATIENCE_S", 30.0)
    holder = launch("hold", filled.database, "reading", stdin=-1, stdout=-1)
    assert holder.stdout is not None
    holder.stdout.readline()

    def write() -> None:
        with filled.writing() as db:
            db.execute("UPDATE run SET last_step = 77")

    waiting = threading.Thread(target=write)
    waiting.start()
    for _ in range(5):
        assert query(filled, "SELECT last_step FROM run") == [(1,)]
    assert waiting.is_alive()
    holder.communicate(b"\n")
    waiting.join(30)
    assert query(filled, "SELECT last_step FROM run") == [(77,)]


# --- places


def test_a_place_that_cannot_be_a_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be made: .*TRACKER_DIR"):
        query(Store(tmp_path / "file" / "store"), "SELECT 1")


def test_a_lock_that_is_a_link_is_refused(filled: Store, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (filled.root / "tracker.lock").unlink()
    (filled.root / "tracker.lock").symlink_to(victim)
    with pytest.raises(StoreError, match="symbolic link"), filled.reading():
        pass
    assert not victim.exists()


def test_a_folder_in_the_databases_place_is_a_sentence(store: Store) -> None:
    store.database.mkdir(parents=True)
    with pytest.raises(StoreError), store.reading():
        pass
    assert store.damaged_file is None


@pytest.mark.usefixtures("other_user")
def test_a_store_that_may_not_be_written_can_be_read(tmp_path: Path) -> None:
    store = Store(tmp_path / "shared")
    if IS_ROOT:
        os.seteuid(0)
    leave(store, begin(), *rows(["a"], [[1]]), finish())
    store.recover()
    for path in (store.root, *store.root.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if IS_ROOT:
        os.seteuid(65534)
    assert curve(store, "a") == [(0, 1)]
    with pytest.raises(StoreError, match="cannot be had"), store.writing():
        pass
    (tmp_path / "sealed").mkdir(mode=0o555) if not IS_ROOT else None
    with pytest.raises(StoreError, match="cannot be made"):
        query(Store(tmp_path / "shared" / "below"), "SELECT 1")


def test_a_store_whose_lock_is_gone_and_cannot_be_made_can_be_read(filled: Store) -> None:
    mount = pytest.importorskip("shutil").which("mount")
    if not IS_ROOT or mount is None or sys.platform != "linux":
        pytest.skip("needs to mount")
    (filled.root / "tracker.lock").unlink()
    made = subprocess.run(
        [mount, "--bind", "-o", "ro", filled.root, filled.root], check=False, capture_output=True
    )
    subprocess.run([mount, "-o", "remount,bind,ro", filled.root], check=False)
    if made.returncode:
        pytest.skip("may not mount")
    try:
        assert curve(filled, "a") == [(0, 1), (1, 2)]
    finally:
        subprocess.run(["umount", "-l", filled.root], check=True)


def test_a_store_that_is_removed_under_a_live_run_is_made_again(store: Store) -> None:
    recorder = record(store)
    recorder.log({"a": 1})
    recorder.flush()
    store.database.unlink()
    recorder.log({"a": 2})
    recorder.flush()
    assert curve(store, "a") == [(0, 1), (1, 2)]
    recorder.finish("finished", 0)


def test_a_missing_database_is_not_silently_replaced_by_an_empty_one(filled: Store) -> None:
    filled.database.unlink()
    for attempt in (filled.reading, filled.writing):
        with pytest.raises(StoreDamagedError, match=r"is missing, .*--rebuild"), attempt():
            pass
    assert not filled.database.exists()


def test_a_wal_without_its_database_is_set_aside(store: Store) -> None:
    store.root.mkdir()
    wal_of(store.database).write_bytes(b"rows of somebody")
    assert query(store, "SELECT count(*) FROM runs") == [(0,)]
    (kept,) = (store.root / "damaged").rglob("*.wal")
    assert kept.read_bytes() == b"rows of somebody"


def block_size(store: Store) -> int:
    with duckdb.connect(str(store.database), read_only=True) as db:
        (found,) = db.execute("SELECT block_size FROM pragma_database_size()").fetchall()
    return found[0]


def test_a_new_store_has_small_blocks_and_an_older_one_keeps_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.delitem(database.WRITE_CONFIG, "default_block_size")
        leave(store, begin(), *rows(["a"], [[1]]))
        store.recover()
    leave(store, begin("second"), *rows(["a"], [[2]]), finish())
    store.recover()
    assert block_size(store) == 262_144
    assert query(store, "SELECT count(*) FROM run") == [(2,)]
    new = Store(store.root.parent / "new")
    leave(new, begin(), *rows(["a"], [[1]]), finish())
    new.recover()
    assert block_size(new) == 131_072
    assert new.database.stat().st_size < store.database.stat().st_size
