"""Names that scripts written for W&B use and that need nothing here."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Any

from tracker.errors import TrackerError as Error

__all__ = [
    "AlertLevel", "Error", "Settings", "login", "require", "setup", "teardown", "termerror", "termlog",
    "termwarn",
]  # fmt: skip


class AlertLevel(Enum):
    """Levels of :meth:`tracker.Run.alert`."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Settings(dict[str, Any]):
    """Settings by name, for ``init(settings=…)``.

    The names are those of :class:`tracker.settings.Settings`; W&B's names that mean the
    same are understood and its other ones ignored.
    """


def login(*_: Any, **__: Any) -> bool:
    """Say that all is well: there is no account to log in to."""
    return True


def setup(*_: Any, **__: Any) -> None:
    """Do nothing: there is no service to set up."""


def teardown(*_: Any, **__: Any) -> None:
    """Do nothing: there is no service to tear down."""


def require(*_: Any, **__: Any) -> None:
    """Do nothing: every feature is on."""


def termlog(string: str = "", newline: bool = True, repeat: bool = True) -> None:
    """Print a line on stderr."""
    sys.stderr.write(f"tracker: {string}" + ("\n" if newline else ""))


termwarn = termerror = termlog
