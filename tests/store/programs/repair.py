"""Open a store as a process that starts does: mend it where it is damaged."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from tracker.errors import StoreDamagedError, TrackerWarning
from tracker.store import recovery
from tracker.store.store import Store

store = Store(Path(sys.argv[1]))
warnings.simplefilter("ignore", TrackerWarning)
try:
    with store.reading():
        pass
except StoreDamagedError as error:
    recovery.repair(store, error)
with store.reading():
    pass
