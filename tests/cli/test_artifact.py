"""The terminal's ``tracker artifact``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.cli import main


@pytest.fixture
def data(alone: Path) -> Path:
    (alone / "data").mkdir()
    (alone / "data" / "a.txt").write_text("a")
    (alone / "one.bin").write_bytes(bytes(1500))
    return alone


def run(capsys, *words):
    status = main(["artifact", *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_put_ls_get_verify_and_gc(data, capsys):
    assert run(capsys, "put", "data", "-n", "p/set", "-t", "dataset", "-a", "good", "--dir", ".")[
        :2
    ] == (0, "p/set:v0: 1 files, 1 B\n")
    assert run(capsys, "put", "one.bin", "-n", "p/bin", "--dir", ".")[0] == 0
    status, out, _ = run(capsys, "ls", "p")
    assert status == 0
    first, second, third = out.splitlines()
    assert first.split() == ["ARTIFACT", "TYPE", "SIZE", "FILES", "MADE", "ALIASES"]
    assert second.split()[:5] == ["p/bin:v0", "unspecified", "1.5", "kB", "1"]
    assert third.endswith("good, latest")
    assert len(run(capsys, "ls", "p/set", "-t", "dataset")[1].splitlines()) == 2
    assert run(capsys, "get", "p/set:good", "--root", "out", "--link")[0] == 0
    assert (data / "out" / "a.txt").read_text() == "a"
    assert run(capsys, "verify")[:2] == (0, "2 of 2 versions are sound\n")
    assert "would remove nothing; " in run(capsys, "gc", "--hours", "0")[1]
    loose = data / ".tracker" / "objects" / "ab" / ("c" * 62)
    loose.parent.mkdir(exist_ok=True)
    loose.write_text("loose")
    _, out, _ = run(capsys, "gc", "--hours", "0")
    assert "would remove 1 object of 5 bytes" in out
    assert "do it with tracker artifact gc --delete" in out
    assert loose.exists()
    assert "removed 1 object of" in run(capsys, "gc", "--hours", "0", "--delete")[1]
    assert not loose.exists()
    kept = next((data / ".tracker" / "objects").glob("[0-9a-f][0-9a-f]/*"))
    kept.unlink()
    status, out, _ = run(capsys, "verify")
    assert (status, out.splitlines()[-1]) == (1, "1 of 2 versions are sound")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ls"], "There is no store in"),
        (["get", "p/none"], "There is no store in"),
        (["put", "none", "-n", "p/x"], "there is no such file"),
        (["put", "data", "-n", "a/b/c/d"], "cannot be used: expected 'project/name:alias'"),
        (["put", "data", "-n", "p/x:y"], "give aliases by --alias"),
    ],
)
def test_what_cannot_be_done_is_said_on_stderr(data, capsys, words, sentence):
    status, out, err = run(capsys, *words, "--dir", ".")
    assert (status, out) == (1, "")
    assert sentence in err


def test_what_is_not_there_is_told(data, capsys):
    run(capsys, "put", "data", "-n", "p/set", "--dir", ".")
    assert "Did you mean 'set'?" in run(capsys, "get", "sets")[2]
    assert "There are no artifacts of 'q'" in run(capsys, "ls", "q")[2]
    assert "is a 'unspecified', not a 'model'" in run(capsys, "get", "set", "-t", "model")[2]
