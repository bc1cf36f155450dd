"""Full disks, damaged objects, stores that cannot be written: a sentence each, and nothing lost."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import tracker
from tracker.errors import NotFoundError, StoreError, TrackerWarning
from tracker.store.files.objects import Objects
from tracker.store.store import Store

resource = pytest.importorskip("resource")


@contextlib.contextmanager
def small_disk(size_bytes: int) -> Iterator[None]:
    """No file may become larger than this: what a full disk does, without filling one."""
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_keeps_nothing_halfway_and_the_training_goes_on(start, stored, alone):
    (alone / "large").write_bytes(bytes(40_000_000))
    with start() as run:
        run.flush()
        artifact = tracker.Artifact("net", "model")
        artifact.add_file(alone / "large")
        with small_disk(30_000_000):
            with pytest.warns(TrackerWarning, match=r"net is not kept: .* cannot be copied"):
                assert run.log_artifact(artifact) is artifact
            run.log({"x": 1})
        assert artifact.is_draft()
        objects = Objects(stored.root / "objects")
        assert list(objects.all()) == []
        assert objects.unfinished() == []
        assert run.log_artifact(artifact).version == "v0"
        artifact.verify()
        refused = pytest.raises(StoreError, match="'large' cannot be written to")
        with small_disk(30_000_000), refused:
            artifact.download("out")
        assert not any((alone / "out").iterdir())
    assert stored.values(run, "x") == [1]


def test_a_store_that_cannot_be_written_now_gives_the_version_later(start, stored, folder, api):
    with start() as run:
        run.flush()
        with duckdb.connect(stored.root / "tracker.duckdb"):
            code = (
                "import tracker, warnings\n"
                "from tracker.store.database import database\n"
                "database.HELD_PATIENCE_S = 0.1\n"
                "warnings.simplefilter('always')\n"
                "s = {'silent': True, 'console': False, 'save_code': False, "
                "'system_interval_s': 0}\n"
                "run = tracker.init(project='p', id='late', dir='.', settings=s)\n"
                "print(run.log_artifact('data', name='set', type='dataset').is_draft())\n"
                "more = tracker.Artifact('set', 'dataset', incremental=True)\n"
                "print(run.log_artifact(more).is_draft())\n"
            )
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=folder.parent, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
        assert done.stdout == "True\nTrue\n", done.stderr
        assert "set is kept, but has no version yet" in done.stderr
        assert "set is not logged, because the files that it begins with" in done.stderr
    Store(stored.root).recover()
    version = api.artifact("p/set:v0")
    assert version.logged_by().id == "late"
    version.verify()


def test_a_lost_object_is_told_and_logging_it_again_heals_it(start, folder):
    with start() as run:
        version = run.log_artifact(folder, name="set", type="dataset")
        place = version.object_path("a.txt")
        place.unlink()
        with pytest.raises(NotFoundError, match="There is no object"):
            version.verify()
        with pytest.raises(NotFoundError, match="There is no object"):
            run.log_artifact(version.new_draft())
        again = run.log_artifact(folder, name="set", type="dataset")
        assert again.version == "v0"
        again.verify()
        place.chmod(0o600)
        place.write_text("cut")  # as a power cut leaves it
        run.log_artifact(folder, name="set", type="dataset").verify()


def test_a_protected_store_is_read(start, api, folder):
    with start() as run:
        run.log_artifact(folder, name="set", type="dataset")
    version = api.artifact("set")
    for path in (api._reader.store.root / "objects").rglob("*"):  # noqa: SLF001 - its folder
        if path.is_dir():
            path.chmod(0o500)
    version.verify()
    assert Path(version.download("out"), "a.txt").read_text() == "a.txt"
