"""What went wrong while a run was recorded: said once each, and never in the midst of a row."""

from __future__ import annotations

from collections.abc import Callable

from tracker.errors import warn

MOST_WARNINGS = 1000


class Complaints:
    """The warnings of one run.

    Parameters
    ----------
    is_unheard : callable
        Says whether this is a thread in which nobody would see what a warning led to.

    Attributes
    ----------
    is_busy : bool
        Whether a row is being written: what there is to say then waits.
    unsaid : list of str
        What waits.
    """

    def __init__(self, is_unheard: Callable[[], bool]) -> None:
        self.is_busy = False
        self.unsaid: list[str] = []
        self._known: set[str] = set()
        self._is_unheard = is_unheard

    def add(self, sentence: str, about: str | None = None) -> None:
        """Warn of something, once a run; `about` tells sentences apart."""
        is_new = self.add_unsaid(sentence, about)
        if is_new and not self.is_busy and not self._is_unheard():
            self.say()

    def add_unsaid(self, sentence: str, about: str | None = None) -> bool:
        """Let something be said later; return whether it is new."""
        if (about or sentence) in self._known or len(self._known) >= MOST_WARNINGS:
            return False
        self._known.add(about or sentence)
        self.unsaid.append(sentence)
        return True

    def say(self) -> None:
        """Warn of what waits; under the filter "error" this raises."""
        while self.unsaid:
            warn(self.unsaid.pop(0))
