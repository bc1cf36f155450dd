"""Processes that log to a remote home, and what must be true of it whatever became of them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import warnings
from pathlib import Path

import tracker
from tracker.artifacts.home import Home
from tracker.artifacts.remote import RemoteObjects
from tracker.errors import TrackerWarning
from tracker.run.begin import with_store
from tracker.store.store import Store

PROGRAM = Path(__file__).parent / "programs" / "log_to_home.py"


def mend(folder: Path) -> None:
    """Do what the next run does first: a database that the kill tore is made from the journals."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The database was damaged and has", TrackerWarning)
        with_store(Store(folder / ".tracker"), lambda: None)


def check_home(folder: Path, url: str) -> int:
    api = tracker.Api(folder)
    versions = api.artifacts()
    remote = RemoteObjects(url)
    home = Home(Store(folder / ".tracker"))
    for version in versions:
        version.verify_kept()
    held = {entry.sha256 for version in versions for entry in version.manifest}
    found = remote.all()
    assert held <= {each.digest for each in found}
    assert all(remote.digest(each.digest) == each.digest for each in found if each.digest)
    api.gc(dry_run=False, grace_s=-60)
    assert {each.digest for each in remote.all()} == held
    assert {digest for digest, _ in home.objects.all()} == held
    return len(versions)


def begin(folder: Path, url: str, seed: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, PROGRAM, url, seed, str(count)], cwd=folder, stdout=subprocess.PIPE,
        text=True, env=os.environ,
    )  # fmt: skip


def kill_and_check(folder: Path, url: str, times: int) -> None:
    chance = random.Random(7)
    for number in range(times):
        process = begin(folder, url, str(number), 10_000)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.5)  # somewhere in the work, which is the point
        process.kill()
        process.communicate()
    mend(folder)
    assert check_home(folder, url) > times / 5
