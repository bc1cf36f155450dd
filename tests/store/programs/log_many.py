"""Log rows to a run of its own, as one of many processes; print the slowest ``log`` in µs."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tracker.run.recorder import Recorder
from tracker.settings import Settings
from tracker.store.journal import facts
from tracker.store.store import Store

root, number, rows, pace_s = Path(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:5])
print("ready", flush=True)
sys.stdin.readline()
store = Store(root)
store.recover()
settings = Settings(root=root, flush_interval_s=0.3)
recorder = Recorder(settings, store, facts.Begin("digits", f"run{number}", 1_700_000_000_000_000))
took = []
for step in range(int(rows)):
    before = time.perf_counter()
    recorder.log({"own": number, "shared": step, f"key{number % 4}": step * 0.5})
    took.append(time.perf_counter() - before)
    if step % 100 == 0:
        recorder.log_system({"cpu": float(step)}, 1.0)
    time.sleep(pace_s)
recorder.finish("finished", 0)
took.sort()
print(round(took[int(len(took) * 0.99)] * 1e6, 1), flush=True)
