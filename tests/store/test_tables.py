from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tracker.errors import TrackerWarning
from tracker.media.table import Table
from tracker.media.text import Text
from tracker.store.database.encode import dump_json
from tracker.store.database.tables import bind_tables, guard
from tracker.store.files.objects import Objects

SCHEMA = Path(__file__).parents[2] / "package" / "tracker" / "store" / "database" / "schema.sql"


class Logged:
    """A database file with runs that logged tables, and the folder of their files."""

    def __init__(self, root: Path) -> None:
        self.file = root / "tracker.duckdb"
        self.objects = Objects(root / "it's [objects]")
        self.runs: list[str] = []
        with duckdb.connect(self.file) as db:
            db.execute(SCHEMA.read_text("utf-8"))

    def log(self, run_id: str, key: str, step: int, value: object) -> dict:
        reference = value
        if hasattr(value, "to_reference"):
            reference = value.to_reference(self.objects.put_bytes)
        with duckdb.connect(self.file) as db:
            if run_id not in self.runs:
                self.runs.append(run_id)
                db.execute(
                    "INSERT INTO run (run_key, project, run_id, name) VALUES (?, 'p', ?, ?)",
                    [len(self.runs), run_id, run_id.upper()],
                )
            number = db.execute("SELECT count(*) + 1 FROM series").fetchone()
            run_key = self.runs.index(run_id) + 1
            db.execute(
                "INSERT INTO series VALUES (?, ?, 'default', ?, 'json')", [number[0], run_key, key]
            )
            db.execute(
                "INSERT INTO value VALUES (?, ?, now()::TIMESTAMP, ?)",
                [number[0], step, dump_json(reference)],
            )
        return reference  # type: ignore[return-value]

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(self.file, read_only=True) as db:
            guard(db, self.objects.root)
            yield db

    def sql(self, query: str) -> list[tuple]:
        with self.reading() as db:
            bind_tables(db, self.objects.root, query)
            return db.execute(query).fetchall()


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    made = Logged(tmp_path)
    made.log("r1", "predictions", 0, Table(columns=["id", "score"], data=[[1, 0.5]]))
    made.log("r1", "predictions", 5, Table(columns=["id", "score"], data=[[1, 0.75], [2, 1]]))
    made.log("r2", "predictions", 3, Table(columns=["id", "label"], data=[["x", "cat"]]))
    return made


def test_rows_of_all_runs_join_the_runs(logged: Logged) -> None:
    query = (
        "SELECT name, _step, _is_last, id, score, label FROM predictions "
        "JOIN runs USING (project, run_id) ORDER BY name, _step, id"
    )
    assert logged.sql(query) == [
        ("R1", 0, False, "1", 0.5, None),
        ("R1", 5, True, "1", 0.75, None),
        ("R1", 5, True, "2", 1.0, None),
        ("R2", 3, True, "x", None, "cat"),
    ]


def test_tables_join_each_other(logged: Logged) -> None:
    logged.log("r2", "eval/truth", 1, Table(columns=["id", "label"], data=[["x", "dog"]]))
    query = 'SELECT a.label, b.label FROM predictions a JOIN "eval/truth" b USING (run_id, id)'
    assert logged.sql(query) == [("cat", "dog")]


def test_increments_are_one_table(logged: Logged) -> None:
    table = Table(columns=["a"], log_mode="INCREMENTAL")
    for step in range(3):
        table.add_data(step)
        logged.log("r1", "grown", step, table)
    assert logged.sql("SELECT _step, a FROM grown WHERE _is_last ORDER BY a") == [
        (0, 0), (1, 1), (2, 2),
    ]  # fmt: skip


def test_media_in_cells_are_json(logged: Logged) -> None:
    logged.log("r1", "samples", 0, Table(columns=["t"], data=[[Text("x", caption="c")]]))
    query = "SELECT t ->> '$.caption', t ->> '$._type' FROM samples"
    assert logged.sql(query) == [("c", "text-file")]


def test_columns_that_are_named_as_ours_are_kept(logged: Logged) -> None:
    rows = [[9, "mine", "f"]]
    logged.log("r1", "odd", 0, Table(columns=["run_id", "project", "filename"], data=rows))
    assert logged.sql("SELECT * FROM odd") == [("p", "r1", 0, True, 9, "mine", "f")]


@pytest.mark.parametrize(
    "query",
    [
        "FROM predictions",
        "DESCRIBE predictions",
        "SUMMARIZE predictions",
        "EXPLAIN SELECT * FROM predictions",
        "EXPLAIN ANALYZE SELECT * FROM predictions",
        "WITH c AS (SELECT * FROM predictions) SELECT * FROM c",
        "SELECT * FROM runs WHERE run_id IN (SELECT run_id FROM predictions)",
        "PIVOT predictions ON id USING max(score) GROUP BY run_id",
        "SELECT * FROM Predictions",
    ],
)
def test_wherever_the_name_stands(logged: Logged, query: str) -> None:
    assert logged.sql(query)


def test_the_stores_own_tables_are_never_hidden(logged: Logged) -> None:
    logged.log("r1", "runs", 0, Table(columns=["a"], data=[[1]]))
    with logged.reading() as db:
        assert bind_tables(db, logged.objects.root, "SELECT * FROM runs") == []
    assert len(logged.sql("SELECT * FROM runs")) == 2


def test_other_values_are_no_tables(logged: Logged) -> None:
    logged.log("r1", "plain", 0, {"_type": "image-file", "sha256": "0" * 64})
    with pytest.raises(duckdb.CatalogException):
        logged.sql("SELECT * FROM plain")


@pytest.mark.parametrize(
    "sha256", ["../../etc/passwd", "x', '/etc/passwd", "0" * 63, "", None, 5, "*" * 64]
)
def test_a_reference_that_was_tampered_with_reads_nothing(logged: Logged, sha256) -> None:
    logged.log("r1", "bad", 0, {"_type": "table-file", "sha256": sha256})
    with pytest.raises(duckdb.CatalogException):
        logged.sql("SELECT * FROM bad")


def test_a_lost_file_is_told_and_the_others_are_read(logged: Logged) -> None:
    table = Table(columns=["id", "score"], data=[[7, 0.5]])
    reference = logged.log("r2", "predictions", 9, table)
    logged.objects.path(reference["sha256"]).unlink()
    with pytest.warns(TrackerWarning, match="1 of 4 tables 'predictions' have lost their file"):
        assert len(logged.sql("SELECT * FROM predictions")) == 4


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_text('{objects}/../../../../../etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/tracker-escape'",
        "INSTALL httpfs",
        "SET allowed_directories = ['/']",
        "SET enable_external_access = true",
        "ATTACH '/tmp/other.duckdb' AS other",
    ],
)
def test_the_guard_leaves_only_the_objects(logged: Logged, query: str) -> None:
    with logged.reading() as db, pytest.raises(duckdb.Error):
        db.execute(query.format(objects=logged.objects.root))
