"""Artifacts: what may be in them, and what becomes of them when they are logged and used."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker
from tracker.errors import ArtifactNotLoggedError, NotFoundError, TrackerWarning, UsageError


@pytest.fixture
def file(alone: Path) -> Path:
    path = alone / "model.bin"
    path.write_bytes(b"weights")
    return path


def artifact(path, name="net", **options):
    made = tracker.Artifact(name, "model", **options)
    made.add_file(path)
    return made


def test_it_is_logged_and_used(start, file, alone):
    with start() as run:
        made = artifact(file, description="text", metadata={"acc": 0.9, "nan": float("nan")})
        assert repr(made) == "<tracker.Artifact net (model, 1 file)>"
        logged = run.log_artifact(made, aliases=["best"], tags=["small net"])
        assert logged is made
        assert (made.version, made.full_name, made.is_logged) == ("v0", "net:v0", True)
        assert sorted(made.aliases) == ["best", "latest"]
        assert made.wait() is made
    file.unlink()
    with start() as run:
        for name in ("net", "net:latest", "net:best", "net:v0", "p/net:v0", "someone/p/net"):
            used = run.use_artifact(name, type="model")
            assert (used.digest, used.version) == (made.digest, "v0")
        assert used.description == "text"
        assert used.metadata["acc"] == 0.9
        assert (used.size, used.file_count) == (7, 1)
        assert used.object_path("model.bin").read_bytes() == b"weights"
        folder = Path(used.download())
        assert folder == Path("artifacts/net-v0")
        assert (folder / "model.bin").read_bytes() == b"weights"
        used.download(alone / "other")
        assert (alone / "other" / "model.bin").read_bytes() == b"weights"


def test_the_same_content_is_the_same_version(start, file):
    with start() as run:
        assert run.log_artifact(artifact(file)).version == "v0"
        assert run.log_artifact(artifact(file), aliases="again").version == "v0"
        file.write_bytes(b"other")
        newer = run.log_artifact(artifact(file))
        assert newer.version == "v1"
        assert run.use_artifact("net:v0").object_path("model.bin").read_bytes() == b"weights"
        assert run.use_artifact("net").version == "v1"
        assert run.use_artifact("net:again").version == "v0"
        assert run.log_artifact(artifact(file, "another")).version == "v0"


def test_an_artifact_of_another_project(start, file):
    with start(project="data") as run:
        run.log_artifact(artifact(file))
    with start(project="train") as run:
        with pytest.raises(NotFoundError, match=r"no artifact 'net' .* in project 'train'"):
            run.use_artifact("net:latest")
        assert run.use_artifact("data/net:latest").version == "v0"


def test_paths_become_artifacts(start, file, alone):
    folder = alone / "data set"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "inner" / "b.txt").write_text("b")
    (folder / "link.txt").symlink_to(file)
    with start() as run:
        one = run.log_artifact(str(file))
        assert (one.name, one.type) == (f"run-{run.id}-model.bin:v0", "unspecified")
        many = run.log_artifact(folder, type="dataset")
        assert many.collection_name == f"run-{run.id}-data_set"
        assert sorted(many.entries) == ["a.txt", "inner/b.txt", "link.txt"]
        assert many.object_path("link.txt").read_bytes() == b"weights"
        named = run.log_artifact(file, name="n", type="t")
        assert (named.name, named.type) == ("n:v0", "t")


def test_folders_are_added(start, alone):
    (alone / "d" / "e").mkdir(parents=True)
    (alone / "d" / "e" / "f").write_text("1")
    made = tracker.Artifact("n", "t")
    made.add_dir(alone / "d")
    made.add_dir(alone / "d", name="copy")
    assert sorted(made.entries) == ["copy/e/f", "e/f"]
    (alone / "d" / "e" / "f").write_text("2")
    with pytest.raises(UsageError, match="another content already"):
        made.add_dir(alone / "d")
    made.add_dir(alone / "d", merge=True)


def test_an_artifact_that_is_used_before_it_is_logged_is_logged(start, file):
    with start() as run:
        used = run.use_artifact(artifact(file), aliases=["first"])
        assert used.version == "v0"
        assert "first" in used.aliases
        assert run.use_artifact(used) is used


def test_files_that_change_are_noticed(start, file):
    with start() as run:
        made = artifact(file)
        file.write_bytes(b"changed")
        with pytest.raises(UsageError, match=r"model\.bin has changed since add_file"):
            run.log_artifact(made)
        made = artifact(file)
        file.unlink()
        with pytest.raises(UsageError, match=r"model\.bin is gone since add_file"):
            run.log_artifact(made)
        run.log({"x": 1})


def test_names_are_taken_once(file, alone):
    made = artifact(file)
    made.add_file(file)
    other = alone / "other"
    other.write_text("2")
    with pytest.raises(UsageError, match=r"'model\.bin' is in the artifact with another content"):
        made.add_file(other, name="model.bin")
    made.add_file(other, name="model.bin", overwrite=True)
    made.add_file(file, name="sub/model.bin", is_tmp=False, skip_cache=True, policy="immutable")
    assert made.file_count == 2


def test_a_logged_artifact_takes_no_more(start, file):
    with start() as run:
        made = run.log_artifact(artifact(file))
        with pytest.raises(UsageError, match=r"used on logged artifact net\. Can't modify"):
            made.add_file(file, name="more")


PATHS = [
    "../x", "a/../../x", "/etc/passwd", "~/x", "..\\x", "a\\b", "C:x", "C:/x", "\\\\srv\\s", "a\0b",
    "CON", "con.txt", "a/NUL", "lpt1.log", "COM0", "a.", "a ", "dir./x", ".", "..", "", "x" * 1001,
    "x" * 256, "a:b", "a\nb", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_would_leave_it_are_refused(file, path):
    made = tracker.Artifact("n", "t")
    with pytest.raises(UsageError, match="cannot be a path inside an artifact"):
        made.add_file(file, name=path)
    assert made.entries == {}


@pytest.mark.parametrize(
    "path", ["a", "a/b.c", "a//b", "%2e%2e%2fx", "ünï/🧪", "a b", "-x", "a#b?c"]
)
def test_paths_that_may_be(start, file, alone, path):
    made = tracker.Artifact("n", "t")
    made.add_file(file, name=path)
    with start() as run:
        folder = Path(run.log_artifact(made).download(alone / "out"))
    assert [each.read_bytes() for each in folder.rglob("*") if each.is_file()] == [b"weights"]


def test_a_link_in_the_way_is_not_written_through(start, file, alone):
    (alone / "precious").write_text("keep")
    (alone / "out").mkdir()
    (alone / "out" / "model.bin").symlink_to(alone / "precious")
    with start() as run:
        run.log_artifact(artifact(file)).download(alone / "out")
    assert (alone / "precious").read_text() == "keep"
    assert (alone / "out" / "model.bin").read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": ""}, "Artifact name '' cannot be used"),
        ({"name": "a/b"}, "Artifact name 'a/b'"),
        ({"name": "../x"}, "Artifact name"),
        ({"name": ".."}, "Artifact name"),
        ({"name": "x" * 129}, "Artifact name 'x+'"),
        ({"name": "a b "}, "Artifact name"),
        ({"name": "a\tb"}, "Artifact name"),
        ({"name": 3}, "Artifact name '3'"),
        ({"type": ""}, "type is ''"),
        ({"type": None}, "type is None"),
        ({"metadata": [1]}, r"metadata is \[1\]: expected a dict"),
        ({"metadata": {str(n): n for n in range(101)}}, "metadata has 101 keys: at most 100"),
    ],
)
def test_what_cannot_be_an_artifact_is_told(arguments, sentence):
    with pytest.raises(UsageError, match=sentence):
        tracker.Artifact(**{"name": "n", "type": "t", **arguments})


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda run, made: run.log_artifact("missing"), UsageError, "there is no such file"),
        (lambda run, made: run.log_artifact(3), UsageError, "was given a int: expected an Art"),
        (lambda run, made: run.log_artifact(made, aliases=["a/b"]), UsageError, "Alias 'a/b'"),
        (lambda run, made: run.log_artifact(made, aliases=["v3"]), UsageError, "Alias 'v3'"),
        (lambda run, made: run.log_artifact(made, aliases=[" "]), UsageError, "Alias ' '"),
        (lambda run, made: run.log_artifact(made, tags=["a,b"]), UsageError, "tag 'a,b'"),
        (lambda run, made: run.use_artifact("none"), NotFoundError, "no artifact 'none'"),
        (lambda run, made: run.use_artifact("a b :c"), UsageError, "Artifact name 'a b '"),
        (lambda run, made: run.use_artifact(""), UsageError, "Artifact name ''"),
        (lambda run, made: made.version, ArtifactNotLoggedError, "net is not logged: log it"),
        (lambda run, made: made.download(), ArtifactNotLoggedError, "net is not logged"),
        (
            lambda run, made: run.log_artifact(made).get_entry("x"),
            KeyError,
            "'x'. net:v0 has model.bin",
        ),
        (lambda run, made: made.add_file(".."), UsageError, "there is no such file"),
        (lambda run, made: made.add_dir("missing"), UsageError, "there is no such folder"),
    ],
)
def test_what_cannot_be_done_is_told(start, stored, file, call, error, sentence):
    made = artifact(file)
    with start() as run:
        with pytest.raises(error, match=sentence):
            call(run, made)
        run.log({"x": 1})
    assert stored.values(run, "x") == [1]


def test_another_type_is_told(start, file):
    with start() as run:
        run.log_artifact(artifact(file))
        with pytest.raises(UsageError, match="Artifact 'net' is a 'model', not a 'dataset'"):
            run.use_artifact("net:latest", type="dataset")


def test_objects_that_cannot_be_kept_do_not_end_the_training(start, stored, file):
    (stored.root / "objects").mkdir(parents=True)
    with start() as run:
        (stored.root / "objects" / "incoming").write_text("in the way")
        with pytest.warns(TrackerWarning, match="Artifact net is not kept"):
            made = run.log_artifact(artifact(file))
        assert not made.is_logged
        run.log({"x": 1})
    assert stored.values(run, "x") == [1]
