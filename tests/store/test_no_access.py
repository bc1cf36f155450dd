"""The database or the disk cannot be written for a while: logging goes on, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.errors import StoreError, StoreLockedError, TrackerWarning
from tracker.store import flusher
from tracker.store.database import database
from tracker.store.files import lock
from tracker.store.journal import facts, journal
from tracker.store.store import Store

from .logbook import (
    begin,
    curve,
    finish,
    flush_threads,
    launch,
    leave,
    query,
    record,
    rows,
    run_row,
    wait_for,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def made(store: Store) -> Store:
    """A store with a run, so that there is a database."""
    leave(store, begin("old"), *rows(["a"], [[1]]), finish())
    store.recover()
    return store


@contextlib.contextmanager
def held(store: Store) -> Iterator[None]:
    """Have another program hold the database open for writing."""
    with lock.locked(store.lock_file):  # else a flush of ours may have it open just then
        holder = launch("hold", store.database, stdin=-1, stdout=-1)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        holder.communicate(b"\n", timeout=30)


# --- another program holds the database


def test_logging_goes_on_while_another_program_holds_the_database(
    made: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "HELD_PATIENCE_S", 0.1)
    recorder = record(made, flush_interval_s=0.02)
    recorder.log({"a": 0})
    recorder.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with held(made):
            for step in range(1, 200):
                recorder.log({"a": step})
            with pytest.raises(StoreLockedError):
                recorder.flush()
            assert recorder.summary()["a"] == 199  # what is shown is up to date all the same
        wait_for(lambda: len(curve(made, "a", "run")) == 200)
    recorder.finish("finished", 0)
    assert curve(made, "a", "run") == [(step, step) for step in range(200)]


def test_one_warning_when_it_takes_long(made: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "HELD_PATIENCE_S", 0.05)
    monkeypatch.setattr(flusher, "PATIENCE_S", 0.3)
    recorder = record(made, flush_interval_s=0.02)
    recorder.flush()
    with pytest.warns(TrackerWarning) as caught, held(made):
        recorder.log({"a": 1})
        wait_for(lambda: len(caught) > 0)
        patience = time.monotonic() + 1.0
        while time.monotonic() < patience:
            recorder.log({"a": 1})
            time.sleep(0.01)
    assert len(caught) == 1
    assert "safe in the journal" in str(caught[0].message)
    rows_logged = recorder.step
    recorder.finish("finished", 0)
    assert len(curve(made, "a", "run")) == rows_logged


def test_a_run_that_ends_while_the_database_is_held_is_taken_in_afterwards(
    made: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "HELD_PATIENCE_S", 0.1)
    recorder = record(made, flush_interval_s=0.05)
    recorder.log({"a": 1})
    with held(made), pytest.warns(TrackerWarning, match="Nothing is lost"):
        recorder.finish("finished", 0)
    wait_for(lambda: query(made, "SELECT state FROM runs WHERE run_id = 'run'") == [("finished",)])
    wait_for(lambda: journal.stems(made.journal_dir) == {})
    wait_for(lambda: flush_threads() == [])
    assert curve(made, "a", "run") == [(0, 1)]


def test_a_warning_that_is_an_error_does_not_end_the_thread(
    made: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "HELD_PATIENCE_S", 0.05)
    monkeypatch.setattr(flusher, "PATIENCE_S", 0.0)
    recorder = record(made, flush_interval_s=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with held(made):
            recorder.log({"a": 1})
            wait_for(lambda: "failing" in recorder.live.warned)
        wait_for(lambda: len(curve(made, "a", "run")) == 1)
    recorder.finish("finished", 0)


# --- a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if sys.platform != "linux" or os.geteuid() or mount is None:
        pytest.skip("needs to mount")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("may not mount")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_rows_wait_in_memory_while_the_disk_is_full(small_disk: Path) -> None:
    store = Store(small_disk / "store")
    recorder = record(store, flush_interval_s=0.05)
    recorder.log({"a": 0, "text": ""})
    recorder.flush()
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.warns(TrackerWarning) as caught:
        for step in range(1, 3000):
            recorder.log({"a": step, "text": "x" * 20})
        with contextlib.suppress(StoreError):
            recorder.flush()
        filler.unlink()
        recorder.log({"a": 3000, "text": "y"})
        recorder.finish("finished", 0)
    told = [str(one.message) for one in caught]
    assert len([text for text in told if "journal cannot be written" in text]) == 1
    assert not [text for text in told if "damaged" in text]
    assert curve(store, "a") == [(step, step) for step in range(3001)]
    assert run_row(store)["state"] == "finished"
    assert run_row(store)["summary"] == {"a": 3000, "text": "y"}


def test_a_database_without_room_is_not_damaged(small_disk: Path) -> None:
    """The journal lies elsewhere and goes on; the database has no room to grow."""
    store = Store(small_disk / "store")
    leave(store, begin("old"), *rows(["a"], [[1]]), finish())
    store.recover()
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    for _ in range(3):
        with pytest.raises(StoreError) as caught, store.writing() as db:
            db.execute(
                "INSERT INTO event SELECT 1, now()::TIMESTAMP, md5(i::VARCHAR), '{}' "
                "FROM range(200000) t(i)"
            )
        assert type(caught.value) is StoreError
    assert store.damaged_file is None
    filler.unlink()
    assert query(store, "SELECT count(*) FROM event") == [(0,)]
    leave(store, begin("new"), *rows(["a"], [[1]]), facts.Finish("finished", 0, 1))
    store.recover()
    assert curve(store, "a", "new") == [(0, 1)]
