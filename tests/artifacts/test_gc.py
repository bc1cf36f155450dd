"""A clean-up removes what nothing holds, and nothing else, whenever it is interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import tracker
from tracker.artifacts import gc as gc_module
from tracker.artifacts.home import Home
from tracker.artifacts.keeping import keeping
from tracker.errors import ConflictError
from tracker.store.files.objects import Objects
from tracker.store.store import Store

from .homes import mend


def log(run, text, name="net"):
    artifact = tracker.Artifact(name, "model")
    with artifact.new_file("file") as file:
        file.write(text)
    return run.log_artifact(artifact)


def kept(stored):
    return {digest for digest, _ in Objects(stored.root / "objects").all()}


def test_a_dry_run_removes_nothing(start, api, stored):
    with start() as run:
        log(run, "1")
        log(run, "2")
    api.artifact("net:v0").delete()
    before = kept(stored)
    found = api.gc(grace_s=0)
    assert (found.is_dry_run, found.objects, found.size_bytes, found.kept) == (True, 1, 1, 1)
    assert "would remove 1 object of 1 byte" in str(found)
    assert kept(stored) == before
    assert api.gc(dry_run=False).objects == 0  # younger than an hour
    found = api.gc(dry_run=False, grace_s=0)
    assert (found.is_dry_run, found.objects) == (False, 1)
    api.artifact("net").verify()
    assert len(kept(stored)) == 1
    assert api.gc(dry_run=False, grace_s=0).objects == 0


def test_contents_are_held_by_whatever_names_them(start, api, stored):
    image = tracker.Image(np.zeros((4, 4, 3), dtype=np.uint8))
    inner = tracker.Image(np.ones((4, 4, 3), dtype=np.uint8))
    with start() as run:
        run.log({"image": image, "table": tracker.Table(columns=["i"], data=[[inner]])})
        run.summary["best"] = tracker.Html("<b>held by the summary</b>")
        log(run, "shared")
        log(run, "shared", name="twin")
        run.log_artifact(Path(__file__), name="draft")
        run.flush()
        before = kept(stored)
        Objects(stored.root / "objects").put_bytes(b"loose")
        assert api.gc(dry_run=False, grace_s=0).objects == 1
        assert kept(stored) == before
    api.artifact("net").delete(delete_aliases=True)
    assert api.gc(dry_run=False, grace_s=0).objects == 0  # its twin holds the file
    api.run(f"p/{run.id}").delete()
    assert api.gc(dry_run=False, grace_s=0).objects == len(before) - 2
    for version in api.artifacts():
        version.verify()


def test_a_living_run_holds_what_only_its_journal_names(start, api, stored):
    with start(settings={"flush_interval_s": 3600}) as run:
        run.log({"page": tracker.Html("<b>not flushed</b>")})
        assert Store(stored.root).database.exists()
        assert gc_module.collect(Home(Store(stored.root)), dry_run=True, grace_s=0).objects == 0


def test_parts_of_a_version_in_the_making_are_held(start, api, folder):
    with start(group="g") as run:
        run.upsert_artifact(folder, name="set", type="dataset")
        run.flush()
        assert api.gc(dry_run=False, grace_s=0).objects == 0
        run.finish_artifact(folder / "a.txt", name="set", type="dataset").verify()


def test_versions_whose_time_is_over(start, api):
    with start() as run:
        for number in range(4):
            log(run, str(number))
    moments = {"v0": 1, "v1": 1, "v2": 1, "v3": 3600}
    for version in api.artifacts():
        version.ttl = timedelta(seconds=moments[version.version])
        version.aliases += {"v1": ["best"]}.get(version.version, [])
        version.save()
    api.artifact("net:v2").link("shelf/net")
    gone_at = time.time() + 1.1
    while time.time() < gone_at:
        time.sleep(gone_at - time.time())
    assert api.gc(grace_s=0).versions == ("p/net:v0",)
    assert api.gc(grace_s=0).objects == 1
    assert api.artifact_exists("p/net:v0")
    found = api.gc(dry_run=False, grace_s=0)
    assert (found.versions, found.objects) == (("p/net:v0",), 1)
    assert [each.version for each in api.artifacts(name="p/net")] == ["v3", "v2", "v1"]


def test_nobody_cleans_up_while_an_artifact_is_logged(start, api, stored):
    with start() as run:
        log(run, "1")
    refused = pytest.raises(ConflictError, match="An artifact is being logged right now")
    with keeping(Home(Store(stored.root))), refused:
        api.gc(dry_run=False)


def test_files_of_dead_writers_go(start, api, stored):
    with start() as run:
        log(run, "1")
    leftover = stored.root / "objects" / "incoming" / "1.abc"
    leftover.write_bytes(b"half")
    assert api.gc(dry_run=False).unfinished == 0
    os.utime(leftover, (1, 1))
    assert api.gc(dry_run=False).unfinished == 1
    assert not leftover.exists()


def test_what_a_clean_up_has_taken_comes_back_when_it_is_wanted(tmp_path):
    objects = Objects(tmp_path / "objects")
    digest = objects.put_bytes(b"content")
    objects.throw_away(digest)
    assert objects.path(digest).read_bytes() == b"content"
    objects.throw_away(digest)
    assert objects.put_bytes(b"content") == digest
    assert [name for name, _ in objects.all()] == [digest]
    assert objects.trashed() == []


def test_what_is_put_while_it_is_cleaned_up_is_there(tmp_path):
    """One thread throws contents away as a clean-up does, another keeps them again and again."""
    objects = Objects(tmp_path / "objects")
    content = b"wanted again and again"
    digest = objects.put_bytes(content)
    os.utime(objects.path(digest), (1, 1))
    stop = threading.Event()

    def clean():
        while not stop.is_set():
            gc_module._remove(objects, digest, time.time() - 60)  # noqa: SLF001 - the race itself

    thread = threading.Thread(target=clean)
    thread.start()
    try:
        for _ in range(300):
            assert objects.put_bytes(content) == digest
            assert objects.path(digest).read_bytes() == content
            os.utime(objects.path(digest), (1, 1))  # an hour later
    except FileNotFoundError:
        pass  # of our own utime: it was thrown away between the two calls
    finally:
        stop.set()
        thread.join()


CLEAN = """
import sys, tracker
from tracker.artifacts import gc
print("ready", flush=True)
sys.stdin.read(1)
tracker.Api(".").gc(dry_run=False, grace_s=0)
"""


def test_a_clean_up_that_is_killed_loses_nothing(start, api, alone, stored):
    with start() as run:
        many = tracker.Artifact("many", "t")
        for number in range(100):
            with many.new_file(f"f{number}") as file:
                file.write(f"many {number}")
        run.log_artifact(many)
        log(run, "1")
        log(run, "2")
    many.delete(delete_aliases=True)
    for delay in (0.01, 0.05, 0.1):
        process = subprocess.Popen(
            [sys.executable, "-c", CLEAN], cwd=alone, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("x")
        process.stdin.flush()
        time.sleep(delay)
        process.kill()
        process.communicate()
        mend(alone)
        for version in api.artifacts():
            version.verify()
    api.gc(dry_run=False, grace_s=0)
    assert len(kept(stored)) == 2
    assert Objects(stored.root / "objects").trashed() == []
