"""A folder for the files of media, and the way there and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracker.media.loading import load
from tracker.store.files.objects import Objects


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "objects")


@pytest.fixture(scope="module")
def shared_objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """For tests that hypothesis runs many times: what is kept never changes."""
    return Objects(tmp_path_factory.mktemp("objects"))


def there_and_back(value: Any, objects: Objects) -> Any:
    """Log a value as a run does, its reference as JSON in between, and read it back."""
    reference = json.loads(json.dumps(value.to_reference(objects.put_bytes), allow_nan=False))
    return load(reference, objects)


@pytest.fixture
def keep(objects: Objects) -> Callable[[Any], Any]:
    return lambda value: there_and_back(value, objects)


@pytest.fixture(scope="module")
def keep_many(shared_objects: Objects) -> Callable[[Any], Any]:
    return lambda value: there_and_back(value, shared_objects)


def files_in(objects: Objects) -> list[Path]:
    return [path for path in objects.root.rglob("*") if path.is_file()]
