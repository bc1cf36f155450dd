"""The way from a run to the frameworks' leaves, which nothing imports before it is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tracker.errors import warn


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


def connect(run: Any, *, tensorboard: bool, gym: bool) -> None:
    """Let a run log what is written for TensorBoard, or the videos of environments, by itself."""
    wanted: dict[str, Callable[[], None]] = {}
    if tensorboard:
        wanted["sync_tensorboard"] = lambda: leaf("tensorboard").sync(run)
    if gym:
        wanted["monitor_gym"] = lambda: leaf("gym").monitor(run)
    for name, follow in wanted.items():
        try:
            follow()
        except Exception as error:  # noqa: BLE001 - the run is worth more than what feeds it
            warn(f"{name} has no effect in run {run.id}: {error}")
