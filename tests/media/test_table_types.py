"""Which values fit beside which in a column, and what is said of those that do not."""

from __future__ import annotations

import datetime
import enum
import math

import numpy as np
import pandas as pd
import pytest

from tracker.errors import UsageError
from tracker.media.html import Html
from tracker.media.image import Image
from tracker.media.table import Table
from tracker.media.text import Text


class Colour(enum.Enum):
    RED = "red"


def test_a_value_of_another_type_is_explained_as_by_wandb() -> None:
    with pytest.raises(TypeError) as caught:
        Table(columns=["a"], data=[[1], ["x"]])
    assert isinstance(caught.value, UsageError)
    assert str(caught.value) == (
        "Data row contained incompatible types:\n"
        "{'a': 'x'} of type {'a': String} is not assignable to {'a': None or Number}\n"
        "Key 'a':\n"
        "\tString not assignable to None or Number\n"
        "\t\tString not assignable to None\n"
        "\tand\n"
        "\t\tString not assignable to Number"
    )


def test_a_refused_row_leaves_the_table_as_it_was() -> None:
    table = Table(columns=["a", "b"], data=[[None, 1]])
    with pytest.raises(TypeError):
        table.add_data("x", "y")
    table.add_data(1, 2)
    assert table.data == [[None, 1], [1, 2]]


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        (1, 2.5, True),
        (1, np.float32(2), True),
        (1, 1j, True),
        (1, math.nan, True),
        (math.nan, 1, True),
        (math.nan, "x", True),
        ("x", math.nan, True),
        (None, "x", True),
        ("x", np.str_("y"), True),
        ("x", Colour.RED, True),
        (True, np.bool_(False), True),
        (True, 1, False),
        (1, True, False),
        (1, "1", False),
        ("1", 1, False),
        (datetime.date(2020, 1, 1), datetime.datetime.fromisoformat("2020-01-01"), True),
        (datetime.date(2020, 1, 1), np.datetime64("2020-01-01"), True),
        (datetime.date(2020, 1, 1), pd.NaT, True),
        (datetime.date(2020, 1, 1), 2020, False),
        (1, pd.NA, True),
        ([1, 2], [3], True),
        ([], ["x"], True),
        ([1], (2, 3), True),
        ([1], ["x"], False),
        ([[1]], [[2], [3]], True),
        ([[1]], [["x"]], False),
        ([1, None], [None], True),
        ([1], [None], False),
        ([1, "mixed"], [2.0, "also"], True),
        ({"k": 1}, {"k": 2}, True),
        ({"k": 1}, {"k": "x"}, False),
        ({"k": 1}, {"other": 1}, False),
        (np.zeros(3), np.ones(3), True),
        (np.zeros(3), np.ones(4), False),
        (np.zeros(3), [1, 2, 3], True),
        (np.array(3), 4, True),
        (Text("a"), Text("b"), True),
        (Text("a"), Html("b"), False),
        (Text("a"), "b", False),
        (b"x", b"y", True),
        (b"x", "y", False),
    ],
)
def test_what_fits_beside_what(first, second, fits) -> None:
    table = Table(columns=["a"], data=[[first]])
    if fits:
        table.add_data(second)
        assert len(table.data) == 2
    else:
        with pytest.raises(TypeError, match="is not assignable to"):
            table.add_data(second)


def test_mixed_types_where_they_are_allowed() -> None:
    values = [1, "x", None, True, [1, "y"], {"k": 1}, Text("t"), np.zeros(2), math.nan]
    table = Table(columns=["a"], data=[[value] for value in values], allow_mixed_types=True)
    assert len(table.data) == len(values)


def test_none_where_it_is_not_allowed() -> None:
    with pytest.raises(TypeError, match="None not assignable to Number"):
        Table(columns=["a"], data=[[1], [None]], optional=False)
    table = Table(columns=["a", "b"], data=[[1, None]], optional=[False, True])
    with pytest.raises(TypeError):
        table.add_data(None, 1)


@pytest.mark.parametrize(
    ("dtype", "good", "bad"),
    [
        (int, 2.5, "x"),
        (float, 1, "x"),
        (str, "x", 1),
        (bool, True, 1),
        (np.float32, 1, "x"),
        (np.dtype("int64"), 1, "x"),
        (np.ndarray, np.zeros(2), 1),
        (datetime.datetime, datetime.date(2020, 1, 1), 1),
        ([int], 1, "x"),
        ([[int]], [1, 2], ["x"]),
        ([[int, str]], "either", True),
        (list, ["x"], 1),
        (dict, {"anything": [1]}, 1),
        ([{"k": int}], {"k": 1}, {"k": "x"}),
        ({"yes", "no"}, "yes", "maybe"),
        ("only", "only", "other"),
        (Text, Text("x"), Html("x")),
        (Text("example"), Text("x"), "x"),
        (Image, Image(np.zeros((2, 2))), 1),
        (Colour, Colour.RED, 1),
    ],
)
def test_dtype_says_what_is_allowed(dtype, good, bad) -> None:
    table = Table(columns=["a"], dtype=dtype)
    table.add_data(good)
    table.add_data(None)
    with pytest.raises(TypeError):
        table.add_data(bad)


def test_explains_where_in_a_list_or_dict() -> None:
    table = Table(columns=["a"], data=[[{"k": [1, 2]}]], optional=False)
    with pytest.raises(TypeError) as caught:
        table.add_data({"k": [1, "x"], "extra": 1})
    assert "Found extra keys: extra" in str(caught.value)
    with pytest.raises(TypeError, match="Index 1:"):
        table.add_data({"k": [1, "x"]})


def test_cast() -> None:
    table = Table(columns=["a"], data=[[1], [2]])
    table.cast("a", int)
    with pytest.raises(TypeError):
        table.add_data(None)
    table.cast("a", int, optional=True)
    table.add_data(None)
    with pytest.raises(TypeError, match="Existing data 1, of type Number cannot be cast to String"):
        table.cast("a", str)
