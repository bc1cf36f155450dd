"""Keeps this process from forking while it has the database open.

DuckDB knows of each file that its process has open. A child forked meanwhile would believe
that it has the file open too, in the state of that moment, and could write it back so.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 10.0


class ForkGate:
    """Threads pass while they use the database; a fork waits until nobody does."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._inside: dict[int, int] = {}
        self._forks = 0

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Hold up forks by other threads during the block."""
        me = threading.get_ident()
        with self._changed:
            if me not in self._inside:
                self._changed.wait_for(lambda: not self._forks, PATIENCE_S)
            self._inside[me] = self._inside.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                # In a child that was forked in the block, nobody is inside.
                self._inside[me] = self._inside.get(me, 1) - 1
                if not self._inside[me]:
                    del self._inside[me]
                self._changed.notify_all()

    def close(self) -> None:
        """Wait until no other thread is inside, and let none in: a fork follows."""
        me = threading.get_ident()
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: self._inside.keys() <= {me}, PATIENCE_S)

    def open(self) -> None:
        """Let threads in again: the fork is over."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()

    def reset(self) -> None:
        """In the child: its only thread is inside nothing."""
        self.__init__()  # type: ignore[misc]


GATE = ForkGate()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=GATE.close, after_in_parent=GATE.open, after_in_child=GATE.reset)
