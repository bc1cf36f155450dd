"""What artifacts ask of the floors above, which fill it in when they are imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Upstairs:
    """Functions of the floors above.

    Attributes
    ----------
    open_run : callable or None
        Gives the run of a store by project and id, for reading.
    find : callable or None
        Gives a version by its name, from the store of the current run or the default one.
    log : callable or None
        Logs an artifact by the current run, or by one begun for it in a project.
    """

    open_run: Callable[[Any, str, str], Any] | None = None
    find: Callable[[str], Any] | None = None
    log: Callable[[Any, str | None, Any], None] | None = None


UPSTAIRS = Upstairs()
