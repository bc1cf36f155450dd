"""Expressions: read by our own grammar, worked out like plain arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.figures.expressions import joined, missing, parse

A, B = np.array([1.0, 4.0, -2.0]), np.array([2.0, 0.0, math.nan])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a / b", [0.5, math.inf, math.nan]),
        ("a - 1 - 1", [-1, 2, -4]),
        ("2 * a + 1", [3, 9, -3]),
        ("2 + a * 3", [5, 14, -4]),
        ("-a ^ 2", [-1, -16, -4]),
        ("2 ^ 3 ^ 0 * a", [2, 8, -4]),
        ("2 ** -1 * a", [0.5, 2, -1]),
        ("--a", [1, 4, -2]),
        ("log(a)", [0, math.log(4), math.nan]),
        ("(a - b) / max(b, 1e-9)", [-0.5, 4e9, math.nan]),
        ("min(a, 2, 3)", [1, 2, -2]),
        ("max(a)", [1, 4, -2]),
        ("a % 3", [1, 1, 1]),
        ("${a}+0*pi", [1, 4, -2]),
        ("pow(a, 2)", [1, 16, 4]),
    ],
)
def test_values(text: str, expected: list[float]) -> None:
    np.testing.assert_allclose(parse(text).value({"a": A, "b": B}), expected)


def test_keys_in_order_and_with_spaces() -> None:
    expression = parse(" ${train/my loss} - val.loss * ${train/my loss} ")
    assert expression.keys == ("train/my loss", "val.loss")
    assert expression.text == "${train/my loss} - val.loss * ${train/my loss}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("a +", "the end"),
        ("a b", "operator"),
        ("(a", r"expected \)"),
        ("eval(a)", "no function"),
        ("a.__class__()", "no function"),
        ("log(a, b)", "takes 1, not 2"),
        ("1 + 2", "no metric"),
        ("a; b", "place 2"),
        ("a['x']", "place 2"),
        ("${}", "no metric"),
        ("$a", "place 1"),
        ("(" * 500 + "a" + ")" * 500, "characters|levels"),
        ("2^" * 300 + "a", "levels"),
        ("a" * 2000, "characters"),
        ("a, b", "operator"),
    ],
)
def test_what_is_no_expression_is_said_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(text)


@given(st.text("abx019.+-*/%^(),${} e", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expression = parse(text)
    except UsageError:
        return
    value = expression.value(dict.fromkeys(expression.keys, A))
    assert value.shape == A.shape


nodes = st.recursive(
    st.sampled_from(["a", "b", "2", "0.5"]),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
).map(lambda text: f"a + {text}")


@given(nodes)
def test_arithmetic_is_pythons(text: str) -> None:
    names: dict[str, Any] = {"a": np.array([1.5, -3.0]), "b": np.array([2.0, 7.0])}
    expected = eval(text, {"__builtins__": {}}, names)
    np.testing.assert_array_equal(parse(text).value(names | {}), expected)


def test_missing_metrics_are_named_with_what_may_be_meant() -> None:
    known = ["train/loss", "accuracy"]
    assert missing(parse("accuracy * 2"), known) == ""
    assert "${train/loss}" in missing(parse("train / loss"), known)
    assert "${accuracy}" in missing(parse("acuracy"), known)
    said = missing(parse("zzz + qqq"), known)
    assert "'zzz', 'qqq'" in said
    assert "mean" not in said


def test_metrics_that_were_logged_at_other_steps_count_with_their_last_value() -> None:
    series = {
        "a": (np.array([0, 1, 2, 4]), np.array([1.0, 2.0, 3.0, 5.0])),
        "b": (np.array([1, 3]), np.array([10.0, 30.0])),
    }
    steps, values = joined(parse("a + b"), series)
    assert steps.tolist() == [1, 2, 3, 4]
    assert values.tolist() == [12, 13, 33, 35]


def test_of_several_values_at_a_step_the_last_counts() -> None:
    series = {"a": (np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0]))}
    steps, values = joined(parse("a * 10"), series)
    assert (steps.tolist(), values.tolist()) == ([0, 1], [20, 30])


def test_without_points_there_is_no_line() -> None:
    series = {"a": (np.array([0]), np.ones(1)), "b": (np.array([], dtype=int), np.empty(0))}
    steps, values = joined(parse("a + b"), series)
    assert (len(steps), len(values)) == (0, 0)
