"""Documents of a project: versions, conflicts, and that they outlast the database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.errors import ConflictError, StoreDamagedError, TrackerWarning
from tracker.store.database.database import DOCUMENTS
from tracker.store.store import Store
from tracker.store.writing import documents


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def read(store: Store, name: str = "main", version: int | None = None):
    with store.reading() as db:
        return documents.get(db, "workspace", "digits", name, version)


def test_a_document_is_read_back_and_each_saving_is_a_version(store: Store) -> None:
    assert read(store) is None
    first = documents.put(store, "workspace", "digits", "main", {"x": [1, None, "é"]}, keep=None)
    second = documents.put(store, "workspace", "digits", "main", {"x": float("nan")}, keep=None)
    documents.put(store, "workspace", "other", "main", {})
    documents.put(store, "report", "digits", "main", {})
    assert (first.version, second.version) == (1, 2)
    newest = read(store)
    assert newest is not None
    assert newest.version == 2
    assert newest.content["x"] != newest.content["x"]
    assert newest.updated_at.tzinfo is not None
    assert read(store, version=1) == first
    assert read(store, version=3) is None
    with store.reading() as db:
        assert [d.version for d in documents.versions(db, "workspace", "digits", "main")] == [1, 2]
        assert [(d.project, d.version) for d in documents.find(db, "workspace")] == [
            ("digits", 2),
            ("other", 1),
        ]
        assert documents.find(db, "workspace", "nobody's") == []


def test_only_as_many_versions_stay_as_asked(store: Store) -> None:
    for number in range(5):
        documents.put(store, "workspace", "digits", "main", {"n": number}, keep=2)
    with store.reading() as db:
        kept = documents.versions(db, "workspace", "digits", "main")
    assert [document.content["n"] for document in kept] == [3, 4]
    assert len(list((store.root / DOCUMENTS).glob("*/*"))) == 2


def test_who_saves_over_anothers_version_is_told(store: Store) -> None:
    documents.put(store, "workspace", "digits", "main", {"by": "me"}, expected=0)
    with pytest.raises(ConflictError, match="is at version 1 and not at 0: somebody else"):
        documents.put(store, "workspace", "digits", "main", {"by": "you"}, expected=0)
    newest = read(store)
    assert newest is not None
    assert newest.content == {"by": "me"}
    assert len(list((store.root / DOCUMENTS).glob("*/*"))) == 1


def test_a_deleted_document_is_gone_after_a_rebuild_too(store: Store) -> None:
    documents.put(store, "workspace", "digits", "main", {})
    documents.put(store, "workspace", "digits", "side", {})
    assert documents.delete(store, "workspace", "digits", "main")
    assert not documents.delete(store, "workspace", "digits", "main")
    store.rebuild()
    assert read(store) is None
    assert read(store, "side") is not None


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True))
def test_names_of_any_text_outlast_the_database(store: Store, names: list[str]) -> None:
    for name in names:
        documents.put(store, "workspace", "digits", name, {"name": name})
    before = {name: read(store, name) for name in names}
    store.rebuild()
    assert {name: read(store, name) for name in names} == before


def test_a_damaged_file_is_told_of_and_loses_nothing_else(store: Store) -> None:
    documents.put(store, "workspace", "digits", "main", {})
    documents.put(store, "workspace", "digits", "side", {"x": 1})
    files = sorted((store.root / DOCUMENTS).glob("*/*.json"))
    (broken,) = [path for path in files if json.loads(path.read_text())["name"] == "main"]
    broken.write_bytes(b'{"kind": "workspace"')
    with pytest.warns(TrackerWarning, match="cannot be read, and stays"):
        store.rebuild()
    assert read(store) is None
    side = read(store, "side")
    assert side is not None
    assert side.content == {"x": 1}
    assert broken.exists()


def test_a_lost_database_is_made_anew_though_there_never_was_a_run(store: Store) -> None:
    documents.put(store, "workspace", "digits", "main", {"x": 1})
    store.database.unlink()
    with pytest.raises(StoreDamagedError, match="is missing"):
        read(store)
    store.rebuild()
    found = read(store)
    assert found is not None
    assert found.content == {"x": 1}


SAVE = """
import sys
from pathlib import Path
from tracker.errors import ConflictError
from tracker.store.writing import documents
from tracker.store.store import Store
store = Store(Path(sys.argv[1]))
saved = 0
while saved < 5:
    with store.reading() as db:
        found = documents.get(db, "workspace", "digits", "main")
    count = found.content["count"] if found else 0
    try:
        documents.put(store, "workspace", "digits", "main", {"count": count + 1},
                      expected=found.version if found else 0)
    except ConflictError:
        continue
    saved += 1
"""


def test_processes_that_save_at_once_overwrite_nothing_unseen(store: Store) -> None:
    command = [sys.executable, "-c", SAVE, str(store.root)]
    workers = [subprocess.Popen(command) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    newest = read(store)
    assert newest is not None
    assert (newest.content, newest.version) == ({"count": 15}, 15)
