"""The terminal door: the program ``tracker``. A command loads what it needs when it runs."""

from __future__ import annotations

from tracker.cli.door import main

__all__ = ["main"]
