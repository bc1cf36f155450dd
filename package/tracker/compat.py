"""Names that scripts written for W&B use and that need nothing here, or are not here yet."""

from __future__ import annotations

import contextlib
import sys
from enum import Enum
from typing import Any

from tracker.errors import CommError, Error
from tracker.settings import read_settings

__all__ = [
    "MISSING",
    "AlertLevel",
    "CommError",
    "Error",
    "Settings",
    "ensure_configured",
    "login",
    "require",
    "sagemaker_auth",
    "setup",
    "teardown",
    "termerror",
    "termlog",
    "termsetup",
    "termwarn",
]

# What `import wandb` has, and this version has not.
MISSING = frozenset(
    """
    EvalTable agents analytics attach docker env helper jupyter patched profiler proto sacred
    tensorflow trigger wandb wandb_agent wandb_lib wandb_torch
    """.split()  # noqa: SIM905 - a word a piece
)

_said: set[str] = set()


class AlertLevel(Enum):
    """Levels of :meth:`tracker.Run.alert`."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Settings(dict[str, Any]):
    """Settings by name, for ``init(settings=…)``; items are attributes too.

    The names are those of :class:`tracker.settings.Settings`; W&B's names that mean the
    same are understood and its other ones ignored.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The settings have no {name!r}.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def login(*_: Any, **__: Any) -> bool:
    """Say that all is well: there is no account to log in to."""
    return True


def sagemaker_auth(*_: Any, **__: Any) -> None:
    """Do nothing: there is no key to hand on."""


class _Setup:
    """What :func:`setup` returns: W&B's has the settings too."""

    @property
    def settings(self) -> Any:
        return read_settings()


def setup(*_: Any, **__: Any) -> _Setup:
    """Return the settings that a run would have, as ``.settings``; there is nothing to set up."""
    return _Setup()


def teardown(exit_code: int | None = None) -> None:
    """Do nothing: there is no service to tear down, and runs end with the process."""


def require(*_: Any, **__: Any) -> None:
    """Do nothing: every feature is on."""


def ensure_configured() -> None:
    """Do nothing: there is nothing to configure."""


def termsetup(*_: Any, **__: Any) -> None:
    """Do nothing: lines go to stderr."""


def termlog(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Print a line on stderr; with ``repeat=False`` only once, with ``prefix=False`` bare."""
    _print("", string, newline, repeat, prefix)


def termwarn(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Print a warning on stderr; with ``repeat=False`` only once."""
    _print("WARNING ", string, newline, repeat, prefix)


def termerror(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Print an error on stderr; with ``repeat=False`` only once."""
    _print("ERROR ", string, newline, repeat, prefix)


def _print(label: str, string: str, newline: bool, repeat: bool, prefix: bool) -> None:
    if not repeat and string in _said:
        return
    _said.add(string)
    # A closed or broken terminal is no reason to fail.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        start = f"tracker: {label}" if prefix else ""
        sys.stderr.write(f"{start}{string}" + ("\n" if newline else ""))
