"""Stored runs can be changed and deleted, and stay so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import NotFoundError, StoreLockedError, UsageError
from tracker.store.database import database
from tracker.store.journal import archive, facts, journal
from tracker.store.store import Store
from tracker.store.writing import edits

from .logbook import (
    BEGAN_US,
    begin,
    curve,
    everything,
    finish,
    launch,
    leave,
    query,
    record,
    rows,
    run_row,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    leave(made, begin("one", config={"lr": 1}), *rows(["a"], [[1], [2]]), finish())
    leave(made, begin("two"), *rows(["a"], [[3]]), finish())
    made.recover()
    return made


def test_fields_of_a_stored_run_can_be_changed(store: Store) -> None:
    before = run_row(store, "one")
    changes = {
        "name": "new", "group": "g", "job_type": "j", "tags": ["x"], "notes": "n",
        "config": {"lr": 2}, "summary": {"best": float("nan")}, "metadata": {"seen": True},
    }  # fmt: skip
    store.edit("digits", "one", changes)
    after = run_row(store, "one")
    assert after["config"] == {"lr": 2}
    assert str(after["summary"]) == "{'best': nan}"
    assert (after["name"], after["group_name"], after["tags"]) == ("new", "g", ["x"])
    for unchanged in ("updated_at", "last_step", "state", "runtime_s", "created_at"):
        assert after[unchanged] == before[unchanged]
    assert journal.stems(store.journal_dir) == {}


def test_an_edit_of_a_live_run_outlasts_its_next_flush(store: Store) -> None:
    recorder = record(store, "live")
    recorder.log({"a": 1})
    recorder.flush()
    store.edit("digits", "live", {"name": "renamed", "summary": {"mine": 1, "a": 5}})
    recorder.log({"b": 2})
    recorder.flush()
    assert run_row(store, "live")["name"] == "renamed"
    assert run_row(store, "live")["summary"] == {"mine": 1, "a": 5, "b": 2}
    recorder.finish("finished", 0)
    assert run_row(store, "live")["state"] == "finished"


def test_facts_can_be_added_to_a_stored_run(store: Store) -> None:
    cell = facts.Cell(0, 1, "x = 1", BEGAN_US, 0.1, "ok", None, None)
    edits.amend(store, "digits", "one", [cell, facts.Event("alert", BEGAN_US, {})])
    assert query(store, "SELECT run_id, source FROM cells") == [("one", "x = 1")]
    assert query(store, "SELECT run_id FROM events") == [("one",)]


def test_a_run_that_is_not_there_cannot_be_changed(store: Store) -> None:
    for attempt in (
        lambda: store.edit("digits", "none", {}),
        lambda: store.delete_run("other", "one"),
        lambda: edits.amend(store, "digits", "none", []),
    ):
        with pytest.raises(NotFoundError, match="There is no run"):
            attempt()
    assert journal.stems(store.journal_dir) == {}


def test_an_edit_that_fails_does_not_happen_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "HELD_PATIENCE_S", 0.1)
    holder = launch("hold", store.database, "reading", stdin=-1, stdout=-1)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(StoreLockedError):
        store.edit("digits", "one", {"name": "new"})
    holder.communicate(b"\n")
    assert store.recover() == []
    assert run_row(store, "one")["name"] == "one"


# --- deleting


def test_a_deleted_run_leaves_nothing(store: Store) -> None:
    store.edit("digits", "one", {"notes": "secret"})
    kept = archive.archived(store.journal_dir)
    store.delete_run("digits", "one")
    held = everything(store)
    for view, found in held.items():
        assert "one" not in {row[1] for row in found if len(row) > 1}, view
    assert query(store, "SELECT count(*) FROM point") == [(1,)]
    assert query(store, "SELECT count(*) FROM series") == [(1,)]
    left = archive.archived(store.journal_dir)
    assert len(kept) == 3
    assert len(left) == 2  # the other run's, and the one that says that this is deleted
    assert curve(store, "a", "two") == [(0, 3)]
    with pytest.raises(NotFoundError):
        store.delete_run("digits", "one")


def test_a_run_of_the_same_id_can_begin_anew(store: Store) -> None:
    store.delete_run("digits", "one")
    leave(store, begin("one"), *rows(["b"], [[9]]), finish())
    store.recover()
    assert curve(store, "b", "one") == [(0, 9)]
    assert run_row(store, "one")["config"] == {}
    keys = query(store, "SELECT run_key FROM run ORDER BY 1")
    assert keys == [(2,), (3,)]  # 1 is not given again
    before = everything(store)
    store.rebuild()
    assert everything(store) == before


def test_a_living_run_cannot_be_deleted(store: Store) -> None:
    recorder = record(store, "live")
    recorder.log({"a": 1})
    recorder.flush()
    with pytest.raises(UsageError, match="still running: finish it before"):
        store.delete_run("digits", "live")
    recorder.finish("finished", 0)
    store.delete_run("digits", "live")
    assert query(store, "SELECT count(*) FROM runs") == [(2,)]


def test_a_fork_keeps_its_history_when_its_parent_is_deleted(store: Store) -> None:
    forked = begin("fork", fork_from="one", fork_step=0, time_us=BEGAN_US + 10**7)
    leave(store, forked, *rows(["a"], [[7]], first_step=1), finish(BEGAN_US + 10**7 + 10))
    store.recover()
    store.delete_run("digits", "one")
    before = everything(store)
    assert curve(store, "a", "fork") == [(0, 1), (1, 7)]
    store.rebuild()
    assert everything(store) == before


def test_artifacts_of_a_deleted_run_stay_with_their_numbers(store: Store) -> None:
    for number, run_id in enumerate(("one", "two", "one")):
        said = facts.Version(
            "output", "digits", "model", "model", f"d{number}", BEGAN_US + number,
            files=[facts.File("a", "0" * 64, 1)],
        )  # fmt: skip
        edits.amend(store, "digits", run_id, [said])
    store.delete_run("digits", "one")
    before = everything(store)
    assert [(row[3], row[6], row[-1]) for row in before["artifacts"]] == [
        ("v0", "d0", None), ("v1", "d1", "two"), ("v2", "d2", None),
    ]  # fmt: skip
    store.rebuild()
    assert everything(store) == before
    assert query(store, "SELECT count(*) FROM artifact_file") == [(3,)]
