"""Logging to a run, and what is kept of it besides values."""

from __future__ import annotations

import math
import time

import pytest

import tracker
from tracker.store.store import Store


def test_what_is_logged_is_read_back(start, stored):
    rows = [{"loss": 1 / (n + 1), "n": n, "ok": n % 2 == 0, "word": f"w{n}"} for n in range(100)]
    with start() as run:
        for row in rows:
            run.log(row)
    assert stored.rows(run) == dict(enumerate(rows))
    frame = tracker.Api(stored.root.parent).run(f"p/{run.id}").history(samples=None)
    assert frame["loss"].tolist() == [row["loss"] for row in rows]


def test_rows_with_other_keys_in_other_orders(start, stored):
    with start() as run:
        run.log({"a": 1, "b": 2})
        run.log({"b": 3, "a": 4})
        run.log({"c": 5})
        run.log({"a": 6})
    assert stored.rows(run) == {0: {"a": 1, "b": 2}, 1: {"b": 3, "a": 4}, 2: {"c": 5}, 3: {"a": 6}}


def test_a_key_may_hold_numbers_and_others(start, stored):
    values = [1, 2.5, "three", None, True, [4], math.nan, 2**60]
    with start() as run:
        for value in values:
            run.log({"x": value})
    found = {step: row["x"] for step, row in stored.rows(run).items()}
    assert {step: found[step] for step in (0, 1, 2, 3, 5, 7)} == {
        0: 1, 1: 2.5, 2: "three", 3: None, 5: [4], 7: 2**60,
    }  # fmt: skip
    assert math.isnan(found[6])


def test_ten_thousand_keys_in_a_row(start, stored):
    row = {f"layer{number}/weight": float(number) for number in range(10_000)}
    with start() as run:
        run.log(row)
        run.log(row)
    assert stored.rows(run) == {0: row, 1: row}


def test_ten_thousand_different_rows(start, stored):
    with start() as run:
        for number in range(10_000):
            run.log({f"k{number}": number})
    assert stored.rows(run) == {number: {f"k{number}": number} for number in range(10_000)}


def test_rows_are_timed(start, stored):
    before = time.time()
    with start() as run:
        run.log({"x": 1})
        time.sleep(0.2)  # what is measured
        run.log({"x": 2})
    with Store(stored.root).reading() as db:
        times = [row[0] for row in db.execute("SELECT epoch(time) FROM point").fetchall()]
    assert before - 0.01 <= times[0] <= time.time()
    assert times[1] - times[0] >= 0.19


def test_labels_can_be_set(start, stored, warns_once):
    with start(name="n", notes="old", tags=["a", "a", "b"], group="g", job_type="j") as run:
        assert (run.name, run.notes, run.tags) == ("n", "old", ("a", "b"))
        assert (run.group, run.job_type, run.entity, run.offline) == ("g", "j", "", True)
        run.name = "other"
        run.notes = "new"
        run.tags += ("c",)
        with warns_once("Tag 'x{20,}.*The tags stay as they were"):
            run.tags = ["x" * 65]
        assert run.tags == ("a", "b", "c")
    record = stored.run(run)
    assert (record.name, record.notes, record.tags) == ("other", "new", ("a", "b", "c"))
    assert (record.group, record.job_type) == ("g", "j")


def test_labels_can_be_taken_away(start, stored):
    with start(notes="old", tags=["a"]) as run:
        run.notes = None
        run.tags = None
    record = stored.run(run)
    assert (record.notes, record.tags) == (None, ())


def test_listeners_hear_of_news_and_see_them_stored(start, stored):
    heard = []
    with start() as run:
        stop = run.subscribe(lambda keys: heard.append((keys, len(stored.points(run)))))
        run.log({"x": 1, "y": "text"})
        run.flush()
        assert (({"x", "y"}, 2)) in heard
        stop()
        heard.clear()
        run.log({"x": 2})
        run.flush()
        assert heard == []


def test_written_logs_are_lines_of_the_console(start, stored, capfd):
    for settings in ({"console": False}, {"console": True}):
        with start(settings=settings) as run:
            run.write_logs("one\ntwo")
            run.write_logs("three")
        lines = tracker.Api(stored.root.parent).run(f"p/{run.id}").console_logs()
        assert [line.text for line in lines] == ["one", "two", "three"]
    assert "two" not in capfd.readouterr().out


def test_the_console_is_captured(start, stored, capfd):
    with start(settings={"console": True}) as run:
        print("shown and kept")
        run.write_logs("kept only")
        print("shown again")
    lines = tracker.Api(stored.root.parent).run(f"p/{run.id}").console_logs()
    assert [line.text for line in lines] == ["shown and kept", "kept only", "shown again"]
    assert capfd.readouterr().out == "shown and kept\nshown again\n"


def test_a_folder_for_files(start, stored):
    from pathlib import Path

    with start() as run:
        folder = Path(run.dir)
        assert folder.is_dir()
        assert folder.is_relative_to(stored.root)
        assert run.dir == str(folder)


def test_a_full_segment_is_followed_by_another(start, stored):
    """Rows of any size go on in a further journal file, keys and steps included."""
    big = "x" * 8_000_000
    with start(settings={"flush_interval_s": 60}) as run:
        for number in range(10):
            run.log({"text": big, "n": number}, commit=False)
            run.log({"m": number})
            run.define_metric("n", summary="max")
    assert stored.values(run, "m") == list(range(10))
    assert stored.values(run, "n") == list(range(10))
    assert [len(text) for text in stored.values(run, "text")] == [len(big)] * 10
    assert stored.run(run).summary["n"] == {"max": 9.0}


@pytest.mark.parametrize("is_read", [True, False])
def test_a_long_loop(start, stored, is_read):
    with start(settings={"flush_interval_s": 0.05}) as run:
        for number in range(30_000):
            run.log({"x": number})
            if is_read and number % 1000 == 0:
                assert run.summary["x"] == number
    assert stored.values(run, "x") == list(range(30_000))
