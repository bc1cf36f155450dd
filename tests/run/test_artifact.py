"""What a run makes and uses is in the store when the calls return, whatever happens next."""

from __future__ import annotations

import subprocess
import sys

import tracker
from tracker.store.store import Store

KILLED = """
import os, tracker
run = tracker.init(project="p", id="maker", dir=".", settings={"silent": True, "console": False,
                   "save_code": False, "system_interval_s": 0})
made = tracker.Artifact("net", "model")
made.add_file("file")
run.log_artifact(made)
os.kill(os.getpid(), 9)
"""


def lineage(root):
    with Store(root).reading() as db:
        return db.execute(
            "SELECT r.run_id, l.direction, v.name, v.version FROM lineage l "
            "JOIN run r USING (run_key) JOIN artifact_version v USING (version_key) "
            "ORDER BY ALL"
        ).fetchall()


def test_lineage(start, stored, alone):
    (alone / "file").write_text("1")
    with start(id="maker") as run:
        run.log_artifact(alone / "file", name="net", type="model")
    with start(id="user") as run:
        tracker.use_artifact("net:latest")
        tracker.use_artifact("net:latest")
    assert lineage(stored.root) == [("maker", "output", "net", 0), ("user", "input", "net", 0)]


def test_a_logged_version_survives_a_kill(start, stored, alone):
    (alone / "file").write_text("1")
    subprocess.run([sys.executable, "-c", KILLED], cwd=alone, check=False, timeout=60)
    with start() as run:
        used = run.use_artifact("net:v0")
        assert used.object_path("file").read_text() == "1"
    assert ("maker", "output", "net", 0) in lineage(stored.root)
