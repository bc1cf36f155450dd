"""The files of a stored run, in W&B's manner."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import tracker
from tracker.errors import NotFoundError, UsageError

from .logged import Start

WRITTEN = [
    "config.yaml", "output.log", "requirements.txt", "wandb-metadata.json", "wandb-summary.json",
]  # fmt: skip


@pytest.fixture
def run(api: tracker.Api, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("model.bin").write_bytes(b"\x00weights")
    logged = start(config={"lr": 0.1, "model": {"depth": 3}}, settings={"console": True})
    print("a line")
    logged.save("model.bin")
    logged.log(
        {
            "loss": 0.5,
            "val/image": tracker.Image(np.zeros((2, 2))),
            "images": [tracker.Image(np.ones((2, 3))), tracker.Image(np.zeros((3, 3)))],
            "table": tracker.Table(columns=["n", "x"], data=[[1, [0.5]], [2, None]]),
        }
    )
    logged.finish()
    return api.run(logged.id)


def test_what_there_is(run):
    names = [file.name for file in run.files()]
    assert [name for name in names if not name.startswith("media/")] == sorted(
        [*WRITTEN, "model.bin"]
    )
    assert len(run.files(pattern="media/images/%.png")) == 3
    assert len(run.files(pattern="%.table.json")) == 1
    assert [file.name for file in run.files(names=["model.bin", "nothing"])] == ["model.bin"]
    with pytest.raises(UsageError, match="give one of them"):
        run.files(names=["a"], pattern="b")


def test_a_saved_file_is_fetched(run, tmp_path):
    file = run.file("model.bin")
    assert (file.size, file.mimetype) == (8, "application/octet-stream")
    assert file.url.startswith("file:///")
    assert repr(file) == "<File model.bin (application/octet-stream, 8 bytes)>"
    with pytest.raises(ValueError, match=r"replace=True\) overwrites it"):
        file.download()
    Path("model.bin").write_bytes(b"mine")
    with file.download(exist_ok=True):
        assert Path("model.bin").read_bytes() == b"mine"
    with file.download(replace=True) as opened:
        assert opened.name == "model.bin"
        assert Path("model.bin").read_bytes() == b"\x00weights"
    with file.download(root=tmp_path / "deep" / "er") as opened:
        assert Path(opened.name).read_bytes() == b"\x00weights"


def test_media_are_found_by_the_path_that_history_and_summary_give(run):
    (row,) = run.scan_history(keys=["val/image", "images"])
    path = row["val/image"]["path"]
    assert path.startswith("media/images/val/image_")
    assert run.history()["val/image"][0]["path"] == path
    assert run.summary["val/image"]["path"] == path
    run.file(path).download(root="got").close()
    assert Path("got", path).read_bytes().startswith(b"\x89PNG")
    assert [run.file(name).name for name in row["images"]["filenames"]] == row["images"][
        "filenames"
    ]
    assert row["images"]["count"] == 2


def test_a_table_is_json_as_in_wandb(run):
    with run.file(run.summary["table"]["path"]).download() as opened:
        content = json.load(opened)
    assert content == {
        "columns": ["n", "x"],
        "data": [[1, [0.5]], [2, None]],
        "ncols": 2,
        "nrows": 2,
    }


def test_what_wandb_writes_is_written(run):
    def text(name):
        with run.file(name).download(replace=True) as opened:
            return opened.read()

    assert yaml.safe_load(text("config.yaml")) == {
        "lr": {"value": 0.1}, "model": {"value": {"depth": 3}},
    }  # fmt: skip
    assert text("output.log") == "a line\n"
    assert json.loads(text("wandb-summary.json"))["loss"] == 0.5
    assert json.loads(text("wandb-metadata.json"))["host"] == run.metadata["hostname"]
    assert f"numpy=={np.__version__}\n" in text("requirements.txt")


def test_a_file_is_added_and_deleted(run, tmp_path):
    Path("notes").mkdir()
    Path("notes/late.txt").write_text("late")
    assert run.upload_file("notes/late.txt").name == "notes/late.txt"
    assert run.upload_file("notes/late.txt", root="notes").name == "late.txt"
    run.file("late.txt").delete()
    assert [file.name for file in run.files(pattern="%late.txt")] == ["notes/late.txt"]
    with pytest.raises(UsageError, match="not below the root"):
        run.upload_file(str(tmp_path.parent / "other"))
    with pytest.raises(UsageError, match="cannot be deleted by itself"):
        run.file("output.log").delete()
    with pytest.raises(NotFoundError, match=r"no file 'modl\.bin'\. Did you mean 'model\.bin'"):
        run.file("modl.bin")


def test_reading_paths_changes_nothing_in_the_store(run, api):
    before = dict(run.record.summary)
    dict(run.summary)
    run.tags = ["seen"]
    run.update()
    assert api.run(run.id).record.summary == before


@pytest.mark.parametrize(
    "key",
    ["../../../up", "/absolute", "a/../../../b", "a\\..\\..\\b", "C:/x", "..", "a/...", "é/ü",
     "long" * 100],
)  # fmt: skip
def test_no_file_leads_out_of_its_folder(api, start, tmp_path, key):
    with start() as logged:
        logged.log({key: tracker.Image(np.zeros((2, 2)))})
    (file,) = api.run(logged.id).files(pattern="media/%")
    folder = tmp_path / "deep" / "below" / "it"
    file.download(root=folder).close()
    (found,) = (path for path in tmp_path.rglob("*.png") if ".tracker" not in path.parts)
    assert found.is_relative_to(folder / "media" / "images")
    (row,) = api.run(logged.id).scan_history()
    assert api.run(logged.id).file(row[key]["path"]).name == file.name


def test_a_name_that_leads_out_is_refused(api, start, tmp_path):
    with start() as logged:
        logged.log({"x": 1})
    file = api.run(logged.id).file("config.yaml")
    with pytest.raises(UsageError, match="stays inside"):
        dataclasses.replace(file, name="../../.bashrc").download(root=tmp_path)
