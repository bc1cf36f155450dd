"""Runs in tables: CSV, JSON lines, Parquet and data frames, wide and long, of one or many runs."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

import tracker
from tracker.errors import UsageError

WIDE = """step,time,loss,acc,note,odd
0,1700000000,0.5,1,first,NaN
1,1700000001.5,0.25,,second,inf
5,2023-11-14T22:13:30+00:00,,2,,
"""
LONG = """run_id,key,step,timestamp,value
aaaa1111,loss,0,1700000000000,0.5
aaaa1111,acc,0,1700000000000,0.1
bbbb2222,loss,0,1700000000500,0.7
aaaa1111,loss,1,1700000001000,0.4
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / "tables" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_wide_table_is_one_run(write: Any, take: Any, api: tracker.Api, stored: Any) -> None:
    assert take(write("first.csv", WIDE), project="p").outcomes == {"new": 1}
    (run,) = api.runs("p")
    rows = stored.rows(run)
    assert math.isnan(rows[0].pop("odd"))
    assert rows == {
        0: {"loss": 0.5, "acc": 1, "note": "first"},
        1: {"loss": 0.25, "note": "second", "odd": math.inf},
        5: {"acc": 2},
    }
    assert (run.name, run.state) == ("first", "finished")
    assert run.record.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert run.history(samples=None)["_timestamp"].tolist() == [1.7e9, 1.7e9 + 1.5, 1.7e9 + 10]


def test_long_table_has_many_runs(write: Any, take: Any, api: tracker.Api, stored: Any) -> None:
    done = take(write("metrics.csv", LONG), project="p")
    assert done.runs == ("p/aaaa1111", "p/bbbb2222")
    assert stored.rows(api.run("p/aaaa1111")) == {0: {"loss": 0.5, "acc": 0.1}, 1: {"loss": 0.4}}
    assert stored.rows(api.run("p/bbbb2222")) == {0: {"loss": 0.7}}


def test_chart_of_wandb_is_its_runs(
    write: Any, take: Any, api: tracker.Api, stored: Any, warns_once: Any
) -> None:
    head = [f"{run} - loss{end}" for run in ("a-1", "b-2") for end in ("", "__MIN", "__MAX")]
    lines = ['"Step",' + ",".join(f'"{name}"' for name in head), "0,1,1,1,2,2,2", "3,4,4,4,,,"]
    path = write("chart.csv", "\n".join(lines))
    with warns_once("only its curves"):
        take(path, project="p")
    found = {run.name: stored.rows(run) for run in api.runs("p")}
    assert found == {"a-1": {0: {"loss": 1}, 3: {"loss": 4}}, "b-2": {0: {"loss": 2}}}


def test_table_with_a_row_for_each_run_is_results_and_settings(
    write: Any, take: Any, api: tracker.Api
) -> None:
    frame = pd.DataFrame(
        {
            "run_id": ["r1", "r2"],
            "status": ["FINISHED", "FAILED"],
            "start_time": pd.to_datetime([1.7e9, 1.7e9 + 60], unit="s", utc=True),
            "metrics.loss": [0.5, np.nan],
            "params.opt": ["adam", "sgd"],
            "tags.mlflow.runName": ["one", "two"],
        }
    )
    take(frame, project="p")
    runs = {run.id: run for run in api.runs("p")}
    assert (runs["r1"].name, runs["r1"].state, runs["r1"].summary["loss"]) == (
        "one",
        "finished",
        0.5,
    )
    assert (runs["r2"].name, runs["r2"].state) == ("two", "failed")
    assert runs["r2"].config["opt"] == "sgd"
    assert runs["r2"].record.created_at.timestamp() == 1.7e9 + 60


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv.gz", "tsv", "parquet"])
def test_every_kind_of_file_says_the_same(
    ending: str, write: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    rows = [{"step": 0, "loss": 0.5}, {"step": 1, "loss": 0.25, "acc": 1.0}]
    frame = pd.DataFrame(rows)
    made: dict[str, Any] = {
        "jsonl": lambda: "\n".join(map(json.dumps, rows)),
        "json": lambda: json.dumps(rows),
        "csv.gz": lambda: gzip.compress(frame.to_csv(index=False).encode()),
        "tsv": lambda: frame.to_csv(index=False, sep="\t"),
        "parquet": lambda: _parquet(frame),
    }
    take(write(f"x.{ending}", made[ending]()), project="p")
    (run,) = api.runs("p")
    assert stored.rows(run) == {0: {"loss": 0.5}, 1: {"loss": 0.25, "acc": 1.0}}


def _parquet(frame: pd.DataFrame) -> bytes:
    path = Path("made.parquet")
    duckdb.sql("FROM frame").write_parquet(str(path))
    return path.read_bytes()


def test_nested_values_and_columns_of_ones_own(
    write: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    path = write("x.jsonl", '{"i": 3, "who": "a", "at": {"b": 1}}\n{"i": 4, "who": "b", "at": {}}')
    take(path, project="p", run_column="who", step_column="i")
    assert {run.name: stored.rows(run) for run in api.runs("p")} == {
        "a": {3: {"at.b": 1}},
        "b": {4: {"at": {}}},
    }


def test_table_that_grew_adds_what_is_new(
    write: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    path = write("x.csv", "loss\n1\n2\n")
    take(path, project="p")
    (run,) = api.runs("p")
    run.notes = "mine"
    run.update()
    assert take(path, project="p").outcomes == {"unchanged": 1}
    write("x.csv", "loss\n1\n2\n3\n")
    assert take(path, project="p").outcomes == {"grown": 1}
    (run,) = api.runs("p")
    assert (run.notes, stored.rows(run)) == ("mine", {i: {"loss": i + 1} for i in range(3)})
    write("x.csv", "loss\n7\n")
    assert take(path, project="p").outcomes == {"replaced": 1}
    (run,) = api.runs("p")
    assert stored.rows(run) == {0: {"loss": 7}}


def test_frame_needs_a_name(take: Any, api: tracker.Api) -> None:
    frame = pd.DataFrame({"loss": [1.0, 2.0]})
    with pytest.raises(UsageError, match="give name="):
        take(frame)
    take(frame, project="p", name="mine")
    assert take(frame, project="p", name="mine").outcomes == {"unchanged": 1}
    assert [run.name for run in api.runs("p")] == ["mine"]
    with pytest.raises(UsageError, match="given a int"):
        take(3)


def test_what_cannot_be_used_is_said(write: Any, take: Any, warns_once: Any) -> None:
    with pytest.raises(UsageError, match="step_column is 'i', and the table has: step, time"):
        take(write("x.csv", WIDE), project="p", step_column="i")
    with warns_once(r"rows whose step is no whole number \(2\)"):
        take(write("y.csv", "step,loss\n0,1\n0.5,1\nx,1\n".replace("x,1", ",1")), project="p")
    for name, content in {
        "a.json": "{", "b.jsonl": "[1]", "c.parquet": b"PAR1", "d.csv": b"\xff\xfe\x00",
        "e.csv": "a,b\n1,2,3,4\n", "f.csv": "",
    }.items():  # fmt: skip
        with pytest.raises(UsageError, match=f"{name[0]}.* cannot be read"):
            take(write(name, content), project="p")
