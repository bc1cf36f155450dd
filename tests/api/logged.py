"""Logs runs in a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tracker

Start = Callable[..., tracker.Run]


def log(run: tracker.Run, rows: list[dict[str, Any]]) -> str:
    """Log these rows, finish, and return the run's id."""
    for row in rows:
        run.log(row)
    run.finish()
    return run.id


def ids(runs: Any) -> list[str]:
    return [run.id for run in runs]
