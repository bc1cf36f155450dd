"""Ends the active runs when the process ends, and knows how it ended.

A process that is killed, by SIGTERM too, ends nothing here: its runs are marked crashed by
the next process that opens the store, with every row that they logged.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
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
        _ending["exit"] = sys.exit
        sys.exit = _on_exit  # type: ignore[assignment]
        atexit.register(_end_all)
    _watch_worker()
    _runs.append(run)
    run.after_end(_runs.remove)


def active() -> list[Run]:
    """Return the runs that this process has begun and not ended, oldest first."""
    return [run for run in _runs if run.is_alive]


def _watch_worker() -> None:
    """End runs with a process of multiprocessing, which leaves without :mod:`atexit`."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is None or processes.parent_process() is None or "worker" in _ending:
        return
    import traceback
    from multiprocessing import util

    _ending["worker"] = util.Finalize(None, _end_all_of_worker, exitpriority=100)
    if "print_exc" not in _ending:
        _ending["print_exc"], traceback.print_exc = traceback.print_exc, _on_printed


def _on_exception(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    # At an interactive prompt the process goes on after it.
    if not (hasattr(sys, "ps1") or sys.flags.interactive):
        _ending["error"] = error
    _ending["excepthook"](kind, error, trace)


def _on_exit(status: Any = None) -> None:
    # In a thread it ends that thread only.
    if threading.current_thread() is threading.main_thread():
        _ending["status"] = status
    _ending["exit"](status)


def _end_all() -> None:
    error, status = _ending.get("error"), _ending.get("status")
    _end(error if error is not None else SystemExit(status))


def _on_printed(*given: Any, **named: Any) -> None:
    # From Python 3.13 on a worker has forgotten its exception when it ends, and prints it before.
    if sys._getframe(1).f_globals.get("__name__") == "multiprocessing.process":  # noqa: SLF001
        _ending["error"] = sys.exc_info()[1]
    _ending["print_exc"](*given, **named)


def _end_all_of_worker() -> None:
    error = sys.exc_info()[1] or _ending.get("error")
    _end(error if error is not None else SystemExit(_ending.get("status")))


def _end(error: BaseException) -> None:
    for run in active():
        with contextlib.suppress(Exception):
            run.mark_failed(error)


def _forget_parent() -> None:
    """In a forked child: its parent's runs are its parent's to end."""
    _runs.clear()
    for name in ("error", "status", "worker"):
        _ending.pop(name, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)
