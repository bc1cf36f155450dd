"""Listeners on a text stream's ``write``; the stream object itself stays where it is.

IPython (9.x) wraps ``write`` of the current streams at the start of every cell and puts the former
one back at its end. A tap set during a cell would go with it, so it is set underneath those
wrappers.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from types import CellType, FunctionType
from typing import TextIO

Listener = Callable[[str], None]
Write = Callable[[str], int]

_IPYTHON_WRAPPER = "InteractiveShell._tee.<locals>.write"
_IPYTHON_FORMER = "original_write"
_logger = logging.getLogger(__name__)
_lock = threading.RLock()


class Tap:
    """Stands in for the ``write`` of one stream: writes, then tells the listeners.

    Made by `tap`, one for all listeners of a stream. Without listeners it is taken off; where
    somebody's wrapper on top keeps it in place, it only writes.

    Parameters
    ----------
    stream
        The text stream.
    former
        The ``write`` that it stands in for.
    """

    def __init__(self, stream: TextIO, former: Write) -> None:
        self.stream = stream
        self._former = former
        self._listeners: tuple[Listener, ...] = ()

    def __call__(self, text: str) -> int:
        """Write `text` as the stream would, and tell the listeners."""
        written = self._former(text)
        for listener in self._listeners:
            listener(text)
        return written

    def attach(self, listener: Listener) -> None:
        """Tell `listener` every text written from now on."""
        with _lock:
            self._listeners = (*self._listeners, listener)
            self.ensure()
            if self not in _listened:
                _listened.append(self)

    def detach(self, listener: Listener) -> None:
        """Tell `listener` no more; after the last one the tap is taken off where it can be."""
        with _lock:
            self._listeners = tuple(each for each in self._listeners if each is not listener)
            if self._listeners:
                return
            if self in _listened:
                _listened.remove(self)
            self._take_off()

    def ensure(self) -> None:
        """Put the tap on, also again when someone has restored the ``write`` from before it."""
        with _lock:
            write, variable = _lowest(self.stream.write)
            if write == self._former:
                self._replace(variable, self)

    def fall_silent(self) -> None:
        """Forget the listeners and only write."""
        self._listeners = ()

    def _take_off(self) -> None:
        write, variable = _lowest(self.stream.write)
        if write is not self:
            return
        if variable is None:
            self.stream.__dict__.pop("write", None)
        if self.stream.write != self._former:
            self._replace(variable, self._former)

    def _replace(self, variable: CellType | None, write: Write) -> None:
        if variable is None:
            self.stream.__dict__["write"] = write
        else:
            variable.cell_contents = write


_listened: list[Tap] = []


def tap(stream: TextIO) -> Tap | None:
    """Return the tap on `stream`, made now unless it is there; None where none can be.

    Parameters
    ----------
    stream
        A text stream whose attributes can be set, as those of all usual streams can.
    """
    try:
        write, _ = _lowest(stream.write)
        vars(stream)
    except (AttributeError, TypeError):
        _logger.debug("the stream %r cannot be listened to", stream, exc_info=True)
        return None
    return write if isinstance(write, Tap) else Tap(stream, write)


def _lowest(write: Write) -> tuple[Write, CellType | None]:
    """Follow IPython's wrappers down; with what is under them, the variable that holds it."""
    holder = None
    while isinstance(write, FunctionType) and write.__qualname__ == _IPYTHON_WRAPPER:
        variables = dict(zip(write.__code__.co_freevars, write.__closure__ or (), strict=True))
        if _IPYTHON_FORMER not in variables:
            break
        holder = variables[_IPYTHON_FORMER]
        write = holder.cell_contents
    return write, holder


def _fall_silent() -> None:
    """Stop listening in a forked child, which is no part of its parent's runs."""
    global _lock
    _lock = threading.RLock()
    for each in _listened:
        each.fall_silent()
    _listened.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fall_silent)
