"""A user's SQL reads the store's tables and reaches nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tracker.errors import QueryError
from tracker.store.reading.query import check_query, run_query
from tracker.store.store import Store


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Any]:
    store = Store(tmp_path / ".tracker")
    with store.writing() as db:
        db.execute(
            "INSERT INTO run (run_key, project, run_id, name, config, summary) "
            "VALUES (1, 'digits', 'abc', 'one', '{\"lr\": 0.1}', '{\"loss\": 0.5}')"
        )
    with store.reading() as db:
        yield db


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT run_id FROM runs", [["abc"]]),
        ("select config ->> '$.lr' from runs where project = 'digits';", [["0.1"]]),
        ("WITH a AS (SELECT 1 AS x) SELECT x FROM a", [[1]]),
        ("FROM runs SELECT name", [["one"]]),
        ("(SELECT 2)", [[2]]),
        ("-- a comment; with a semicolon\n/* and ; another */ SELECT ';'", [[";"]]),
        ("VALUES (1), (2)", [[1], [2]]),
        ("SELECT key, value FROM summary", [["loss", "0.5"]]),
    ],
)
def test_statements_that_read_give_a_frame(reading: Any, query: str, rows: list[Any]) -> None:
    assert run_query(reading, query).to_numpy().tolist() == rows


@pytest.mark.parametrize(
    "query",
    [
        "DESCRIBE runs",
        "DESC runs",
        "SHOW TABLES",
        "SUMMARIZE runs",
        "TABLE runs",
        "EXPLAIN SELECT * FROM runs",
        "EXPLAIN ANALYZE SELECT * FROM runs",
        "EXPLAIN (FORMAT json) SELECT * FROM runs",
    ],
)
def test_statements_that_describe_give_a_frame(reading: Any, query: str) -> None:
    assert len(run_query(reading, query)) >= 1


def test_values_are_bound(reading: Any) -> None:
    hostile = "x' OR '1'='1"
    assert len(run_query(reading, "SELECT * FROM runs WHERE run_id = ?", [hostile])) == 0
    assert len(run_query(reading, "SELECT * FROM runs WHERE run_id = $id", {"id": "abc"})) == 1


@pytest.mark.parametrize(
    "query",
    [
        "ATTACH '/tmp/other.duckdb'",
        "DETACH other",
        "COPY runs TO '/tmp/runs.csv'",
        "COPY runs FROM '/tmp/runs.csv'",
        "EXPORT DATABASE '/tmp/there'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA database_list",
        "PRAGMA version",
        "CALL pragma_version()",
        "CALL enable_logging(storage = 'file', storage_path = '/tmp/logs')",
        "CHECKPOINT",
        "INSERT INTO run (run_id) VALUES ('x')",
        "UPDATE run SET name = 'x'",
        "DELETE FROM run",
        "DROP TABLE run",
        "CREATE TABLE t (x INTEGER)",
        "CREATE TEMP TABLE t (x INTEGER)",
        "CREATE MACRO m() AS 1",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "BEGIN",
        "USE other",
        "VACUUM",
        "EXPLAIN ANALYZE DELETE FROM run",
        "EXPLAIN (ANALYZE) COPY runs TO '/tmp/runs.csv'",
        "WITH x AS (SELECT 1) DELETE FROM run",
        "WITH x AS (SELECT 1) INSERT INTO run (run_id) SELECT 'x' FROM x",
    ],
)
def test_other_statements_are_refused(reading: Any, query: str) -> None:
    with pytest.raises(QueryError, match="only reading statements are allowed"):
        run_query(reading, query)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("SELECT 1; SELECT 2", 2),
        ("SELECT name FROM runs WHERE name = ''; ATTACH '/etc/passwd' AS x; --'", 2),
        ("", 0),
        ("  ;; ", 0),
        ("-- nothing", 0),
    ],
)
def test_only_one_statement_is_run(reading: Any, query: str, count: int) -> None:
    with pytest.raises(QueryError, match=f"The query holds {count} statements: expected one"):
        run_query(reading, query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_json('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/*')",
        "SELECT * FROM read_parquet('/tmp/x.parquet')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'there.csv'",
        "SELECT * FROM '/tmp/there.parquet'",
        "FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
        "SELECT * FROM query_table('/etc/passwd')",
        "SELECT * FROM runs WHERE name = (SELECT content FROM read_text('/etc/passwd'))",
        "SELECT * FROM read_text('https://example.invalid/x')",
        "SELECT * FROM duckdb_logs() JOIN read_text('/etc/passwd') ON true",
        "EXPLAIN SELECT * FROM read_text('/etc/passwd')",
    ],
)
def test_files_are_out_of_reach(reading: Any, query: str) -> None:
    with pytest.raises(QueryError) as caught:
        run_query(reading, query)
    assert "root:" not in str(caught.value)
    assert re.match(r"SQL on the store cannot reach files|.*The store has runs", str(caught.value))


def test_the_connection_itself_is_shut_off(reading: Any, tmp_path: Path) -> None:
    for statement in (
        "ATTACH '/tmp/other.duckdb'",
        f"COPY run TO '{tmp_path / 'out.csv'}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "DELETE FROM run",
        f"EXPORT DATABASE '{tmp_path / 'all'}'",
    ):
        with pytest.raises(duckdb.Error):
            reading.execute(statement)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".tracker"]


def test_variables_of_the_caller_are_no_tables(reading: Any) -> None:
    import pandas as pd

    secret = pd.DataFrame({"x": [1]})
    with pytest.raises(QueryError, match="secret does not exist"):
        run_query(reading, "SELECT * FROM secret")
    assert len(secret) == 1


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELEC 1", "The query is not SQL as DuckDB knows it: Parser Error"),
        ("SELECT nope FROM runs", "The query failed: Binder Error"),
        ("SELECT * FROM nope", "Table with name nope does not exist"),
        ("SELECT 'x'::INTEGER", "The query failed: Conversion Error"),
        ("SELECT * FROM runs WHERE name = ?", "The query failed: "),
    ],
)
def test_mistakes_are_explained(reading: Any, query: str, sentence: str) -> None:
    with pytest.raises(QueryError, match=re.escape(sentence)):
        run_query(reading, query)


def test_a_missing_table_is_answered_with_those_there_are(reading: Any) -> None:
    with pytest.raises(QueryError, match="The store has runs, history"):
        run_query(reading, "SELECT * FROM metrics")
    for name in ("runs", "history", "history_values", "system", "summary", "media"):
        run_query(reading, f"FROM {name}")


def test_a_statement_is_checked_without_being_run() -> None:
    check_query("SELECT * FROM nowhere")
    with pytest.raises(QueryError, match="begins with 'DROP'"):
        check_query("DROP TABLE run")
