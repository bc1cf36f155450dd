from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from tracker.errors import StoreError, UsageError
from tracker.store.files.parquet import ParquetColumn, physical_names, read_parquet, write_parquet


def objects(*values: object) -> np.ndarray:
    cells = np.empty(len(values), dtype=object)
    cells[:] = list(values)
    return cells


COLUMNS = [
    ParquetColumn("truth", "BOOLEAN", np.array([True, False])),
    ParquetColumn("whole", "BIGINT", np.array([1, 2]), np.array([False, True])),
    ParquetColumn("large", "UBIGINT", np.array([2**64 - 1, 0], dtype=np.uint64)),
    ParquetColumn("real", "DOUBLE", np.array([np.nan, np.inf]), np.array([False, False])),
    ParquetColumn("single", "FLOAT", np.array([np.nan, 0.1], dtype=np.float32)),
    ParquetColumn('it\'s "text"', "VARCHAR", objects("a\0é", "")),
    ParquetColumn("bytes", "BLOB", objects(b"\0\xff", b"")),
    ParquetColumn("day", "DATE", np.array(["2020-01-02", "0001-01-01"], "datetime64[s]")),
    ParquetColumn("moment", "TIMESTAMP", np.array(["2020-01-02T03:04:05.000006"] * 2, "M8[us]")),
    ParquetColumn("fine", "TIMESTAMP_NS", np.array([7, -7]).view("datetime64[ns]")),
    ParquetColumn("instant", "TIMESTAMPTZ", np.array([-1, 10**15])),
    ParquetColumn("reals", "FLOAT[]", objects(np.array([np.nan, 1], np.float32), np.empty(0))),
    ParquetColumn("wholes", "BIGINT[]", objects(np.arange(3), np.arange(0))),
]
VALUES = {
    "truth": [True, False],
    "whole": [1, None],
    "large": [2**64 - 1, 0],
    "real": [np.nan, np.inf],
    "single": [np.nan, float(np.float32(0.1))],
    'it\'s "text"': ["a\0é", ""],
    "bytes": [b"\0\xff", b""],
    "day": [date(2020, 1, 2), date(1, 1, 1)],
    "moment": [datetime.fromisoformat("2020-01-02T03:04:05.000006")] * 2,
    "fine": [7, -7],
    "instant": [
        datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC),
    ],
    "reals": [[np.nan, 1.0], []],
    "wholes": [[0, 1, 2], []],
}


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(write_parquet(COLUMNS, "{'it''s': \"é\"}"))
    columns, metadata = read_parquet(path)
    np.testing.assert_equal(columns, VALUES)
    assert metadata == "{'it''s': \"é\"}"


def test_no_rows_and_no_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    empty = [
        ParquetColumn("a", "DOUBLE", np.empty(0)),
        ParquetColumn("b", "VARCHAR", objects()),
        ParquetColumn("c", "DOUBLE[]", objects()),
    ]
    path.write_bytes(write_parquet(empty))
    assert read_parquet(path) == ({"a": [], "b": [], "c": []}, "")


def test_lists_that_begin_empty_keep_their_type(tmp_path: Path) -> None:
    cells = objects(*[np.empty(0)] * 3000, np.array([0.5]))
    path = tmp_path / "a.parquet"
    path.write_bytes(write_parquet([ParquetColumn("a", "DOUBLE[]", cells)]))
    assert read_parquet(path)[0]["a"][-2:] == [[], [0.5]]


def test_order_is_kept(tmp_path: Path) -> None:
    values = np.random.default_rng(0).permutation(300_000)
    path = tmp_path / "a.parquet"
    path.write_bytes(write_parquet([ParquetColumn("a", "BIGINT", values)]))
    assert read_parquet(path)[0]["a"] == values.tolist()


def write_example() -> bytes:
    return write_parquet(COLUMNS, "x")


ELSEWHERE = """
import hashlib
import numpy as np
from tracker.store.files.parquet import ParquetColumn, write_parquet
columns = [ParquetColumn("a", "DOUBLE", np.arange(5000) / 3)]
print(hashlib.sha256(write_parquet(columns, "x")).hexdigest())
"""


def test_the_same_rows_give_the_same_bytes_in_every_thread() -> None:
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(write_example())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert set(made) == {write_example()}


def test_the_same_rows_give_the_same_bytes_in_every_process() -> None:
    column = ParquetColumn("a", "DOUBLE", np.arange(5000) / 3)
    ours = hashlib.sha256(write_parquet([column], "x")).hexdigest()
    theirs = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True)
    assert theirs.stdout.strip() == ours


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_has_a_database_of_its_own() -> None:
    ours = write_example()
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write_end, hashlib.sha256(write_example()).digest())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        assert pipe.read() == hashlib.sha256(ours).digest()


def test_a_name_like_a_pattern_is_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a-z]*?"
    folder.mkdir()
    path = folder / "x"
    path.write_bytes(write_example())
    assert set(read_parquet(path)[0]) == set(VALUES)


def test_a_value_that_does_not_fit_is_told() -> None:
    with pytest.raises(UsageError, match="cannot be kept as Parquet"):
        write_parquet([ParquetColumn("a", "BIGINT", objects("x"))])


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_told_and_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read"):
        read_parquet(path)
    assert path.read_bytes() == content


def test_physical_names_differ_whatever_the_case() -> None:
    assert physical_names(["a", "A", 1, "1", "", "\0", "\ud800", "A_2"]) == [
        "a", "A_2", "1", "1_2", "column_4", "column_5", "?", "A_2_2",
    ]  # fmt: skip
