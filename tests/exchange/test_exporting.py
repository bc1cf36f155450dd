"""Runs written for other programs, and read back: by those programs, and by our own import."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import tracker
from tracker.errors import NotFoundError, TrackerWarning, UsageError
from tracker.exchange import wire
from tracker.exchange.tfrecord import TfRecords

PIXELS = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)


@pytest.fixture
def logged(start: Any) -> list[Any]:
    """Two runs, the first of them with what formats differ in."""
    runs = []
    for number in range(2):
        config = {"lr": 0.1, "net": {"layers": [1, 2]}, "flag": True, "opt": "adam"}
        with start(project="digits", name=f"r {number}", config=config) as run:
            for i in range(50):
                run.log({"loss": 1 / (i + 1), "acc": i})
            if number == 0:
                run.log({"odd": math.nan, "far": math.inf, "word": "text"}, step=3)
                run.log(
                    {
                        "image": tracker.Image(PIXELS),
                        "images": [tracker.Image(PIXELS), tracker.Image(PIXELS[::-1])],
                        "histogram": tracker.Histogram(np_histogram=([1, 2], [0, 1, 2])),
                        "sound": tracker.Audio(np.zeros(80), sample_rate=8000),
                        "note": tracker.Text("some text"),
                        "page": tracker.Html("<b>bold</b>"),
                    }
                )
        runs.append(run)
    return runs


def points_of(stored: Any, run: Any) -> list[tuple[str, int, Any]]:
    plain = [(k, s, v) for k, s, v in stored.points(run) if not isinstance(v, dict)]
    return sorted((k, s, repr(float(v) if isinstance(v, int) else v)) for k, s, v in plain)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_tables_come_back_as_they_were(
    ending: str, logged: list[Any], take: Any, stored: Any, alone: Path, warns_once: Any
) -> None:
    target = alone / "out" / f"digits.{ending}"
    with warns_once(r"Not exported: media, which no table holds \(6\)"):
        done = tracker.export_runs("digits", target, dir=alone)
    assert str(done) == f"2 runs written to {target}"
    assert set(done.runs) == {f"digits/{run.id}" for run in logged}
    assert len(duckdb.sql(f"FROM '{target}'")) == 203
    take(target, project="back")
    for run in logged:
        back = tracker.Api(alone).run(f"back/{run.id}")
        assert points_of(stored, back) == points_of(stored, run)
        assert (back.record.run_id, back.name) == (run.id, run.name)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_json_has_all_that_a_run_says(logged: list[Any], alone: Path) -> None:
    path = f"digits/{logged[0].id}"
    tracker.export_runs(path, alone / "x.json", dir=alone)
    (told,) = json.loads((alone / "x.json").read_text())
    assert told["config"]["net"] == {"layers": [1, 2]}
    assert (told["name"], told["state"], len(told["history"])) == ("r 0", "finished", 51)
    assert told["history"][3]["odd"] == "NaN"
    assert told["history"][3]["far"] == "Infinity"
    assert told["summary"]["loss"] == 1 / 50


def test_json_comes_back_as_it_was(
    logged: list[Any], take: Any, stored: Any, alone: Path, warns_once: Any
) -> None:
    tracker.export_runs("digits", alone / "x.json", dir=alone)
    with warns_once(r"media, whose files are not in JSON \(6\)"):
        take(alone / "x.json", project="back")
    assert take(alone / "x.json", project="back").outcomes == {"unchanged": 2}
    for run in logged:
        back, own = tracker.Api(alone).run(f"back/{run.id}"), tracker.Api(alone).run(run.id)
        assert points_of(stored, back) == points_of(stored, run)
        assert (back.name, back.state, back.config) == (own.name, own.state, own.config)
        assert back.record.created_at == own.record.created_at
        assert back.record.ended_at == own.record.ended_at


def test_event_files_come_back_as_they_were(
    logged: list[Any], take: Any, stored: Any, alone: Path, warns_once: Any
) -> None:
    with warns_once(r"values of the type html-file \(1\)"):
        tracker.export_runs(
            tracker.Api(alone).runs("digits"), alone / "tb", "tensorboard", dir=alone
        )
    take(alone / "tb", project="back")
    runs = {run.name: run for run in tracker.Api(alone).runs("back")}
    back = runs[f"r_0-{logged[0].id}"]
    losses = [(s, v) for k, s, v in stored.points(back) if k == "loss"]
    assert losses == [(i, float(np.float32(1 / (i + 1)))) for i in range(50)]
    assert back.config == {"lr": 0.1, "net.layers": "[1, 2]", "flag": True, "opt": "adam"}
    assert (back.get("image").to_value() == PIXELS).all()
    assert (back.get("images/1").to_value() == PIXELS[::-1]).all()
    assert back.get("histogram").histogram == [1, 2]
    assert back.get("sound").sample_rate == 8000
    assert (back.get("note").text, back.get("word").text) == ("some text", "text")
    assert math.isnan(stored.values(back, "odd")[0])
    began = logged[0].start_time
    assert back.record.created_at.timestamp() == pytest.approx(began, abs=0.001)


def test_event_files_are_read_by_tensorboard(logged: list[Any], alone: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    with pytest.warns(TrackerWarning, match="html-file"):
        done = tracker.export_runs("digits", alone / "tb", "tensorboard", dir=alone)
    assert len(done.runs) == 2
    (folder,) = (alone / "tb").glob(f"*{logged[0].id}")
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    tags = events.Tags()
    assert set(tags["scalars"]) == {"loss", "acc", "odd", "far"}
    assert set(tags["images"]) == {"image", "images/0", "images/1"}
    assert (tags["histograms"], tags["audio"]) == (["histogram"], ["sound"])
    losses = [(each.step, each.value) for each in events.Scalars("loss")]
    assert losses == [(i, float(np.float32(1 / (i + 1)))) for i in range(50)]
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    told = metadata.parse_session_start_info_plugin_data(content)
    assert told.hparams["lr"].number_value == 0.1
    assert told.hparams["flag"].bool_value is True


def test_export_of_a_run_and_of_nothing(logged: list[Any], alone: Path) -> None:
    run = logged[1]
    assert tracker.export_runs(run.id, alone / "one.csv", dir=alone).runs == (f"digits/{run.id}",)
    with pytest.raises(NotFoundError, match="no project and no run 'nothing'"):
        tracker.export_runs("nothing", alone / "x.csv", dir=alone)
    with pytest.raises(UsageError, match="expected one of parquet, csv, json, tensorboard"):
        tracker.export_runs("digits", alone / "x.xlsx", dir=alone)
    (alone / "taken").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        tracker.export_runs("digits", alone / "taken" / "x.json", dir=alone)


def test_names_do_not_leave_the_folder(start: Any, alone: Path) -> None:
    with start(project="digits", name="../../../evil\n", id="x'; drop") as run:
        run.log({"../loss": 1, "a'b": 2})
    tracker.export_runs("digits", alone / "tb", "tensorboard", dir=alone)
    (file,) = (alone / "tb").rglob("events*")
    assert file.parent.parent == alone / "tb"
    tags = [
        wire.text(value, 1)
        for record in TfRecords(file).records()
        for value in wire.messages(wire.message(wire.read(record), 5), 1)
    ]
    assert tags == ["../loss", "a'b"]
    tracker.export_runs("digits", alone / "it's.csv", dir=alone)
    assert (alone / "it's.csv").read_text().count("\n") == 5


def test_terminal(logged: list[Any], alone: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tracker", "export", *words, "--dir", str(alone)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    one = f"digits/{logged[1].id}"
    assert run(one, "--format", "csv").stdout == "1 run written to digits.csv\n"
    assert run(one, "-o", "x.parquet").stdout == "1 run written to x.parquet\n"
    assert "Not exported: media" in run("digits", "-o", "x.csv").stderr
    assert "Say what to write" in run("digits").stderr
