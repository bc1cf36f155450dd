"""Temporary folders go with their process, and what a killed one left with the next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tracker.store.files import scratch

PROGRAM = Path(__file__).parent / "programs" / "scratch.py"
Started = tuple["subprocess.Popen[str]", Path]


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """What the processes of a test take for the system's temporary directory."""
    place = tmp_path / "tmp"
    place.mkdir()
    return place


@pytest.fixture
def start(temporary: Path) -> Iterator[Callable[[], Started]]:
    """Starts processes that have a temporary folder."""
    processes: list[subprocess.Popen[str]] = []

    def begin() -> Started:
        environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
        process = subprocess.Popen(
            [sys.executable, PROGRAM], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        processes.append(process)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    yield begin
    for process in processes:
        process.communicate()


def kill(started: Started) -> None:
    process, _ = started
    process.kill()
    process.communicate()


def test_what_a_killed_process_left_is_removed_by_the_next(
    start: Callable[[], Started], temporary: Path
) -> None:
    living, killed = start(), start()
    kill(killed)
    assert (killed[1] / "file").exists()
    after = start()
    assert not killed[1].exists()
    assert (living[1] / "file").read_text() == "of this process"
    assert len(list(temporary.iterdir())) == 2
    for process, _ in (living, after):
        process.communicate()
    assert list(temporary.iterdir()) == []


def test_a_removal_that_was_cut_short_is_finished_by_the_next(
    start: Callable[[], Started], temporary: Path
) -> None:
    killed = start()
    kill(killed)
    killed[1].joinpath("file").unlink()
    killed[1].rmdir()
    killed[1].parent.rmdir()
    bare = temporary / f"{scratch.PREFIX}bare"
    fresh = temporary / f"{scratch.PREFIX}fresh"
    bare.mkdir()
    fresh.mkdir()
    os.utime(bare, (0, 0))
    _, own = start()
    # A process may be about to put its lock into the fresh one.
    assert set(temporary.iterdir()) == {fresh, own.parents[1]}


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="there are no links here")
def test_nothing_else_is_touched(start: Callable[[], Started], temporary: Path) -> None:
    mine = temporary.parent / "mine"
    (mine / scratch.FILES).mkdir(parents=True)
    (mine / scratch.LOCK_FILE).touch()
    (temporary / f"{scratch.PREFIX}link").symlink_to(mine)
    (temporary / f"{scratch.PREFIX}file").write_text("kept")
    unlocked = temporary / f"{scratch.PREFIX}without-a-lock"
    unlocked.mkdir()
    (unlocked / "file").write_text("kept")
    os.utime(unlocked, (0, 0))
    start()
    assert (mine / scratch.FILES).exists()
    assert (temporary / f"{scratch.PREFIX}file").read_text() == "kept"
    assert (unlocked / "file").read_text() == "kept"


FORK = """
import os, sys
from tracker.store.files import scratch
folder = scratch.new_folder()
child = os.fork()
if child == 0:
    own = scratch.new_folder()
    scratch.remove(folder)
    assert not own.is_relative_to(folder.parents[1])
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
assert folder.exists()
scratch.remove(folder)
assert not folder.exists()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_has_a_folder_of_its_own_and_leaves_its_parents(temporary: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, "-c", FORK], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(temporary.iterdir()) == []


def test_a_folder_of_a_block_goes_with_it() -> None:
    with scratch.temporary_folder() as folder:
        (folder / "file").touch()
    assert not folder.exists()


AT_THE_END = """
import sys, tracker
from tracker.store.files import scratch
run = tracker.init(dir=sys.argv[1], settings={"silent": True, "console": False})
folder = scratch.new_folder()
run.after_end(lambda _: print(folder.is_dir()))
"""


def test_it_is_there_until_the_runs_that_nobody_ended_have_ended(
    temporary: Path, tmp_path: Path
) -> None:
    """What they still have to write, such as a table, is made in it."""
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END, str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "True\n"
    assert list(temporary.iterdir()) == []
