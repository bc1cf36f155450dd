"""Files to make artifacts of, and a store rebuilt from its journals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.store.store import Store

TABLES = ("artifacts", "artifact_files", "artifact_uses", "document")


@pytest.fixture
def folder(alone: Path) -> Path:
    """A folder with three files, one of them deeper."""
    path = alone / "data"
    (path / "inner").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "inner/c.txt"):
        (path / name).write_text(name)
    return path


@pytest.fixture
def api(alone: Path) -> tracker.Api:
    return tracker.Api(alone)


def _tables(root: Path) -> dict[str, list[Any]]:
    with Store(root).reading() as db:
        return {
            # A deleted run is gone from a rebuilt database, and its number is another.
            name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in TABLES
        }


@pytest.fixture
def rebuilds_alike(stored: Any) -> Callable[[], None]:
    """Makes the database anew from the journals, and fails unless it says the same."""

    def check() -> None:
        before = _tables(stored.root)
        Store(stored.root).rebuild()
        assert _tables(stored.root) == before

    return check
