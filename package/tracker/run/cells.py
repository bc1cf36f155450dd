"""The notebook cells that this kernel has executed: source, order, time and outcome.

A run gets every cell from the start of the kernel up to the one that finishes it, so that running
them again leads to the same state. `phase` tells those before the run (its setup) from its own.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

Status = Literal["ok", "error", "running"]
Listener = Callable[["Cell"], None]

_LONGEST_ERROR_CHARS = 2_000
# Kept on the shell and not in this module, so that a reloaded module finds it.
_SHELL_ATTRIBUTE = "tracker_cell_recorder"
_logger = logging.getLogger(__name__)
_lock = threading.RLock()


@dataclass(frozen=True, slots=True)
class Cell:
    """One execution of one cell.

    Parameters
    ----------
    index
        Its place among the executions of this kernel, from 0.
    execution_count
        The number beside it in the notebook, if it has one.
    source
        What the user wrote, magics as written.
    started_at
        When it started, in seconds since the epoch; None if it ran before anybody watched. Of
        the cell in which the watching began: when that was.
    duration_s
        How long it ran since `started_at`, in seconds; None while it runs, or if it ran before
        anybody watched.
    status
        ``"running"``, ``"ok"`` or ``"error"``.
    error
        The exception as ``Type: message``, if it ended with one.
    cell_id
        The notebook's id of the cell, where the front end tells it: executing a cell again gives
        a new `Cell` with the same id.
    """

    index: int
    execution_count: int | None
    source: str
    started_at: float | None = None
    duration_s: float | None = None
    status: Status = "ok"
    error: str | None = None
    cell_id: str | None = None


@dataclass(slots=True)
class _Open:
    """A cell that has started and not ended.

    `info` is IPython's own note of it; None for the cell in which the watching began.
    """

    index: int
    info: Any
    started_s: float


class CellRecorder:
    """Watch the cells that an IPython shell executes.

    Only what the user executes is recorded: neither a front end's silent requests nor the cells
    that a magic runs inside a cell. Nothing in here raises into the shell.

    Parameters
    ----------
    shell
        The running IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._cells: list[Cell] = []
        self._open: list[_Open] = []
        self._listeners: list[Listener] = []
        self._is_installed = False

    def install(self) -> None:
        """Start to watch, and recover what ran before; without effect when watching already."""
        with _lock:
            if self._is_installed:
                return
            self._is_installed = True
            self._guarded(self._recover)
            self._shell.events.register("pre_run_cell", self._on_start)
            self._shell.events.register("post_run_cell", self._on_end)

    def uninstall(self) -> None:
        """Stop to watch. What was recorded stays; `install` recovers what is missed meanwhile."""
        with _lock:
            if not self._is_installed:
                return
            self._is_installed = False
            for event, callback in (
                ("pre_run_cell", self._on_start),
                ("post_run_cell", self._on_end),
            ):
                if callback in self._shell.events.callbacks[event]:
                    self._shell.events.unregister(event, callback)

    def cells_since(self, index: int = 0) -> list[Cell]:
        """Return the cells from `index` on, in order, the running one included."""
        with _lock:
            return self._cells[max(index, 0) :]

    def current(self) -> Cell | None:
        """Return the cell that is running, the innermost if several are; None between cells."""
        with _lock:
            return self._cells[self._open[-1].index] if self._open else None

    def position(self) -> int:
        """Return the index of the running cell, or between cells the index of the next one.

        A run that starts now starts there: the cells before are its setup.
        """
        with _lock:
            return self._open[-1].index if self._open else len(self._cells)

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call `callback` with every cell when it starts, and again when it ends.

        Returns
        -------
        Callable[[], None]
            Ends the subscription; calling it twice does no harm.
        """

        def listener(cell: Cell) -> None:
            callback(cell)

        def unsubscribe() -> None:
            with _lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        with _lock:
            self._listeners.append(listener)
        return unsubscribe

    def _on_start(self, info: Any) -> None:
        self._guarded(self._start, info)

    def _on_end(self, result: Any) -> None:
        self._guarded(self._end, result)

    def _guarded(self, action: Callable[..., None], *arguments: Any) -> None:
        try:
            action(*arguments)
        except Exception:
            _logger.debug("a cell could not be recorded", exc_info=True)

    def _start(self, info: Any) -> None:
        if not info.store_history or info.silent:
            return
        with _lock:
            # A cell that was found running and never ended was none: see _recover.
            self._forget([each for each in self._open if each.info is None])
            cell = Cell(
                index=len(self._cells),
                execution_count=len(self._shell.history_manager.input_hist_raw),
                source=info.raw_cell,
                started_at=time.time(),
                status="running",
                cell_id=getattr(info, "cell_id", None),
            )
            self._cells.append(cell)
            self._open.append(_Open(cell.index, info, time.perf_counter()))
        self._tell(cell)

    def _end(self, result: Any) -> None:
        with _lock:
            found = self._find_open(result)
            if found is None:
                return
            error = None
            if result is not None:
                error = result.error_before_exec or result.error_in_exec
                count = result.execution_count or self._cells[found.index].execution_count
                self._cells[found.index] = replace(self._cells[found.index], execution_count=count)
            is_ok = result is not None and error is None
            self._close(found, "ok" if is_ok else "error", error)
            cell = self._cells[found.index]
        self._tell(cell)

    def _find_open(self, result: Any) -> _Open | None:
        """Find the cell that ended; IPython gives no result for one that was torn down."""
        if result is None:
            return self._open[-1] if self._open else None
        for each in reversed(self._open):
            if each.info is result.info:
                return each
        # Found running, or its exception broke IPython, which then makes up a new note of it.
        for each in reversed(self._open):
            if result.info.store_history and _is_same(
                self._cells[each.index].source, result.info.raw_cell
            ):
                return each
        return None

    def _close(self, which: _Open, status: Status, error: BaseException | None) -> None:
        self._open.remove(which)
        self._cells[which.index] = replace(
            self._cells[which.index],
            status=status,
            duration_s=time.perf_counter() - which.started_s,
            error=None if error is None else _sentence(error),
        )

    def _forget(self, cells: Iterable[_Open]) -> None:
        """Close cells whose end nobody saw, and whose length so nobody knows."""
        for each in list(cells):
            self._close(each, "ok", None)
            self._cells[each.index] = replace(self._cells[each.index], duration_s=None)

    def _tell(self, cell: Cell) -> None:
        with _lock:
            listeners = list(self._listeners)
        for listener in listeners:
            self._guarded(listener, cell)

    def _recover(self) -> None:
        """Take over from IPython's history the cells that ran while nobody watched."""
        sources = self._shell.history_manager.input_hist_raw
        is_busy = bool(getattr(self._shell.display_trap, "is_active", False))
        running_count = len(sources) - 1 if is_busy else None
        self._forget(
            each for each in self._open if self._cells[each.index].execution_count != running_count
        )
        known = max((cell.execution_count or 0 for cell in self._cells), default=0)
        for count in range(known + 1, len(sources)):
            self._cells.append(self._recovered(count, sources[count]))
        if is_busy and len(sources) > known + 1:
            running = replace(self._cells[-1], status="running", started_at=time.time())
            self._cells[-1] = running
            self._open.append(_Open(running.index, None, time.perf_counter()))

    def _recovered(self, count: int, source: str) -> Cell:
        note = getattr(self._shell.history_manager, "exceptions", {}).get(count)
        error = None
        if note is not None:
            error = f"{note.get('ename', 'Error')}: {note.get('evalue', '')}"
        return Cell(
            index=len(self._cells),
            execution_count=count,
            source=source,
            status="ok" if note is None else "error",
            error=error,
        )


def _is_same(source: str, other: str) -> bool:
    # IPython's history drops the line ends at the end.
    return source.rstrip("\n") == other.rstrip("\n")


def _sentence(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:
        _logger.debug("an exception cannot be turned into text", exc_info=True)
        text = type(error).__name__
    return text[:_LONGEST_ERROR_CHARS]


def phase(cell: Cell, first: int) -> Literal["setup", "run"]:
    """Say whether `cell` ran before the run or during it.

    Parameters
    ----------
    cell
        A cell of the run.
    first
        `CellRecorder.position` when the run started.
    """
    return "setup" if cell.index < first else "run"


def recorder() -> CellRecorder | None:
    """Return the recorder of this process, watching from now on; None outside IPython.

    Cells executed before the first call are recovered from IPython's history, without times.
    """
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    if shell is None:
        return None
    with _lock:
        found = getattr(shell, _SHELL_ATTRIBUTE, None)
        if found is None:
            found = CellRecorder(shell)
            setattr(shell, _SHELL_ATTRIBUTE, found)
        found.install()
        kept: CellRecorder = found
        return kept
