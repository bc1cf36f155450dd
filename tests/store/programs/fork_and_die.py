"""Log, fork as a DataLoader does, print the child's number and be killed; the child lives on."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tracker.run.recorder import Recorder
from tracker.settings import Settings
from tracker.store.journal import facts
from tracker.store.store import Store

store = Store(Path(sys.argv[1]))
recorder = Recorder(Settings(root=store.root), store, facts.Begin("digits", "run", 1))
for step in range(50):
    recorder.log({"a": step})
recorder.flush()
for step in range(50, 100):
    recorder.log({"a": step})
child = os.fork()
if child == 0:
    os.close(1)
    signal.pause()
print(child, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
