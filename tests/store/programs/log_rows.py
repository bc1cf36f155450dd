"""Log rows as fast as can be until killed, and say after each that its ``log`` has returned.

Arguments: the store, the seconds between flushes, the bytes of a segment, the row before which
the run finishes (0: never). A run that is there already is resumed.
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

from tracker.run.begin import with_store
from tracker.run.recorder import Recorder
from tracker.settings import Settings
from tracker.store.journal import facts, journal
from tracker.store.store import Store

root, interval_s, segment_bytes, last = Path(sys.argv[1]), *sys.argv[2:5]
journal.SEGMENT_BYTES = int(segment_bytes)
store = Store(root)
settings = Settings(root=root, flush_interval_s=float(interval_s))
with_store(store, lambda: None)
with store.reading() as db:
    found = db.execute("SELECT last_step FROM run").fetchall()
step = found[0][0] + 1 if found else 0
begin = facts.Begin("digits", "run", 1_700_000_000_000_000, resume="resume" if found else "never")
recorder = Recorder(settings, store, begin, step)
recorder.append(facts.Metric("x", summary=["min", "max", "first"]))
while not int(last) or step < int(last):
    recorder.log({"x": step - 5, "text": f"row {step}", "half": step / 2})
    if step % 7 == 0:
        recorder.append(facts.Line(step, "stdout", 1, f"line {step}"))
    if step % 10 == 0:
        recorder.append(facts.SummaryChange({"set": step}, []))
    if step % 11 == 0:
        recorder.log_system({"cpu": float(step)}, 1.0)
    os.write(1, struct.pack("<I", step))
    step += 1
recorder.finish("finished", 0)
os.write(1, struct.pack("<I", 0xFFFFFFFF))
