"""One million points in a tight loop, until they can be read."""

from __future__ import annotations

import random
import resource
import tempfile
import time
from pathlib import Path

import tracker

ROWS = 100_000


def main() -> None:
    """Print points a second, memory and bytes a point."""
    data = [{f"train/metric_{k}": random.random() for k in range(10)} for _ in range(ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        run = tracker.init(project="bench", dir=folder, settings={"silent": True})
        run.log(data[0])
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        for row in data:
            run.log(row)
        logged_s = time.perf_counter() - begun
        run.finish()
        whole_s = time.perf_counter() - begun
        count = tracker.sql("SELECT count(*) FROM history", dir=folder).iloc[0, 0]
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        sizes = {
            path.suffix: path.stat().st_size
            for path in Path(folder).rglob("*")
            if path.suffix in (".duckdb", ".zst")
        }
    print(f"{count:,} points: logged in {logged_s:.2f} s, readable after {whole_s:.2f} s, "
          f"{count / whole_s:,.0f} points/s")  # fmt: skip
    print(f"memory grew by {grown_kb / 1024:.0f} MB")
    database, kept = (sizes.get(suffix, 0) / count for suffix in (".duckdb", ".zst"))
    print(f"database {database:.1f} bytes a point, kept journal {kept:.1f} (random doubles)")


if __name__ == "__main__":
    main()
