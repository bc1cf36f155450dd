"""How long ``import tracker`` and ``init`` take."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time


def main() -> None:
    """Print the figures in milliseconds."""
    for program, label in (("import tracker", "import tracker"), ("pass", "python alone")):
        taken = []
        for _ in range(7):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            taken.append(time.perf_counter() - begun)
        print(f"{label:16} {statistics.median(taken) * 1e3:7.1f} ms")
    import tracker

    with tempfile.TemporaryDirectory() as folder:
        for number in range(6):
            begun = time.perf_counter()
            run = tracker.init(project="bench", dir=folder, settings={"silent": True})
            taken_s = time.perf_counter() - begun
            run.log({"loss": 1.0})
            begun = time.perf_counter()
            run.finish()
            finished_s = time.perf_counter() - begun
            print(f"init {number + 1}: {taken_s * 1e3:7.1f} ms, finish {finished_s * 1e3:7.1f} ms")


if __name__ == "__main__":
    main()
