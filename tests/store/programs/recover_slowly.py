"""Say that all is loaded, then recover a store; with a second argument, log a first run."""

from __future__ import annotations

import sys
from pathlib import Path

from tracker.run.recorder import Recorder
from tracker.settings import Settings
from tracker.store.journal import facts
from tracker.store.store import Store

store = Store(Path(sys.argv[1]))
print("ready", flush=True)
if len(sys.argv) > 2:
    recorder = Recorder(Settings(root=store.root), store, facts.Begin("digits", "run", 1))
    recorder.log({"a": 1})
    recorder.finish("finished", 0)
else:
    store.recover()
