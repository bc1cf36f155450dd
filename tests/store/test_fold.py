"""Rules of define_metric find their keys, and what a fold says can be carried on."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.records import MetricRule
from tracker.store.database.encode import dump_json, load_json
from tracker.store.writing.batch import OpenStep
from tracker.store.writing.fold import MOST_LISTED, Fold, rule_for

from .oracle import is_same

OPERATIONS = ("min", "max", "mean", "first", "best")


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("loss", "loss"),
        ("train/loss", "train/*"),
        ("train/deep/loss", "train/deep/*"),
        ("other", "*"),
        ("train/", "train/*"),
    ],
)
def test_the_closest_rule_counts(key: str, found: str) -> None:
    rules = {name: MetricRule(name) for name in ("loss", "train/*", "train/deep/*", "*")}
    assert rule_for(key, rules) is rules[found]


def test_without_a_rule_there_is_none() -> None:
    assert rule_for("loss", {"train/*": MetricRule("train/*"), "los": MetricRule("los")}) is None


def folded(*operations: str, goal: str | None = None) -> Fold:
    fold = Fold()
    fold.rules["x"] = MetricRule("x", summary=operations, goal=goal)
    return fold


@given(st.lists(st.lists(st.floats(allow_nan=True, width=32), min_size=1), min_size=1))
@example([[math.inf, -math.inf], [1.0]])
def test_a_fold_that_is_written_down_and_read_goes_on_the_same(parts: list[list[float]]) -> None:
    whole, resumed = folded(*OPERATIONS), folded(*OPERATIONS)
    at_us = 0
    for part in parts:
        numbers = [(number, at_us + n) for n, number in enumerate(part)]
        at_us += len(part)
        step = OpenStep(at_us, at_us)
        held = (part[-1], at_us)
        for fold in (whole, resumed):
            fold.add("x", numbers, part[-1], held, step, None)
        written = dump_json({"values": resumed.values, "states": resumed.states})
        read: dict[str, Any] = load_json(written)
        resumed = Fold()
        resumed.load(read["values"], whole.rules.values(), read["states"])
    assert is_same(resumed.values, whole.values)
    numbers_in = [n for part in parts for n in [*part, part[-1]] if not math.isnan(n)]
    if numbers_in:
        assert whole.values["x"]["min"] == min(numbers_in)
        assert whole.values["x"]["max"] == max(numbers_in)
    else:
        assert whole.values["x"] == {}


def test_a_held_number_is_shown_and_can_still_be_replaced() -> None:
    fold = folded("min", "mean")
    first, second = OpenStep(0, 100), OpenStep(1, 200)
    fold.add("x", [], 1.0, (1.0, 100), first, None)
    assert fold.values["x"] == {"min": 1.0, "mean": 1.0}
    fold.add("x", [], 5.0, (5.0, 101), first, first)
    assert fold.values["x"] == {"min": 5.0, "mean": 5.0}
    fold.add("x", [(9.0, 102)], 9.0, None, first, None)  # late, beside the open step
    assert fold.values["x"] == {"min": 5.0, "mean": 7.0}
    fold.add("x", [], 4.0, (4.0, 200), second, None)
    assert fold.values["x"] == {"min": 4.0, "mean": 6.0}


def test_changes_are_told_once() -> None:
    fold = folded("max")
    fold.show("y", 1)
    fold.add("x", [(1.0, 1)], 1.0, None, None, None)
    fold.change({"z": 3}, ["y"])
    changed, gone, states = fold.take_changes()
    assert changed == {"x": {"max": 1.0}, "z": 3}
    assert gone == {"y"}
    assert states.keys() == {"x"}
    assert fold.take_changes() == ({}, set(), {})


def test_of_a_long_list_of_media_the_summary_has_the_first() -> None:
    items = [{"_type": "image-file", "sha256": str(number)} for number in range(500)]
    logged = {"_type": "media-list", "items": items}
    fold = Fold()
    fold.show("grid", logged)
    assert fold.values["grid"] == {**logged, "count": 500, "items": items[:MOST_LISTED]}
    assert len(logged["items"]) == 500
    for value in (
        {"_type": "media-list", "items": items[:MOST_LISTED]},
        {"items": items},
        items,
        3,
    ):
        fold.show("grid", value)
        assert fold.values["grid"] == value
