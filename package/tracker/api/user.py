"""Who made a run, in the shape that W&B gives it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """A user of a computer.

    Attributes
    ----------
    username : str
        The login name; empty where it is not known.
    """

    username: str

    @property
    def name(self) -> str:
        """The same as `username`."""
        return self.username

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    def __str__(self) -> str:
        return self.username
