"""The state of a git work tree, in real repositories."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tracker
from tracker.run.provenance import describe_git

ENVIRON = {**os.environ, "PYTHONPATH": str(Path(tracker.__file__).parent.parent)}


def git(directory, *arguments):
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", "-c", "user.name=me", "-c", "user.email=me@example.org", *arguments],
        cwd=directory,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-b", "main")
    (root / "train.py").write_text("lr = 0.1\n")
    (root / "weights.bin").write_bytes(bytes(range(256)))
    (root / "sub").mkdir()
    (root / "sub" / "notes.txt").write_text("x\n")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    return root


def test_a_clean_repository(repository):
    git(repository, "remote", "add", "origin", "git@example.org:me/project.git")
    assert describe_git(repository) == {
        "root": str(repository.resolve()),
        "commit": git(repository, "rev-parse", "HEAD"),
        "branch": "main",
        "remote": "git@example.org:me/project.git",
        "is_dirty": False,
        "patch": None,
        "untracked": [],
    }


def test_it_is_found_from_folders_and_files_inside(repository):
    for inside in (repository / "sub", repository / "sub" / "notes.txt"):
        assert describe_git(inside)["root"] == str(repository.resolve())


def test_the_patch_restores_the_work_tree(repository, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", str(repository), str(clone))
    (repository / "train.py").write_text("lr = 0.2\n")
    (repository / "weights.bin").write_bytes(bytes(reversed(range(256))))
    git(repository, "mv", "sub/notes.txt", "sub/renamed.txt")
    (repository / "staged.py").write_text("new = 'ä'\n", encoding="utf-8")
    git(repository, "add", "staged.py")
    facts = describe_git(repository / "sub")
    assert facts["is_dirty"]
    patch = tmp_path / "run.patch"
    patch.write_text(facts["patch"], encoding="utf-8")
    git(clone, "apply", str(patch))
    for name in ("train.py", "weights.bin", "sub/renamed.txt", "staged.py"):
        assert (clone / name).read_bytes() == (repository / name).read_bytes()
    assert not (clone / "sub" / "notes.txt").exists()


def test_untracked_files_are_named_and_make_nothing_dirty(repository):
    (repository / "new one.py").write_text("")
    (repository / "data").mkdir()
    (repository / "data" / "é\n.csv").write_text("")
    (repository / ".gitignore").write_text("*.log\n")
    (repository / "x.log").write_text("")
    git(repository, "add", ".gitignore")
    git(repository, "commit", "-m", "ignore")
    facts = describe_git(repository)
    assert facts["untracked"] == ["data/", "new one.py"]
    assert (facts["is_dirty"], facts["patch"]) == (False, None)


def test_many_untracked_files_are_counted_out(repository):
    for number in range(1_200):
        (repository / f"{number}.txt").touch()
    assert len(describe_git(repository)["untracked"]) == 1_000


def test_a_long_patch_is_cut_with_a_marker(repository):
    (repository / "train.py").write_text("x = 1\n" * 100_000)
    facts = describe_git(repository, patch_limit_bytes=1_000)
    kept, _, marker = facts["patch"].partition("\n[cut: ")
    assert kept.startswith("diff --git a/train.py b/train.py")
    assert len(kept.encode()) == 1_000
    assert marker == "the patch is longer than 1,000 bytes]\n"


def test_before_the_first_commit(tmp_path):
    git(tmp_path, "init", "-b", "trunk")
    (tmp_path / "a.py").touch()
    (tmp_path / "b.py").touch()
    git(tmp_path, "add", "a.py")
    facts = describe_git(tmp_path)
    assert (facts["commit"], facts["branch"], facts["patch"]) == (None, "trunk", None)
    assert (facts["is_dirty"], facts["untracked"]) == (True, ["b.py"])


def test_a_detached_head_has_no_branch(repository):
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--detach")
    facts = describe_git(repository)
    assert (facts["commit"], facts["branch"]) == (commit, None)


def test_outside_a_repository_there_is_nothing(tmp_path):
    assert describe_git(tmp_path) is None
    assert describe_git(tmp_path / "missing" / "folder") is None


def test_without_git_there_is_nothing(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    assert describe_git(repository) is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:ghp_secret@example.org/me/p.git", "https://example.org/me/p.git"),
        ("https://token@example.org:8443/p.git", "https://example.org:8443/p.git"),
        ("https://a:b@c@example.org/p?private_token=x#y", "https://example.org/p"),
        ("ssh://git:pw@example.org:22/p.git", "ssh://git@example.org:22/p.git"),
        ("git@example.org:me/p.git", "git@example.org:me/p.git"),
        ("../elsewhere", "../elsewhere"),
        ("https://example.org/p.git", "https://example.org/p.git"),
    ],
)
def test_remotes_are_shown_without_credentials(repository, url, shown):
    git(repository, "remote", "add", "upstream", "https://example.org/other.git")
    git(repository, "remote", "add", "origin", url)
    assert describe_git(repository)["remote"] == shown


def test_any_remote_is_better_than_none(repository):
    git(repository, "remote", "add", "upstream", "https://example.org/other.git")
    assert describe_git(repository)["remote"] == "https://example.org/other.git"


def test_locks_are_neither_taken_nor_waited_for(repository):
    (repository / "train.py").write_text("lr = 0.3\n")
    index = repository / ".git" / "index"
    lock = repository / ".git" / "index.lock"
    # A newer date makes git want to refresh the index, which it may not.
    os.utime(repository / "weights.bin")
    before = (index.stat().st_mtime_ns, index.read_bytes())
    lock.touch()
    facts = describe_git(repository)
    assert facts["is_dirty"]
    assert "lr = 0.3" in facts["patch"]
    assert (index.stat().st_mtime_ns, index.read_bytes()) == before
    assert lock.exists()


def test_variables_of_a_git_hook_do_not_mislead(repository, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-b", "wrong")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert describe_git(repository)["branch"] == "main"


@pytest.mark.skipif(os.name == "nt", reason="the slow filter is a shell script")
def test_a_git_that_hangs_is_given_up_in_time(repository):
    (repository / ".gitattributes").write_text("*.py filter=slow\n")
    git(repository, "config", "filter.slow.clean", "sleep 60; cat")
    (repository / "train.py").write_text("lr = 0.9\n")
    facts = describe_git(repository)
    assert facts["branch"] == "main"
    assert facts["commit"] == git(repository, "rev-parse", "HEAD")
    assert (facts["is_dirty"], facts["patch"], facts["untracked"]) == (None, None, None)


def test_file_contents_in_another_encoding_are_no_error(repository):
    (repository / "train.py").write_bytes("größe = 1\n".encode("latin-1"))
    assert re.search(r"\+gr.*e = 1", describe_git(repository)["patch"])


def test_nobody_needs_a_terminal(repository):
    program = f"""
        import json, pathlib
        from tracker.run.provenance import describe_git
        print(json.dumps(describe_git(pathlib.Path({str(repository)!r}))))
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        env=ENVIRON,
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
    )
    assert json.loads(done.stdout)["branch"] == "main"
    assert done.stderr == ""
