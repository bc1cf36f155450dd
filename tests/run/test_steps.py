"""Which step a row gets: W&B's rules, but rows with an earlier step are kept."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tracker


class Rules:
    """W&B's rules, as plainly as they can be said."""

    def __init__(self) -> None:
        self.step = 0
        self.open: dict[str, Any] = {}
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.late: list[tuple[int, dict[str, Any]]] = []

    def log(self, data: dict[str, Any], step: int | None, commit: bool | None) -> None:
        if step is not None and step < self.step:
            self.late.append((step, data))
            return
        if step is not None and step > self.step:
            self.close()
            self.step = step
        self.open.update(data)
        if commit or (commit is None and step is None):
            self.close()
            self.step += 1

    def close(self) -> None:
        self.rows.append((self.step, self.open))
        self.open = {}

    def points(self, *, with_late: bool) -> Counter[tuple[str, int, Any]]:
        self.close()
        rows = self.rows + (self.late if with_late else [])
        return Counter((key, step, value) for step, row in rows for key, value in row.items())


KEYS = st.lists(st.sampled_from("abc"), max_size=3, unique=True)
LOG = st.tuples(KEYS, st.none() | st.integers(-2, 8), st.none() | st.booleans(), st.booleans()).map(
    lambda call: ("log", *call)
)
OTHER = st.sampled_from([("flush",), ("summary",), ("define",)])


def follow(run: tracker.Run, calls: list[tuple[Any, ...]]) -> Rules:
    """Carry the calls out, each value another; return what W&B's rules make of them."""
    rules = Rules()
    for number, (action, *details) in enumerate(calls):
        if action == "flush":
            run.flush()
        elif action == "summary":
            run.summary["x"] = number
        elif action == "define":
            run.define_metric("a", summary="max")
        else:
            keys, step, commit, is_text = details
            data = dict.fromkeys(keys, f"text {number}" if is_text else number)
            rules.log(data, step, commit)
            run.log(data, step=step, commit=commit)
    return rules


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=st.lists(LOG | OTHER, max_size=25), is_strict=st.booleans())
@pytest.mark.filterwarnings("ignore:Tried to log to step")
def test_rows_follow_the_rules(start, stored, calls, is_strict):
    with start(settings={"strict_steps": is_strict}) as run:
        rules = follow(run, calls)
        assert run.step == rules.step
    assert Counter(stored.points(run)) == rules.points(with_late=not is_strict)


def test_each_call_is_a_step(start, stored):
    with start() as run:
        for value in (5, 6, 7):
            assert run.step == value - 5
            run.log({"x": value})
    assert stored.points(run) == [("x", 0, 5), ("x", 1, 6), ("x", 2, 7)]


def test_a_named_step_stays_open(start, stored):
    with start() as run:
        run.log({"a": 1, "b": 2}, step=10)
        assert run.step == 10
        run.log({"b": 3, "c": 4})
        assert run.step == 11
        run.log({"a": 5})
    assert stored.rows(run) == {10: {"a": 1, "b": 3, "c": 4}, 11: {"a": 5}}


def test_an_open_row_is_replaced_after_a_flush_too(start, stored):
    with start() as run:
        run.log({"a": 1, "b": "one"}, step=3)
        run.flush()
        run.log({"a": "two", "b": 2}, step=3)
        run.flush()
        run.log({"a": 3.0}, commit=False)
        run.flush()
        run.log({"c": True})
    assert stored.rows(run) == {3: {"a": 3.0, "b": 2, "c": True}}
    assert len(stored.points(run)) == 3


def test_commit_says_whether_the_step_is_complete(start, stored):
    with start() as run:
        run.log({"a": 1}, commit=False)
        run.log({"b": 2}, commit=False)
        assert run.step == 0
        run.log({"c": 3}, step=0, commit=True)
        assert run.step == 1
        run.log({"a": 4}, step=7, commit=True)
        assert run.step == 8
    assert stored.rows(run) == {0: {"a": 1, "b": 2, "c": 3}, 7: {"a": 4}}


def test_an_empty_row_advances(start, stored):
    with start() as run:
        run.log({})
        run.log({}, commit=False)
        run.log({"a": 1})
        run.log({})
    assert stored.rows(run) == {1: {"a": 1}}
    assert stored.run(run).last_step == 2


def test_late_rows_are_kept(start, stored):
    with start() as run:
        run.log({"a": 50}, step=50)
        run.log({"a": 20}, step=20)
        run.log({"a": 21}, step=20, commit=True)
        run.log({"a": 51}, step=50)
        assert run.step == 50
    assert sorted(stored.points(run)) == [("a", 20, 20), ("a", 20, 21), ("a", 50, 51)]
    assert stored.run(run).last_step == 50


def test_a_closed_row_is_not_altered(start, stored):
    with start() as run:
        run.log({"a": 1}, step=5, commit=True)
        run.log({"a": 2}, step=5)
    assert stored.points(run) == [("a", 5, 1), ("a", 5, 2)]


def test_strict_steps_drop_late_rows_with_one_warning(start, stored, warns_once):
    with start(settings={"strict_steps": True}) as run:
        run.log({"a": 1}, step=10)
        with warns_once("Tried to log to step 3 that is less than the current step 10"):
            run.log({"a": 2}, step=3)
            run.log({"a": 3}, step=4)
    assert stored.points(run) == [("a", 10, 1)]


@pytest.mark.parametrize("step", [3, 3.0, np.int64(3), np.float32(3), np.array(3), "3"])
def test_a_step_is_any_whole_number(start, stored, step):
    with start() as run:
        run.log({"a": 1}, step=step)
    assert stored.points(run) == [("a", 3, 1)]


@pytest.mark.parametrize("step", [math.nan, math.inf, 2**63, -(2**80), "x", [1], object(), {}])
def test_what_is_no_step_is_warned_of_and_the_row_kept(start, stored, warns_once, step):
    with start() as run:
        run.log({"a": 0})
        with warns_once("expected a whole number"):
            run.log({"a": 1}, step=step)
            run.log({"a": 2}, step=step)
        run.log({"a": 3})
    assert stored.points(run) == [("a", 0, 0), ("a", 1, 1), ("a", 2, 2), ("a", 3, 3)]


def test_a_fraction_of_a_step_is_cut_off(start, stored, warns_once):
    with start() as run, warns_once(r"step is 2\.9.*at step 2"):
        run.log({"a": 1}, step=2.9)
    assert stored.points(run) == [("a", 2, 1)]


def test_many_calls_for_one_step_take_their_time_once(start, stored):
    with start() as run:
        for number in range(20_000):
            run.log({"loss": number, "epoch": 0}, step=0)
    assert stored.points(run) == [("loss", 0, 19_999), ("epoch", 0, 0)]
