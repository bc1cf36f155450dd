"""The notebook door: ``%load_ext tracker`` brings %tracker, %%tracker, %%tracker_sweep …."""

from __future__ import annotations

from typing import Any

from tracker.magics.cell import SHELL_ATTRIBUTE
from tracker.magics.door import Door


def load(shell: Any) -> None:
    """Make the magics available in a shell; without effect where they are already."""
    if getattr(shell, SHELL_ATTRIBUTE, None) is None:
        door = Door(shell)
        door.open()
        setattr(shell, SHELL_ATTRIBUTE, door)


def unload(shell: Any) -> None:
    """Take the magics away again, and the panels that they showed. Runs go on."""
    door = getattr(shell, SHELL_ATTRIBUTE, None)
    if door is not None:
        delattr(shell, SHELL_ATTRIBUTE)
        door.close()
