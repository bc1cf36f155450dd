"""References: noted with size and checksum, fetched later, and a change is noticed."""

from __future__ import annotations

import hashlib
import http.server
import threading
from pathlib import Path

import pytest

import tracker
from tracker.errors import NotFoundError, StoreError, TrackerWarning, UsageError


class Page(http.server.BaseHTTPRequestHandler):
    """Serves `pages`: content and headers by path."""

    pages: dict[str, tuple[bytes, dict[str, str]]]
    answers_head = True

    def do_HEAD(self):
        if not self.answers_head:
            self.send_error(405)
            return
        self.answer()

    def do_GET(self):
        self.wfile.write(self.answer())

    def answer(self):
        if self.path not in self.pages:
            self.send_error(404)
            return b""
        content, headers = self.pages[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        return content

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type("Handler", (Page,), {"pages": {"/data.csv": (b"a,b\n", {"ETag": '"one"'})}})
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    handler.url = f"http://127.0.0.1:{served.server_port}"
    yield handler
    served.shutdown()
    thread.join()
    served.server_close()


def log(run, *uris, **options):
    artifact = tracker.Artifact("refs", "dataset")
    for uri in uris:
        artifact.add_reference(uri, **options)
    return run.log_artifact(artifact)


def test_a_file_that_stays_where_it_is(start, folder, stored):
    with start() as run:
        version = log(run, (folder / "a.txt").as_uri())
        (entry,) = version.files()
        digest = hashlib.sha256(b"a.txt").hexdigest()
        assert (entry.path, entry.size, entry.checksum) == ("a.txt", 5, f"sha256:{digest}")
        assert entry.ref_target() == (folder / "a.txt").as_uri()
        assert not list(stored.root.glob("objects/*/*"))
        assert Path(version.download("out"), "a.txt").read_text() == "a.txt"
        (folder / "a.txt").write_text("other")
        version.download("out")  # what is there is what was added
        with pytest.raises(
            StoreError, match=r"a\.txt has changed since it was added: expected sha"
        ):
            version.download("again")
        assert log(run, (folder / "a.txt").as_uri()).version == "v1"
        (folder / "a.txt").unlink()
        with pytest.raises(NotFoundError, match=r"a reference of 'a\.txt', is gone"):
            version.download("again")
        with pytest.warns(TrackerWarning, match="is gone. It was left out"):
            version.download("again", allow_missing_references=True)


def test_a_folder_and_a_place_for_it(start, folder):
    with start() as run:
        version = log(run, folder.as_uri(), name="place")
        assert sorted(version.entries) == ["place/a.txt", "place/b.txt", "place/inner/c.txt"]
        with pytest.raises(UsageError, match=r"has more than 2 files: name a smaller part"):
            log(run, folder.as_uri(), max_objects=2)


def test_a_name_with_signs_of_addresses(start, alone):
    (alone / "a #1?.txt").write_text("x")
    with start() as run:
        version = log(run, (alone / "a #1?.txt").as_uri())
        assert Path(version.download("out"), "a #1?.txt").read_text() == "x"


def test_a_page(start, server):
    with start() as run:
        version = log(run, f"{server.url}/data.csv")
        (entry,) = version.files()
        assert (entry.path, entry.size, entry.checksum) == ("data.csv", 4, 'etag:"one"')
        assert Path(version.download("one"), "data.csv").read_bytes() == b"a,b\n"
        server.pages["/data.csv"] = (b"a,c\n", {"ETag": '"two"'})
        with pytest.raises(StoreError, match='expected etag:"one" and found etag:"two"'):
            version.download("two")
        server.pages["/data.csv"] = (b"longer\n", {})
        with pytest.raises(StoreError, match="expected 4 bytes and found 7"):
            version.download("three")
        del server.pages["/data.csv"]
        with pytest.raises(NotFoundError, match="is gone"):
            version.download("four")
        assert not list(Path("two").iterdir())


def test_a_page_whose_server_knows_no_head(start, server):
    server.answers_head = False
    server.pages["/x"] = (b"1", {"Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT"})
    with start() as run:
        (entry,) = log(run, f"{server.url}/x").files()
        assert entry.checksum == "modified:Wed, 25 Nov 2026 00:00:00 GMT"


def test_other_file_systems(start):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe({"/set/a": b"1", "/set/deep/b": b"22"})
    try:
        with start() as run:
            version = log(run, "memory://set")
            assert {entry.path: entry.size for entry in version.files()} == {"a": 1, "deep/b": 2}
            assert Path(version.download("out"), "deep/b").read_bytes() == b"22"
            assert log(run, "memory://set/a", name="one").version == "v1"
            memory.pipe("/set/a", b"333")
            with pytest.raises(StoreError, match="has changed since it was added"):
                version.download("again")
            with pytest.raises(UsageError, match="there is no such file"):
                log(run, "memory://none")
    finally:
        memory.rm("/set", recursive=True)


def test_unseen_references_and_entries_of_other_artifacts(start, folder, stored):
    with start() as run:
        unseen = log(run, "s3://bucket/key.bin", checksum=False)
        (entry,) = unseen.files()
        assert (entry.ref, entry.checksum, entry.size) == ("s3://bucket/key.bin", None, 0)
        source = run.log_artifact(folder, name="set", type="dataset")
        other = tracker.Artifact("other", "dataset")
        (shared,) = other.add_reference(source.get_entry("a.txt"), name="shared.txt")
        assert shared.extra["from"] == "wandb-artifact://p/set:v0/a.txt"
        run.log_artifact(other)
        source.delete(delete_aliases=True)
        assert Path(other.download("out"), "shared.txt").read_text() == "a.txt"


def test_files_of_other_artifacts_by_their_address(start, folder, alone):
    with start(project="data") as run:
        run.log_artifact(folder, name="set", type="dataset", aliases=["good"])
        source = run.use_artifact("set:good")
    with start() as run:
        artifact = tracker.Artifact("copy", "dataset")
        (one,) = artifact.add_reference("wandb-artifact://data/set:good/a.txt", name="one.txt")
        assert one.extra["from"] == "wandb-artifact://data/set:v0/a.txt"
        (two,) = artifact.add_reference(source.get_entry("b.txt").ref_url())
        (deep,) = artifact.add_reference("wandb-artifact://me/data/set:latest/inner", name="deep")
        assert (two.path, deep.path) == ("b.txt", "deep/c.txt")
        everything = tracker.Artifact("everything", "dataset")
        assert len(everything.add_reference("wandb-artifact://data/set:v0")) == 3
        run.log_artifact(artifact)
        assert Path(artifact.download("out"), "deep/c.txt").read_text() == "inner/c.txt"
        artifact.verify()
        with pytest.raises(NotFoundError, match=r"There is no 'x' in data/set:v0"):
            everything.add_reference("wandb-artifact://data/set:v0/x")
        with pytest.raises(NotFoundError, match="There is no artifact 'sets' with the alias"):
            tracker.Artifact("n", "t").add_reference("wandb-artifact://data/sets:v0/x")


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("no/scheme", "references must be URIs. To reference a local file, use file://"),
        ("C:/x", "references must be URIs"),
        ("file:///nowhere/at/all", "there is no such file"),
        ("http://127.0.0.1:9/x", "cannot look at .* Use checksum=False to add it unseen"),
        ("nonsense://x/y", "nonsense"),
        ("wandb-artifact://p/n/x", "expected wandb-artifact://project/name:version/path"),
        ("wandb-artifact:p/n:v0/x", "expected wandb-artifact://project/name:version/path"),
        ("wandb-artifact://../n:v0/x", "cannot be used"),
        ("file:///", "cannot be a path inside|there is no such file|cannot read"),
    ],
)
def test_what_cannot_be_referred_to(uri, sentence):
    artifact = tracker.Artifact("n", "t")
    with pytest.raises(UsageError, match=sentence):
        artifact.add_reference(uri)
    assert artifact.file_count == 0
