"""A database made anew from the journals is the database that was there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.store.journal import archive, facts
from tracker.store.store import Store
from tracker.store.writing.feed import Feed, take_in

from .logbook import (
    BEGAN_US,
    begin,
    curve,
    everything,
    fill,
    finish,
    keys_are_unique,
    leave,
    query,
    record,
    rows,
    run_row,
    version,
    write,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


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
    monkeypatch.setattr("tracker.store.journal.journal.SEGMENT_BYTES", 2000)
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
