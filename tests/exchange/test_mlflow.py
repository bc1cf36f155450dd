"""Runs of MLflow: real stores of both kinds, and what may be wrong with one."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.errors import UsageError


@pytest.fixture
def source(real: Any) -> Path:
    """The stored file store and database, as they lie side by side."""
    return real("mlflow")


@pytest.fixture(params=["mlruns", "mlflow.db"])
def runs(request: Any, source: Path, take: Any, api: tracker.Api) -> dict[str, Any]:
    """The runs of each of them, by name."""
    done = take(source / request.param)
    assert str(done) == "3 runs imported."
    assert done.complaint == ""
    return {run.name: run for run in api.runs("digits")}


def test_both_stores_say_the_same(runs: dict[str, Any], stored: Any) -> None:
    parent = runs["parent"]
    points = sorted(stored.points(parent), key=lambda point: (point[0], point[1]))
    numbers = [(key, step, value) for key, step, value in points if key != "odd"]
    assert numbers == [
        ("acc", 0, 0.0), ("acc", 1, 0.1), ("acc", 2, 0.2), ("acc", 3, 0.3),
        ("f1", 0, 0.0), ("f1", 1, 0.05), ("f1", 2, 0.1), ("f1", 3, 0.15),
        ("far", 0, math.inf),
        ("loss", 0, 1.0), ("loss", 1, 0.5), ("loss", 1, 0.125), ("loss", 2, 1 / 3),
        ("loss", 3, 0.25),
    ]  # fmt: skip
    assert [math.isnan(value) for value in stored.values(parent, "odd")] == [True]
    assert parent.config == {"lr": 0.1, "opt": "adam"}
    assert list(parent.tags) == ["team=vision"]
    assert parent.notes == "some notes"
    assert parent.metadata["program"] == "/home/ann/ml.py"


def test_nested_runs_are_a_group(runs: dict[str, Any]) -> None:
    assert {name: run.group for name, run in runs.items()} == {
        "parent": "parent", "child": "parent", "broken": None,
    }  # fmt: skip


def test_states_and_times_stay(runs: dict[str, Any]) -> None:
    assert {name: run.state for name, run in runs.items()} == {
        "parent": "finished", "child": "finished", "broken": "failed",
    }  # fmt: skip
    assert len({run.id for run in runs.values()}) == 3
    record = runs["parent"].record
    assert record.created_at.timestamp() == pytest.approx(1795674130, abs=10)
    assert (record.ended_at - record.created_at).total_seconds() in (0.053, 0.42)


def test_artifacts_come_along(runs: dict[str, Any], tmp_path: Path) -> None:
    (artifact,) = runs["parent"].logged_artifacts()
    assert artifact.type == "mlflow"
    folder = Path(artifact.download(tmp_path / "got"))
    assert (folder / "notes" / "a.txt").read_text() == "some text"
    assert {path.name for path in folder.iterdir()} == {"notes", "conf.json", "pixels.png"}
    assert list(runs["child"].logged_artifacts()) == []


def test_folder_of_both_gives_both_and_twice_is_once(source: Path, take: Any) -> None:
    assert take(source).outcomes == {"new": 6}
    assert take(source).outcomes == {"unchanged": 6}


def test_run_that_grew_adds_what_is_new(
    source: Path, take: Any, api: tracker.Api, stored: Any
) -> None:
    take(source)
    by_store = {run.record.run_id: run for run in api.runs("digits") if run.name == "parent"}
    for run in by_store.values():
        run.notes = "mine"
        run.update()
    (metrics,) = source.glob("mlruns/*/6c8d*/metrics/loss")
    with metrics.open("a") as file:
        file.write("1795674199999 0.0625 4\n")
    with sqlite3.connect(source / "mlflow.db") as db:
        db.execute(
            "INSERT INTO metrics SELECT 'loss', 0.0625, 1795674199999, run_uuid, 4, 0 FROM runs "
            "WHERE name = 'parent'"
        )
    db.close()
    assert take(source).outcomes == {"unchanged": 4, "grown": 2}
    for run_id in by_store:
        run = api.run(f"digits/{run_id}")
        assert (run.summary["loss"], run.notes) == (0.0625, "mine")
        assert len(stored.values(run, "loss")) == 6
        assert len(list(run.logged_artifacts())) == 1


def test_artifacts_outside_of_the_source_are_not_read(
    source: Path, take: Any, api: tracker.Api, tmp_path: Path
) -> None:
    secret = tmp_path / "secret" / "artifacts"
    secret.mkdir(parents=True)
    (secret / "key").write_text("secret")
    with sqlite3.connect(source / "mlflow.db") as db:
        db.execute("UPDATE runs SET artifact_uri = ?", [str(secret)])
    db.close()
    (artifacts,) = source.glob("mlruns/1/b65b*/artifacts")
    shutil.rmtree(artifacts)
    take(source / "mlflow.db")
    assert [list(run.logged_artifacts()) for run in api.runs("digits")] == [[], [], []]


def test_link_out_of_the_artifacts_is_not_followed(
    source: Path, take: Any, api: tracker.Api, tmp_path: Path, warns_once: Any
) -> None:
    (tmp_path / "secret").write_text("secret")
    (notes,) = source.glob("mlruns/*/6c8d*/artifacts/notes")
    (notes / "b.txt").symlink_to(tmp_path / "secret")
    with warns_once("links to files outside of the run's folder"):
        take(source / "mlruns")
    (run,) = [run for run in api.runs("digits") if run.name == "parent"]
    (artifact,) = run.logged_artifacts()
    assert {entry.path for entry in artifact.manifest} == {"notes/a.txt", "conf.json", "pixels.png"}


def test_damaged_stores_are_said(source: Path, take: Any, warns_once: Any) -> None:
    (loss,) = source.glob("mlruns/*/6c8d*/metrics/loss")
    loss.write_text("1 0.5 0\nnonsense\n2 x 1\n3 0.25\n")
    (meta,) = source.glob("mlruns/*/a2e3*/meta.yaml")
    meta.write_text("!!python/object/apply:os.system ['touch hacked']")
    with warns_once(r"lines of metrics that cannot be read \(2\)"):
        assert take(source / "mlruns").outcomes == {"new": 2}
    assert not Path("hacked").exists()
    database = source / "mlflow.db"
    data = bytearray(database.read_bytes())
    data[3000:9000] = os.urandom(6000)
    database.write_bytes(data)
    with pytest.raises(UsageError, match=r"cannot be read|is none of what can be imported"):
        take(database)


PROGRAM = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run(run_name="live"):
    for i in range(20):
        mlflow.log_metric("deep/er/loss", i / 7, step=i)
"""


@pytest.mark.parametrize("address", ["sqlite:///mlflow.db", "mlruns"])
def test_run_of_the_installed_mlflow(
    address: str, take: Any, api: tracker.Api, alone: Path, stored: Any
) -> None:
    pytest.importorskip("mlflow")
    environment = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"}
    command = [sys.executable, "-c", PROGRAM, address]
    subprocess.run(command, cwd=alone, env=environment, check=True, capture_output=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        take(alone, "mlflow")
    (run,) = api.runs("Default")
    assert stored.points(run) == [("deep/er/loss", i, i / 7) for i in range(20)]
