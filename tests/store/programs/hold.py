"""Hold a database open, as another program may, until there is a line on stdin."""

from __future__ import annotations

import sys

import duckdb

with duckdb.connect(sys.argv[1], read_only=len(sys.argv) > 2):
    print("held", flush=True)
    sys.stdin.readline()
