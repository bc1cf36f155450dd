"""What the process prints while a run is active, as numbered lines.

The streams' ``write`` is tapped on the stream objects that are in ``sys.stdout`` and
``sys.stderr``, so the objects stay themselves: whoever holds them (logging handlers, tqdm, the
kernel) keeps working and is heard. What goes past Python's streams straight to a file descriptor
is not heard in a plain process; a kernel routes that through its streams too.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tracker.run.taps import Tap, tap
from tracker.run.terminal import Row, Terminal, collapse

__all__ = ["ConsoleCapture", "ConsoleLine", "collapse"]

StreamName = Literal["stdout", "stderr"]
Clock = Callable[[], float]

_STREAMS: tuple[StreamName, StreamName] = ("stdout", "stderr")
_PIECE_CHARS = 65_536
# Chunks this close together become one piece of text and share a time.
_SAME_TIME_S = 0.01
_MOST_WAITING_CHUNKS = 16_000
_MOST_WAITING_LINES = 50_000
_MOST_WAITING_CHARS = 32_000_000
_PATIENCE_S = 5.0
_logger = logging.getLogger(__name__)
# Threads inside a callback: what they print there is shown but belongs to no run.
_quiet: set[int] = set()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_quiet.clear)


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One printed line, or its newer state when its number came before.

    Parameters
    ----------
    number
        Position among the lines of the capture, both streams together, from 0. A later line with
        the same number replaces the former (a progress bar that moved on).
    stream
        Where it was written: ``"stdout"`` or ``"stderr"``.
    time_s
        When its first character was written, in seconds since the epoch.
    text
        The line without its end; ANSI colours kept, cursor movements applied.
    """

    number: int
    stream: StreamName
    time_s: float
    text: str


class ConsoleCapture:
    """Hand the lines printed between `start` and `stop` to a callback.

    Lines are handed over by the thread that prints, when it is time, and by whoever calls
    `drain`; there is no thread or timer of its own. After ``os.fork`` the child's prints are only
    shown. A callback that raises loses its batch, and the print that triggered it goes on.

    Parameters
    ----------
    on_lines
        Called with one batch of lines, in order, never by two threads at once. What it prints
        itself is not captured.
    interval_s
        The least time between two handovers, in seconds.
    batch_lines
        The most lines of one batch; as many waiting writes cause a handover before its time.
    rewrite_s
        A line that is still being written or redrawn is handed over at most this often.
    line_limit_bytes
        Where longer lines are cut (UTF-8).
    first_number
        The number of the first line: for a resumed run, one more than its last.
    clock
        The time in seconds since the epoch.
    """

    def __init__(
        self,
        on_lines: Callable[[list[ConsoleLine]], None],
        *,
        interval_s: float = 0.25,
        batch_lines: int = 1000,
        rewrite_s: float = 2.0,
        line_limit_bytes: int = 1_000_000,
        first_number: int = 0,
        clock: Clock = time.time,
    ) -> None:
        self.lost_lines = 0
        """How many lines reached no callback: it raised, or was stuck for too long."""
        self._on_lines = on_lines
        self._interval_s = interval_s
        self._batch_lines = batch_lines
        self._rewrite_s = rewrite_s
        self._limit_bytes = line_limit_bytes
        self._clock = clock
        self._pid = 0
        self._deliverer = 0
        self._handed_s = 0.0
        self._heard: deque[tuple[float, StreamName, str]] = deque()
        self._waiting: deque[ConsoleLine] = deque()
        self._waiting_chars = 0
        self._reading = threading.Lock()
        self._delivering = threading.Lock()
        self._taps: dict[StreamName, Tap] = {}
        numbers = itertools.count(first_number)
        self._terminals = {
            name: Terminal(numbers, row_limit=line_limit_bytes + 1) for name in _STREAMS
        }
        self._listeners = {name: self._listener(name) for name in _STREAMS}

    def start(self) -> None:
        """Listen to the streams that are in ``sys.stdout`` and ``sys.stderr`` now."""
        if self._taps and self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self._handed_s = self._clock()
        for name in _STREAMS:
            self._attach(name)

    def stop(self) -> None:
        """Listen no more, and hand over everything, the open lines included."""
        if self._pid != os.getpid():
            return
        while self._taps:
            name, attached = self._taps.popitem()
            attached.detach(self._listeners[name])
        self._hand_over(is_last=True)

    def drain(self) -> None:
        """Hand over what is due; to be called about once a second while the run is active."""
        if self._pid != os.getpid():
            return
        if self._taps:
            self._follow()
        self._hand_over(is_last=False)

    def hear(self, text: str, name: StreamName = "stdout") -> None:
        """Take `text` as if it had been printed, without showing it."""
        self._listeners[name](text)

    def _attach(self, name: StreamName) -> None:
        stream = getattr(sys, name, None)
        if stream is None or any(each.stream is stream for each in self._taps.values()):
            return
        attached = tap(stream)
        if attached is not None:
            attached.attach(self._listeners[name])
            self._taps[name] = attached

    def _follow(self) -> None:
        """Listen again where someone put the old ``write`` back, or where a redirect ended."""
        for name, attached in list(self._taps.items()):
            attached.ensure()
            stream = attached.stream
            has_ended = isinstance(stream, io.StringIO) or getattr(stream, "closed", False)
            if has_ended and getattr(sys, name, None) is not stream:
                del self._taps[name]
                self._attach(name)
                attached.detach(self._listeners[name])

    def _listener(self, name: StreamName) -> Callable[[str], None]:
        heard, clock = self._heard, self._clock
        interval_s, batch_lines = self._interval_s, self._batch_lines

        def listen(text: str) -> None:
            if _quiet and threading.get_ident() in _quiet:
                return
            now_s = clock()
            if len(text) <= _PIECE_CHARS:
                heard.append((now_s, name, text))
            else:
                heard.extend(_cut(now_s, name, text))
            # A clock set back must not silence the run, hence the lower bound.
            if len(heard) >= batch_lines or not 0.0 <= now_s - self._handed_s < interval_s:
                self._hand_over(is_last=False)

        return listen

    def _hand_over(self, *, is_last: bool) -> None:
        # Bounded by what is there now: other threads may be printing all the time.
        budget = len(self._heard)
        try:
            while True:
                count = self._read(budget, is_last=is_last)
                self._deliver(is_last=is_last)
                budget -= count
                if not count or budget <= 0:
                    return
        except Exception:
            _logger.debug("lines of the console were lost", exc_info=True)

    def _read(self, budget: int, *, is_last: bool) -> int:
        """Turn up to `budget` chunks into lines; none while another thread is at it."""
        is_urgent = is_last or len(self._heard) > _MOST_WAITING_CHUNKS
        if not self._reading.acquire(timeout=_PATIENCE_S if is_urgent else 0):
            return 0
        try:
            now_s = self._handed_s = self._clock()
            count, left = 0, 0
            while count < budget and self._heard and left < self._batch_lines:
                chunks, time_s, name, text = self._next_piece()
                count += chunks
                terminal = self._terminals[name]
                terminal.feed(text, time_s)
                left = len(terminal.left)
            self._collect(now_s, is_last=is_last and not self._heard)
            return count
        finally:
            self._reading.release()

    def _next_piece(self) -> tuple[int, float, StreamName, str]:
        """Join neighbouring chunks of one stream and time, up to a size."""
        heard = self._heard
        start_s, name, text = heard.popleft()
        texts, size = [text], len(text)
        while heard and heard[0][1] is name and size < _PIECE_CHARS:
            if not 0.0 <= heard[0][0] - start_s <= _SAME_TIME_S:
                break
            texts.append(heard.popleft()[2])
            size += len(texts[-1])
        return len(texts), start_s, name, "".join(texts)

    def _collect(self, now_s: float, *, is_last: bool) -> None:
        """Queue the rows whose state is news."""
        lines: list[ConsoleLine] = []
        for name, terminal in self._terminals.items():
            left, terminal.left = terminal.left, []
            rows = [row for row in left if row.is_changed]
            for index, row in enumerate(terminal.rows):
                if row.is_changed and (
                    is_last or self._is_due(row, now_s, is_below=index >= terminal.row_index)
                ):
                    row.is_settled = index < terminal.row_index
                    rows.append(row)
            lines.extend(self._line(row, name, now_s) for row in rows)
        lines.sort(key=lambda line: line.number)
        self._queue(lines)

    def _is_due(self, row: Row, now_s: float, *, is_below: bool) -> bool:
        """Say whether a changed row is handed over now: once complete, and then now and then."""
        if not is_below and not row.is_settled:
            return True
        return not 0.0 <= now_s - row.sent_s < self._rewrite_s

    def _line(self, row: Row, name: StreamName, now_s: float) -> ConsoleLine:
        row.is_changed = False
        row.sent_s = now_s
        text = row.rendered()
        if not text.isascii():
            # Lone surrogates can be printed in a kernel but stored nowhere.
            text = text.encode("utf-8", "replace").decode("utf-8")
        if len(text) * 4 > self._limit_bytes:
            text = _shortened(text, self._limit_bytes)
        return ConsoleLine(row.number, name, row.born_s, text)

    def _queue(self, lines: Sequence[ConsoleLine]) -> None:
        """Keep lines for the callback; the oldest give way while a callback is stuck."""
        waiting = self._waiting
        for line in lines:
            waiting.append(line)
            self._waiting_chars += len(line.text)
        while len(waiting) > _MOST_WAITING_LINES or self._waiting_chars > _MOST_WAITING_CHARS:
            self._waiting_chars -= len(waiting.popleft().text)
            self.lost_lines += 1

    def _deliver(self, *, is_last: bool) -> None:
        me = threading.get_ident()
        if self._deliverer == me or not self._waiting:
            return
        if not self._delivering.acquire(timeout=_PATIENCE_S if is_last else 0):
            return
        self._deliverer = me
        is_outermost = me not in _quiet
        _quiet.add(me)
        try:
            rounds = 1 + len(self._waiting) // self._batch_lines
            while self._waiting and (rounds > 0 or not self._taps):
                rounds -= 1
                self._tell(self._next_batch())
        finally:
            if is_outermost:
                _quiet.discard(me)
            self._deliverer = 0
            self._delivering.release()

    def _tell(self, batch: list[ConsoleLine]) -> None:
        try:
            self._on_lines(batch)
        except Exception:
            self.lost_lines += len(batch)
            _logger.debug("a listener to the console's lines failed", exc_info=True)

    def _next_batch(self) -> list[ConsoleLine]:
        batch: list[ConsoleLine] = []
        # Another thread may be dropping the oldest lines at this moment.
        with contextlib.suppress(IndexError):
            while len(batch) < self._batch_lines:
                line = self._waiting.popleft()
                self._waiting_chars -= len(line.text)
                batch.append(line)
        return batch


def _cut(time_s: float, name: StreamName, text: str) -> Iterator[tuple[float, StreamName, str]]:
    for start in range(0, len(text), _PIECE_CHARS):
        yield time_s, name, text[start : start + _PIECE_CHARS]


def _shortened(text: str, limit_bytes: int) -> str:
    encoded = text.encode("utf-8")
    if len(encoded) <= limit_bytes:
        return text
    kept = encoded[:limit_bytes].decode("utf-8", "ignore")
    return f"{kept} … [cut: the line is longer than {limit_bytes:,} bytes]"
