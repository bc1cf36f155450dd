"""What dump_json writes, DuckDB accepts as JSON and load_json gives back."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.store.database.encode import dump_json, load_json

_WORDS = {"NaN", "Infinity", "-Infinity"}
_texts = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda t: t not in _WORDS)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner) | st.dictionaries(_texts, inner),
    max_leaves=20,
)


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
    return bool(one == other)


@given(_values)
def test_what_was_dumped_is_loaded_again(value: Any) -> None:
    assert _is_same(load_json(dump_json(value)), value)
    assert _is_same(load_json(dump_json(value).encode()), value)


@given(_values)
def test_the_text_is_strict_json_without_non_finite_numbers(value: Any) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(dump_json(value), parse_constant=refuse)


@given(st.text())
def test_any_text_as_key_and_value_is_json_for_duckdb(text: str) -> None:
    written = dump_json({text: [text]})
    row = duckdb.execute("SELECT json_valid(?)", [written]).fetchone()
    assert row == (True,)


def test_numbers_that_json_lacks_are_spelled_as_wandb_does() -> None:
    nested = {"a": [math.nan, {"b": (math.inf, -math.inf)}], "c": None}
    assert json.loads(dump_json(nested)) == {
        "a": ["NaN", {"b": ["Infinity", "-Infinity"]}],
        "c": None,
    }


class _Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class _Point:
    x: float
    y: float | None = None


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.float32("nan"), math.nan),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1.0, np.inf]]), [[1.0, math.inf]]),
        ((1, 2), [1, 2]),
        ({7}, [7]),
        ({1: "a", None: "b", (1, 2): "d"}, {"1": "a", "None": "b", "(1, 2)": "d"}),
        (2**70, 2**70),
        (_Colour.RED, "red"),
        (_Point(math.nan), {"x": math.nan, "y": None}),
        (datetime(2025, 1, 2, tzinfo=UTC), "2025-01-02T00:00:00Z"),
        (Decimal("1.50"), "1.50"),
        (1 + 2j, "(1+2j)"),
        ("a\ud800b", "a\ufffdb"),
        ({"k\udfff": math.inf}, {"k\ufffd": math.inf}),
    ],
    ids=repr,
)
def test_other_types_become_the_nearest_json(given_value: Any, expected: Any) -> None:
    assert _is_same(load_json(dump_json(given_value)), expected)


def test_a_word_that_looks_like_a_number_is_a_number_when_loaded() -> None:
    loaded = load_json(dump_json({"text": "NaN"}))
    assert math.isnan(loaded["text"])


def test_numbers_beyond_float64_are_infinite() -> None:
    assert load_json('{"a": 1e400}') == {"a": math.inf}


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        load_json("{")
