"""A damaged database is noticed, kept as it is, and made anew from the journals."""

from __future__ import annotations

import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tracker.errors import StoreDamagedError, TrackerWarning
from tracker.store import rebuild, recovery
from tracker.store.database.database import BLOCK_SIZE, wal_of
from tracker.store.journal import archive
from tracker.store.store import Store

from .logbook import (
    begin,
    curve,
    everything,
    fill,
    finish,
    launch,
    leave,
    mend,
    query,
    record,
    rows,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


# --- damage of the database


def damage(path: Path, place: int, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "flip":
        data[place] ^= 0x20
    elif how == "zero":
        data[place : place + 4096] = bytes(len(data[place : place + 4096]))
    else:
        del data[place:]
    path.write_bytes(data)


def use(store: Store, number: int) -> None:
    """Do what a new process does: recover, look at everything, log a run."""
    store.recover()
    everything(store)
    leave(store, begin(f"new{number}"), *rows(["a"], [[number]]), finish())
    store.recover()


@pytest.mark.parametrize("trials", [10, pytest.param(150, marks=pytest.mark.slow)])
def test_a_damaged_database_reads_fine_or_is_rebuilt(tmp_path: Path, trials: int) -> None:
    original = Store(tmp_path / "original")
    fill(original)
    before = everything(original)
    size = original.database.stat().st_size
    chance = random.Random(trials)
    for number in range(trials):
        store = Store(tmp_path / "store")
        shutil.copytree(original.root, store.root)
        damage(store.database, chance.randrange(size), chance.choice(["flip", "zero", "cut"]))
        bad = store.database.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrackerWarning)
            try:
                use(store, number)
            except StoreDamagedError as error:
                recovery.repair(store, error)
                assert [p.read_bytes() for p in (store.root / "damaged").rglob("*.duckdb")] == [bad]
                use(store, number)
        store.delete_run("digits", f"new{number}")
        after = everything(store)
        assert after == before
        shutil.rmtree(store.root)


def test_a_block_that_a_kill_left_half_written_costs_nothing(store: Store, tmp_path: Path) -> None:
    """DuckDB fills free room in a block that is in use: it writes over it in place."""
    fill(store)
    leave(store, begin("killed"), *rows(["a"], [[1]] * 1000))
    whole = Store(tmp_path / "whole")
    shutil.copytree(store.root, whole.root)
    whole.recover()
    before, after = store.database.read_bytes(), whole.database.read_bytes()
    size, first = int(BLOCK_SIZE), 3 * 4096
    written_over = [
        place
        for place in range(first, len(before), size)
        if before[place : place + size] != after[place : place + size]
    ]
    if not written_over:
        pytest.skip("this DuckDB writes over nothing")
    place = written_over[0]
    torn = before[:place] + after[place : place + 4096] + before[place + 4096 :]
    store.database.write_bytes(torn)
    with pytest.raises(StoreDamagedError, match="checksum"):
        store.recover()
    mend(store)
    assert everything(store) == everything(whole)


@pytest.mark.parametrize("trials", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_a_damaged_wal_costs_nothing_that_was_put_away(tmp_path: Path, trials: int) -> None:
    original = Store(tmp_path / "original")
    fill(original)
    before = everything(original)
    child = launch("leave_wal", original.database)
    assert child.wait(30) == -9
    wal = wal_of(original.database)
    size = wal.stat().st_size
    chance = random.Random(trials)
    for _ in range(trials):
        store = Store(tmp_path / "store")
        shutil.copytree(original.root, store.root)
        damage(
            wal_of(store.database), chance.randrange(size), chance.choice(["flip", "zero", "cut"])
        )
        try:
            held = everything(store)
        except StoreDamagedError as error:
            with pytest.warns(TrackerWarning, match="has been rebuilt"):
                recovery.repair(store, error)
            assert len(list((store.root / "damaged").rglob("*.wal"))) == 1
            held = everything(store)
        for row in before["history"]:
            assert row in held["history"]
        shutil.rmtree(store.root)


def test_damage_is_repaired_while_a_run_is_live(store: Store) -> None:
    fill(store)
    recorder = record(store, "live")
    recorder.log({"a": 1})
    recorder.flush()
    damage(store.database, 5000, "zero")
    damage(store.database, 9000, "zero")
    recorder.log({"a": 2})
    with pytest.warns(TrackerWarning, match="has been rebuilt from the journals"):
        recorder.flush()
    recorder.log({"a": 3})
    recorder.finish("finished", 0)
    assert curve(store, "a", "live") == [(0, 1), (1, 2), (2, 3)]
    assert query(store, "SELECT count(*) FROM runs") == [(4,)]


def test_damage_of_a_store_with_no_journal_at_all_is_left_alone(store: Store) -> None:
    fill(store)
    shutil.rmtree(store.journal_dir)
    damage(store.database, 0, "zero")
    bad = store.database.read_bytes()
    with pytest.raises(StoreDamagedError) as caught:
        query(store, "SELECT 1")
    with pytest.raises(StoreDamagedError, match="is damaged and was left as it is"):
        recovery.repair(store, caught.value)
    assert store.database.read_bytes() == bad


def test_processes_that_repair_at_once_rebuild_once(store: Store) -> None:
    fill(store)
    before = everything(store)
    damage(store.database, 4096, "zero")
    damage(store.database, 0, "zero")
    children = [launch("repair", store.root) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert everything(store) == before
    assert len(list((store.root / "damaged").rglob("*.duckdb"))) == 1


def test_a_database_that_was_removed_is_made_anew_by_repair(store: Store) -> None:
    fill(store)
    before = everything(store)
    store.database.unlink()
    with pytest.raises(StoreDamagedError) as caught:
        query(store, "SELECT 1")
    with pytest.warns(TrackerWarning, match="rebuilt"):
        recovery.repair(store, caught.value)
    assert everything(store) == before


# --- damage of the archive


def test_a_damaged_archive_gives_back_what_can_be_read(store: Store) -> None:
    leave(store, begin("good"), *rows(["a"], [[1]]), finish())
    chance = random.Random(3)
    leave(store, begin("bad"), *rows(["a"], [[chance.random()] for _ in range(40_000)]), finish())
    leave(store, begin("last"), *rows(["a"], [[1]]), finish())
    store.recover()
    stems = archive.archived(store.journal_dir)
    (packed,) = max(stems.values(), key=lambda paths: paths[0].stat().st_size)
    damage(packed, packed.stat().st_size // 2, "zero")
    with pytest.warns(TrackerWarning, match=r"is damaged .* What can be read of it"):
        store.rebuild()
    found = query(store, "SELECT run_id, count(*) FROM history GROUP BY 1 ORDER BY 1")
    assert [run for run, _ in found] == ["bad", "good", "last"]
    assert 1000 < found[0][1] < 40_000


def test_an_archive_that_is_no_archive_does_not_keep_the_others_out(store: Store) -> None:
    fill(store)
    before = everything(store)
    (store.journal_dir / "archive" / "00000000000000000009-x.000000.journal.zst").write_bytes(
        b"no archive"
    )
    with pytest.warns(TrackerWarning, match="is damaged"):
        store.rebuild()
    assert everything(store) == before


def test_a_journal_that_cannot_be_taken_in_does_not_keep_the_others_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    honest = rebuild._replay  # noqa: SLF001

    def poisoned(db: duckdb.DuckDBPyConnection, folder: Path, whose: Any, *rest: Any) -> None:
        honest(db, folder, whose, *rest)
        if "two" in str(db.execute("SELECT run_id FROM run").fetchall()):
            raise ValueError("planted")

    monkeypatch.setattr(rebuild, "_replay", poisoned)
    with pytest.warns(TrackerWarning, match=r"cannot be taken in: .*planted"):
        store.rebuild()
    assert "one" in str(query(store, "SELECT run_id FROM runs"))


def test_a_disk_too_full_for_a_rebuild_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    before = everything(store)

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(archive, "unpack", full)
        with pytest.raises(OSError, match="No space left"):
            store.rebuild()
    assert everything(store) == before
    store.rebuild()
    assert everything(store) == before
