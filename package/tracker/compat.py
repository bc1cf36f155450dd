"""Names that scripts written for W&B use and that need nothing here, or are not here yet."""

from __future__ import annotations

import contextlib
import sys
from enum import Enum
from typing import Any

from tracker.errors import StoreError as CommError
from tracker.errors import TrackerError as Error

__all__ = [
    "MISSING",
    "AlertLevel",
    "CommError",
    "Error",
    "Settings",
    "ensure_configured",
    "login",
    "require",
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
    EvalTable agents analytics apis attach catboost data_types
    docker env gym helper integration jupyter keras lightgbm patched
    profiler proto sacred sagemaker_auth sdk sklearn
    tensorboard tensorflow trigger unwatch util wandb wandb_agent
    wandb_lib wandb_run wandb_sdk wandb_torch watch xgboost
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


def setup(*_: Any, **__: Any) -> None:
    """Do nothing: there is no service to set up."""


def teardown(exit_code: int | None = None) -> None:
    """Do nothing: there is no service to tear down, and runs end with the process."""


def require(*_: Any, **__: Any) -> None:
    """Do nothing: every feature is on."""


def ensure_configured() -> None:
    """Do nothing: there is nothing to configure."""


def termsetup(*_: Any, **__: Any) -> None:
    """Do nothing: lines go to stderr."""


def termlog(string: str = "", newline: bool = True, repeat: bool = True) -> None:
    """Print a line on stderr; with ``repeat=False`` only once."""
    _print("", string, newline, repeat)


def termwarn(string: str = "", newline: bool = True, repeat: bool = True) -> None:
    """Print a warning on stderr; with ``repeat=False`` only once."""
    _print("WARNING ", string, newline, repeat)


def termerror(string: str = "", newline: bool = True, repeat: bool = True) -> None:
    """Print an error on stderr; with ``repeat=False`` only once."""
    _print("ERROR ", string, newline, repeat)


def _print(label: str, string: str, newline: bool, repeat: bool) -> None:
    if not repeat and string in _said:
        return
    _said.add(string)
    # A closed or broken terminal is no reason to fail.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"tracker: {label}{string}" + ("\n" if newline else ""))
