"""A file is whole or not there, and on the disk when it is said to be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tracker.store.files.whole_file import partial_file, settle


def test_a_settled_file_takes_the_place_of_another(tmp_path: Path) -> None:
    path, target = tmp_path / "new.partial", tmp_path / "file"
    target.write_bytes(b"old")
    with partial_file(path) as writer:
        writer.write(b"new")
        assert target.read_bytes() == b"old"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        settle(writer, path, target)
        assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_not_settled_is_gone(tmp_path: Path) -> None:
    with pytest.raises(KeyError), partial_file(tmp_path / "a") as writer:
        writer.write(b"half")
        raise KeyError
    with partial_file(tmp_path / "a"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_another_stays(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"theirs")
    with pytest.raises(FileExistsError), partial_file(tmp_path / "a"):
        pass
    assert (tmp_path / "a").read_bytes() == b"theirs"


@pytest.mark.parametrize("durable", [True, False])
def test_content_is_on_the_disk_before_the_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    path, target, steps = tmp_path / "a.partial", tmp_path / "a", []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        steps.append((kind, os.fstat(descriptor).st_size if kind == "file" else target.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    with partial_file(path) as writer:
        writer.write(b"content")
        settle(writer, path, target, durable=durable)
    assert steps == ([("file", 7), ("folder", True)] if durable else [])
