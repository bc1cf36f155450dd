"""Live runs get into the store by themselves, and nothing that happens there stops a training."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from pathlib import Path

import pytest

from tracker.errors import StoreError, TrackerWarning
from tracker.run.recorder import Recorder
from tracker.store.flusher import FLUSHER
from tracker.store.journal import archive, journal
from tracker.store.journal.journal import JournalWriter
from tracker.store.store import Store
from tracker.store.writing import commit
from tracker.store.writing.feed import Feed

from .logbook import (
    begin,
    curve,
    finish,
    flush_threads,
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


def test_a_crowd_of_writers_leaves_longer_rests(store: Store) -> None:
    def rest(recorder: Recorder) -> float:
        recorder.log({"a": 1})
        wait_for(lambda: recorder.live.next_at > 0)
        return recorder.live.next_at - time.monotonic()

    with contextlib.ExitStack() as stack:
        few = [record(store, f"run{number}", flush_interval_s=1) for number in range(10)]
        assert rest(few[0]) <= 1  # those of one process are taken in together
        for recorder in few:
            recorder.finish("finished", 0)
        for _ in range(32):
            writer = JournalWriter(store.journal_dir)
            writer.open_segment(begin("other"))
            stack.callback(writer.close)
        recorder = record(store, flush_interval_s=1)
        assert 3 < rest(recorder) <= 4
        recorder.finish("finished", 0)


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
