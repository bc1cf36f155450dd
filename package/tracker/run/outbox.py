"""Facts on their way into the journal; they wait here while the disk is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter

MOST_WAITING = 100_000


class Outbox:
    """Hands facts to a journal's writer in order, and never raises. Callers serialise their calls.

    Parameters
    ----------
    writer : JournalWriter
        The journal.
    complain : callable
        Is told once, in a sentence, when the disk refuses.

    Attributes
    ----------
    waiting : deque
        What the disk has refused so far, oldest first.
    lost_rows : int
        Rows that came when 100,000 facts were waiting already.
    """

    def __init__(self, writer: JournalWriter, complain: Callable[[str, str], None]) -> None:
        self.waiting: deque[Any] = deque()
        self.lost_rows = 0
        self._writer = writer
        self._complain = complain

    def put(self, fact: Any) -> None:
        """Write a fact, or keep it until the disk takes it."""
        if self.waiting and not self.drain():
            self._keep(fact)
            return
        try:
            self._writer.append(fact)
        except OSError as error:
            self._keep(fact, error)
        except Exception:  # noqa: BLE001 - msgspec: a number or a text that it cannot hold
            self._put_plainer(fact)

    def put_many(self, several: list[Any]) -> None:
        """Write several facts by one write where that can be done."""
        if not self.waiting:
            try:
                self._writer.append_many(several)
            except Exception:  # noqa: BLE001 - one by one, each is rescued on its own
                pass
            else:
                return
        for fact in several:
            self.put(fact)

    def drain(self) -> bool:
        """Write what the disk had refused; say whether it all went."""
        while self.waiting:
            try:
                self._writer.append(self.waiting[0])
            except OSError:
                return False
            self.waiting.popleft()
        return True

    def _put_plainer(self, fact: Any) -> None:
        fact = encodable(fact)
        try:
            self._writer.append(fact)
        except OSError as error:
            self._keep(fact, error)

    def _keep(self, fact: Any, error: OSError | None = None) -> None:
        # Rows cannot be read without their keys, so only rows and lines are given up.
        if len(self.waiting) >= MOST_WAITING and isinstance(fact, tuple | facts.Row | facts.Line):
            self.lost_rows += 1
            self._complain(
                f"The journal could not be written for too long: {MOST_WAITING:,} rows wait in "
                "memory, and further ones are lost until there is space.",
                "lost",
            )
            return
        self.waiting.append(encodable(fact))
        if error is not None:
            self._complain(
                f"The journal cannot be written ({error.strerror}): what is logged is kept in "
                f"memory until it can be, {MOST_WAITING:,} rows at most.",
                "disk",
            )


def encodable(fact: Any) -> Any:
    """Return a fact, or any part of one, with numbers and text that MessagePack can hold."""
    if isinstance(fact, str):
        return fact.encode("utf-8", "replace").decode()
    if isinstance(fact, Mapping):
        return {encodable(key): encodable(item) for key, item in fact.items()}
    if isinstance(fact, list | tuple):
        return type(fact)(encodable(item) for item in fact)
    if isinstance(fact, int) and not isinstance(fact, bool) and not -(2**63) <= fact < 2**64:
        return _as_float(fact)
    if hasattr(fact, "__struct_fields__"):
        return type(fact)(*(encodable(getattr(fact, f)) for f in fact.__struct_fields__))
    return fact


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
