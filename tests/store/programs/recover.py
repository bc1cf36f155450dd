"""Recover a store, as a process that starts does."""

from __future__ import annotations

import sys
from pathlib import Path

from tracker.store.store import Store

Store(Path(sys.argv[1])).recover()
