"""A process is killed while it logs artifacts: what is a version is whole, the rest can go."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tracker
from tracker.store.files.objects import Objects
from tracker.store.store import Store

from .homes import mend

PROGRAM = Path(__file__).parent / "programs" / "log_versions.py"


def kill_often(folder: Path, times: int) -> None:
    chance = random.Random(7)
    for number in range(times):
        process = subprocess.Popen(
            [sys.executable, PROGRAM, str(number)], cwd=folder, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.5)  # somewhere in the work, which is the point
        process.kill()
        process.communicate()


def check(folder: Path) -> int:
    api = tracker.Api(folder)
    versions = api.artifacts()
    for version in versions:
        version.verify_kept()
        assert version.file_count == 5
    numbers = {(each.collection_name, each.version) for each in versions}
    assert len(numbers) == len(versions)
    objects = Objects(folder / ".tracker" / "objects")
    held = {entry.sha256 for version in versions for entry in version.manifest}
    there = {digest for digest, _ in objects.all()}
    assert held <= there
    found = api.gc(dry_run=False, grace_s=0)
    assert found.objects == len(there - held)
    assert {digest for digest, _ in objects.all()} == held
    assert objects.unfinished() == []
    return len(versions)


def names(folder: Path) -> dict[str, tuple[str, list[str]]]:
    return {
        version.digest + version.collection_name: (version.version, version.aliases)
        for version in tracker.Api(folder).artifacts()
    }


def kill_and_check(folder: Path, times: int) -> None:
    kill_often(folder, times)
    mend(folder)
    assert check(folder) > times / 5
    before = names(folder)
    Store(folder / ".tracker").rebuild()
    assert names(folder) == before
    check(folder)


def test_killed_while_logging_artifacts(alone):
    kill_and_check(alone, 4)


@pytest.mark.slow
def test_killed_a_hundred_times_while_logging_artifacts(alone):
    kill_and_check(alone, 100)


NEW_FILE = """
import sys, tracker
artifact = tracker.Artifact("model", "model")
with artifact.new_file("weights.bin", mode="wb") as file:
    file.write(bytes(1000))
    file.flush()
    print("ready", flush=True)
    sys.stdin.read()
"""


def begin_file(temporary: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
    process = subprocess.Popen(
        [sys.executable, "-c", NEW_FILE], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_file_that_a_killed_process_was_writing_goes_with_the_next_artifact(tmp_path: Path):
    killed = begin_file(tmp_path)
    killed.kill()
    killed.communicate()
    (left,) = tmp_path.rglob("weights.bin")
    after = begin_file(tmp_path)
    (written,) = tmp_path.rglob("weights.bin")
    assert written != left
    after.communicate()
    assert after.returncode == 0
    assert list(tmp_path.iterdir()) == []
