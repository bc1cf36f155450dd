"""Journals of dead writers are taken in once, whole, and by whoever comes first."""

from __future__ import annotations

import os
import shutil
import signal
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb
import pytest

from tracker.errors import StoreLockedError, TrackerWarning
from tracker.store import recovery
from tracker.store.journal import archive, facts, journal
from tracker.store.journal.frames import HEADER, SegmentReader, is_unborn
from tracker.store.store import Store
from tracker.store.writing import commit
from tracker.store.writing.feed import LOST_PROJECT, Feed, take_in

from .logbook import (
    BEGAN_US,
    begin,
    curve,
    everything,
    finish,
    keys_are_unique,
    launch,
    leave,
    query,
    record,
    rows,
    run_row,
    write,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def left(store: Store) -> list[str]:
    """Return the names of the files in the journal's folder that are not archived."""
    return sorted(path.name for path in store.journal_dir.iterdir() if path.is_file())


def make_old(path: Path) -> None:
    os.utime(path, (time.time() - 1000,) * 2)


# --- dead and alive


def test_a_segment_that_was_just_begun_is_no_damage(store: Store) -> None:
    path = leave(store, begin(), *rows(["a"], [[1], [2]]))
    path.with_name(path.name.replace(".000000.", ".000001.")).touch()
    store.recover()
    assert left(store) == []
    before = everything(store)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.rebuild()
    assert everything(store) == before


def test_a_dead_writers_rows_are_taken_in_and_its_run_has_crashed(store: Store) -> None:
    path = leave(store, begin(), *rows(["a"], [[1], [2]]))
    assert store.recover() == [path.name.split(".")[0]]
    assert curve(store, "a") == [(0, 1), (1, 2)]
    row = run_row(store)
    assert row["state"] == "crashed"
    assert row["ended_at"] == row["updated_at"]
    assert left(store) == []
    assert [p.name for p in (store.journal_dir / "archive").iterdir()] == [f"{path.name}.zst"]
    before = everything(store)
    assert store.recover() == []
    assert everything(store) == before


def test_a_run_that_ended_before_its_process_died_has_its_state(store: Store) -> None:
    leave(store, begin(), *rows(["a"], [[1]]), facts.Finish("failed", 3, BEGAN_US))
    store.recover()
    assert (run_row(store)["state"], run_row(store)["exit_code"]) == ("failed", 3)


def test_a_living_writer_is_left_alone(store: Store) -> None:
    recorder = record(store)
    recorder.log({"a": 1})
    recorder.flush()
    before = everything(store)
    assert store.recover() == []
    assert everything(store) == before
    recorder.log({"a": 2})
    recorder.finish("finished", 0)
    assert curve(store, "a") == [(0, 1), (1, 2)]


def test_a_living_writer_is_left_alone_while_it_begins_a_segment(store: Store) -> None:
    """For a moment its newest segment is empty and not locked; the others are."""
    writer = write(store, begin(), *rows(["a"], [[1]]))
    (store.journal_dir / f"{writer.stem}.000001.journal").touch()
    assert store.recover() == []
    assert len(left(store)) == 2
    writer.close()
    assert len(store.recover()) == 1
    assert left(store) == []


def test_nothing_to_recover_is_nothing_done(store: Store) -> None:
    assert store.recover() == []
    assert not store.root.exists()


@pytest.mark.parametrize("content", [b"", b"\xd7", HEADER.pack(b"\xd7J", 100, 0) + b"cut"])
def test_a_journal_that_never_began_is_removed_when_it_is_old(store: Store, content: bytes) -> None:
    store.journal_dir.mkdir(parents=True)
    path = store.journal_dir / "00000000000000000001-ab.000000.journal"
    path.write_bytes(content)
    assert store.recover() == []
    assert path.exists()  # its writer may be about to lock it
    make_old(path)
    assert store.recover() == []
    assert left(store) == []


def test_half_written_copies_of_dead_processes_are_removed(store: Store) -> None:
    leave(store, begin())
    store.recover()
    old, new = (store.journal_dir / f"x.journal.{name}.partial" for name in ("old", "new"))
    for path in (old, new):
        path.touch()
    make_old(old)
    store.recover()
    assert left(store) == [new.name]


def test_a_journal_that_is_in_the_store_already_is_only_put_away(store: Store) -> None:
    path = leave(store, begin(), *rows(["a"], [[1]]), finish())
    feed = Feed(path.name.split(".")[0], [path])
    while take_in(store, [feed]):
        pass
    feed.close()
    before = everything(store)
    archive.keep(path)  # its process died before it could remove the original
    store.recover()
    assert left(store) == []
    assert everything(store) == before


def test_the_older_journal_of_a_resumed_run_does_not_mark_it_crashed(store: Store) -> None:
    old = leave(store, begin(config={"old": 1}, fields={"name": "old"}), *rows(["a"], [[1]]))
    shutil.copy(old, store.root / "kept")
    old.unlink()  # out of reach, as while another program holds the database
    new = write(
        store,
        begin(resume="resume", time_us=BEGAN_US - 5, config={"new": 1}, fields={"name": "new"}),
        *rows(["a", "b"], [[10, 20]]),
    )
    feed = Feed(new.stem, new.segments)
    while take_in(store, [feed]):
        pass
    shutil.copy(store.root / "kept", old)
    store.recover()
    row = run_row(store)
    assert (row["state"], row["name"], row["config"]) == ("running", "new", {"new": 1})
    assert row["summary"] == {"a": 10, "b": 20}
    assert sorted(curve(store, "a")) == [(0, 1), (0, 10)]
    feed.close()
    new.close()
    store.recover()
    assert run_row(store)["state"] == "crashed"


def test_a_journal_copied_while_it_grew_goes_on_where_it_was_cut(store: Store) -> None:
    """As when journals are brought from another machine again and again."""
    rule = facts.Metric("a", summary=["max"])
    path = leave(store, begin(), rule, *rows(["a"], [[9], [2], [3]]), finish())
    whole = path.read_bytes()
    for size in (len(whole) - 60, len(whole) - 33, len(whole)):
        path.write_bytes(whole[:size])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrackerWarning)
            store.recover()
    assert curve(store, "a") == [(0, 9), (1, 2), (2, 3)]
    assert run_row(store)["state"] == "finished"
    assert run_row(store)["summary"] == {"a": {"max": 9}}
    ((packed,),) = archive.archived(store.journal_dir).values()
    assert archive.unpack(packed, store.root).read_bytes() == whole


# --- several at once


def test_processes_that_recover_at_once_share_the_work(store: Store) -> None:
    for number in range(12):
        leave(store, begin(f"run{number}"), *rows(["a"], [[number]] * 20))
    children = [launch("recover", store.root) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert query(store, "SELECT count(*), count(DISTINCT run_id) FROM runs") == [(12, 12)]
    assert query(store, "SELECT count(*) FROM history") == [(240,)]
    assert query(store, "SELECT count(*) FROM runs WHERE state = 'crashed'") == [(12,)]
    assert left(store) == []
    assert keys_are_unique(store)


def test_threads_that_recover_at_once_share_the_work(store: Store) -> None:
    for number in range(6):
        leave(store, begin(f"run{number}"), *rows(["a"], [[number]] * 20))
    with ThreadPoolExecutor(4) as pool:
        found = [stem for stems in pool.map(lambda _: store.recover(), range(4)) for stem in stems]
    assert len(found) == len(set(found)) == 6
    assert query(store, "SELECT count(*) FROM history") == [(120,)]


def test_a_child_forked_by_the_writer_does_not_keep_its_journal_alive(store: Store) -> None:
    child = launch("fork_and_die", store.root, stdout=-1)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    assert child.wait(30) == -signal.SIGKILL
    try:
        os.kill(grandchild, 0)  # it lives, and has copies of all files
        assert len(store.recover()) == 1
        assert run_row(store)["state"] == "crashed"
        assert curve(store, "a") == [(step, step) for step in range(100)]
    finally:
        os.kill(grandchild, signal.SIGKILL)
        child.stdout.close()


def test_recovery_says_that_the_database_is_held_and_leaves_the_journals(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.store.database.database.HELD_PATIENCE_S", 0.2)
    leave(store, begin("first"))
    store.recover()
    leave(store, begin(), *rows(["a"], [[1]]))
    holder = launch("hold", store.database, stdin=-1, stdout=-1)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(StoreLockedError, match="safe in the journal"):
        store.recover()
    assert len(left(store)) == 1
    holder.communicate(b"\n")
    assert len(store.recover()) == 1
    assert curve(store, "a") == [(0, 1)]


class CountingStore(Store):
    """Counts how often it was opened for a transaction."""

    transactions = 0

    def writing(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        self.transactions += 1
        return super().writing()


def test_many_dead_journals_are_taken_in_by_few_transactions(tmp_path: Path) -> None:
    store = CountingStore(tmp_path / "store")
    count = 2 * recovery.GROUP_JOURNALS
    for number in range(count):
        leave(store, begin(f"run{number}"), *rows(["a"], [[number]] * 3))
    assert len(store.recover()) == count
    assert query(store, "SELECT state, count(*) FROM runs GROUP BY state") == [("crashed", count)]
    assert query(store, "SELECT count(*) FROM history") == [(3 * count,)]
    assert store.transactions <= 4  # of each half one for the rows, and one for the states


def test_large_journals_are_not_taken_in_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever logs meanwhile waits for no more than one of them."""
    store = CountingStore(tmp_path / "store")
    monkeypatch.setattr(recovery, "GROUP_BYTES", 1000)
    for number in range(3):
        leave(store, begin(f"run{number}"), *rows(["a"], [[number]] * 100), finish())
    assert len(store.recover()) == 3
    assert store.transactions == 3


def test_journals_taken_in_together_are_as_those_taken_in_one_by_one(tmp_path: Path) -> None:
    """Also where several are of one run, that was resumed, begun anew, or written by several."""
    alone, together = Store(tmp_path / "alone"), Store(tmp_path / "together")
    rule = facts.Metric("a", summary=["max"])
    said = [
        (begin("resumed"), rule, *rows(["a"], [[9], [2]])),
        (begin("anew"), *rows(["a"], [[1]])),
        (begin("resumed", resume="resume"), *rows(["a"], [[3]], first_step=2)),
        (begin("anew", resume="overwrite"), *rows(["b"], [[7]]), finish()),
        (begin("resumed", resume="resume"), *rows(["a"], [[4]], first_step=3), finish()),
        (begin("other"), *rows(["a"], [[5]] * 5000)),
    ]
    for facts_of_one in said:
        path = leave(together, *facts_of_one)
        alone.journal_dir.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, alone.journal_dir)
        assert len(alone.recover()) == 1
    assert len(together.recover()) == len(said)
    assert everything(together) == everything(alone)
    assert keys_are_unique(together)


# --- damage

SAID = (
    begin(fields={"name": "small"}),
    *rows(["a", "b"], [[1, "x"], [2, "y"]]),
    facts.SummaryChange({"best": 1}, []),
    facts.Line(0, "stdout", BEGAN_US, "line"),
    finish(),
)


def check_damaged(store: Store, data: bytes, whole: bytes) -> None:
    """Recover a journal with these bytes: what is intact must be there."""
    path = leave(store, begin("other"))
    path.write_bytes(data)
    reader = SegmentReader(path)
    intact = list(reader.payloads(len(whole) + 1, is_final=True))
    is_damaged = not all(reader.is_torn(*stretch) for stretch in reader.damaged)
    reader.close()
    is_damaged = is_damaged and not is_unborn(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stems = store.recover()
        store.recover()
    assert len(caught) == is_damaged
    kept = store.root / "damaged" / "journal"
    if is_damaged:
        assert issubclass(caught[0].category, TrackerWarning)
        assert str(kept) in str(caught[0].message)
        assert (kept / path.name).read_bytes() == data
    assert len(stems) == (not left(store))
    decoded = [journal.msgspec.msgpack.decode(one, type=facts.Fact) for one in intact]
    values = query(store, "SELECT value FROM point")
    said = [fact for fact in decoded if isinstance(fact, facts.Row)]
    assert sorted(v for (v,) in values) == sorted(float(fact.values[0]) for fact in said)
    assert query(store, "SELECT count(*) FROM value") == [(len(said),)]
    lines = [fact for fact in decoded if isinstance(fact, facts.Line)]
    assert query(store, "SELECT count(*) FROM console") == [(len(lines),)]
    runs = query(store, "SELECT project, run_id, state FROM runs")
    if decoded:
        project = "digits" if isinstance(decoded[0], facts.Begin) else LOST_PROJECT
        state = "finished" if isinstance(decoded[-1], facts.Finish) else "crashed"
        assert runs == [(project, "run" if project == "digits" else runs[0][1], state)]
    else:
        assert runs == []


def every_damage(whole: bytes, step: int) -> list[bytes]:
    found = []
    for place in range(0, len(whole), step):
        found.append(whole[:place])
        found += [
            whole[:place] + bad + whole[place + 1 :]
            for bad in (b"\0", bytes([whole[place] ^ 0x10]))
        ]
        found.append(whole[:place] + bytes(min(40, len(whole) - place)) + whole[place + 40 :])
    return [data for data in found if data != whole]


@pytest.mark.parametrize("step", [19, pytest.param(1, marks=pytest.mark.slow)])
def test_damage_anywhere_costs_no_more_than_the_frame_that_it_hit(
    tmp_path: Path, step: int
) -> None:
    template = Store(tmp_path / "template")
    whole = leave(template, *SAID).read_bytes()
    with template.writing():
        pass
    for data in every_damage(whole, step):
        store = Store(tmp_path / "store")
        store.root.mkdir()
        shutil.copy(template.database, store.database)
        check_damaged(store, data, whole)
        shutil.rmtree(store.root)


def test_a_writer_killed_within_a_frame_has_damaged_nothing(tmp_path: Path) -> None:
    """The log that was writing it never returned; nor does a later rebuild complain."""
    ended = len(leave(Store(tmp_path / "ended"), *SAID[:-2]).read_bytes())
    whole = leave(Store(tmp_path / "whole"), *SAID[:-1]).read_bytes()
    for size in range(ended + 1, len(whole)):
        store = Store(tmp_path / "store")
        leave(store, begin("other")).write_bytes(whole[:size])
        assert len(store.recover()) == 1
        assert not (store.root / "damaged").exists()
        assert query(store, "SELECT count(*) FROM point") == [(2,)]
        store.rebuild()
        assert query(store, "SELECT count(*) FROM point") == [(2,)]
        shutil.rmtree(store.root)


def test_an_intact_journal_is_not_complained_of(store: Store) -> None:
    leave(store, *SAID)
    store.recover()
    assert not (store.root / "damaged").exists()


def test_a_journal_that_cannot_be_taken_in_holds_nobody_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = leave(
        store, begin("bad"), *rows(["a"], [[1]]), facts.Event("e", BEGAN_US, {"is": "poison"})
    )
    leave(store, begin("good"), *rows(["a"], [[2]]))
    leave(store, begin("fine"), *rows(["a"], [[3]]))
    honest = commit.dump_json

    def poisoned(obj: object) -> str:
        if obj == {"is": "poison"}:
            raise ValueError("planted")
        return honest(obj)

    monkeypatch.setattr(commit, "dump_json", poisoned)
    with pytest.warns(TrackerWarning, match="cannot be taken in and is kept"):
        assert len(store.recover()) == 2
    assert query(store, "SELECT run_id FROM runs ORDER BY run_id") == [("fine",), ("good",)]
    assert left(store) == []
    assert (store.root / "damaged" / "journal" / bad.name).exists()
    assert store.recover() == []
