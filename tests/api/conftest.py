"""A store of its own for each test, filled by real runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tracker

from .logged import Start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts runs in a store of this test, without console, readings and panels."""
    settings = {
        "silent": True, "console": False, "save_code": False, "system_interval_s": 0,
        "flush_interval_s": 0.05,
    }  # fmt: skip
    begun: list[tracker.Run] = []

    def init(project: str = "digits", **given: Any) -> tracker.Run:
        chosen = settings | given.pop("settings", {})
        run = tracker.init(
            project=project, dir=tmp_path, reinit="create_new", settings=chosen, **given
        )
        begun.append(run)
        return run

    yield init
    for run in begun:
        run.finish()


@pytest.fixture
def api(tmp_path: Path) -> tracker.Api:
    return tracker.Api(tmp_path)
