"""Sweeps in a store of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.store.store import open_store
from tracker.sweep.controller import Controller
from tracker.sweep.creation import create

LINE = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


@pytest.fixture
def made(alone: Path) -> Callable[..., Controller]:
    """Makes a sweep over a line, with changes to its config."""

    def made(seed: int = 1, prior_runs: Any = (), **changes: Any) -> Controller:
        config = {**LINE, **changes}
        return create(open_store(alone / ".tracker"), config, "p", prior_runs, seed)

    return made


@pytest.fixture
def sweep(alone: Path) -> Callable[..., tracker.Sweep]:
    """Makes the sweep as its user has it."""
    (alone / ".tracker").mkdir()

    def sweep(seed: int = 1, prior_runs: Any = None, **changes: Any) -> tracker.Sweep:
        return tracker.sweep({**LINE, **changes}, project="p", prior_runs=prior_runs, seed=seed)

    return sweep


@pytest.fixture
def begin(plain_settings: dict[str, Any]) -> Callable[..., tracker.Run]:
    """Calls init as a training function does, without what most tests can do without."""

    def begin(**options: Any) -> tracker.Run:
        return tracker.init(settings=plain_settings, **options)

    return begin
