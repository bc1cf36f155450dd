"""Files and code that a run keeps beside its metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker
from tracker.errors import NotFoundError, UsageError


@pytest.fixture
def files(alone: Path) -> Path:
    for name in ("top.txt", "these/are/a.txt", "these/are/b.txt", "these/are/deep/c.txt"):
        path = alone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return alone


def kept(run) -> list[str]:
    folder = Path(run.dir)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.txt"))


@pytest.mark.parametrize(
    ("pattern", "base", "expected"),
    [
        ("top.txt", None, ["top.txt"]),
        ("*.txt", None, ["top.txt"]),
        ("these/are/*", None, ["these/are/a.txt", "these/are/b.txt"]),
        ("these/are/*", "these", ["are/a.txt", "are/b.txt"]),
        ("these/are/a.txt", "these/are", ["a.txt"]),
        ("these/*/a.txt", None, ["these/are/a.txt"]),
        ("these/./are/../are/a.txt", None, ["these/are/a.txt"]),
        ("{here}/these/are/*.txt", None, ["are/a.txt", "are/b.txt"]),
        ("{here}/these/are/*.txt", "{here}", ["these/are/a.txt", "these/are/b.txt"]),
        ("{here}/top.txt", "{here}", ["top.txt"]),
        (b"top.txt", None, ["top.txt"]),
        (Path("top.txt"), Path(), ["top.txt"]),
    ],
)
def test_where_files_go(start, files, pattern, base, expected):
    def fill(text):
        return text.format(here=files) if isinstance(text, str) else text

    with start() as run:
        saved = run.save(fill(pattern), base_path=fill(base))
        assert saved == [str(Path(run.dir) / name) for name in expected]
        assert kept(run) == expected
    assert kept(run) == expected


def test_a_pattern_can_be_a_name(start, files):
    (files / "[x].txt").write_text("brackets")
    with start() as run:
        assert len(run.save("[x].txt", glob=False)) == 1


def test_policies(start, files):
    path = files / "top.txt"
    with start() as run:
        run.save("top.txt", policy="now")
        run.save("these/are/a.txt", policy="end")
        tracker.save("these/are/b.txt")
        for name in ("top.txt", "these/are/a.txt", "these/are/b.txt"):
            (files / name).write_text("changed")
        (files / "these/are/b.txt").unlink()
    folder = Path(run.dir)
    assert (folder / "top.txt").read_text() == "top.txt"
    assert (folder / "these/are/a.txt").read_text() == "changed"
    assert (folder / "these/are/b.txt").read_text() == "these/are/b.txt"
    assert path.read_text() == "changed"


def test_what_is_in_the_runs_folder_already_stays(start, alone):
    with start() as run:
        model = Path(run.dir) / "model.txt"
        model.write_text("weights")
        assert run.save(str(model)) == [str(model)]
        assert run.save(str(Path(run.dir) / "*.txt")) == [str(model)]
    assert model.read_text() == "weights"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"glob_str": "a.txt", "policy": "never"}, "only 'live', 'now' and 'end'"),
        ({"glob_str": "a.txt", "base_path": "deep"}, "not in base_path 'deep'"),
        ({"glob_str": "../../top.txt"}, "give the folder that it is in"),
    ],
)
def test_what_cannot_be_saved_is_told(start, files, monkeypatch, arguments, sentence):
    monkeypatch.chdir(files / "these" / "are")
    with start() as run:
        with pytest.raises(UsageError, match=sentence):
            run.save(**arguments)
        assert kept(run) == []


def test_no_file_is_a_warning(start, stored, warns_once):
    with start() as run:
        with warns_once("found no file for 'missing"):
            assert run.save("missing.txt") == []
        run.log({"x": 1})
    assert stored.values(run, "x") == [1]


def test_files_are_restored(start, files):
    with start(id="one") as one:
        one.save("these/are/a.txt")
    (files / "these/are/a.txt").write_text("newer")
    with start(id="two") as two:
        with two.restore("these/are/a.txt", run_path="p/one") as file:
            assert file.read() == "these/are/a.txt"
        with two.restore("these/are/a.txt", "one", root=str(files / "out")) as file:
            assert Path(file.name) == files / "out/these/are/a.txt"
        (files / "out/these/are/a.txt").write_text("mine")
        with tracker.restore("these/are/a.txt", "p/one", root=str(files / "out")) as file:
            assert file.read() == "mine"
        with two.restore("these/are/a.txt", "p/one", replace=True, root=str(files / "out")) as file:
            assert file.read() == "these/are/a.txt"
        for name, path in (("b.txt", "p/one"), ("a.txt", "p/none")):
            with pytest.raises(NotFoundError):
                two.restore(name, path)
        with pytest.raises(UsageError, match="expected the name of a saved file"):
            two.restore("../secret", "p/one")


def test_a_resumed_run_restores_its_own_files(start, files):
    with start(id="r") as run:
        run.save("top.txt")
    with start(id="r", resume="must") as run, run.restore("top.txt") as file:
        assert file.read() == "top.txt"
        assert Path(file.name).is_relative_to(run.dir)


def test_code_is_kept(start, files):
    for name in ("train.py", "lib/model.py", "requirements.txt", "Dockerfile.gpu", "data.csv",
                 ".git/hook.py", "env/lib.py", "env/pyvenv.cfg"):  # fmt: skip
        (files / name).parent.mkdir(exist_ok=True)
        (files / name).write_text(name)
    with start(project="a b") as run:
        code = run.log_code()
        assert (code.name, code.type) == ("source-a_b:v0", "code")
        assert sorted(code.entries) == [
            "Dockerfile.gpu", "lib/model.py", "requirements.txt", "train.py",
        ]  # fmt: skip
        chosen = run.log_code(
            "lib", name="mine", include_fn=lambda path, root: path.startswith(root),
            exclude_fn=lambda path: path.endswith(".txt"),
        )  # fmt: skip
        assert (chosen.name, sorted(chosen.entries)) == ("mine:v0", ["model.py"])
        assert run.log_code("these") is None
        with pytest.raises(UsageError, match="there is no such folder"):
            run.log_code("missing")


def test_pinned_keys(start, stored):
    with start(config={"lr": 1}) as run:
        run.pin_config_keys(["lr", "model"])
        tracker.pin_config_keys("lr")
    assert stored.run(run).metadata["pinned_config_keys"] == ["lr"]


def test_a_disabled_run_saves_nothing(files):
    with tracker.init(mode="disabled") as run:
        assert run.save("top.txt") == []
        assert run.restore("no such file", root=str(files)) is None
