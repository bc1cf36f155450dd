"""How a table is kept: there and back, in three modes, in SQL."""

from __future__ import annotations

import datetime
import json
import math

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tracker.errors import NotFoundError, StoreError, TrackerWarning, UsageError
from tracker.media.audio import Audio
from tracker.media.html import Html
from tracker.media.image import Image
from tracker.media.joined_table import JoinedTable
from tracker.media.loading import digests, load, load_value
from tracker.media.table import Table
from tracker.media.text import Text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(), st.floats(width=32).map(np.float32))
CELLS = {
    "whole": st.integers(-(2**63), 2**64 - 1),
    "huge": st.integers(),
    "real": st.floats(),
    "single": st.floats(width=32).map(np.float32),
    "mixed numbers": NUMBERS,
    "big and real": st.one_of(st.integers(), st.floats(allow_nan=False)),
    "complex": st.complex_numbers(allow_nan=False),
    "truth": st.booleans(),
    "text": TEXT,
    "bytes": st.binary(),
    "moment": st.datetimes(),
    "instant": st.datetimes(timezones=st.just(datetime.UTC)),
    "day": st.dates(),
    "fine": st.integers(-(10**18), 10**18).map(lambda ns: pd.Timestamp(ns, unit="ns")),
    "span": st.timedeltas(),
    "decimal": st.decimals(allow_nan=False),
    "list of whole": st.lists(st.integers()),
    "list of real": st.lists(st.floats()),
    "list of text": st.lists(TEXT),
    "nested list": st.lists(st.lists(st.integers(), max_size=3), max_size=3),
    "dict": st.fixed_dictionaries({"_type": TEXT, "k": st.integers(), "é\0": st.floats()}),
    "keys": st.dictionaries(st.integers(), TEXT, max_size=3),
    "array": npst.arrays(np.float64, (2, 3)),
    "bytes array": npst.arrays(np.uint8, 5),
    "long array": npst.arrays(np.int64, 2),
    "truth array": npst.arrays(np.bool_, 2),
    "half array": npst.arrays(np.float16, 3),
    "complex array": npst.arrays(np.complex64, 2),
    "text array": npst.arrays("U3", 2),
    "page": TEXT.map(lambda text: Html(text, data_is_not_path=True)),
}


def same(one: object, other: object) -> bool:
    """Whether two cells are equal, NaN to itself, and arrays also in dtype and shape."""
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        is_open = one.dtype.kind in "fc"
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=is_open)
    if isinstance(one, list | tuple):
        assert isinstance(other, list)
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float | np.floating) and math.isnan(one):
        return isinstance(other, float | np.floating) and math.isnan(other)
    return bool(one == other)


@pytest.mark.parametrize("kind", CELLS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_every_kind_of_cell_comes_back(keep_many, kind: str, data) -> None:
    cells = data.draw(st.lists(st.one_of(st.none(), CELLS[kind]), max_size=6))
    table = Table(columns=["a"], data=[[cell] for cell in cells], allow_mixed_types=True)
    read = keep_many(table)
    assert all(map(same, cells, read.get_column("a")))
    assert len(read.data) == len(cells)
    assert read == table


@settings(max_examples=25, deadline=None)
@example([np.float32("nan"), pd.Timestamp(0)], [""])
@given(
    st.lists(st.one_of(st.none(), *CELLS.values()), max_size=6),
    st.lists(st.one_of(TEXT, st.integers()), min_size=1, max_size=4, unique=True),
)
def test_mixed_columns_of_any_name_come_back(keep_many, cells, names) -> None:
    table = Table(
        columns=names, data=[[cell] * len(names) for cell in cells], allow_mixed_types=True
    )
    read = keep_many(table)
    assert read.columns == names
    assert all(
        type(mine) is type(read_name) for mine, read_name in zip(names, read.columns, strict=True)
    )
    kinds = {type(cell) for cell in cells if cell is not None}
    if not (kinds - {float}):
        assert all(same(cell, row[0]) for cell, row in zip(cells, read.data, strict=True))
    assert read == table


def test_nan_among_text_comes_back_as_none(keep) -> None:
    assert keep(Table(columns=["a"], data=[["x"], [math.nan]])).data == [["x"], [None]]


def test_lone_surrogates_become_question_marks(keep) -> None:
    assert keep(Table(columns=["a"], data=[["\ud800"]])).data == [["?"]]


@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_any_length(keep, rows: int) -> None:
    table = Table(columns=["a", "b"], data=[[n, str(n)] for n in range(rows)])
    assert keep(table).data == table.data
    assert keep(Table(columns=[])).columns == []


def test_media_in_cells(objects) -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    sound = np.linspace(-1, 1, 50)
    table = Table(
        columns=["i", "a", "t", "list", "inner"],
        data=[
            [Image(picture, caption="c"), Audio(sound, 100), Text("x"), [Text("y")],
             Table(columns=["z"], data=[[1]])],
        ],
    )  # fmt: skip
    reference = table.to_reference(objects.put_bytes)
    row = load(reference, objects).data[0]
    assert np.array_equal(np.asarray(row[0].image), picture)
    assert row[0].caption == "c"
    assert np.array_equal(row[1].data, sound)
    assert row[2:] == [Text("x"), [Text("y")], Table(columns=["z"], data=[[1]])]
    kept = {path.parent.name + path.name for path in objects.root.rglob("*") if path.is_file()}
    assert set(digests(reference, objects)) == kept


def test_equal_tables_are_kept_once(objects) -> None:
    def put() -> dict:
        rows = [[1.5, "x", np.zeros(3), Text("t")]] * 10
        return Table(columns=list("abcd"), data=rows).to_reference(objects.put_bytes)

    assert put() == put()
    assert len([path for path in objects.root.rglob("*") if path.is_file()]) == 2


def test_types_and_links_come_back(keep) -> None:
    people = Table(columns=["id", "name"], data=[["a", "Ada"]])
    people.set_pk("id")
    table = Table(columns=["who", "row", "score"], optional=[False, False, True])
    table.set_fk("who", people, "id")
    table.add_data("a", people.index_ref(0), 1.5)
    table.cast("score", float)
    read = keep(table)
    assert read.data[0][0].table == people
    assert read.data[0][0].column == "id"
    assert read.data[0][1].get_row() == {"id": "a", "name": "Ada"}
    with pytest.raises(TypeError):
        read.add_data("a", 0, "text")
    with pytest.raises(UsageError, match="multiple primary keys"):
        keep(people).set_pk("name")


@pytest.mark.parametrize(
    ("dtype", "good", "bad"),
    [
        (int, 1, "x"),
        ([[int]], [1], ["x"]),
        ([{"k": int}], {"k": 1}, {"k": "x"}),
        (dict, {"any": 1}, 1),
        (np.ndarray, np.zeros(2), 1),
        ({"yes", "no"}, "yes", "maybe"),
        (complex, 1j, "x"),
        (bytes, b"x", "x"),
        (Text, Text("x"), Html("x")),
    ],
)
def test_declared_types_still_hold_when_read_back(keep, dtype, good, bad) -> None:
    read = keep(Table(columns=["a"], dtype=dtype))
    read.add_data(good)
    read.add_data(None)
    with pytest.raises(TypeError):
        read.add_data(bad)


def test_tables_in_a_circle_are_refused() -> None:
    one, other = Table(columns=["a"], data=[["x"]]), Table(columns=["a"], data=[["x"]])
    one.set_fk("a", other, "a")
    other.set_fk("a", one, "a")
    with pytest.raises(UsageError, match="in a circle"):
        one.to_reference(lambda content: "")


def test_a_row_that_lacks_a_column_is_told() -> None:
    table = Table(columns=["a", "b"])
    table.data.append([1])
    with pytest.raises(UsageError, match="does not have its 2 columns"):
        table.to_reference(lambda content: "")


# --- modes


def test_an_immutable_table_stays_as_it_was_logged(objects) -> None:
    table = Table(columns=["a"], data=[[1]])
    assert not table.has_been_logged()
    first = table.to_reference(objects.put_bytes)
    assert table.has_been_logged()
    assert table.to_reference(objects.put_bytes) == first
    with pytest.warns(TrackerWarning, match="Set log_mode='MUTABLE' to enable"):
        table.add_data(2)
    table.add_column("b", [3, 4])
    assert table.to_reference(objects.put_bytes) == first
    assert load(first, objects).data == [[1]]


def test_a_mutable_table_is_kept_anew(objects) -> None:
    table = Table(columns=["a"], data=[[1]], log_mode="MUTABLE")
    first = table.to_reference(objects.put_bytes)
    table.add_data(2)
    assert not table.has_been_logged()
    second = table.to_reference(objects.put_bytes)
    assert [load(each, objects).data for each in (first, second)] == [[[1]], [[1], [2]]]


def test_an_incremental_table_keeps_new_rows(objects) -> None:
    table = Table(columns=["a"], log_mode="INCREMENTAL")
    references = []
    for value in range(3):
        table.add_data(value)
        references.append(table.to_reference(objects.put_bytes))
    assert table.to_reference(objects.put_bytes) == references[-1]
    assert [reference["increment_num"] for reference in references] == [0, 1, 2]
    assert [reference["nrows"] for reference in references] == [1, 2, 3]
    assert {reference["_type"] for reference in references} == {"incremental-table-file"}
    assert len({reference["size"] < 2000 for reference in references}) == 1
    assert load(references[1], objects).data == [[0], [1]]
    assert load(references[2], objects).data == [[0], [1], [2]]
    chain = list(digests(references[2], objects))
    assert set(chain) == {reference["sha256"] for reference in references}


def test_increments_go_on_in_a_resumed_run(objects) -> None:
    table = Table(columns=["a"], data=[[1]], log_mode="INCREMENTAL")
    last = table.to_reference(objects.put_bytes)
    again = Table(columns=["a"], log_mode="INCREMENTAL")
    again.resume_from(json.loads(json.dumps(last)))
    again.add_data(2)
    reference = again.to_reference(objects.put_bytes)
    assert reference["increment_num"] == 1
    assert load(reference, objects).data == [[1], [2]]
    read = load(last, objects)
    read.add_data(3)
    assert load(read.to_reference(objects.put_bytes), objects).data == [[1], [3]]


def test_increments_add_rows_only() -> None:
    table = Table(columns=["a"], data=[[1]], log_mode="INCREMENTAL")
    for change in (lambda: table.add_column("b", [1]), lambda: table.add_computed_columns(dict)):
        with pytest.raises(UsageError, match="not supported for tables with log_mode='INCREM"):
            change()


def test_a_snapshot_is_what_was_there_when_it_was_taken(objects) -> None:
    table = Table(columns=["a"], data=[[1]], log_mode="MUTABLE")
    taken = table.snapshot()
    table.add_data(2)
    table.data[0][0] = 99
    assert load(taken.to_reference(objects.put_bytes), objects).data == [[1]]


def test_snapshots_of_increments_may_be_kept_later_and_in_any_order(objects) -> None:
    table = Table(columns=["a"], log_mode="INCREMENTAL")
    taken = []
    for value in range(3):
        table.add_data(value)
        taken.append(table.snapshot())
    references = [each.to_reference(objects.put_bytes) for each in reversed(taken)]
    assert load(references[0], objects).data == [[0], [1], [2]]


# --- reading


def test_plain_data_is_a_frame(objects) -> None:
    table = Table(columns=["a", "b"], data=[[1, "x"]])
    frame = load_value(table.to_reference(objects.put_bytes), objects)
    pd.testing.assert_frame_equal(frame, table.get_dataframe())


def test_a_lost_or_damaged_file_is_told(objects) -> None:
    reference = Table(columns=["a"], data=[[1]]).to_reference(objects.put_bytes)
    path = objects.path(reference["sha256"])
    for content in (b"", b"PAR1garbagePAR1", path.read_bytes()[:-20]):
        path.write_bytes(content)
        with pytest.raises(StoreError, match="cannot be read"):
            load(reference, objects)
    path.unlink()
    with pytest.raises(NotFoundError):
        load(reference, objects)


def test_foreign_parquet_is_no_table(objects, tmp_path) -> None:
    duckdb.sql("SELECT 1 AS a").write_parquet(str(tmp_path / "x"))
    digest = objects.put_bytes((tmp_path / "x").read_bytes())
    with pytest.raises(StoreError, match="is no table of tracker's"):
        load({"_type": "table-file", "sha256": digest}, objects)


def test_any_tool_reads_the_file(objects) -> None:
    rows = [[1, 1.5, "x", [1.0, 2.0], {"k": 1}], [2, math.nan, None, [3.0], {"k": 2}]]
    reference = Table(columns=list("abcde"), data=rows).to_reference(objects.put_bytes)
    path = str(objects.path(reference["sha256"]))
    query = "SELECT a, isnan(b), c, e ->> '$.k', list_sum(d) FROM read_parquet(?) ORDER BY a"
    assert duckdb.execute(query, [path]).fetchall() == [
        (1, False, "x", "1", 3.0),
        (2, True, None, "2", 3.0),
    ]


# --- joins


def test_a_joined_table(objects) -> None:
    one = Table(columns=["id", "v"], data=[[1, "a"], [2, "b"]])
    other = Table(columns=["key", "v"], data=[[2, "c"], [3, "d"]])
    joined = JoinedTable(one, other, ["id", "key"])
    assert joined.get_dataframe().to_dict("records") == [
        {"id": 2, "v_1": "b", "key": 2, "v_2": "c"}
    ]
    assert len(joined.get_dataframe(how="outer")) == 3
    reference = joined.to_reference(objects.put_bytes)
    assert load(reference, objects) == joined
    assert len(load_value(reference, objects)) == 1
    assert len(set(digests(reference, objects))) == 2


@pytest.mark.parametrize(
    ("first", "second", "key", "sentence"),
    [
        (1, 2, 5, "a string or a list of two strings"),
        (1, 2, ["a"], "a string or a list of two strings"),
        ("x.table.json", 2, "a", "table1 should be a tracker.Table"),
        (1, None, "a", "table2 should be a tracker.Table"),
        (1, 2, "zz", "no column 'zz'"),
    ],
)
def test_what_is_no_join_is_told(first, second, key, sentence) -> None:
    def table(given):
        return Table(columns=["a"], data=[[1]]) if isinstance(given, int) else given

    with pytest.raises(UsageError, match=sentence):
        JoinedTable(table(first), table(second), key)
