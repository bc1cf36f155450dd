"""The way from a run to the frameworks' leaves, which nothing imports before it is needed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def leaf(name: str) -> Any:
    """Return the module of :mod:`tracker.integrations` for a framework."""
    return import_module(f"tracker.integrations.{name}")


def watch(*arguments: Any) -> list[Any]:
    """Watch models of PyTorch by a run; see :meth:`tracker.Run.watch`."""
    graphs: list[Any] = leaf("torch").watch(*arguments)
    return graphs


def unwatch(run: Any, models: Any) -> None:
    """Watch them no longer; see :meth:`tracker.Run.unwatch`."""
    # Where PyTorch is not loaded nothing is watched.
    if "torch" in sys.modules:
        leaf("torch").unwatch(run, models)
