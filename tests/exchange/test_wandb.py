"""Runs of W&B: a real one from top to bottom, and what may be wrong with one."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import TrackerWarning, UsageError
from tracker.exchange import wire
from tracker.exchange.sources.wandb_log import WandbLog
from tracker.store.store import Store
from tracker.store.writing.rules import read_rules

OUTSIDE = ["../outside.png", "/etc/hostname", "..\\outside.png", "a/../../outside.png", "a\0b"]
PIXELS = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)


@pytest.fixture
def first(real: Any, take: Any, api: tracker.Api, warns_once: Any) -> Any:
    """The stored run of W&B, imported."""
    with warns_once("Not kept: files of artifacts that are not where W&B kept them"):
        done = take(real("wandb"))
    assert str(done) == "1 run imported."
    return api.run(done.runs[0])


def test_real_run_is_called_as_it_was(first: Any) -> None:
    assert (first.project, first.id, first.name) == ("digits", "ozf6iv4r", "first")
    assert (first.group, first.job_type, first.notes) == ("g1", "train", "some notes")
    assert list(first.tags) == ["a", "b", "c"]
    assert (first.state, first.record.exit_code) == ("finished", 0)
    assert first.config == {"lr": 0.1, "net": {"layers": [1, 2]}, "later": 5}
    assert first.record.created_at == datetime(2026, 11, 26, 5, 59, 3, 971357, UTC)
    assert first.metadata["program"] == "/home/ann/train.py"
    assert first.metadata["packages"] == {"numpy": "2.4.6", "wandb": "0.31.0"}


def test_real_run_has_its_rows(first: Any, stored: Any) -> None:
    rows = stored.rows(first)
    for i in range(6):
        expected = {"loss": 1 / (i + 1), "epoch": i // 2, "val/acc": i / 10, "sub.x": i}
        assert rows[i] == pytest.approx(expected)
    assert math.isnan(rows[6]["odd"])
    assert rows[6]["far"] == -math.inf
    assert [rows[6][key] for key in ("word", "yes", "nothing", "big")] == [
        "text",
        True,
        None,
        2**60,
    ]
    assert rows[20] == {"late": 1}
    assert set(rows) == {*range(8), 20}
    times = first.history(samples=None)["_timestamp"]
    assert times.is_monotonic_increasing
    assert abs(times.iloc[0] - first.record.created_at.timestamp()) < 60


def test_real_run_has_its_summary_and_rules(first: Any, alone: Path) -> None:
    assert first.summary["loss"] == {"min": pytest.approx(1 / 6)}
    assert first.summary["best"] == 0.9
    assert first.summary["sub.x"] == 5
    assert "sub" not in first.summary
    with Store(alone / ".tracker").reading() as db:
        rules = {rule.name: rule for rule in read_rules(db, first.record.run_key)}
    assert (rules["val/*"].step_metric, rules["val/*"].step_sync) == ("epoch", True)


def test_real_run_has_its_media(first: Any) -> None:
    image = first.get("image", 6)
    assert (image.to_value() == PIXELS).all()
    assert image.caption == "pixels"
    assert image.boxes["b"]["box_data"][0]["class_id"] == 1
    assert image.masks["p"].labels == {"1": "cat"}
    assert [(each.to_value() == want).all() for each, want in zip(
        first.get("images", 6), (PIXELS, PIXELS[::-1]), strict=True)] == [True, True]  # fmt: skip
    assert first.get("histogram", 6).histogram == [1, 2]
    assert first.get("page", 6).html == "<b>bold</b>"
    table = first.get("table", 6)
    assert (table.columns, table.data) == (["n", "word"], [[1, "x"], [2, "y"]])
    chart = first.get("curve", 7)
    assert chart.spec.spec_name == "wandb/lineseries/v0"
    assert chart.spec.string_fields["title"] == "title"
    assert len(chart.table.data) == 4


def test_real_run_has_what_it_printed_and_measured(first: Any, alone: Path) -> None:
    lines = [(line.stream, line.text) for line in first.console_logs()]
    assert ("stdout", "hello again") in lines
    assert ("stderr", "a warning") in lines
    assert first.events("alert")[0].payload["title"] == "title"
    keys = tracker.sql("select distinct key from system", dir=alone)["key"]
    assert "system/proc.memory.rssMB" in set(keys)


def test_run_of_an_older_wandb_is_as_it_was(
    real: Any, take: Any, api: tracker.Api, stored: Any, warns_once: Any
) -> None:
    with warns_once("Not kept: files of artifacts that are not where W&B kept them"):
        (path,) = take(real("wandb-0.15")).runs
    run = api.run(path)
    assert (run.name, run.group, run.state, list(run.tags)) == (
        "first",
        "g1",
        "finished",
        ["a", "b"],
    )
    assert run.config == {"lr": 0.1, "net": {"layers": [1, 2]}}
    assert (run.summary["best"], run.summary["loss"]) == (0.9, {"min": pytest.approx(1 / 6)})
    rows = stored.rows(run)
    for i in range(6):
        expected = {"loss": 1 / (i + 1), "epoch": i // 2, "val/acc": i / 10, "sub.x": i}
        assert rows[i] == pytest.approx(expected)
    assert (math.isnan(rows[6]["odd"]), rows[6]["far"], rows[20]) == (True, -math.inf, {"late": 1})
    assert (run.get("image").to_value() == PIXELS).all()
    assert run.get("curve").spec.spec_name == "wandb/lineseries/v0"
    assert [line.text for line in run.console_logs()] == ["hello"]
    assert run.metadata["program"] == "/home/ann/old.py"


def test_second_import_adds_nothing(real: Any, take: Any, stored: Any, api: tracker.Api) -> None:
    source = real("wandb")
    with pytest.warns(TrackerWarning):
        done = take(source)
    run = api.run(done.runs[0])
    before = stored.points(run)
    assert str(take(source)) == "1 run unchanged."
    for path in source.rglob("*.wandb"):
        path.touch()
    with pytest.warns(TrackerWarning):
        assert str(take(source)) == "1 run brought up to date."
    assert repr(stored.points(run)) == repr(before)  # NaN is not equal to itself
    assert len(api.runs("digits")) == 1


def test_log_that_grew_adds_what_is_new(log: Any, take: Any, api: tracker.Api, stored: Any) -> None:
    log.run().row(0, 1.7e9, loss="0.5")
    take(log.path)
    run = api.run("digits/abc")
    assert (run.state, run.summary["loss"]) == ("crashed", 0.5)
    run.notes = "mine"
    run.tags = ["kept"]
    run.update()
    log.row(1, 1.7e9 + 5, loss="0.25", acc="1").exit()
    assert take(log.path).outcomes == {"grown": 1}
    run = api.run("digits/abc")
    assert stored.rows(run) == {0: {"loss": 0.5}, 1: {"loss": 0.25, "acc": 1}}
    assert (run.state, run.summary["loss"], run.notes) == ("finished", 0.25, "mine")
    assert list(run.tags) == ["kept"]
    assert run.record.runtime_s == 7.0


def test_store_is_rebuilt_with_what_was_imported(
    log: Any, take: Any, api: tracker.Api, stored: Any, alone: Path
) -> None:
    log.run(name="first").row(0, 1.7e9, loss="0.5")
    take(log.path)
    log.row(1, 1.7e9 + 5, loss="0.25").exit()
    take(log.path)
    run = api.run("digits/abc")
    run.notes = "mine"
    run.update()
    before = (run.record, stored.points(run))
    Store(alone / ".tracker").rebuild()
    assert (api.run("digits/abc").record, stored.points(run)) == before


def test_other_content_takes_the_place_of_what_was_imported(
    log: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    log.run().row(0, 1.7e9, loss="0.5").row(1, 1.7e9, loss="0.4").exit()
    take(log.path)
    log.path.unlink()
    type(log)(log.path).run().row(0, 1.7e9, loss="7").exit()
    assert take(log.path).outcomes == {"replaced": 1}
    assert stored.rows(api.run("digits/abc")) == {0: {"loss": 7}}


def test_sessions_of_one_run_are_one_run(
    log: Any, take: Any, api: tracker.Api, stored: Any, tmp_path: Path
) -> None:
    log.run().row(0, 1.7e9, loss="0.5")
    later = type(log)(tmp_path / "wandb" / "offline-run-20231115_000000-abc" / "run-abc.wandb")
    later.run().row(1, 1.7e9 + 100, loss="0.4").exit()
    assert take(tmp_path).outcomes == {"new": 1, "grown": 1}
    assert take(tmp_path).outcomes == {"unchanged": 2}
    run = api.run("digits/abc")
    assert stored.rows(run) == {0: {"loss": 0.5}, 1: {"loss": 0.4}}
    assert run.state == "finished"


def test_run_of_the_users_own_is_left_alone(
    start: Any, log: Any, take: Any, api: tracker.Api
) -> None:
    with start(project="digits", id="abc") as run:
        run.log({"own": 1})
    log.run().row(0, 1.7e9, loss="0.5").exit()
    with pytest.raises(UsageError, match="has a run abc already"):
        take(log.path)
    assert api.run("digits/abc").summary["own"] == 1
    assert take(log.path, project="other").runs == ("other/abc",)


def test_failed_run_and_names_that_do_not_fit(log: Any, take: Any, api: tracker.Api) -> None:
    log.run("a/../b", "../proj?ect", name="../name").row(0, 1.7e9, loss="1").exit(3)
    (path,) = take(log.path).runs
    run = api.runs(".._proj_ect")[0]
    assert path == f".._proj_ect/{run.id}"
    assert (run.state, run.record.exit_code, run.name) == ("failed", 3, "../name")
    assert "/" not in run.id


@pytest.mark.parametrize(
    "name",
    ["../outside.png", "/etc/hostname", "..\\outside.png", "media/../../outside.png", "a\0b"],
)
def test_media_do_not_leave_their_folder(
    name: str, log: Any, take: Any, warns_once: Any, api: tracker.Api, tmp_path: Path
) -> None:
    (log.path.parent / "files").mkdir()
    (log.path.parent / "outside.png").write_bytes(b"secret")
    image = json.dumps({"_type": "image-file", "path": name})
    log.run().row(0, 1.7e9, loss="1", image=image).exit()
    with warns_once(r"media whose files are not there \(1\)"):
        take(log.path)
    assert "image" not in api.run("digits/abc").summary


def test_links_out_of_the_folder_are_followed_only_when_asked(
    log: Any, take: Any, warns_once: Any, api: tracker.Api, tmp_path: Path
) -> None:
    files = log.path.parent / "files"
    files.mkdir()
    (tmp_path / "secret").write_text("secret")
    (files / "link.txt").symlink_to(tmp_path / "secret")
    (files / "own.txt").write_text("own")
    log.run().row(0, 1.7e9, loss="1").exit()
    with warns_once("links to files outside of the run's folder"):
        take(log.path)
    names = {file.name for file in api.run("digits/abc").files()}
    assert "own.txt" in names
    assert "link.txt" not in names
    take(log.path, project="other", follow_links=True)
    assert "link.txt" in {file.name for file in api.run("other/abc").files()}


def artifact_record(path: Path, content: bytes) -> bytes:
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    entry = (
        wire.field(1, "model.bin") + wire.field(2, digest) + wire.field(4, len(content))
        + wire.field(6, str(path))
    )  # fmt: skip
    return (
        wire.field(4, "model") + wire.field(5, "net") + wire.field(8, '{"layers": 3}')
        + wire.field(11, "latest") + wire.field(11, "best") + wire.field(12, wire.field(4, entry))
    )  # fmt: skip


def test_artifact_is_kept_with_its_files(
    log: Any, take: Any, api: tracker.Api, tmp_path: Path
) -> None:
    (tmp_path / "staged").write_bytes(b"weights")
    log.run().row(0, 1.7e9, loss="1").add(
        8, artifact_record(tmp_path / "staged", b"weights")
    ).exit()
    take(log.path)
    (artifact,) = api.run("digits/abc").logged_artifacts()
    assert (artifact.name, artifact.type, artifact.metadata) == ("net:v0", "model", {"layers": 3})
    assert set(artifact.aliases) == {"best", "latest"}
    assert (
        Path(artifact.get_entry("model.bin").download(tmp_path / "got")).read_bytes() == b"weights"
    )


def test_artifact_without_files_is_kept_with_its_metadata(
    log: Any, take: Any, api: tracker.Api
) -> None:
    record = wire.field(4, "model") + wire.field(5, "net") + wire.field(8, '{"layers": 3}')
    log.run().row(0, 1.7e9, loss="1").add(8, record + wire.field(12, b"")).exit()
    take(log.path)
    (artifact,) = api.run("digits/abc").logged_artifacts()
    assert (artifact.name, artifact.metadata, artifact.file_count) == ("net:v0", {"layers": 3}, 0)


def test_artifact_does_not_read_files_that_are_not_what_was_logged(
    log: Any, take: Any, api: tracker.Api, tmp_path: Path, warns_once: Any
) -> None:
    (tmp_path / "secret").write_bytes(b"secrets")
    log.run().row(0, 1.7e9, loss="1").add(
        8, artifact_record(tmp_path / "secret", b"weights")
    ).exit()
    with warns_once("files of artifacts that are not where W&B kept them"):
        take(log.path)
    assert list(api.run("digits/abc").logged_artifacts()) == []


def test_long_record_goes_over_several_blocks(
    log: Any, take: Any, api: tracker.Api, stored: Any
) -> None:
    long = "x" * 100_000
    log.run().row(0, 1.7e9, text=json.dumps(long)).row(1, 1.7e9, loss="1").exit()
    take(log.path)
    assert stored.rows(api.run("digits/abc")) == {0: {"text": long}, 1: {"loss": 1}}


def test_log_cut_anywhere_gives_what_was_before(real: Any, tmp_path: Path) -> None:
    """Cuts of a real log: the records before it are read, and nothing else happens."""
    (path,) = real("wandb").rglob("*.wandb")
    data = path.read_bytes()
    whole = list(WandbLog(path).records())
    cut = tmp_path / "cut.wandb"
    for length in [
        *range(1500),
        *range(1500, len(data) - 300, 97),
        *range(len(data) - 300, len(data)),
    ]:
        cut.write_bytes(data[:length])
        if length < 7:
            with pytest.raises(UsageError):
                WandbLog(cut)
            continue
        log = WandbLog(cut)
        found = list(log.records())
        assert found == whole[: len(found)]
        assert log.damaged == 0
    assert len(found) == len(whole) - 1
    assert log.is_torn


def test_damaged_log_gives_what_can_be_read(log: Any, take: Any, api: tracker.Api) -> None:
    log.run()
    for i in range(4000):
        log.row(i, 1.7e9, loss=str(i))
    log.exit()
    data = bytearray(log.path.read_bytes())
    data[40_000] ^= 255
    log.path.write_bytes(data)
    with pytest.warns(TrackerWarning, match=r"damaged blocks of the log \(1\)"):
        take(log.path)
    run = api.run("digits/abc")
    assert run.state == "finished"
    assert 2000 < len(run.history(samples=None)) < 4000


def test_what_is_no_log_is_said(tmp_path: Path, take: Any) -> None:
    (tmp_path / "x.wandb").write_bytes(b"nothing of the kind")
    with pytest.raises(UsageError, match="no log of W&B"):
        take(tmp_path / "x.wandb")
    with pytest.raises(UsageError, match="There is no"):
        take(tmp_path / "missing")
    with pytest.raises(UsageError, match="format is 'excel'"):
        take(tmp_path, "excel")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match="is none of what can be imported"):
        take(empty)


def test_terminal_and_magic(log: Any, alone: Path) -> None:
    log.run().row(0, 1.7e9, loss="0.5").exit()
    command = [sys.executable, "-m", "tracker", "import", str(log.path.parent), "--dir", str(alone)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("1 run imported.\n", "")
    command[3:5] = ["sync", str(log.path.parents[1])]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == (
        "1 run unchanged.\n"
    )


PROGRAM = """
import wandb
with wandb.init(project="digits", name="live") as run:
    for i in range(50):
        run.log({"loss": i / 7, "deep": {"er": i}})
    print(run.id)
"""


def test_run_of_the_installed_wandb(tmp_path: Path, take: Any, api: tracker.Api) -> None:
    pytest.importorskip("wandb")
    environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, check=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        take(tmp_path)
    (run,) = api.runs("digits")
    found = run.history(samples=None)
    assert found["loss"].tolist() == [i / 7 for i in range(50)]
    assert found["deep.er"].tolist() == list(range(50))
    assert run.state == "finished"
    shutil.rmtree(tmp_path / "wandb")
