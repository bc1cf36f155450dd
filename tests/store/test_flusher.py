"""Live runs get into the store by themselves, and nothing that happens there stops a training."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tracker.errors import StoreError, StoreLockedError, TrackerWarning
from tracker.store import archive, commit, facts, flusher, journal
from tracker.store import store as store_module
from tracker.store.feed import Feed
from tracker.store.flusher import FLUSHER
from tracker.store.store import Store

from .logbook import begin, curve, finish, launch, leave, query, record, rows, run_row


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
    holder = launch("hold", store.database, stdin=-1, stdout=-1)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        holder.communicate(b"\n", timeout=30)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def flush_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tracker-flush"]


# --- the thread


def test_a_run_gets_into_the_store_without_being_asked(store: Store) -> None:
    recorder = record(store, flush_interval_s=0.05)
    recorder.log({"a": 1})
    wait_for(lambda: store.database.exists() and curve(store, "a") == [(0, 1)])
    recorder.log({"a": 2})
    wait_for(lambda: len(curve(store, "a")) == 2)
    assert run_row(store)["state"] == "running"
    recorder.finish("finished", 0)


def test_there_is_one_thread_for_all_runs_and_none_after_them(store: Store) -> None:
    recorders = [record(store, f"run{number}", flush_interval_s=0.05) for number in range(3)]
    assert len(flush_threads()) == 1
    for number, recorder in enumerate(recorders):
        recorder.log({"a": number})
        recorder.finish("finished", 0)
        assert len(flush_threads()) == (number < 2)
    again = record(store, "again")
    assert len(flush_threads()) == 1
    again.finish("finished", 0)
    assert flush_threads() == []
    assert query(store, "SELECT count(*) FROM runs WHERE state = 'finished'") == [(4,)]


def test_a_finished_run_leaves_its_journal_compressed(store: Store) -> None:
    recorder = record(store)
    recorder.log({"a": 1})
    (path,) = recorder.live.writer.segments
    whole = path.read_bytes()
    recorder.finish("finished", 0)
    assert not path.exists()
    ((packed,),) = archive.archived(store.journal_dir).values()
    assert archive.unpack(packed, store.root).read_bytes().startswith(whole)


def test_a_journal_that_is_not_to_be_kept_is_not(store: Store) -> None:
    recorder = record(store)
    recorder.live.keep_journal = False
    recorder.log({"a": 1})
    recorder.finish("finished", 0)
    assert not archive.is_any(store.journal_dir)
    assert journal.stems(store.journal_dir) == {}
    assert curve(store, "a") == [(0, 1)]


def test_full_segments_are_put_away_while_the_run_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 1000)
    recorder = record(store)
    for step in range(500):
        recorder.log({"a": step})
        if step % 100 == 99:
            recorder.flush()
            assert len(recorder.live.writer.segments) == 1
            assert len(journal.stems(store.journal_dir)[recorder.live.writer.stem]) == 1
    recorder.finish("finished", 0)
    assert curve(store, "a") == [(step, step) for step in range(500)]


def test_a_flush_ends_though_another_thread_goes_on_logging(store: Store) -> None:
    recorder = record(store)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            recorder.log({"a": 1})

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(3):
            recorder.flush()
    finally:
        stop.set()
        thread.join(30)
    recorder.finish("finished", 0)
    steps = [step for step, _ in curve(store, "a")]
    assert steps == list(range(recorder.step))


# --- listeners


def test_listeners_hear_which_keys_have_news_and_of_the_end(store: Store) -> None:
    recorder = record(store)
    heard: list[set[str]] = []
    stop = recorder.subscribe(heard.append)
    recorder.log({"a": 1, "text": "x"})
    recorder.log_system({"cpu": 1.0}, 0.0)
    recorder.flush()
    recorder.flush()
    recorder.log({"b": 1})
    recorder.finish("finished", 0)
    assert [keys for keys in heard if keys] == [{"a", "text"}, {"b"}]
    assert heard[-1] == set()
    stop()


def test_a_listener_that_fails_stops_nobody(store: Store) -> None:
    recorder = record(store)
    heard: list[set[str]] = []

    def fail(_: set[str]) -> None:
        raise RuntimeError("planted")

    recorder.subscribe(fail)
    recorder.subscribe(heard.append)
    recorder.live.before_flush.append(lambda: fail(set()))
    recorder.log({"a": 1})
    with pytest.warns(TrackerWarning, match="A listener failed: RuntimeError"):
        recorder.flush()
    assert heard == [{"a"}]
    recorder.live.listeners.clear()
    recorder.live.before_flush.clear()
    recorder.finish("finished", 0)


def test_a_listener_may_flush_log_and_finish(store: Store) -> None:
    recorder = record(store)
    seen: list[int] = []

    def react(keys: set[str]) -> None:
        if "a" in keys:
            recorder.log({"b": 1})
        if "b" in keys:
            seen.append(len(curve(store, "b")))

    recorder.subscribe(react)
    recorder.log({"a": 1})
    recorder.flush()
    recorder.flush()
    recorder.finish("finished", 0)
    assert seen == [1]


# --- another program holds the database


def test_logging_goes_on_while_another_program_holds_the_database(
    made: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "HELD_PATIENCE_S", 0.1)
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
    monkeypatch.setattr(store_module, "HELD_PATIENCE_S", 0.05)
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
    monkeypatch.setattr(store_module, "HELD_PATIENCE_S", 0.1)
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
    monkeypatch.setattr(store_module, "HELD_PATIENCE_S", 0.05)
    monkeypatch.setattr(flusher, "PATIENCE_S", 0.0)
    recorder = record(made, flush_interval_s=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with held(made):
            recorder.log({"a": 1})
            wait_for(lambda: "failing" in recorder.live.warned)
        wait_for(lambda: len(curve(made, "a", "run")) == 1)
    recorder.finish("finished", 0)


# --- failures inside


def test_a_run_that_cannot_be_taken_in_does_not_hold_up_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Feed.put

    def put(self: Feed, db: object) -> set[str]:
        if self is bad.live.feed:
            raise ValueError("planted")
        return honest(self, db)  # type: ignore[arg-type]

    good, bad = (record(store, name, flush_interval_s=0.02) for name in ("good", "bad"))
    with monkeypatch.context() as patch, pytest.warns(TrackerWarning, match="planted"):
        patch.setattr(Feed, "put", put)
        good.log({"a": 1})
        bad.log({"a": 1})
        wait_for(lambda: curve(store, "a", "good") == [(0, 1)])
        wait_for(lambda: "failing" in bad.live.warned)
    wait_for(lambda: curve(store, "a", "bad") == [(0, 1)])
    good.finish("finished", 0)
    bad.finish("finished", 0)


def test_a_failing_transaction_is_repeated(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = record(store)
    recorder.flush()
    honest, failures = commit.put, iter([True, False, True, True])

    def put(*given: object) -> None:
        honest(*given)  # type: ignore[arg-type]
        if next(failures, False):
            raise StoreError("planted")

    monkeypatch.setattr(commit, "put", put)
    for step in range(8):
        recorder.log({"a": step})
        with contextlib.suppress(StoreError):
            recorder.flush()
    recorder.finish("finished", 0)
    assert curve(store, "a") == [(step, step) for step in range(8)]


def test_an_end_that_was_never_written_ends_the_flushing_all_the_same(store: Store) -> None:
    recorder = record(store)
    recorder.log({"a": 1})
    FLUSHER.finish(recorder.live)  # as when the disk had no room for the last frame
    assert run_row(store)["state"] == "running"
    assert len(store.recover()) == 1
    assert run_row(store)["state"] == "crashed"
    assert curve(store, "a") == [(0, 1)]
    assert flush_threads() == []


def test_a_copy_that_cannot_be_made_leaves_the_journal_for_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    recorder = record(store)
    recorder.log({"a": 1})
    with monkeypatch.context() as patch:
        patch.setattr(archive, "keep", full)
        recorder.finish("finished", 0)
    assert run_row(store)["state"] == "finished"
    assert len(journal.stems(store.journal_dir)) == 1
    assert len(store.recover()) == 1
    assert run_row(store)["state"] == "finished"
    assert archive.is_any(store.journal_dir)


def test_damage_in_a_live_journal_is_told_and_kept(store: Store) -> None:
    recorder = record(store)
    recorder.log({"a": 1})
    (path,) = recorder.live.writer.segments
    size = path.stat().st_size
    recorder.log({"a": 2})
    recorder.log({"a": 3})
    with path.open("r+b") as file:
        file.seek(size + 12)
        file.write(b"\xff")
    with pytest.warns(TrackerWarning, match="A journal was damaged"):
        recorder.finish("finished", 0)
    assert curve(store, "a") == [(0, 1), (2, 3)]
    assert (store.root / "damaged" / "journal" / path.name).exists()


def test_a_run_whose_folder_was_removed_ends_without_an_error(store: Store) -> None:
    recorder = record(store)
    recorder.log({"a": 1})
    recorder.flush()
    shutil.rmtree(store.root)
    recorder.log({"a": 2})
    with pytest.warns(TrackerWarning, match="cannot be written now"):
        recorder.finish("finished", 0)
    recorder.live.is_over = True
    with FLUSHER._guard:  # noqa: SLF001 - its thread would try for ever
        FLUSHER._runs.clear()  # noqa: SLF001


def test_somebody_whose_run_was_replaced_is_told(store: Store) -> None:
    recorder = record(store)
    recorder.log({"a": 1})
    recorder.flush()
    leave(store, begin(resume="overwrite"), *rows(["b"], [[1]]), finish())
    store.recover()
    recorder.log({"a": 2})
    with pytest.warns(TrackerWarning, match="deleted or replaced") as caught:
        recorder.flush()
        recorder.log({"a": 3})
        recorder.finish("finished", 0)
    assert len(caught) == 1
    assert curve(store, "b") == [(0, 1)]
    assert curve(store, "a") == []


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
