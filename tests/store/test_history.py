"""Rows of history: exactly what was logged at each step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.store.series.history import history, read_rows, read_steps


@pytest.fixture
def run(tables: Any) -> Any:
    tables.add_run()
    tables.add_points(tables.add_series(1, "loss"), [(0, 1.0), (1, math.nan), (3, 0.25)])
    tables.add_points(tables.add_series(1, "epoch", kind="int"), [(0, 1), (1, 2), (3, 3), (7, 4)])
    tables.add_points(tables.add_series(1, "done", kind="bool"), [(7, 1.0)])
    tables.add_values(tables.add_series(1, "picture", kind="json"), [(1, {"a": [1]}), (8, "x")])
    tables.add_points(tables.add_series(1, "system/cpu", stream="system"), [(0, 50.0)], [4.0])
    return tables


def test_rows_hold_what_was_logged_and_nan_elsewhere(run: Any) -> None:
    columns = history(run.db, 1)
    assert list(columns) == [
        "_step", "_runtime", "_timestamp", "loss", "epoch", "done", "picture",
    ]  # fmt: skip
    assert columns["_step"].tolist() == [0, 1, 3, 7, 8]
    assert columns["_runtime"].tolist() == [0, 1, 3, 7, 8]
    assert (columns["_timestamp"] - run.began.timestamp()).tolist() == [0, 1, 3, 7, 8]
    np.testing.assert_array_equal(columns["loss"], [1, math.nan, 0.25, math.nan, math.nan])
    np.testing.assert_array_equal(columns["epoch"], [1, 2, 3, 4, math.nan])
    assert columns["picture"] == [None, {"a": [1]}, None, None, "x"]


def test_keys_that_no_row_lacks_keep_their_type(run: Any) -> None:
    columns = history(run.db, 1, ["epoch"])
    assert columns["epoch"].dtype == np.int64
    assert columns["_step"].tolist() == [0, 1, 3, 7]
    assert history(run.db, 1, ["done"])["done"].tolist() == [True]


def test_rows_hold_at_least_one_of_the_keys_in_the_order_asked_for(run: Any) -> None:
    columns = history(run.db, 1, ["picture", "never", "loss"])
    assert list(columns)[3:] == ["picture", "loss"]
    assert columns["_step"].tolist() == [0, 1, 3, 8]


def test_a_range_of_steps_is_half_open(run: Any) -> None:
    assert history(run.db, 1, min_step=1, max_step=7)["_step"].tolist() == [1, 3]
    assert read_steps(run.db, 1, min_step=1, max_step=7).tolist() == [1, 3]


def test_single_steps_are_read_alone(run: Any) -> None:
    picked = np.array([8, 0, 5])
    columns = history(run.db, 1, steps=picked)
    assert columns["_step"].tolist() == [0, 8]
    assert columns["picture"] == [None, "x"]


def test_the_system_stream_is_apart(run: Any) -> None:
    columns = history(run.db, 1, stream="system")
    assert columns["system/cpu"].tolist() == [50.0]
    assert columns["_runtime"].tolist() == [4.0]


def test_of_several_values_for_a_step_the_last_stored_shows(tables: Any) -> None:
    tables.add_run()
    key = tables.add_series(1, "loss")
    tables.add_points(key, [(5, 1.0), (0, 0.0)], [5, 6])
    tables.add_points(key, [(5, 3.0), (5, 2.0)], [7, 8])
    columns = history(tables.db, 1)
    assert columns["loss"].tolist() == [0.0, 2.0]
    assert columns["_runtime"].tolist() == [6, 8]


def test_the_last_stored_shows_among_many_and_mixed_series(tables: Any) -> None:
    tables.add_run()
    keys = [tables.add_series(1, name) for name in "abc"]
    for place in range(60):
        for key in keys:
            tables.add_points(key, [(step, place + key / 10) for step in (1, 0)])
    columns = history(tables.db, 1)
    for name, key in zip("abc", keys, strict=True):
        assert columns[name].tolist() == [59 + key / 10] * 2


def test_a_key_with_numbers_and_other_values_has_both(tables: Any) -> None:
    tables.add_run()
    tables.add_points(tables.add_series(1, "mixed", kind="int"), [(0, 1), (1, 2)])
    tables.add_values(tables.add_series(1, "mixed", kind="json"), [(1, "two"), (2, [3])])
    assert history(tables.db, 1)["mixed"] == [1, "two", [3]]


def test_a_run_without_rows_has_empty_columns(tables: Any) -> None:
    tables.add_run()
    columns = history(tables.db, 1)
    assert {name: len(column) for name, column in columns.items()} == {
        "_step": 0, "_runtime": 0, "_timestamp": 0,
    }  # fmt: skip
    assert read_steps(tables.db, 1).dtype == np.int64
    assert len(history(tables.db, 99)["_step"]) == 0


def test_runtime_leaves_out_the_pauses_of_a_resumed_run(tables: Any) -> None:
    run_key = tables.add_run()
    tables.add_session(run_key, started_s=100, before_s=8)
    tables.add_points(
        tables.add_series(run_key, "loss"), [(s, 0.0) for s in range(4)], [2, 99, 100, 101.5]
    )
    assert history(tables.db, run_key)["_runtime"].tolist() == [2, 99, 8, 9.5]


_logged = st.lists(
    st.tuples(
        st.integers(-3, 12),
        st.dictionaries(
            st.sampled_from(["a", "b", "c"]), st.floats(width=16), min_size=1, max_size=3
        ),
    ),
    max_size=25,
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(logged=_logged, keys=st.none() | st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
def test_rows_are_those_of_a_dict_of_dicts(
    shared_tables: Any, logged: list[tuple[int, dict[str, float]]], keys: list[str] | None
) -> None:
    shared_tables.clear()
    run_key = shared_tables.add_run()
    series = {name: shared_tables.add_series(run_key, name) for name in "abc"}
    expected: dict[int, dict[str, float]] = {}
    for step, row in logged:
        for name, value in row.items():
            shared_tables.add_points(series[name], [(step, value)])
            if keys is None or name in keys:
                expected.setdefault(step, {})[name] = value
    rows = read_rows(shared_tables.db, run_key, keys)
    assert rows.steps.tolist() == sorted(expected)
    assert rows.steps.tolist() == read_steps(shared_tables.db, run_key, keys).tolist()
    found: dict[int, dict[str, float]] = {step: {} for step in rows.steps.tolist()}
    for name, cells in rows.keys.items():
        for row, value in cells.cells():
            found[int(rows.steps[row])][name] = value
    assert repr({step: dict(sorted(row.items())) for step, row in found.items()}) == repr(
        {step: dict(sorted(expected[step].items())) for step in sorted(expected)}
    )
