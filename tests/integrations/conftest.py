"""Runs of small trainings, read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker


@pytest.fixture
def in_store(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let runs that a framework begins be quiet, in the test's own store."""
    monkeypatch.setenv("TRACKER_DIR", str(alone / ".tracker"))
    monkeypatch.setenv("TRACKER_SILENT", "true")
    monkeypatch.setenv("TRACKER_CONSOLE", "false")
    monkeypatch.setenv("TRACKER_SAVE_CODE", "false")
    monkeypatch.setenv("TRACKER_SYSTEM_INTERVAL_S", "0")
    return alone


@pytest.fixture
def back(in_store: Path) -> Callable[..., Any]:
    """Ends the current run, and reads the newest run of a project."""

    def back(project: str = "p") -> Any:
        tracker.finish()
        return tracker.Api().runs(project, order="-created_at")[0]

    return back


@pytest.fixture
def rows(back: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """Ends the current run, and reads its rows without what every row has."""

    def rows(project: str = "p") -> list[dict[str, Any]]:
        common = {"_step", "_runtime", "_timestamp"}
        return [
            {key: value for key, value in row.items() if key not in common}
            for row in back(project).scan_history()
        ]

    return rows
