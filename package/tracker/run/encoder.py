"""Encodes and keeps media beside the training: images, videos, tables of what ``log`` was given.

``log`` takes a snapshot and goes on. A thread makes the files and then appends the value to
its step, in the order in which values were logged. What waits takes a bounded amount of
memory: a loop that logs faster than the disk waits in ``log``, and nothing is dropped.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

MOST_WAITING_BYTES: Final = 256 * 1024 * 1024
# A thread without work for so long ends; a new one starts in a tenth of a millisecond.
PATIENCE_S: Final = 2.0


class Snapshot(Protocol):
    """Something that is to be kept, and that nothing can change any more."""

    @property
    def held_bytes(self) -> int:
        """How much memory it takes until it is kept."""

    @property
    def is_quick(self) -> bool:
        """Whether keeping it takes less than handing it to another thread is worth."""

    def to_reference(self, put_bytes: Callable[[bytes], str]) -> dict[str, Any]:
        """Keep the files and return the JSON that stands for the value."""


@dataclass(frozen=True, slots=True)
class Late:
    """A value of a row that is still to be encoded.

    Attributes
    ----------
    value : object
        A snapshot, a list of them, or a plain value that has to wait for earlier ones.
    held_bytes : int
        How much memory it takes.
    """

    value: Any
    held_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A late value and the row that it belongs to."""

    key: str
    late: Late
    step: int
    time_us: int


class Encoder:
    """The queue of one run.

    Parameters
    ----------
    write : callable
        Encodes and appends one value; must not raise.
    limit_bytes : int
        How much may wait. Default 256 MB.

    Attributes
    ----------
    keys : Counter
        How many values wait for each key; empty when none does.
    """

    def __init__(self, write: Callable[[Job], None], limit_bytes: int = MOST_WAITING_BYTES) -> None:
        self.keys: Counter[str] = Counter()
        self._write = write
        self._limit_bytes = limit_bytes
        self._jobs: deque[Job] = deque()
        self._held_bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, job: Job) -> None:
        """Take a job; returns at once. Call :meth:`wait_for_room` when no lock is held."""
        with self._changed:
            self._jobs.append(job)
            self.keys[job.key] += 1
            self._held_bytes += job.late.held_bytes
            has_thread = self._thread is not None or self._start()
            self._changed.notify_all()
        if not has_thread:
            self._work_off()

    def wait_for_room(self) -> None:
        """Wait until what is held fits into the limit."""
        if self._held_bytes <= self._limit_bytes or self.is_worker:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._held_bytes <= self._limit_bytes)

    def drain(self) -> None:
        """Wait until everything that was taken has been written."""
        if not self.keys or self.is_worker:
            return
        with self._changed:
            self._changed.wait_for(lambda: not self.keys)

    @property
    def is_worker(self) -> bool:
        """Whether this is the thread that encodes."""
        return threading.current_thread() is self._thread

    def _start(self) -> bool:
        """Start the thread; say whether that could be done: not while Python shuts down."""
        self._thread = threading.Thread(target=self._work, name="tracker-media", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
            return False
        return True

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._do(job)

    def _work_off(self) -> None:
        """Do here what no thread can be started for."""
        while self._jobs:
            self._do(self._jobs.popleft())

    def _do(self, job: Job) -> None:
        # Whatever happens to one value, the next ones are waited for.
        try:
            with contextlib.suppress(Exception):
                self._write(job)
        finally:
            self._settle(job)

    def _next(self) -> Job | None:
        with self._changed:
            if not self._jobs and not self._changed.wait_for(lambda: self._jobs, PATIENCE_S):
                self._thread = None
                return None
            return self._jobs.popleft()

    def _settle(self, job: Job) -> None:
        with self._changed:
            self._held_bytes = max(0, self._held_bytes - job.late.held_bytes)
            self.keys[job.key] -= 1
            if self.keys[job.key] <= 0:  # an interrupt may have come between two lines of put
                del self.keys[job.key]
            self._changed.notify_all()
