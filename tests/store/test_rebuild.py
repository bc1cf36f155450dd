"""A database made anew from the journals is the database that was there."""

from __future__ import annotations

import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.errors import StoreDamagedError, TrackerWarning, UsageError
from tracker.store import archive, facts, rebuild, recovery
from tracker.store.feed import Feed, take_in
from tracker.store.store import Store, wal_of

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


def fill(store: Store) -> None:
    """Make a store with a bit of everything."""
    rule = facts.Metric("a", "epoch", True, ["min", "mean"], "minimize", False)
    said = [
        facts.Line(0, "stdout", BEGAN_US, "hello"),
        facts.Cell(0, 1, "x = 1", BEGAN_US, 0.5, "ok", None, "c1"),
        facts.Event("alert", BEGAN_US, {"title": "t"}),
        facts.SummaryChange({"best": {"x": 1}}, []),
    ]
    leave(store, begin("one", config={"lr": 0.1}), rule, *rows(["a", "t"], [[1, "x"], [2, None]]),
          *said, version("model", "d1", 1), finish())  # fmt: skip
    leave(store, begin("two", fields={"name": "n", "tags": ["x"]}), *rows(["a"], [[float("nan")]]))
    store.recover()
    leave(store, begin("one", resume="resume", time_us=BEGAN_US + 10**7, config={"lr": 0.2}),
          *rows(["a"], [[0.5]], first_step=2), finish(BEGAN_US + 2 * 10**7))  # fmt: skip
    store.recover()
    leave(store, begin("fork", fork_from="one", fork_step=1, time_us=BEGAN_US + 3 * 10**7),
          *rows(["a"], [[9]], first_step=2))  # fmt: skip
    leave(store, begin("two", resume="overwrite", time_us=BEGAN_US + 4 * 10**7),
          *rows(["b"], [[7]]), finish(BEGAN_US + 5 * 10**7))  # fmt: skip
    store.recover()
    store.edit("digits", "one", {"notes": "edited", "tags": ["a", "b"]})


def version(name: str, digest: str, after_us: int, **more: Any) -> facts.Version:
    return facts.Version("output", "digits", name, "model", digest, BEGAN_US + after_us, **more)


def test_what_is_rebuilt_is_what_was_there(store: Store) -> None:
    fill(store)
    before = everything(store)
    old = store.database.read_bytes()
    aside = store.rebuild()
    assert aside is not None
    assert aside.read_bytes() == old
    assert everything(store) == before
    assert keys_are_unique(store)
    assert not (store.root / "rebuilt").exists()
    again = store.rebuild()
    assert again is not None
    assert again.parent != aside.parent  # the older one is still there
    assert everything(store) == before


def test_rebuilding_an_empty_store_makes_an_empty_store(store: Store) -> None:
    with store.writing():
        pass
    store.rebuild()
    assert query(store, "SELECT count(*) FROM runs") == [(0,)]


def test_a_run_goes_on_after_a_rebuild_as_if_nothing_had_been(store: Store) -> None:
    fill(store)
    copy = Store(store.root.parent / "copy")
    shutil.copytree(store.root, copy.root)
    copy.rebuild()
    for one in (store, copy):
        leave(one, begin("one", resume="resume", time_us=BEGAN_US + 10**9),
              *rows(["a"], [[-4]], first_step=5), finish(BEGAN_US + 2 * 10**9))  # fmt: skip
        one.recover()
    assert everything(store) == everything(copy)
    assert run_row(copy, "one")["summary"]["a"] == {"min": -4, "mean": (1 + 2 + 0.5 - 4) / 4}


def test_deleted_stays_deleted(store: Store) -> None:
    fill(store)
    store.delete_run("digits", "two")
    before = everything(store)
    assert "two" not in str(before["runs"])
    store.rebuild()
    assert everything(store) == before


def test_versions_keep_their_numbers_whosever_run_began_first(store: Store) -> None:
    first = write(store, begin("first"))
    second = write(store, begin("second"))
    feeds = [Feed(writer.stem, writer.segments) for writer in (first, second)]
    for number in range(6):
        writer = (second, first, second)[number % 3]
        writer.append(version("model", f"d{number}", number, aliases=["best"]))
        while take_in(store, feeds):
            pass
    for feed, writer in zip(feeds, (first, second), strict=True):
        writer.append(finish())
        while take_in(store, [feed]):
            pass
        feed.close()
        writer.close()
    store.recover()
    before = everything(store)
    assert [row[6] for row in before["artifacts"]] == [f"d{number}" for number in range(6)]
    store.rebuild()
    assert everything(store) == before
    lineage = "SELECT r.run_id, v.version FROM lineage JOIN run r USING (run_key) " \
        "JOIN artifact_version v USING (version_key) ORDER BY 2"  # fmt: skip
    assert [run for run, _ in query(store, lineage)] == [
        "second", "first", "second", "second", "first", "second",
    ]  # fmt: skip


def test_live_runs_go_on_through_a_rebuild(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.store.journal.SEGMENT_BYTES", 2000)
    recorder = record(store, "live")
    for step in range(300):
        recorder.log({"a": step})
        if step % 50 == 0:
            recorder.flush()
    assert archive.is_any(store.journal_dir)
    store.rebuild()
    assert run_row(store, "live")["state"] == "running"
    for step in range(300, 400):
        recorder.log({"a": step})
    recorder.finish("finished", 0)
    assert curve(store, "a", "live") == [(step, step) for step in range(400)]
    assert run_row(store, "live")["state"] == "finished"
    assert query(store, "SELECT count(*) FROM session") == [(1,)]
    before = everything(store)
    store.rebuild()
    assert everything(store) == before


def test_a_sound_database_is_not_replaced_by_one_that_lacks_runs(store: Store) -> None:
    fill(store)
    before = everything(store)
    (store.journal_dir / "archive").rename(store.root / "elsewhere")
    with pytest.raises(UsageError, match=r"has 3 runs whose journals were not kept"):
        store.rebuild()
    assert everything(store) == before


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


# --- anything

deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ["log", "resume", "fork", "rewind", "overwrite", "edit", "delete", "crash"]
        ),
        st.integers(0, 2),
        st.lists(st.integers(-3, 3) | st.sampled_from(["s", 0.5, None, 2**60]), max_size=4),
    ),
    min_size=1,
    max_size=7,
)


def act(store: Store, number: int, deed: str, who: int, values: list[Any]) -> None:
    run_id = f"run{who}"
    known = dict(query(store, "SELECT run_id, last_step FROM run"))
    at_us = BEGAN_US + number * 10**8
    rule = facts.Metric("a", summary=["min", "max", "first"])
    if deed in ("edit", "delete"):
        if run_id in known and deed == "edit":
            store.edit("digits", run_id, {"notes": str(values), "tags": ["x"]})
        elif run_id in known:
            store.delete_run("digits", run_id)
        return
    first = begin(run_id, time_us=at_us, config={"n": number}, resume="overwrite")
    step = 0
    if deed in ("resume", "rewind") and run_id in known:
        first.resume, step = "resume", known[run_id] + 1
        if deed == "rewind":
            first.rewind_to, step = 1, 2
    parents = sorted(known.keys() - {run_id})
    if deed == "fork" and parents and run_id not in known:
        first.resume, first.fork_from, first.fork_step, step = "never", parents[0], 1, 2
    said = [
        rule,
        facts.Keys(1, "default", ["a", "b"]),
        *(facts.Row(1, step + n, at_us + 1 + n, [v, n]) for n, v in enumerate(values)),
        version("model", f"d{who}", at_us - BEGAN_US + 50),
    ]
    leave(store, first, *said, *([] if deed == "crash" else [finish(at_us + 100)]))
    store.recover()


@given(deeds)
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_any_store_can_be_rebuilt(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, int, list[Any]]]
) -> None:
    store = Store(tmp_path_factory.mktemp("any"))
    for number, (deed, who, values) in enumerate(done):
        with store.reading():
            pass
        act(store, number, deed, who, values)
    before = everything(store)
    assert keys_are_unique(store)
    store.rebuild()
    after = everything(store)
    for view, held in before.items():
        assert after[view] == held, view
    assert keys_are_unique(store)
