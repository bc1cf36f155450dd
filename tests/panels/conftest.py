"""Runs recorded by the real logger, and pages that keep what they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tracker import start
from tracker.panels.curves.wire import unpack
from tracker.panels.page.client import Client
from tracker.run.run import Run

QUIET = {
    "panel": False,
    "silent": True,
    "console": False,
    "system_interval_s": 0,
    "save_code": False,
}


class Page:
    """A view of a panel, as a browser would be: it keeps the messages it is sent."""

    def __init__(self) -> None:
        self.messages: list[tuple[dict[str, Any], Sequence[bytes]]] = []
        self.is_closed = False
        self._held: dict[str, dict[str, Any]] = {}
        self._fresh: set[str] = set()
        self.client = Client(self._receive, self._close)

    def _receive(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        self.messages.append((content, list(buffers)))
        for chart in content["charts"] if content["type"] == "data" else ():
            self._held[chart["name"]] = self._applied(chart, buffers)
            self._fresh.add(chart["name"])

    def _applied(self, chart: dict[str, Any], buffers: Sequence[bytes]) -> dict[str, Any]:
        """Put what came behind what was there, as the page does."""
        before = self._held.get(chart["name"])
        if chart["follows"] is not None:
            assert before is not None
            assert before["number"] == chart["follows"]
        parts = {}
        for line, role, x, y, source, kept in chart["parts"]:
            arrays = unpack(x, buffers), unpack(y, buffers)
            if kept:
                assert before is not None
                old = before["parts"][source, role]
                arrays = tuple(
                    np.concatenate((o[:kept], a)) for o, a in zip(old, arrays, strict=True)
                )
            parts[line, role] = arrays
        return {**chart, "parts": parts}

    def _close(self) -> None:
        self.is_closed = True

    def take(self) -> list[str]:
        """Return the types of the messages since the last call, and forget them."""
        types = [content["type"] for content, _ in self.messages]
        self.messages.clear()
        self._fresh.clear()
        return types

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [content for content, _ in self.messages if content["type"] == kind]

    def charts(self) -> dict[str, dict[str, Any]]:
        """Return the charts that came since the last take: parts by (line, role)."""
        return {name: self._held[name] for name in self._held if name in self._fresh}


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory of an empty store."""
    return tmp_path / ".tracker"


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start runs that are finished behind the test."""
    runs: list[Run] = []

    def init(project: str = "digits", **options: Any) -> Run:
        options.setdefault("settings", QUIET)
        run = start.init(project, dir=tmp_path, reinit="create_new", **options)
        runs.append(run)
        return run

    yield init
    for run in runs:
        run.finish()
