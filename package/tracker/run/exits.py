"""Ends the active runs when the process ends, and knows how it ended."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from types import TracebackType
from typing import Any

from tracker.run.run import Run

# A run that its user has let go of is still to be ended.
_runs: list[Run] = []
_ending: dict[str, Any] = {}


def watch(run: Run) -> None:
    """End `run` with the process: failed after an uncaught exception, else finished."""
    if "excepthook" not in _ending:
        _ending["excepthook"], sys.excepthook = sys.excepthook, _on_exception
        _ending["exit"], sys.exit = sys.exit, _on_exit
        _ending["pid"] = os.getpid()
        atexit.register(_end_all)
    _runs.append(run)
    run.after_end(_runs.remove)


def _on_exception(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    _ending["error"] = error
    _ending["excepthook"](kind, error, trace)


def _on_exit(status: Any = None) -> None:
    _ending["status"] = status
    _ending["exit"](status)


def _end_all() -> None:
    if os.getpid() != _ending["pid"]:
        return
    for run in _runs:
        with contextlib.suppress(Exception):
            _end(run)


def _end(run: Run) -> None:
    error, status = _ending.get("error"), _ending.get("status")
    if error is not None:
        run.mark_failed(error)
    elif isinstance(status, int):
        run.finish(status)
    else:
        run.finish(0 if status is None else 1)
