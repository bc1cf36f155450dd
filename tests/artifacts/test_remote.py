"""A remote home for artifacts' files: sent once, fetched when wanted, verified, cleaned up."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.artifacts.home import HOME_FILE
from tracker.artifacts.remote import RemoteObjects
from tracker.cli import main
from tracker.errors import NotFoundError, StoreError, TrackerWarning, UsageError
from tracker.store.files.objects import Objects

from .homes import begin, check_home, kill_and_check

fsspec = pytest.importorskip("fsspec")
URL = "memory://home/of/ours"


@pytest.fixture
def memory():
    """A file system that is far enough for most purposes."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def log(start, folder):
    """Logs the folder in a run of its own, with a remote home."""

    def log(url: str = URL, **options: Any) -> tracker.Artifact:
        with start(settings={"artifact_home": url}) as run:
            return run.log_artifact(folder, name="set", type="dataset", **options)

    return log


def here(stored: Any) -> list[str]:
    return sorted(digest for digest, _ in Objects(stored.root / "objects").all())


def there(memory: Any) -> list[str]:
    return sorted(
        path.removeprefix("/home/of/ours/").replace("/", "")
        for path in memory.find("/home/of/ours")
        if not path.endswith(".json")
    )


def make_room() -> None:
    assert main(["artifact", "cache", "cleanup", "0", "--dir", "."]) == 0


def remove_there(memory: Any, digest: str) -> None:
    memory.rm(f"/home/of/ours/{digest[:2]}/{digest[2:]}")


def test_files_are_sent_once_and_fetched_when_wanted(log, memory, stored, folder, capsys):
    version = log()
    digests = sorted(entry.sha256 for entry in version.files())
    assert there(memory) == here(stored) == digests
    written = {path: memory.created(path) for path in memory.find("/home")}
    assert log().version == "v0"
    assert {path: memory.created(path) for path in memory.find("/home")} == written
    make_room()
    assert "3 copies removed" in capsys.readouterr().out
    assert here(stored) == []
    version.verify_kept()
    assert here(stored) == []
    with Path(version.get_entry("a.txt")).open() as file:
        assert file.read() == "a.txt"
    assert len(here(stored)) == 1
    shutil.rmtree(folder)
    assert Path(version.download("out"), "inner/c.txt").read_text() == "inner/c.txt"
    assert Path(version.download("links", link=True), "b.txt").stat().st_nlink == 2
    assert here(stored) == digests


def test_the_next_version_needs_no_copies_here(log, start, memory, stored, folder):
    log()
    make_room()
    (folder / "d.txt").write_text("d")
    assert log().version == "v1"
    assert len(there(memory)) == 4
    make_room()
    with start() as run:
        draft = run.use_artifact("set:latest").new_draft()
        draft.remove("a.txt")
        assert run.log_artifact(draft).version == "v2"
        assert here(stored) == []
        (stored.root / "known_files.sqlite").unlink()
        draft = run.use_artifact("set:v1").new_draft()
        draft.remove("b.txt")
        assert run.log_artifact(draft).version == "v3"
        remove_there(memory, draft.manifest.entries["d.txt"].sha256)
        (stored.root / "known_files.sqlite").unlink()
        draft = run.use_artifact("set:v1").new_draft()
        draft.remove("inner")
        with pytest.raises(NotFoundError, match="There is no object"):
            run.log_artifact(draft)


def test_objects_in_an_artifact_are_read_from_there(start, memory, stored):
    with start(settings={"artifact_home": URL}) as run:
        run.log({"picture": tracker.Image([[0, 255]])})
        artifact = tracker.Artifact("tables", "dataset")
        table = tracker.Table(["image", "x"])
        for x in range(2):
            table.add_data(tracker.Image([[x]]), x)
        artifact.add(table, "t")
        run.log_artifact(artifact)
    sent = there(memory)
    make_room()
    left = here(stored)
    assert left
    assert not set(left) & set(sent)  # what the run has logged is here alone, and stays
    found = tracker.Api(".").artifact("p/tables:latest").get("t")
    assert found.columns == ["image", "x"]
    assert found.data[1][0].to_reference(lambda _: "").get("_type") == "image-file"


def test_what_is_lost_or_damaged_there_is_a_sentence(log, memory, stored, capsys):
    version = log()
    lost, damaged = (version.get_entry(name).sha256 for name in ("a.txt", "b.txt"))
    memory.pipe(f"/home/of/ours/{damaged[:2]}/{damaged[2:]}", b"b.TXT")
    with pytest.raises(StoreError, match=r"Digest mismatch for file: 'b\.txt' of artifact set:v0"):
        version.verify_kept()
    copy = Objects(stored.root / "objects").path(damaged).read_bytes()
    make_room()
    with pytest.raises(StoreError, match=r"in memory://home/of/ours is damaged: what came has"):
        version.download("out")
    assert not list(Path("out").glob("b*"))
    memory.pipe(f"/home/of/ours/{damaged[:2]}/{damaged[2:]}", copy)
    assert Path(version.download("out"), "b.txt").read_text() == "b.txt"
    remove_there(memory, lost)
    with pytest.raises(NotFoundError, match=r"'a\.txt' of artifact set:v0 is not in memory://home"):
        version.verify_kept()
    assert main(["artifact", "push"]) == 0
    assert "1 files sent, 5 B; 2 were there" in capsys.readouterr().out
    version.verify_kept()
    make_room()
    remove_there(memory, lost)
    with pytest.raises(NotFoundError, match=f"There is no object '{lost}' in memory://home"):
        version.download("again")
    assert main(["artifact", "push"]) == 1
    assert f"lost: {lost} is neither here nor there" in capsys.readouterr().out


def test_what_versions_share_is_verified_once(log, memory, folder):
    first = log()
    (folder / "d.txt").write_text("d")
    second = log()
    sound: set[str] = set()
    first.verify_kept(sound)
    assert sound == {entry.sha256 for entry in first.files()}
    remove_there(memory, first.get_entry("a.txt").sha256)
    second.verify_kept(sound)  # it does not look at what was found sound just now
    assert second.get_entry("d.txt").sha256 in sound
    with pytest.raises(NotFoundError, match=r"'a\.txt' of artifact set:v1 is not in memory"):
        second.verify_kept()


@pytest.mark.parametrize(
    ("url", "is_one"), [("sftp://host/x", True), ("s3://bucket", False), ("file:///x", False)]
)
def test_only_one_thread_uses_what_may_be_one_connection(url, is_one):
    assert (RemoteObjects(url).threads == 1) == is_one


def test_a_store_that_has_versions_gets_a_home(start, folder, memory, monkeypatch, capsys):
    with start() as run:
        run.log_artifact(folder, name="set", type="dataset")
    assert main(["artifact", "push"]) == 1
    assert "have no remote home: give it one with TRACKER_ARTIFACT_HOME" in capsys.readouterr().err
    monkeypatch.setenv("TRACKER_ARTIFACT_HOME", URL)
    assert main(["artifact", "push"]) == 0
    assert capsys.readouterr().out.startswith(f"{URL}: 3 files sent, 21 B; 0 were there")
    monkeypatch.delenv("TRACKER_ARTIFACT_HOME")
    assert main(["artifact", "cache", "cleanup", "10MiB"]) == 0
    assert main(["artifact", "cache", "cleanup", "12b"]) == 0
    assert [line[:9] for line in capsys.readouterr().out.splitlines()] == ["Reclaimed"] * 2
    assert main(["artifact", "cache", "cleanup", "much"]) == 1
    assert "SIZE is 'much': expected a size such as 10GB" in capsys.readouterr().err


def test_a_clean_up_is_of_both_sides(log, api, memory, stored, folder, capsys):
    version = log()
    (folder / "a.txt").write_text("other")
    log()
    lone = version.get_entry("a.txt").sha256
    version.delete(delete_aliases=True)
    found = api.gc(grace_s=0)
    assert (found.objects, found.remote_objects, found.remote_size_bytes) == (1, 1, 5)
    assert "1 object of 5 bytes in the remote home" in str(found)
    assert lone in there(memory)
    assert api.gc().remote_objects == 0  # it is too young
    assert main(["artifact", "gc", "--hours", "0"]) == 0
    assert "Nothing was removed" in capsys.readouterr().out
    assert api.gc(dry_run=False, grace_s=0).remote_objects == 1
    assert lone not in there(memory)
    assert there(memory) == here(stored)
    (folder / "a.txt").write_text("a.txt")
    assert log().version == "v2"
    assert lone in there(memory)


def test_a_copy_of_a_store_removes_nothing_there(log, memory, stored, alone):
    log()
    shutil.copytree(stored.root, alone / "copy" / ".tracker")
    copy = tracker.Api(alone / "copy")
    assert copy.artifact("p/set").file_count == 3
    assert copy.gc().remote_objects == 0
    with pytest.raises(UsageError, match="is a copy of another, which may hold files in memory"):
        copy.gc(dry_run=False)


def test_an_address_is_of_one_store_and_a_store_has_one(log, start, memory, stored, alone):
    log()
    with pytest.raises(UsageError, match=f"but this store keeps its artifacts in {URL}"):
        start(settings={"artifact_home": "memory://elsewhere"})
    with pytest.raises(UsageError, match="another store keeps its artifacts there"):
        tracker.init(dir=alone / "second", settings={"artifact_home": URL + "/"})
    (stored.root / HOME_FILE).write_text("{}")
    with pytest.raises(StoreError, match=r"artifact_home\.json, which names the artifact home, ca"):
        tracker.Api(".").artifact("p/set").download()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("bucket/prefix", "expected an address such as s3://bucket/prefix"),
        ("s3://", "expected an address such as s3://bucket/prefix"),
        ("s3:bucket", "expected an address such as s3://bucket/prefix"),
        ("nonsense://x/y", "The artifact home 'nonsense://x/y' cannot be used: Protocol not known"),
        ("ftp://me:secret@host/x", "artifact_home has a password in it"),
    ],
)
def test_what_is_no_home_is_said_at_once(start, stored, url, sentence):
    with pytest.raises(UsageError, match=sentence):
        start(settings={"artifact_home": url})
    assert not (stored.root / HOME_FILE).exists()


def test_a_folder_that_cannot_be_written_is_said_at_once(start, alone):
    (alone / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        start(settings={"artifact_home": f"{(alone / 'file').as_uri()}/deeper"})


def test_what_cannot_be_sent_now_is_kept_here(log, start, stored, folder, alone):
    home = alone / "home"
    log(home.as_uri())
    home.rename(alone / "gone")
    home.mkdir()  # as where a disk is not mounted
    (folder / "d.txt").write_text("d")
    with pytest.warns(TrackerWarning, match=r"are kept in .* only: `tracker artifact push` sends"):
        version = log(home.as_uri())
    assert version.version == "v1"
    with pytest.raises(StoreError, match="cannot be listed"):
        tracker.Api(".").gc()
    home.rmdir()
    (alone / "gone").rename(home)
    assert Path(version.download("out"), "d.txt").read_text() == "d"
    assert main(["artifact", "push"]) == 0
    version.verify_kept()


def test_killed_while_sending(alone):
    kill_and_check(alone, (alone / "home").as_uri(), 3)


@pytest.mark.slow
def test_killed_often_while_sending(alone):
    kill_and_check(alone, (alone / "home").as_uri(), 50)


def test_two_processes_settle_one_home_and_send_the_same(alone):
    url = (alone / "home").as_uri()
    both = [begin(alone, url, seed, 4) for seed in "ab"]
    for process in both:
        process.communicate()
        assert process.returncode == 0
    assert check_home(alone, url) == 6
