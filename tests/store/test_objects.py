"""Content is kept once, whole, under its own name."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.errors import NotFoundError
from tracker.store.files import objects as objects_module
from tracker.store.files.objects import Objects


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "store" / "objects")


def kept(objects: Objects) -> list[Path]:
    return [path for path in objects.root.rglob("*") if path.is_file()]


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_what_was_put_is_found_by_its_digest(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    objects = Objects(tmp_path_factory.mktemp("objects"))
    digest = objects.put_bytes(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert objects.path(digest).read_bytes() == content


def test_equal_content_is_kept_once(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    digests = {objects.put_bytes(b"content") for _ in range(3)}
    digests.add(objects.put_file(tmp_path / "file")[0])
    assert len(digests) == 1
    assert len(kept(objects)) == 1


def test_a_file_is_copied_with_its_size(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects_module, "CHUNK_BYTES", 1000)
    content = os.urandom(12_345)
    (tmp_path / "file").write_bytes(content)
    digest, size = objects.put_file(tmp_path / "file")
    assert (digest, size) == (hashlib.sha256(content).hexdigest(), 12_345)
    (tmp_path / "file").write_bytes(b"changed")
    assert objects.path(digest).read_bytes() == content


def test_only_their_owner_may_look_into_objects(objects: Objects) -> None:
    digest = objects.put_bytes(b"secret")
    path = objects.path(digest)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    for folder in (path.parent, objects.root):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_object_cut_short_by_a_power_cut_is_kept_again(objects: Objects, tmp_path: Path) -> None:
    digest = objects.put_bytes(b"content")
    for put in (lambda: objects.put_bytes(b"content"), lambda: objects.put_file(tmp_path / "f")[0]):
        (tmp_path / "f").write_bytes(b"content")
        objects.path(digest).write_bytes(b"")
        assert put() == digest
        assert objects.path(digest).read_bytes() == b"content"


@pytest.mark.parametrize("name", ["", "ab", "../../etc/passwd", "A" * 64, "0" * 64, "0" * 65])
def test_what_is_not_here_is_a_sentence(objects: Objects, name: str) -> None:
    with pytest.raises(NotFoundError, match="There is no object"):
        objects.path(name)


def test_what_fails_leaves_nothing_behind(objects: Objects, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    (tmp_path / "big").write_bytes(bytes(50_000))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        with pytest.raises(OSError, match="File too large"):
            objects.put_bytes(bytes(50_000))
        with pytest.raises(OSError, match="File too large"):
            objects.put_file(tmp_path / "big")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert kept(objects) == []
    with pytest.raises(FileNotFoundError):
        objects.put_file(tmp_path / "missing")
    assert kept(objects) == []


def test_threads_that_put_the_same_do_not_disturb_each_other(objects: Objects) -> None:
    contents = [os.urandom(2000) for _ in range(5)]
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(objects.put_bytes, contents * 20))
    assert len(set(digests)) == 5
    assert {path.read_bytes() for path in kept(objects)} == set(contents)
