"""Say that all is loaded, then rebuild a store."""

from __future__ import annotations

import sys
from pathlib import Path

from tracker.store import rebuild
from tracker.store.store import Store

print("ready", flush=True)
rebuild.rebuild(Store(Path(sys.argv[1])))
