"""Fork again and again while a run is flushed; each child logs a run of its own and reads.

One more child sleeps on, as a DataLoader's worker does, with copies of everything that the
parent had open. Prints the number of that child.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

from tracker.run.recorder import Recorder
from tracker.settings import Settings
from tracker.store.journal import facts
from tracker.store.store import Store

warnings.simplefilter("ignore")
root, forks = Path(sys.argv[1]), int(sys.argv[2])
store = Store(root)


def begin(run_id: str, interval_s: float) -> Recorder:
    settings = Settings(root=root, flush_interval_s=interval_s)
    return Recorder(settings, store, facts.Begin("digits", run_id, 1))


def be_child(number: int) -> None:
    signal.alarm(60)
    mine.log({"a": -1})  # goes nowhere
    mine.summary()
    mine.flush()
    mine.finish("finished", 0)
    with store.reading() as db:
        db.execute("SELECT count(*) FROM history").fetchall()
    own = begin(f"child{number}", 0.01)
    for step in range(20):
        own.log({"a": step})
    own.finish("finished", 0)


mine = begin("parent", 0.001)
chance = random.Random(forks)
sleeper = failed = 0
for number in range(forks):
    for step in range(50):
        mine.log({"a": step + number * 50})
    time.sleep(chance.uniform(0, 0.03))  # a flush takes about as long, and soon follows another
    child = os.fork()
    if child == 0:
        try:
            be_child(number)
        except BaseException:  # noqa: BLE001
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    failed += os.waitpid(child, 0)[1] != 0
    if number == forks // 2:
        sleeper = os.fork()
        if sleeper == 0:
            os.close(1)
            signal.pause()
            os._exit(0)
mine.finish("finished", 0)
print(sleeper, failed, flush=True)
