"""What is taken in is taken in once, whatever is repeated, interrupted or done by two."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tracker.store.journal import facts
from tracker.store.store import Store
from tracker.store.writing import commit, feed, sessions
from tracker.store.writing.feed import Feed, take_in

from .logbook import (
    BEGAN_US,
    begin,
    curve,
    everything,
    finish,
    keys_are_unique,
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


def take_all(store: Store, *feeds: Feed) -> None:
    while take_in(store, feeds):
        pass


def test_a_journal_taken_in_twice_is_in_the_store_once(store: Store) -> None:
    path = leave(store, begin(), *rows(["a"], [[1], [2], [3]]), finish())
    for _ in range(3):
        one = Feed(path.name.split(".")[0], [path])
        take_all(store, one)
        assert one.is_done
        one.close()
    assert curve(store, "a") == [(0, 1), (1, 2), (2, 3)]
    assert query(store, "SELECT count(*) FROM session") == [(1,)]
    assert keys_are_unique(store)


def test_two_feeds_of_one_journal_do_not_take_it_in_twice(store: Store) -> None:
    writer = write(store, begin(), *rows(["a"], [[1]]))
    one, other = (Feed(writer.stem, writer.segments) for _ in range(2))
    for step in range(1, 6):
        writer.append(facts.Row(1, step, BEGAN_US + step, [step]))
        take_all(store, one if step % 2 else other)
    take_all(store, one)
    take_all(store, other)
    assert [step for step, _ in curve(store, "a")] == list(range(6))
    writer.close()
    one.close()
    other.close()


@pytest.mark.parametrize("where", ["_put_points", "_put_summary", "_put_positions"])
def test_a_transaction_that_fails_is_repeated_without_loss_or_double(
    store: Store, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    writer = write(store, begin(), *rows(["a"], [[1], [2]]))
    one = Feed(writer.stem, writer.segments)
    take_all(store, one)
    for step in range(2, 10):
        writer.append(facts.Row(1, step, BEGAN_US + step, [step]))
        with monkeypatch.context() as patch:
            patch.setattr(commit, where, _fail)
            with pytest.raises(RuntimeError, match="planted"):
                take_in(store, [one])
        writer.append(facts.Row(1, step, BEGAN_US + step, [step + 0.5], True))
        if step % 3 == 0:
            take_all(store, one)
    writer.append(finish())
    take_all(store, one)
    expected = [(0, 1.0), (1, 2.0), *((step, step + 0.5) for step in range(2, 10))]
    assert curve(store, "a") == expected
    assert run_row(store)["summary"] == {"a": 9.5}
    writer.close()
    one.close()


def _fail(*_: object) -> None:
    raise RuntimeError("planted")


def test_the_end_counts_only_when_it_is_committed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = write(store, begin(), *rows(["a"], [[1]]), finish())
    one = Feed(writer.stem, writer.segments)
    with monkeypatch.context() as patch:
        patch.setattr(commit, "_put_positions", _fail)
        with pytest.raises(RuntimeError, match="planted"):
            take_in(store, [one])
    assert not one.is_done
    take_all(store, one)
    assert one.is_done
    writer.close()
    one.close()


def test_an_error_while_reading_ahead_skips_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = write(store, begin(), *rows(["a"], [[1]]))
    one = Feed(writer.stem, writer.segments)
    take_all(store, one)
    writer.append(facts.Row(1, 1, BEGAN_US + 1, [2]))
    with monkeypatch.context() as patch:
        patch.setattr(one.intake, "_settle", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            one.read_ahead()
    take_all(store, one)
    assert curve(store, "a") == [(0, 1), (1, 2)]
    writer.close()
    one.close()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_segment_counts_as_taken_in_only_when_that_is_committed(store: Store) -> None:
    writer = write(store, begin(), *rows(["a"], [[1]]))
    one = Feed(writer.stem, writer.segments)
    take_all(store, one)
    writer.append(facts.Row(1, 1, BEGAN_US + 1, [2]))
    writer.open_segment(begin(segment=1))
    one.add_segment(writer.segments[-1])
    one.read_ahead()  # as a look at the summary does
    assert one.taken_in() == []
    take_all(store, one)
    assert one.taken_in() == writer.segments[:1]
    writer.close()
    one.close()


def test_a_feed_goes_on_with_a_database_that_somebody_made_anew(store: Store) -> None:
    writer = write(store, begin(), *rows(["a"], [[1], [2]]))
    one = Feed(writer.stem, writer.segments)
    take_all(store, one)
    shutil.copy(store.database, store.root / "old")
    writer.append(facts.Row(1, 2, BEGAN_US + 2, [3]))
    take_all(store, one)
    shutil.copy(store.root / "old", store.database)  # somebody brought back a copy
    writer.append(facts.Row(1, 3, BEGAN_US + 3, [4]))
    take_all(store, one)
    assert [value for _, value in curve(store, "a")] == [1, 2, 3, 4]
    store.database.unlink()
    writer.append(facts.Row(1, 4, BEGAN_US + 4, [5]))
    take_all(store, one)
    assert [value for _, value in curve(store, "a")] == [1, 2, 3, 4, 5]
    writer.close()
    one.close()


def test_a_segment_whose_forerunner_is_put_away_goes_on(store: Store) -> None:
    rule = facts.Metric("a", summary=["min", "mean"])
    writer = write(store, begin(), rule, *rows(["a"], [[1], [2]]))
    one = Feed(writer.stem, writer.segments)
    take_all(store, one)
    writer.open_segment(begin(segment=1))
    one.add_segment(writer.segments[-1])
    (full,) = one.taken_in()
    one.drop_segment(full)
    one.close()
    full.unlink()
    # The process dies here. In the second segment the open step goes on.
    writer.append(facts.Keys(2, "default", ["a"]))
    writer.append(facts.Row(2, 1, BEGAN_US + 5, [4], True))
    writer.append(facts.Row(2, 2, BEGAN_US + 6, [7]))
    writer.close()
    other = Feed(writer.stem, writer.segments[1:], is_final=True)
    take_all(store, other)
    other.close()
    assert curve(store, "a") == [(0, 1), (1, 4), (2, 7)]
    assert run_row(store)["summary"] == {"a": {"min": 1.0, "mean": 4.0}}
    assert query(store, "SELECT count(*) FROM session") == [(1,)]


# --- several processes and one run


def test_a_resumed_run_goes_on_with_its_summary(store: Store) -> None:
    rule = facts.Metric("a", summary=["min", "max", "mean", "first"])
    leave(store, begin(config={"x": 1}), rule, *rows(["a", "b"], [[1, 0], [5, 1]]), finish())
    store.recover()
    leave(
        store,
        begin(resume="resume", time_us=BEGAN_US + 10_000_000, config={"x": 2}),
        *rows(["a"], [[3]], first_step=2),
    )
    store.recover()
    row = run_row(store)
    assert row["summary"] == {"a": {"min": 1, "max": 5, "mean": 3, "first": 1}, "b": 1}
    assert (row["state"], row["config"], row["last_step"]) == ("crashed", {"x": 2}, 2)
    assert row["exit_code"] is None
    assert query(store, "SELECT first_step FROM session ORDER BY journal") == [(0,), (2,)]
    assert keys_are_unique(store)


def test_two_processes_with_one_run_keep_each_others_values(store: Store) -> None:
    first = write(store, begin(), *rows(["a"], [[1]]))
    second = write(store, begin(resume="resume"), *rows(["b"], [[10]]))
    feeds = [Feed(writer.stem, writer.segments) for writer in (first, second)]
    take_all(store, *feeds)
    for step in range(1, 4):
        first.append(facts.Row(1, step, BEGAN_US + step, [step]))
        take_all(store, feeds[0])
        second.append(facts.Row(1, step, BEGAN_US + step, [step * 10]))
        take_all(store, feeds[1])
    second.append(facts.SummaryChange({}, ["b"]))
    take_all(store, *feeds)
    assert run_row(store)["summary"] == {"a": 3}
    assert [value for _, value in curve(store, "b")] == [10, 10, 20, 30]
    assert keys_are_unique(store)
    for one, writer in zip(feeds, (first, second), strict=True):
        one.close()
        writer.close()


@pytest.mark.parametrize("how", ["overwrite", "delete"])
def test_a_process_whose_run_was_taken_away_spoils_nothing(store: Store, how: str) -> None:
    old = write(store, begin(), *rows(["a"], [[1], [2]]))
    one = Feed(old.stem, old.segments)
    take_all(store, one)
    if how == "delete":
        with store.writing() as db:
            sessions.delete_run(db, one.run_key or 0)
    new = write(store, begin(resume="overwrite"), *rows(["other", "x"], [[10, 11]]))
    two = Feed(new.stem, new.segments)
    take_all(store, two)
    assert two.run_key not in (None, 1)
    for step in range(3):
        old.append(facts.Row(1, 5 + step, BEGAN_US, [step]))
        old.append(facts.SummaryChange({"mine": 1}, []))
        take_all(store, one)
    old.append(finish())
    take_all(store, one)
    assert one.is_orphan
    assert one.is_done
    assert run_row(store)["summary"] == {"other": 10, "x": 11}
    assert run_row(store)["state"] == "running"
    assert query(store, "SELECT count(*) FROM point") == [(2,)]
    assert query(store, "SELECT count(*) FROM series") == [(2,)]
    for part in (one, two, old, new):
        part.close()


def test_metadata_is_added_to_and_other_fields_are_replaced(store: Store) -> None:
    changes = [{"metadata": {"a": 1}}, {"metadata": {"b": 2}, "name": "n"}, {"name": "m"}]
    said = [facts.Change(BEGAN_US, fields) for fields in changes]
    leave(store, begin("one"), *said, finish())
    writer = write(store, begin("two"))
    apart = Feed(writer.stem, writer.segments)
    for fact in (*said, finish()):
        writer.append(fact)
        take_all(store, apart)
    apart.close()
    writer.close()
    store.recover()
    for run_id in ("one", "two"):
        row = run_row(store, run_id)
        assert (row["metadata"], row["name"]) == ({"a": 1, "b": 2}, "m")


def test_everything_that_a_run_can_say_is_in_the_tables(store: Store) -> None:
    said = [
        facts.Line(0, "stdout", BEGAN_US, "progress 10%"),
        facts.Line(0, "stdout", BEGAN_US, "progress 100%"),
        facts.Line(1, "stderr", BEGAN_US, "é\0\x1b[31m"),
        *(facts.Cell(n, n, f"x = {n}", BEGAN_US, 0.5, "ok", None, "id") for n in range(30)),
        facts.Cell(3, None, "", None, None, "error", "NameError", None),
        facts.Event("alert", BEGAN_US, {"title": "é", "nan": float("nan")}),
        facts.Version(
            "output", "digits", "model", "model", "d1", BEGAN_US, None, {"k": 1}, ["best"], [],
            [facts.File("a/b.txt", "0" * 64, 3), facts.File("é", "1" * 64, 2**40)],
        ),
    ]  # fmt: skip
    leave(store, begin(), *said, facts.Finish("failed", 2**40, BEGAN_US + 7))
    store.recover()
    held = everything(store)
    assert held["console_lines"][0][5] == "progress 100%"
    assert len(held["console_lines"]) == 2
    assert len(held["cells"]) == 30
    assert query(store, "SELECT status, error, source, started_at FROM cells WHERE number = 3") == [
        ("error", "NameError", "", None)
    ]
    assert held["events"][0][4] == '{"title":"é","nan":"NaN"}'
    assert query(store, "SELECT version, aliases, size_bytes FROM artifacts") == [
        ("v0", ["best", "latest"], 2**40 + 3)
    ]
    assert query(store, "SELECT count(*) FROM artifact_file") == [(2,)]
    row = run_row(store)
    assert (row["state"], row["exit_code"]) == ("failed", 2**31 - 1)


def test_a_long_journal_is_taken_in_batch_by_batch(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BATCH_BYTES", 2000)
    path = leave(store, begin(), *rows(["a", "b"], [[n, -n] for n in range(1000)]), finish())
    one = Feed(path.name.split(".")[0], [path])
    batches = 0
    while take_in(store, [one]):
        batches += 1
    assert batches > 5
    one.close()
    assert curve(store, "b") == [(n, -n) for n in range(1000)]


def test_a_feed_does_not_read_further_ahead_of_a_locked_database_than_a_little(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BATCH_BYTES", 500)
    recorder = record(store)
    recorder.flush()
    one = recorder.live.feed
    for step in range(200):
        recorder.log({"a": step})
        one.read_ahead()
    assert one.is_behind
    read = one.intake.positions[recorder.live.writer.segments[0].name]
    assert read < recorder.live.writer.size / 2
    recorder.finish("finished", 0)
    assert len(curve(store, "a")) == 200
