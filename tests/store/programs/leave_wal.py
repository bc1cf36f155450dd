"""Write into a database and be killed before its WAL is merged."""

from __future__ import annotations

import os
import signal
import sys

import duckdb

db = duckdb.connect(sys.argv[1])
for _ in range(4):
    db.execute("INSERT INTO event SELECT 1, now()::TIMESTAMP, 'left', '{}' FROM range(300)")
    db.execute("UPDATE run SET last_step = last_step + 1")
os.kill(os.getpid(), signal.SIGKILL)
