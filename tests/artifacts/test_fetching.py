"""Files come out as they went in, where they belong and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import tracker
from tracker.errors import ArtifactNotLoggedError, NotFoundError, StoreError, UsageError
from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter
from tracker.store.store import Store


@pytest.fixture
def version(start, folder):
    with start() as run:
        artifact = tracker.Artifact("set", "dataset")
        artifact.add_dir(folder)
        yield run.log_artifact(artifact)


def contents(root):
    root = Path(root)
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in root.rglob("*")
        if path.is_file()
    }


WHOLE = {"a.txt": "a.txt", "b.txt": "b.txt", "inner/c.txt": "inner/c.txt"}


def test_a_part_and_single_files(version, alone):
    assert contents(version.download("part", path_prefix="inner/")) == {
        "inner/c.txt": "inner/c.txt"
    }
    assert version.get_entry("a.txt").download() == str(Path("artifacts/set-v0/a.txt"))
    assert [entry.path for entry in version.files(["a.txt", "z"])] == ["a.txt"]
    assert [entry.path for entry in version.files()] == sorted(WHOLE)
    with pytest.raises(UsageError, match=r"contains 3 files and not one: call \.download"):
        version.file()


def test_an_only_file(start, folder):
    with start() as run:
        one = run.log_artifact(folder / "a.txt", name="one")
        assert Path(one.file("there")).read_text() == "a.txt"


def test_what_is_there_stays_and_what_is_wrong_is_replaced(version):
    folder = Path(version.download("out"))
    before = (folder / "a.txt").stat()
    (folder / "b.txt").write_text("x.txt")  # of the same size
    (folder / "own").write_text("mine")
    version.download("out")
    assert contents("out") == {**WHOLE, "own": "mine"}
    assert (folder / "a.txt").stat().st_ino == before.st_ino
    with pytest.raises(StoreError, match=r"Found file out/own which is not a member of artifact"):
        version.verify("out")
    version.checkout("out")
    assert contents("out") == WHOLE
    version.verify("out")


def test_what_is_verified(version, stored):
    version.verify()
    folder = Path(version.download())
    (folder / "a.txt").write_text("z.txt")
    with pytest.raises(StoreError, match=r"Digest mismatch for file: 'a\.txt' of artifacts/set-v0"):
        version.verify()
    (folder / "a.txt").unlink()
    with pytest.raises(StoreError, match=r"'a\.txt' of .* cannot be read"):
        version.verify()
    version.checkout(folder)
    version.verify()
    kept = version.object_path("b.txt")
    kept.chmod(0o600)
    kept.write_text("bad")
    with pytest.raises(StoreError, match=r"Digest mismatch for file: 'b\.txt' of artifact set:v0"):
        version.verify()
    kept.unlink()
    with pytest.raises(NotFoundError, match="There is no object"):
        version.download("elsewhere")


def test_links_are_made_where_they_are_wanted(version):
    folder = Path(version.download("linked", link=True))
    assert contents(folder) == WHOLE
    assert (folder / "a.txt").samefile(version.object_path("a.txt"))
    assert not (folder / "a.txt").stat().st_mode & 0o222
    folder = Path(version.download("copied"))
    assert not (folder / "a.txt").samefile(version.object_path("a.txt"))
    (folder / "a.txt").write_text("may be written")
    version.verify_kept()


def test_a_folder_that_is_a_link_is_not_followed(version, alone):
    (alone / "outside").mkdir()
    (alone / "out").mkdir()
    (alone / "out" / "inner").symlink_to(alone / "outside")
    with pytest.raises(UsageError, match="is a link and would lead files out of"):
        version.download("out")
    assert not list((alone / "outside").iterdir())


def test_things_in_the_way(version, alone):
    (alone / "out" / "a.txt").mkdir(parents=True)
    with pytest.raises(UsageError, match="is a folder where a file must be"):
        version.download("out")
    (alone / "other").mkdir()
    (alone / "other" / "inner").write_text("file")
    with pytest.raises(UsageError, match="is a file where a folder must be"):
        version.download("other")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(version, alone):
    (alone / "out").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="cannot be written to"):
        version.download("out")


BAD = ["../../x", "/tmp/x", "..\\x", "C:/x", "a/../../x", "\\\\srv\\s\\x"]


@pytest.mark.parametrize("path", BAD)
def test_a_journal_cannot_make_files_leave_their_folder(start, stored, alone, path):
    """A manifest from elsewhere may hold any path."""
    with start() as run:
        digest = run._recorder.objects.put_bytes(b"evil")  # noqa: SLF001 - a foreign writer
    writer = JournalWriter(stored.root / "journal")
    writer.open_segment(facts.Begin("p", "foreign", 1_000_000))
    files = [facts.File(path, digest, 4)]
    writer.append(facts.Version("output", "p", "evil", "t", "d" * 64, 2_000_000, files=files))
    writer.close()
    Store(stored.root).recover()
    before = sorted(alone.parent.iterdir())
    with pytest.raises(UsageError, match="cannot be a path inside an artifact"):
        tracker.Api(alone).artifact("p/evil").download(alone / "out")
    assert sorted(alone.parent.iterdir()) == before
    assert not [each for each in (alone / "out").rglob("*") if each.is_file()]


def test_names_that_some_file_systems_take_for_one(start, alone):
    artifact = tracker.Artifact("twins", "t")
    for name in ("A.txt", "a.txt", "\u00e9.txt", "e\u0301.txt"):
        with artifact.new_file(name) as file:
            file.write(name)
    probe = alone / "Probe"
    probe.touch()
    with start() as run:
        logged = run.log_artifact(artifact)
        if (alone / "probe").exists():
            with pytest.raises(UsageError, match="are one name on this file system"):
                logged.download("out")
        else:
            assert len(contents(logged.download("out"))) == 4


def test_a_draft_has_nothing_to_fetch(folder):
    artifact = tracker.Artifact("n", "t")
    artifact.add_dir(folder)
    for action in ("download", "checkout", "verify", "file", "files", "new_draft", "logged_by"):
        with pytest.raises(ArtifactNotLoggedError, match=f"before you use 'Artifact.{action}'"):
            getattr(artifact, action)()


def test_large_files_show_how_far_they_are(start, alone, monkeypatch, capsys):
    from tracker.artifacts import progress

    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    (alone / "large").write_bytes(bytes(3_000_000))
    with start() as run:
        run.log_artifact("large", name="large").download("out")
    said = capsys.readouterr().err
    assert "tracker: keeping " in said
    assert "100% of 3.0 MB" in said
    assert "tracker: fetching " in said


def test_a_notebook_shows_what_it_is(start, folder):
    artifact = tracker.Artifact("set", "dataset", "<script>x</script>", {"<i>": "<b>"})
    artifact.add_dir(folder)
    for number in range(10):
        with artifact.new_file(f"more/{number}") as file:
            file.write("x")
    assert "31 bytes in 13 files" in artifact._repr_html_()
    with start() as run:
        shown = run.log_artifact(artifact)._repr_html_()
    assert "<b>p/set:v0</b>" in shown
    assert "&lt;script&gt;" in shown
    assert "metadata.&lt;i&gt;" in shown
    assert "and 3 more" in shown
    assert "<script" not in shown
