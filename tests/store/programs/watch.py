"""Read a store again and again, as a panel does, until there is a line on stdin."""

from __future__ import annotations

import select
import sys
from pathlib import Path

from tracker.store.store import Store

store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
seen = reads = 0
while not select.select([sys.stdin], [], [], 0.25)[0]:
    with store.reading() as db:
        (count,) = db.execute("SELECT count(*) FROM history").fetchall()[0]
    assert count >= seen, f"{count} rows after {seen}"
    seen, reads = count, reads + 1
print(reads, seen, flush=True)
