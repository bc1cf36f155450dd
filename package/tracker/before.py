"""``tracker.config`` and ``tracker.summary`` while there is no run, and what is put in their place.

Scripts for W&B assign to both, before ``init`` and after it: ``wandb.config = {"lr": 0.1}``.
There the values are lost. Here they go to the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.errors import UsageError, warn
from tracker.run.config_input import read_config
from tracker.run.run import Run

_set_aside: dict[str, Any] = {}


class Before:
    """Stands for ``tracker.config`` and ``tracker.summary`` before ``init``."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __bool__(self) -> bool:
        return False

    def _refuse(self, *_: Any, **__: Any) -> Any:
        name = object.__getattribute__(self, "_name")
        raise UsageError(f"You must call tracker.init() before tracker.{name}")

    __getitem__ = __setitem__ = __setattr__ = __iter__ = __len__ = __contains__ = _refuse
    __delitem__ = __delattr__ = _refuse

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return self._refuse()


def look(name: str, run: Run | None) -> Any:
    """Return the run's config or summary; before a run what was assigned, else one that refuses."""
    if run is not None:
        return getattr(run, name)
    return _set_aside[name] if name in _set_aside else Before(name)


def assign(name: str, given: Any, run: Run | None) -> None:
    """Take what a script assigns to ``tracker.config`` or ``tracker.summary``.

    With a run its values are set. Without one they wait for it, and are read as they were given.
    """
    if run is None:
        _set_aside[name] = given
        return
    current = getattr(run, name)
    if given is current:
        return
    values = _read(name, given)
    if name == "config":
        current.update(values, allow_val_change=True)
    else:
        current.update(values)


def take(name: str) -> dict[str, Any]:
    """Return the values that waited for a run; they wait no longer."""
    return _read(name, _set_aside.pop(name)) if name in _set_aside else {}


def _read(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, Before):
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    try:
        return read_config(given)
    except UsageError:
        warn(
            f"tracker.{name} was set to a {type(given).__name__}, of which nothing is kept: "
            f"expected a dict. tracker.{name}.update() adds values."
        )
        return {}
