from __future__ import annotations

import math

import numpy as np
import pytest

from tracker.figures.columns import as_number, numeric_columns, read_column, title_of

from .records import BEGAN
from .runs import many, odd, one


def test_numbers_stand_where_they_are_and_what_is_none_has_no_place() -> None:
    values = [3, 0.5, math.nan, math.inf, None, 10**400]
    runs = [one(n, {"a": {"b": value}}, {}) for n, value in enumerate(values)]
    column = read_column(runs, "config.a.b")
    assert column.kind == "number"
    np.testing.assert_array_equal(column.places, [3, 0.5, *[math.nan] * 4])
    assert column.texts[:5] == ["3", "0.5", "NaN", "∞", "–"]


def test_text_and_booleans_are_categories_in_natural_order() -> None:
    runs = [one(n, {"v": v}, {}) for n, v in enumerate(["v10", "v2", True, 8, 16, None, "v2"])]
    column = read_column(runs, "config.v")
    assert column.kind == "category"
    assert column.labels == ["8", "16", "true", "v2", "v10"]
    np.testing.assert_array_equal(column.places, [4, 3, 2, 0, 1, math.nan, 3])


def test_a_column_of_anything_can_be_read() -> None:
    column = read_column(odd(), "config.v")
    assert column.is_category
    assert column.texts[0] == "–"
    assert column.texts[6:8] == ["(empty)", "[1, 2]"]


def test_facts_of_a_run_are_columns_too() -> None:
    run = one(0, {}, {})
    assert run.value("state") == "finished"
    assert run.value("duration") == 125.0
    assert run.value("step") == 299
    assert run.value("tags") == ["baseline"]
    assert run.value("nothing") is None
    assert run.value("created_at") == BEGAN.timestamp()
    column = read_column([run], "created_at")
    assert (column.kind, column.texts) == ("time", ["2026-03-01 12:30 UTC"])


def test_no_runs_have_empty_columns() -> None:
    column = read_column([], "config.lr")
    assert (column.kind, len(column.places), column.labels) == ("number", 0, [])


def test_which_columns_hold_numbers() -> None:
    names = ["config.lr", "config.optimizer", "config.amp", "summary.loss", "name"]
    assert numeric_columns(many(8), names) == ["config.lr", "summary.loss"]


@pytest.mark.parametrize(
    ("value", "number"), [(2, 2.0), (True, None), ("2", None), (math.inf, None), (None, None)]
)
def test_only_finite_numbers_are_numbers(value: object, number: float | None) -> None:
    found = as_number(value)
    assert found == number if number is not None else math.isnan(found)


def test_titles_leave_out_where_a_value_is_kept() -> None:
    assert title_of("summary.val/loss") == "val/loss"
    assert title_of("config.") == "config."
    assert title_of("duration") == "duration (s)"
