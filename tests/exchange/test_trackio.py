"""Runs of Trackio: a real project, and what may be wrong with one."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import UsageError

RUN = "digits/0aafef27558940dfa761bfec8e4f5162"
PIXELS = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)


@pytest.fixture
def run(real: Any, take: Any, api: tracker.Api) -> Any:
    """The stored run of Trackio, imported."""
    done = take(real("trackio"))
    assert (done.runs, done.complaint) == ((RUN,), "")
    return api.run(RUN)


def test_run_is_called_as_it_was(run: Any) -> None:
    assert (run.name, run.group, run.state) == ("first", "g1", "finished")
    assert run.config == {"lr": 0.1, "net": {"layers": [1, 2]}}
    assert run.record.created_at.timestamp() == pytest.approx(1795674384.766879)


def test_rows_are_as_they_were(run: Any, stored: Any) -> None:
    rows = stored.rows(run)
    assert [rows[i] for i in range(4)] == [
        {"loss": 1 / (i + 1), "sub/acc": i / 10} for i in range(4)
    ]
    assert math.isnan(rows[4]["odd"])
    assert [rows[4][key] for key in ("far", "word", "nested.a.b")] == [math.inf, "text", 1]
    assert rows[20] == {"late": 1}


def test_media_are_as_they_were(run: Any) -> None:
    assert (run.get("image", 4).to_value()[..., :3] == PIXELS).all()
    assert run.get("image", 4).caption == "pixels"
    assert run.get("histogram", 4).histogram == [1, 2]
    assert run.get("table", 4).data == [[1, "x"], [2, "y"]]
    assert (run.get("pictures", 4).data[0][1].to_value()[..., :3] == PIXELS).all()
    assert run.get("note", 4).text == "some **text**"
    assert "<b>bold</b>" in run.get("page", 4).html


def test_readings_alerts_and_artifacts_come_along(run: Any, alone: Path, tmp_path: Path) -> None:
    found = tracker.sql("select key, value from system", dir=alone)
    assert found.to_numpy().tolist() == [["system/gpu", 0.5]]
    assert run.events("alert")[0].payload == {"title": "title", "text": "text", "level": "WARN"}
    (artifact,) = run.logged_artifacts()
    assert (artifact.name, artifact.type, artifact.metadata) == ("net:v0", "model", {"layers": 3})
    assert set(artifact.aliases) == {"best", "latest"}
    folder = Path(artifact.download(tmp_path / "got"))
    assert (folder / "model.bin").read_text() == "weights"


def change(source: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(source / "digits.db") as db:
        db.execute(statement, values)
    db.close()


def test_run_that_grew_adds_what_is_new(
    real: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    source = real("trackio")
    take(source)
    before = len(stored.points(api.run(RUN)))
    assert take(source).outcomes == {"unchanged": 1}
    for table, columns in (("metrics", "'first', 21,"), ("system_metrics", "'first',")):
        change(
            source,
            f"INSERT INTO {table} SELECT NULL, run_id, '2026-11-26T06:27:00+00:00', {columns} "
            "'{\"late\": 2}', NULL, NULL FROM configs",
        )
    assert take(source / "digits.db").outcomes == {"grown": 1}
    run = api.run(RUN)
    assert len(stored.points(run)) == before + 1
    assert (run.summary["late"], len(list(run.logged_artifacts()))) == (2, 1)


def test_what_was_changed_here_stays_when_the_source_is_another(
    real: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    source = real("trackio")
    take(source)
    run = api.run(RUN)
    run.name, run.notes, run.tags = "mine", "some notes", ["kept"]
    run.update()
    change(source, "DELETE FROM metrics WHERE step < 4")
    assert take(source).outcomes == {"replaced": 1}
    run = api.run(RUN)
    assert (run.name, run.notes, list(run.tags)) == ("mine", "some notes", ["kept"])
    assert set(stored.rows(run)) == {4, 20}


def test_older_databases_know_runs_by_name(
    real: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    source = real("trackio")
    with sqlite3.connect(source / "old.db") as db:
        db.execute("CREATE TABLE configs (id, run_name, config, created_at)")
        db.execute("CREATE TABLE metrics (id, timestamp, run_name, step, metrics)")
        for i in range(3):
            row = [i, f"2025-01-01T00:00:0{i}", "first", i, f'{{"loss": {i}}}']
            db.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", row)
    db.close()
    take(source / "old.db")
    (run,) = api.runs("old")
    assert run.name == "first"
    assert stored.rows(run) == {i: {"loss": i} for i in range(3)}


@pytest.mark.parametrize("name", ["../digits.db", "/etc/hostname", "digits/../../digits.db"])
def test_media_do_not_leave_their_folder(
    name: str, real: Any, take: Any, api: tracker.Api, warns_once: Any
) -> None:
    source = real("trackio")
    change(
        source, "UPDATE metrics SET metrics = json_object('loss', 1, 'image', "
        "json_object('_type', 'trackio.image', 'file_path', ?))", name,
    )  # fmt: skip
    with warns_once(r"media whose files are not there \(6\)"):
        take(source)
    assert "image" not in api.run(RUN).summary


def test_damaged_databases_are_said(real: Any, take: Any, warns_once: Any) -> None:
    source = real("trackio")
    change(source, "UPDATE metrics SET metrics = '{' WHERE step = 1")
    with warns_once(r"rows that cannot be read \(1\)"):
        take(source)
    data = (source / "digits.db").read_bytes()
    (source / "digits.db").write_bytes(data[: len(data) // 3])
    with pytest.raises(UsageError):
        take(source / "digits.db", "trackio")


PROGRAM = """
import trackio
trackio.init(project="live", name="live", auto_log_cpu=False)
for i in range(20):
    trackio.log({"loss": i / 7})
trackio.finish()
"""


def test_run_of_the_installed_trackio(
    take: Any, api: tracker.Api, alone: Path, stored: Any
) -> None:
    pytest.importorskip("trackio")
    environment = {**os.environ, "TRACKIO_DIR": str(alone / "trackio"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", PROGRAM]
    subprocess.run(command, cwd=alone, env=environment, check=True, capture_output=True)
    take(alone / "trackio")
    (run,) = api.runs("live")
    assert stored.points(run) == [("loss", i, i / 7) for i in range(20)]
