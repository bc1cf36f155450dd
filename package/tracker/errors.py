"""Every error that tracker raises on purpose, and the one warning class it uses.

Messages are sentences: what was given, what was expected, what to do.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any


class TrackerError(Exception):
    """Base class of all errors raised on purpose by tracker."""


class UsageError(TrackerError, ValueError):
    """An argument or a call that cannot be carried out as given."""


class ConfigError(TrackerError):
    """A change of the run's config that needs ``allow_val_change=True``."""


class ArtifactFinalizedError(UsageError, AttributeError):
    """A change of an artifact that is logged."""


class ArtifactNotLoggedError(UsageError, AttributeError):
    """A question to an artifact that only a logged one can answer."""


class NotInstalledError(UsageError, ImportError):
    """A package that only some users need, and that is not installed."""


class MediaFileMissingError(UsageError, FileNotFoundError):
    """A path of media at which there is no file."""


class NotAModelError(UsageError, TypeError):
    """Something that was given for a model of a framework, and is none."""


class RunFinishedError(UsageError):
    """A call on a run that has finished."""

    def __init__(self, run_id: str, action: str) -> None:
        super().__init__(
            f"Run ({run_id}) is finished. The call to `{action}` will be ignored. Please make "
            "sure that you are using an active run: start one with tracker.init()."
        )


class CommError(TrackerError):
    """Something is not in the store, or the store cannot be read; W&B's word for it."""


class NotFoundError(CommError, LookupError, ValueError):
    """A run, project, artifact or key that is not in the store."""


class EntryNotFoundError(NotFoundError, KeyError):
    """A file that an artifact does not have."""

    __str__ = Exception.__str__


class ConflictError(TrackerError):
    """Somebody else has changed the same thing meanwhile."""


class StoreError(CommError):
    """The store cannot be read or written."""


class StoreLockedError(StoreError):
    """Another program holds the database file open."""


class StoreDamagedError(StoreError):
    """The database file or a journal is damaged; nothing in it was changed."""


class SchemaTooNewError(StoreError):
    """The store was written by a newer tracker; nothing in it was changed."""


class QueryError(TrackerError, ValueError):
    """A filter or an SQL statement that cannot be understood or is not allowed."""


class FilterSyntaxError(QueryError):
    """A filter's text that cannot be understood; `place` is where, as (start, end)."""

    def __init__(self, sentence: str, place: tuple[int, int]) -> None:
        super().__init__(sentence)
        self.place = place


class AuthenticationError(CommError):
    """W&B's error of a wrong key: programs catch it, and nothing raises it here."""


class UnsupportedError(UsageError):
    """W&B's error of what its server cannot do: programs catch it, and nothing raises it here."""


Error = TrackerError  # W&B's name
# W&B's errors are a package, of which programs use ``errors.errors`` and ``errors.term`` too.
errors = sys.modules[__name__]
__path__: list[str] = []


def __getattr__(name: str) -> Any:
    if name == "term":
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class TrialStopped(SystemExit):
    """Raised by ``log`` in a trial of a sweep that is to end now; its agent goes on.

    It passes through ``except Exception``, as training loops have it, and a program that does not
    catch it ends without a traceback.
    """


class TrackerWarning(UserWarning):
    """A problem inside the tracker that training survived."""


def warn(sentence: str) -> None:
    """Warn of a problem at the line of the user's code that led to it."""
    level, frame = 2, sys._getframe(1)  # noqa: SLF001 - the documented way to look at a caller
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(sentence, TrackerWarning, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __name__.partition(".")[0]
