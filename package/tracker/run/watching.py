"""How a run watches models: frameworks are above the run, so the front door fills it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Watching:
    """What :meth:`tracker.Run.watch` and :meth:`tracker.Run.unwatch` do.

    Attributes
    ----------
    watch : callable
        Is given the run and the arguments of its ``watch``.
    unwatch : callable
        Is given the run, and the models or None.
    """

    watch: Callable[..., list[Any]]
    unwatch: Callable[[Any, Any], None]


WATCHING = Watching()
