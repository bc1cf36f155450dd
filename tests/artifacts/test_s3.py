"""A real S3 server: as home of artifacts' files, and for references."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

import tracker
from tracker.cli import main
from tracker.errors import NotFoundError, StoreError, TrackerWarning

from .homes import begin, check_home, kill_and_check
from .s3 import serving


@pytest.fixture(scope="module")
def server():
    with serving() as bucket:
        yield bucket


@pytest.fixture
def bucket(server):
    """An empty bucket."""
    server.empty()
    return server


@pytest.fixture
def refer(start):
    """Logs references in a run of its own."""

    def refer(*uris, **options):
        artifact = tracker.Artifact("refs", "dataset")
        for uri in uris:
            artifact.add_reference(uri, **options)
        with start() as run:
            return run.log_artifact(artifact)

    return refer


# --- as home


def test_files_live_in_a_bucket(bucket, start, folder, stored, capsys):
    with start(settings={"artifact_home": "s3://bucket/ours"}) as run:
        version = run.log_artifact(folder, name="set", type="dataset")
        assert run.log_artifact(folder, name="set", type="dataset").version == "v0"
    digests = [entry.sha256 for entry in version.files()]
    expected = sorted(f"{digest[:2]}/{digest[2:]}" for digest in digests)
    assert bucket.names("ours") == [*expected, "tracker-store.json"]
    assert main(["artifact", "cache", "cleanup", "0"]) == 0
    assert main(["artifact", "verify"]) == 0
    assert not list((stored.root / "objects").glob("??/*"))
    assert Path(version.download("out"), "inner/c.txt").read_text() == "inner/c.txt"
    bucket.write(f"ours/{digests[0][:2]}/{digests[0][2:]}", b"A.TXT")
    assert main(["artifact", "verify"]) == 1
    assert "Digest mismatch for file: 'a.txt'" in capsys.readouterr().out
    version.delete(delete_aliases=True)
    assert main(["artifact", "gc", "--hours", "0", "--delete"]) == 0
    assert bucket.names("ours") == ["tracker-store.json"]


def test_a_large_file_is_sent_in_parts(bucket, start, alone):
    content = os.urandom(1 << 20) * 101  # what s3fs sends in several requests
    (alone / "large").write_bytes(content)
    with start(settings={"artifact_home": "s3://bucket/ours"}) as run:
        version = run.log_artifact(alone / "large", name="large")
    assert main(["artifact", "cache", "cleanup", "0"]) == 0
    digest = hashlib.sha256(content).hexdigest()
    assert version.get_entry("large").sha256 == digest
    assert hashlib.sha256(Path(version.file("out")).read_bytes()).hexdigest() == digest


def test_two_processes_send_to_one_bucket(bucket, alone):
    both = [begin(alone, "s3://bucket/ours", seed, 2) for seed in "ab"]
    for process in both:
        process.communicate()
        assert process.returncode == 0
    assert check_home(alone, "s3://bucket/ours") == 3
    assert len(bucket.names("ours")) == 9 + 1


def test_killed_while_sending(bucket, alone):
    kill_and_check(alone, "s3://bucket/ours", 2)


def test_a_server_that_is_away(bucket, start, folder):
    settings = {"artifact_home": "s3://bucket/ours"}
    with start(settings=settings) as run:
        run.log_artifact(folder, name="set", type="dataset")
    with pytest.raises(StoreError, match=r"s3://other/x cannot be written: .* does not exist"):
        tracker.init(dir="second", settings={"artifact_home": "s3://other/x"})
    with bucket.away():
        with pytest.raises(StoreError, match="cannot be written: Could not connect"):
            tracker.init(dir="second", settings={"artifact_home": "s3://bucket/second"})
        (folder / "d.txt").write_text("d")
        with start(settings=settings) as run, pytest.warns(TrackerWarning, match="artifact push"):
            run.log_artifact(folder, name="set", type="dataset")
    assert len(bucket.names("ours")) == 4
    assert main(["artifact", "push"]) == 0
    assert main(["artifact", "verify"]) == 0
    assert len(bucket.names("ours")) == 5


# --- references


def test_an_object_is_known_by_its_etag(bucket, refer):
    bucket.write("data/a.csv", b"a,b")
    version = refer("s3://bucket/data/a.csv")
    (entry,) = version.files()
    etag = hashlib.md5(b"a,b").hexdigest()
    assert (entry.path, entry.size, entry.checksum) == ("a.csv", 3, f'etag:"{etag}"')
    assert Path(version.download("one"), "a.csv").read_bytes() == b"a,b"
    bucket.write("data/a.csv", b"a,c")
    with pytest.raises(StoreError, match=r"a\.csv has changed since it was added: expected etag"):
        version.download("two")
    assert not list(Path("two").iterdir())
    assert refer("s3://bucket/data/a.csv").version == "v1"
    bucket.remove("data/a.csv")
    with pytest.raises(NotFoundError, match="is gone"):
        version.download("three")


def test_a_prefix_stands_for_what_is_below_it(bucket, refer):
    for name in ("a", "deep/b", "deep/er/c"):
        bucket.write(f"data/{name}", name.encode())
    version = refer("s3://bucket/data", name="set")
    assert sorted(version.entries) == ["set/a", "set/deep/b", "set/deep/er/c"]
    assert Path(version.download("out"), "set/deep/er/c").read_bytes() == b"deep/er/c"
    # What was listed when it was added is looked at anew.
    bucket.write("data/deep/b", b"DEEP/B")
    with pytest.raises(StoreError, match="s3://bucket/data/deep/b has changed since it was added"):
        version.download("again")


def test_a_version_of_an_object_is_fetched_though_there_is_a_newer_one(bucket, refer):
    bucket.keep_versions()
    bucket.write("models/m.pt", b"old")
    version = refer("s3://bucket/models/m.pt")
    (entry,) = version.files()
    bucket.write("models/m.pt", b"newer")
    assert refer("s3://bucket/models/m.pt").version == "v1"
    assert Path(version.download("one"), "m.pt").read_bytes() == b"old"
    bucket.remove("models/m.pt")
    assert Path(version.download("two"), "m.pt").read_bytes() == b"old"
    bucket.remove_version("models/m.pt", entry.extra["version_id"])
    with pytest.raises(NotFoundError, match="is gone"):
        version.download("three")
