"""The trial of a sweep that this thread is in: what ``init`` must know of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from tracker.errors import warn
from tracker.run.config import merge_locked
from tracker.run.names import ADJECTIVES
from tracker.run.run import Run


class Trial:
    """What a sweep chose for the run that begins next.

    Parameters
    ----------
    root : Path
        The store's directory.
    project, sweep_id, run_id : str
        What the run is called and belongs to.
    params : dict
        The parameters, nested as the sweep has them.
    number : int
        The trial's place in the sweep, from 0.
    name : str or None
        What people read, if somebody chose that for this trial.
    on_begin : callable
        Is given the run when it has begun.

    Attributes
    ----------
    run : Run or None
        The run, once it has begun.
    runs : list of Run
        Every run that was begun during the trial, this one among them.
    """

    def __init__(
        self,
        root: Path,
        project: str,
        sweep_id: str,
        run_id: str,
        params: dict[str, Any],
        *,
        number: int,
        name: str | None = None,
        on_begin: Callable[[Run], None],
    ) -> None:
        self.root = root
        self.project = project
        self.sweep_id = sweep_id
        self.run_id = run_id
        self.params = params
        self.name = name
        self.number = number
        self.run: Run | None = None
        self.runs: list[Run] = []
        self._on_begin = on_begin

    @property
    def friendly_name(self) -> str:
        """What the run is called if nobody says otherwise, such as ``misty-sweep-12``."""
        return f"{random.SystemRandom().choice(ADJECTIVES)}-sweep-{self.number + 1}"

    def refuse(self, **given: Any) -> None:
        """Warn of arguments of ``init`` that the sweep decides."""
        for name, value in given.items():
            if value is not None:
                warn(f"Ignored init() argument {name} in a sweep: the sweep decides it.")

    def merge(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return a config with the sweep's parameters in their places."""
        return config | {k: merge_locked(config.get(k), v) for k, v in self.params.items()}

    def begin(self, run: Run) -> None:
        """Give the run what the sweep chose, locked."""
        self.run = run
        run.config.lock(self.params, "sweep")
        self._on_begin(run)


_here: ContextVar[Trial | None] = ContextVar("trial", default=None)
_of_process: Trial | None = None


def here() -> Trial | None:
    """Return the trial that this thread, or the whole process, is in."""
    return _here.get() or _of_process


def beginning() -> Trial | None:
    """Return the trial that this thread is in, if its run has not begun."""
    trial = here()
    return trial if trial is not None and trial.run is None else None


def current_run() -> Run | None:
    """Return the run of this thread's trial while it is alive."""
    trial = _here.get()
    run = None if trial is None else trial.run
    return run if run is not None and run.is_alive else None


@contextmanager
def within(trial: Trial) -> Iterator[None]:
    """Be in a trial during a block."""
    token = _here.set(trial)
    try:
        yield
    finally:
        _here.reset(token)


def adopt(trial: Trial) -> None:
    """Be in a trial as long as this process lives, in all its threads."""
    global _of_process
    _of_process = trial
