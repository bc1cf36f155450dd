"""A page names a folder of the server, and never gets out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import NotFoundError
from tracker.server.places import shown_path, store_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a server, with a store above it, in it and in a folder of it."""
    root = tmp_path / "home" / "notebooks"
    for place in (tmp_path / "secret", root, root / "a" / "b", root / "c"):
        place.mkdir(parents=True)
    for place in (tmp_path / "secret", root, root / "a"):
        (place / ".tracker").mkdir()
    return root


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("", ""), ("/", ""), ("c", ""), ("a", "a"), ("a/b", "a"), ("/a/b/", "a"),
        ("a/gone/deep", "a"), ("c/../a", "a"), ("a//b", "a"), ("a/./b", "a"), ("..a", ""),
        ("%2e%2e", ""), ("Ω/\u202e", ""),
    ],
)  # fmt: skip
def test_a_folder_stands_for_the_store_that_its_kernels_find(root, folder, found):
    assert store_of(folder, root, {}) == root / found / ".tracker"


@pytest.mark.parametrize(
    "folder",
    [
        "..", "../..", "../../secret", "a/../../..", "..\\..\\secret", "a\\..\\..\\..",
        "/../../secret", "c/./../../x", "\0", "a/\0/b", "x" * 300,
    ],
)  # fmt: skip
def test_nobody_gets_out_of_the_root(root, folder):
    with pytest.raises(NotFoundError, match="is no folder of this server"):
        store_of(folder, root, {})


def test_a_link_does_not_lead_out(root):
    (root / "link").symlink_to(root.parents[1] / "secret")
    with pytest.raises(NotFoundError, match="'link' is no folder of this server"):
        store_of("link", root, {})


def test_the_environment_decides_as_it_does_for_kernels(root, tmp_path):
    assert store_of("a", root, {"TRACKER_DIR": str(tmp_path / "s")}) == tmp_path / "s"


def test_without_a_folder_of_its_own_the_server_stands_where_it_was_started(
    root, tmp_path, monkeypatch
):
    monkeypatch.chdir(root / "a")
    assert store_of("b", "s3://bucket", {}) == root / "a" / ".tracker"


def test_paths_are_shown_as_people_write_them(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shown_path(tmp_path / "x" / ".tracker") == "~/x/.tracker"
    assert shown_path(Path("/elsewhere")) == "/elsewhere"
