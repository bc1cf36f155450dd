"""Rows and columns in memory; how a table is logged is in test_table_logging.py."""

from __future__ import annotations

import datetime
import enum
import math

import numpy as np
import pandas as pd
import pytest

from tracker.errors import UsageError
from tracker.media.image import Image
from tracker.media.table import Table


class Colour(enum.Enum):
    RED = "red"


# --- made of


def test_default_columns() -> None:
    assert Table().columns == ["Input", "Output", "Expected"]
    assert Table().data == []


def test_rows_are_copied() -> None:
    columns, rows = ["a", "b"], [[1, "x"], [2, "y"]]
    table = Table(columns=columns, data=rows)
    rows[0][0] = 99
    table.add_column("c", [3, 4])
    assert columns == ["a", "b"]
    assert table.data == [[1, "x", 3], [2, "y", 4]]


@pytest.mark.parametrize(
    "given",
    [
        [[1, 2.5], [3, 4.5]],
        ((1, 2.5), (3, 4.5)),
        iter([[1, 2.5], [3, 4.5]]),
        np.array([[1, 2.5], [3, 4.5]]),
        [{"a": 1, "b": 2.5}, {"b": 4.5, "a": 3}],
        pd.DataFrame({"a": [1, 3], "b": [2.5, 4.5]}),
    ],
)
def test_data_of_many_kinds(given) -> None:
    table = Table(columns=["a", "b"], data=given)
    assert table.columns == ["a", "b"]
    assert table.data == [[1, 2.5], [3, 4.5]]


def test_rows_are_the_older_name_of_data() -> None:
    assert Table(columns=["a"], rows=[[1]]).data == [[1]]


def test_dicts_name_the_columns() -> None:
    table = Table(data=[{"a": 1}, {"a": 2, "b": 3}])
    assert table.columns == ["a", "b"]
    assert table.data == [[1, None], [2, 3]]


def test_dataframe_takes_the_place_of_data_and_columns() -> None:
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None], dtype="Int64"),
            "real": [1.5, math.nan],
            "text": ["x", None],
            "kind": pd.Categorical(["u", "v"]),
            "when": pd.to_datetime(["2020-01-02 03:04:05.000006", None]),
            "fine": pd.to_datetime(["2020-01-02 03:04:05.000000007", None]).as_unit("ns"),
            "zone": pd.to_datetime(["2020-01-02", None]).tz_localize("UTC"),
            7: [True, False],
        }
    )
    table = Table(columns=["other"], data=[[1]], dataframe=frame)
    assert table.columns == [*frame.columns]
    first, second = table.data
    assert first[0] == 1
    assert first[4] == datetime.datetime.fromisoformat("2020-01-02T03:04:05.000006")
    assert first[5] == pd.Timestamp("2020-01-02 03:04:05.000000007")
    assert first[6] == datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)
    assert second[0] is second[4] is second[6] is None
    assert math.isnan(second[1])


def test_columns_of_an_array_frame_are_numbers() -> None:
    assert Table(dataframe=pd.DataFrame(np.eye(2))).columns == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"columns": ["a"], "data": [[1, 2]]}, r"expects 1 columns: \['a'\], found 2"),
        ({"columns": ["a"], "data": [[1], []]}, r"expects 1 columns: \['a'\], found 0"),
        ({"columns": ["a", "a"]}, "'a' comes twice"),
        ({"columns": "ab"}, "columns argument expects a `list` object"),
        ({"columns": [1.5]}, "list of strings or ints, found 1.5"),
        ({"columns": [None]}, "list of strings or ints"),
        ({"columns": ["a"], "data": "text"}, "data argument expects a `list` object"),
        ({"columns": ["a"], "data": 5}, "data argument expects a `list` object"),
        ({"columns": ["a"], "data": [5]}, "Row 0 is 5"),
        ({"columns": ["a"], "data": ["x"]}, "Row 0 is 'x'"),
        ({"columns": ["a"], "data": [{"b": 1}]}, "'b', which is no column"),
        ({"columns": ["a"], "data": np.zeros(3)}, "expected rows and columns"),
        ({"dataframe": [[1]]}, "expects a `pandas.core.frame.DataFrame` object"),
        ({"dataframe": pd.DataFrame([[1, 2]], columns=["a", "a"])}, "'a' comes twice"),
        ({"columns": ["a"], "log_mode": "SOMETIMES"}, "Invalid log_mode: SOMETIMES"),
        ({"columns": ["a"], "dtype": [int, str]}, "2 were given for 1 columns"),
        ({"columns": ["a"], "optional": [True, True]}, "2 were given for 1 columns"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(arguments, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Table(**arguments)


# --- cells are copies


def test_arrays_lists_and_dicts_are_copied() -> None:
    array, items, mapping = np.zeros(2), [1, [2]], {"k": [1]}
    table = Table(columns=["a", "b", "c"])
    table.add_data(array, items, mapping)
    array[:], items[1][0], mapping["k"][0] = 9, 9, 9  # type: ignore[index]
    assert table.data[0][0].tolist() == [0, 0]
    assert table.data[0][1:] == [[1, [2]], {"k": [1]}]


def test_one_buffer_used_again_gives_different_rows() -> None:
    buffer, table = np.zeros(3), Table(columns=["a"])
    for value in range(3):
        buffer[:] = value
        table.add_data(buffer)
    assert [row[0].tolist() for row in table.data] == [[0] * 3, [1] * 3, [2] * 3]


def test_object_arrays_become_lists_and_are_never_pickled() -> None:
    table = Table(columns=["a"], data=[[np.array([1, "x", None], dtype=object)]])
    assert table.data == [[[1, "x", None]]]


def test_enumerations_are_kept_by_their_value() -> None:
    assert Table(columns=["a"], data=[[Colour.RED]]).data == [["red"]]


# --- columns


def test_add_column() -> None:
    table = Table(columns=["a"], data=[[1], [2]])
    table.add_column("b", np.array([1.5, 2.5]))
    assert table.get_column("b") == [1.5, 2.5]
    table.add_data(3, 3.5)
    assert table.data[2] == [3, 3.5]


def test_add_column_to_a_table_without() -> None:
    table = Table(columns=[])
    table.add_column("a", [1, 2, 3])
    assert table.data == [[1], [2], [3]]


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("b", [1], "Expected length 2, found 1"),
        ("a", [1, 2], "'a' comes twice"),
        (None, [1, 2], "strings or ints"),
        ("b", [1, "x"], "Existing data x, of type String cannot be cast to Number"),
        ("b", [1, None], "Existing data None, of type None cannot be cast to Number"),
    ],
)
def test_add_column_that_does_not_fit_changes_nothing(name, values, sentence) -> None:
    table = Table(columns=["a"], data=[[1], [2]])
    with pytest.raises(UsageError, match=sentence):
        table.add_column(name, values)
    assert (table.columns, table.data) == (["a"], [[1], [2]])
    table.add_data(3)


def test_add_column_with_none() -> None:
    table = Table(columns=["a"], data=[[1], [2]])
    table.add_column("b", [None, 1], optional=True)
    assert table.get_column("b") == [None, 1]


def test_add_computed_columns() -> None:
    table = Table(columns=["x", "y"], data=[[3, 1], [4, 6]])
    table.add_computed_columns(lambda place, row: {"diff": row["x"] - row["y"], "place": place})
    assert table.columns == ["x", "y", "diff", "place"]
    assert table.get_column("diff") == [2, -2]
    assert table.get_column("place") == [0, 1]


def test_computed_columns_must_be_dicts_and_complete() -> None:
    table = Table(columns=["x"], data=[[1], [2]])
    with pytest.raises(UsageError, match="expected a dict"):
        table.add_computed_columns(lambda place, row: 5)  # type: ignore[arg-type, return-value]
    with pytest.raises(UsageError, match="Expected length 2, found 1"):
        table.add_computed_columns(lambda place, row: {"a": 1} if place else {})
    assert table.columns == ["x"]


def test_get_column() -> None:
    table = Table(columns=["a", "i"], data=[[1, Image(np.zeros((2, 3), np.uint8))]] * 2)
    assert table.get_column("a") == [1, 1]
    numbers = table.get_column("a", convert_to="numpy")
    assert isinstance(numbers, np.ndarray)
    assert np.shape(table.get_column("i", convert_to="numpy")) == (2, 2, 3)
    with pytest.raises(UsageError, match="no column 'z'"):
        table.get_column("z")
    with pytest.raises(UsageError, match="convert_to"):
        table.get_column("a", convert_to="torch")  # type: ignore[arg-type]


def test_get_column_of_uneven_lists() -> None:
    column = Table(columns=["a"], data=[[[1]], [[1, 2]]]).get_column("a", convert_to="numpy")
    assert list(column) == [[1], [1, 2]]


def test_get_dataframe() -> None:
    frame = Table(columns=["a", 2], data=[[1, "x"], [2, "y"]]).get_dataframe()
    assert frame.to_dict("list") == {"a": [1, 2], 2: ["x", "y"]}


# --- links


def test_iterrows_yields_places_that_link() -> None:
    table = Table(columns=["a"], data=[["x"], ["y"]])
    places = [place for place, _ in table.iterrows()]
    assert places == [0, 1]
    assert places[1].get_row() == {"a": "y"}
    assert table.get_index() == [0, 1]
    assert table.index_ref(1).get_row() == {"a": "y"}
    with pytest.raises(UsageError, match="Row 2 is not there"):
        table.index_ref(2)


def test_a_cell_with_a_place_links_the_column() -> None:
    people = Table(columns=["name"], data=[["Ada"], ["Max"]])
    scores = Table(columns=["who", "score"])
    for place, _ in people.iterrows():
        scores.add_data(place, 1.5)
    scores.add_data(0, 2.5)
    assert [row[0].get_row()["name"] for row in scores.data] == ["Ada", "Max", "Ada"]


def test_keys_link_tables() -> None:
    people = Table(columns=["id", "name"], data=[["a", "Ada"], ["m", "Max"]])
    people.set_pk("id")
    scores = Table(columns=["who", "score"], data=[["m", 1]])
    scores.set_fk("who", people, "id")
    scores.add_data("a", 2)
    assert [(key, key.table, key.column) for key in scores.get_column("who")] == [
        ("m", people, "id"),
        ("a", people, "id"),
    ]
    copied = Table(columns=["who"], data=[[people.data[1][0]]])
    assert copied.data[0][0].table is people


def test_what_keys_may_not_be() -> None:
    table = Table(columns=["a", "b", "n"], data=[["x", "y", 1]])
    other = Table(columns=["a"], data=[["x"]])
    table.set_pk("a")
    with pytest.raises(UsageError, match="multiple primary keys - a is already"):
        table.set_pk("b")
    with pytest.raises(UsageError, match="is the primary key"):
        table.set_fk("a", other, "a")
    with pytest.raises(UsageError, match="to same table"):
        table.set_fk("b", table, "a")
    with pytest.raises(UsageError, match="no column 'zz'"):
        table.set_fk("b", other, "zz")
    with pytest.raises(UsageError, match="no column 'zz'"):
        table.set_pk("zz")
    with pytest.raises(TypeError):
        table.set_fk("n", other, "a")
    with pytest.raises(TypeError):
        table.add_data(None, "y", 1)


def test_repr_says_how_large_it_is() -> None:
    assert repr(Table(columns=["a"], data=[[1]])) == "<tracker.Table: 1 columns, 1 rows>"
