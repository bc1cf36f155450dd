"""Hold a lock until killed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tracker.store.files import lock

with lock.locked(Path(sys.argv[1])):
    print("locked", flush=True)
    signal.pause()
