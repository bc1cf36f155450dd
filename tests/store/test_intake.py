"""What a journal says is what the tables hold, wherever one batch ends and the next begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tracker.store.database import migrate
from tracker.store.journal import facts
from tracker.store.writing.rules import read_rules

from .bench import Bench
from .logbook import BEGAN_US
from .oracle import is_same


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    migrate.begin(connection, "memory")
    connection.execute("COMMIT")
    yield connection
    connection.close()


@pytest.fixture
def bench(tmp_path: Path, db: duckdb.DuckDBPyConnection) -> Iterator[Bench]:
    made = Bench(tmp_path, db)
    yield made
    made.close()


# --- kinds


def test_numbers_of_one_kind_come_back_as_that_kind(bench: Bench) -> None:
    for step in range(3):
        bench.row(step, {"b": step == 1, "i": step, "f": step / 2, "t": "x"})
    bench.flush()
    assert bench.kinds == {"b": {"bool"}, "i": {"int"}, "f": {"float"}, "t": {"json"}}
    assert bench.summary == {"b": False, "i": 2, "f": 1.0, "t": "x"}
    assert type(bench.summary["b"]) is bool


@pytest.mark.parametrize("are_apart", [False, True])
def test_a_series_becomes_as_wide_as_its_values(bench: Bench, are_apart: bool) -> None:
    for step, row in enumerate([{"a": True, "b": True}, {"a": 2, "b": 1}, {"a": 2, "b": 0.5}]):
        bench.row(step, row)
        if are_apart:
            bench.flush()
    bench.flush()
    assert bench.kinds == {"a": {"int"}, "b": {"float"}}
    assert bench.history["b"] == [(0, 1.0), (1, 1.0), (2, 0.5)]


def test_what_is_no_number_is_kept_beside_the_numbers(bench: Bench) -> None:
    said = [1.5, None, "text", [1, "a"], {"k": math.nan}, 2]
    for step, value in enumerate(said):
        bench.row(step, {"x": value})
    bench.flush()
    assert bench.kinds["x"] == {"float", "json"}
    assert is_same(dict(bench.history["x"]), dict(enumerate(said)))


@pytest.mark.parametrize("around", [[], [0.5], [math.nan], [math.inf], [True]], ids=repr)
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_are_exact_however_large(bench: Bench, sign: int, around: list[Any]) -> None:
    said = [sign * (2**53 + n) for n in (-1, 0, 1, 3)] + [2**63 if sign > 0 else -(2**63)]
    for step, value in enumerate([*said, *around]):
        bench.row(step, {"n": value})
    bench.flush()
    stored = dict(bench.history["n"])
    assert [stored[step] for step in range(5)] == said
    assert is_same([stored[5 + n] for n in range(len(around))], [float(v) for v in around])


def test_keys_with_strange_characters_are_told_apart(bench: Bench) -> None:
    row = {"a": 1.0, "\0jsona": 2.0, "é\n'\"": 3.0, "": 4.0, "x" * 5000: 5.0}
    bench.row(0, row)
    bench.row(1, {"\0jsona": "text", "a": "other"})
    bench.flush()
    stored = bench.history
    assert {key: stored[key][0] for key in row} == {key: (0, v) for key, v in row.items()}
    assert (stored["a"][1], stored["\0jsona"][1]) == ((1, "other"), (1, "text"))


# --- steps


def test_values_of_alternating_keysets_keep_their_order(bench: Bench) -> None:
    for step in range(20):
        bench.row(step, {"x": step} if step % 2 else {"y": 0.0, "x": step})
    bench.flush()
    assert bench.history["x"] == [(step, step) for step in range(20)]
    assert bench.summary["x"] == 19


@pytest.mark.parametrize("are_apart", [False, True])
def test_a_further_call_for_the_open_step_replaces_and_adds(bench: Bench, are_apart: bool) -> None:
    for row in ({"a": 1, "b": 1}, {"b": 2, "c": "x"}, {"c": 3, "a": 4}):
        bench.row(5, row, merges="a" not in row or row["a"] == 4)
        if are_apart:
            bench.flush()
            bench.restart()
    bench.row(6, {"a": 5})
    bench.flush()
    assert bench.history == {"a": [(5, 4), (6, 5)], "b": [(5, 2)], "c": [(5, 3)]}
    assert bench.summary == {"a": 5, "b": 2, "c": 3}


def test_late_steps_are_kept_and_leave_the_open_step_open(bench: Bench) -> None:
    bench.row(10, {"a": 1})
    bench.row(3, {"a": 2})
    bench.flush()
    bench.row(10, {"a": 3}, merges=True)
    bench.row(10, {"a": 4})  # the step was closed before: this is one more value
    bench.flush()
    assert bench.history["a"] == [(3, 2), (10, 3), (10, 4)]
    assert bench.db.execute("SELECT last_step FROM run").fetchall() == [(10,)]


def test_many_rows_of_one_step_take_no_longer_each(bench: Bench) -> None:
    for _ in range(3000):
        bench.row(0, {"a": 1.0, "b": 2.0}, merges=True)
    bench.flush()
    assert bench.history == {"a": [(0, 1.0)], "b": [(0, 2.0)]}


def test_system_readings_stay_out_of_summary_and_steps(bench: Bench) -> None:
    bench.system({"system/cpu": 5.0})
    bench.row(0, {"a": 1})
    bench.system({"system/cpu": 6.0})
    assert bench.flush() == {"a"}
    assert bench.summary == {"a": 1}
    assert bench.db.execute("SELECT last_step FROM run").fetchall() == [(0,)]
    found = bench.db.execute("SELECT value FROM system ORDER BY ALL").fetchall()
    assert found == [(5.0,), (6.0,)]


# --- summaries


def test_a_summary_that_was_set_stays_until_the_key_is_logged_again(bench: Bench) -> None:
    bench.row(0, {"a": 1, "b": 1})
    bench.say(facts.SummaryChange({"a": "mine", "new": {"x": 1}}, ["b"]))
    bench.flush()
    assert bench.summary == {"a": "mine", "new": {"x": 1}}
    bench.row(1, {"a": 2})
    bench.say(facts.SummaryChange({}, ["new"]))
    bench.flush()
    assert bench.summary == {"a": 2}


def test_a_summary_change_alone_is_news(bench: Bench) -> None:
    bench.flush()
    bench.say(facts.SummaryChange({"a": 1}, []))
    bench.flush()
    bench.say(facts.Finish("finished", 0, BEGAN_US))
    bench.flush()
    assert bench.summary == {"a": 1}


@pytest.mark.parametrize("are_apart", [False, True])
def test_every_operation_skips_nan(bench: Bench, are_apart: bool) -> None:
    bench.say(facts.Metric("v", summary=["min", "max", "mean", "first", "best", "last"]))
    bench.say(facts.Metric("m/*", summary=["best"], goal="maximize"))
    bench.say(facts.Metric("off", summary=["none"]))
    bench.say(facts.Metric("copied", summary=["copy"]))
    for step, value in enumerate([math.nan, 4.0, 1, True, math.nan, 2.0, "text", math.nan]):
        bench.row(step, {"v": value, "m/x": value, "off": value, "copied": value})
        if are_apart:
            bench.flush()
            bench.restart()
    bench.flush()
    shown = bench.summary
    assert is_same(
        shown,
        {
            "v": {
                "min": 1.0, "max": 4.0, "mean": 2.0, "first": 4.0, "best": 1.0, "last": math.nan,
            },
            "m/x": {"best": 4.0},
            "copied": math.nan,
        },
    )  # fmt: skip


def test_only_nan_leaves_nothing_to_show(bench: Bench) -> None:
    bench.say(facts.Metric("v", summary=["min"]))
    bench.row(0, {"v": math.nan})
    bench.flush()
    assert bench.summary == {"v": {}}


def test_a_summary_can_be_read_before_the_first_flush(bench: Bench) -> None:
    bench.row(0, {"a": 1})
    bench.feed.read_ahead()
    assert bench.feed.intake.fold.values == {"a": 1}
    bench.row(1, {"a": 2})
    bench.flush()
    assert bench.history["a"] == [(0, 1.0), (1, 2.0)]


# --- what is wrong with a journal


def test_rows_that_lost_their_keys_are_kept_under_others(bench: Bench) -> None:
    bench.writer.append(facts.Row(9, 0, BEGAN_US, [1.5, "x"]))
    bench.writer.append(facts.Row(9, 1, BEGAN_US, [2.5, "y"]))
    bench.flush()
    assert bench.history == {"lost/9.0": [(0, 1.5), (1, 2.5)], "lost/9.1": [(0, "x"), (1, "y")]}
    assert sum(map(len, bench.feed.intake.damaged.values())) == 1


def test_frames_that_cannot_be_understood_are_passed_over(bench: Bench) -> None:
    bench.row(0, {"a": 1})
    bench.writer.append([99, "from a newer version"])
    bench.writer.append("no fact")
    bench.writer.append(facts.Row(1, 1, BEGAN_US, [1, 2, 3]))
    bench.row(2, {"a": 3})
    bench.flush()
    assert bench.history == {"a": [(0, 1), (2, 3)]}
    assert sum(map(len, bench.feed.intake.damaged.values())) == 3


# --- rules and restarts


def test_read_rules_gives_back_what_was_defined(bench: Bench) -> None:
    bench.say(facts.Metric("a", "epoch", True, ["min"], "minimize", True))
    bench.say(facts.Metric("a", "epoch", True, ["max"], "maximize", False))
    bench.flush()
    (rule,) = read_rules(bench.db, bench.feed.run_key)
    assert (rule.name, rule.step_metric, rule.step_sync) == ("a", "epoch", True)
    assert (rule.summary, rule.goal, rule.hidden) == (("max",), "maximize", False)


def test_the_row_head_is_that_of_rows(bench: Bench) -> None:
    """Rows are passed over undecoded by their first bytes: those of any row, merged or not."""
    bench.row(0, {"a": 1})
    bench.row(0, {"a": 2}, merges=True)
    bench.flush()
    bench.restart()
    bench.row(1, {"a": 3})
    bench.flush()
    assert bench.history == {"a": [(0, 2), (1, 3)]}
