"""What goes into an artifact: new files, objects, folders with links, and out again."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import tracker
from tracker.artifacts import entry as entry_module
from tracker.errors import ArtifactFinalizedError, NotFoundError, UsageError


def made(name: str = "n") -> tracker.Artifact:
    return tracker.Artifact(name, "t")


def test_new_files_are_added_when_they_are_closed(start):
    artifact = made()
    with artifact.new_file("a/text.txt") as file:
        file.write("grün")
        assert artifact.file_count == 0
    with artifact.new_file("bytes.bin", mode="xb") as file:
        file.write(b"\x00\x01")
    with pytest.raises(UsageError, match=r"'bytes\.bin' is in the artifact already: use mode='w'"):
        artifact.new_file("bytes.bin").__enter__()
    with artifact.new_file("bytes.bin", mode="wb") as file:
        file.write(b"other")
    with pytest.raises(UsageError, match="mode 'r': expected 'x', 'w' or 'a'"):
        artifact.new_file("x", mode="r").__enter__()
    with start() as run:
        logged = run.log_artifact(artifact)
        assert Path(logged.get_entry("a/text.txt")).read_text(encoding="utf-8") == "grün"
        assert Path(logged.get_entry("bytes.bin")).read_bytes() == b"other"


def test_a_file_whose_block_fails_is_not_added():
    artifact = made()
    with pytest.raises(RuntimeError), artifact.new_file("half.txt") as file:
        file.write("half")
        raise RuntimeError
    assert artifact.file_count == 0


def test_objects_are_read_back(start):
    artifact = made()
    image = tracker.Image(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), caption="small")
    table = tracker.Table(columns=["n", "image"], data=[[1, image], [2, image]])
    entry = artifact.add(table, "results")
    assert entry.path == "results.table.json"
    assert artifact.add(table, "results") is entry
    artifact["pictures/one"] = image
    with pytest.raises(UsageError, match=r"add\(\) was given a int: expected media such as"):
        artifact.add(3, "three")
    with start() as run:
        run.log_artifact(artifact)
    with start() as run:
        used = run.use_artifact("n:latest")
        assert used.get("results").data[1][0] == 2
        assert used["pictures/one"].caption == "small"
        assert used.get("missing") is None
        assert used.get("media") is None


def test_an_object_stays_unless_it_is_to_be_replaced(start):
    artifact = made()
    first, second = tracker.Html("<b>1</b>"), tracker.Html("<b>2</b>")
    kept = artifact.add(first, "page")
    assert artifact.add(second, "page") is kept
    artifact.add(tracker.Html("<b>3</b>"), "page", overwrite=True)
    with start() as run:
        assert "3" in run.log_artifact(artifact).get("page").to_value()


def test_files_and_folders_are_removed(folder):
    artifact = made()
    artifact.add_dir(folder)
    artifact.remove("inner")
    artifact.remove(artifact.manifest.entries["a.txt"])
    assert list(artifact.entries) == ["b.txt"]
    with pytest.raises(NotFoundError, match="No such file or directory: 'inner'"):
        artifact.remove("inner")
    artifact.add_file(folder / "a.txt", name="inner")  # free again


def test_a_file_and_a_folder_of_one_name_are_refused(folder):
    artifact = made()
    artifact.add_file(folder / "a.txt", name="x/y")
    for name in ("x", "x/y/z"):
        with pytest.raises(UsageError, match="cannot be a file and a folder in one artifact"):
            artifact.add_file(folder / "b.txt", name=name)
    assert list(artifact.entries) == ["x/y"]


def test_links_in_folders(folder, alone):
    (alone / "elsewhere").mkdir()
    (alone / "elsewhere" / "d.txt").write_text("d")
    (folder / "linked").symlink_to(alone / "elsewhere")
    artifact = made()
    artifact.add_dir(folder)
    assert "linked/d.txt" in artifact.entries
    (folder / "circle").symlink_to(folder)
    with pytest.raises(UsageError, match=r"goes round in a circle at the link .*circle"):
        made().add_dir(folder)
    (folder / "circle").unlink()
    (folder / "broken").symlink_to(alone / "nowhere")
    with pytest.raises(UsageError, match=r"cannot follow .*broken.*: No such file"):
        made().add_dir(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_is_no_file_is_passed_over(folder):
    os.mkfifo(folder / "pipe")
    artifact = made()
    artifact.add_dir(folder)
    assert sorted(artifact.entries) == ["a.txt", "b.txt", "inner/c.txt"]
    with pytest.raises(UsageError, match="there is no such file"):
        artifact.add_file(folder / "pipe")


def test_a_temporary_file_is_named_after_its_content(folder):
    entry = made().add_file(folder / "a.txt", is_tmp=True)
    assert entry.path == f"{entry.sha256[:20]}.txt"
    with pytest.raises(UsageError, match="policy is 'x': it may only be"):
        made().add_file(folder / "a.txt", policy="x")


def test_names_by_the_files_that_were_added(folder):
    artifact = made()
    artifact.add_file(folder / "a.txt", name="first")
    assert artifact.get_added_local_path_name(folder / "a.txt") == "first"
    assert artifact.get_added_local_path_name(folder / "b.txt") is None


def test_a_change_of_a_file_that_was_not_read_yet_is_noticed(start, folder, monkeypatch):
    monkeypatch.setattr(entry_module, "RACY_NS", 0)  # as if the files were old
    os.utime(folder / "a.txt", (1, 1))  # it could be written twice within a tick of its times
    artifact = made()
    artifact.add_dir(folder)
    (folder / "a.txt").write_text("c.txt")  # of the same size
    with start() as run:
        with pytest.raises(UsageError, match=r"a\.txt has changed since add_file"):
            run.log_artifact(artifact)
        with pytest.raises(UsageError, match=r"a\.txt has changed since add_file"):
            _ = artifact.digest


def test_a_finalized_artifact_takes_no_more(folder):
    artifact = made()
    artifact.finalize()
    for change in (
        lambda: artifact.add_file(folder / "a.txt"),
        lambda: artifact.add_dir(folder),
        lambda: artifact.add_reference("file:///x"),
        lambda: artifact.add(tracker.Html("x"), "x"),
        lambda: artifact.remove("x"),
        lambda: artifact.new_file("x").__enter__(),
    ):
        with pytest.raises(ArtifactFinalizedError, match="Can't modify finalized artifact"):
            change()


def test_the_manifest_says_what_wandbs_says(folder):
    """The digests are those that wandb 0.31 gives to these three files."""
    artifact = made()
    artifact.add_dir(folder)
    said = artifact.manifest.to_manifest_json()
    assert said["contents"]["a.txt"] == {"digest": "peVNH9e7aaIo7w3NJDE2fg==", "size": 5}
    assert artifact.manifest.wandb_digest() == "49b402caa23961a3488a95c27eed40df"
    assert (len(artifact.manifest), artifact.size) == (3, 21)
