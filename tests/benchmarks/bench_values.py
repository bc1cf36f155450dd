"""What making and keeping tables, audio, point clouds and histograms costs the caller's thread.

Each figure is a multiple of plain work on the same data in the same run, so that it says the same
on a slow machine. W&B's table takes some 30 times its JSON to make, and 60 to make and log.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tracker.media.audio import Audio
from tracker.media.histogram import Histogram
from tracker.media.object3d import Object3D
from tracker.media.table import Table
from tracker.store.files.objects import Objects


def best_s(work: Callable[[], object], times: int = 7) -> float:
    """Return the shortest CPU time: what else the machine does only ever adds to it."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def compare(name: str, work: Callable[[], object], plain_s: float, bar: float) -> None:
    """Print how many times as long as the plain work it takes."""
    print(f"{name:44} {best_s(work) / plain_s:6.1f} times   (bar {bar:g})")


def save(array: NDArray[np.float64]) -> bytes:
    """Return NumPy's file of a copy, which is the least that keeping an array takes."""
    sink = io.BytesIO()
    np.save(sink, array.copy())
    return sink.getvalue()


def add_rows(count: int) -> None:
    """Fill a table row by row."""
    table = Table(columns=["a", "b"])
    for number in range(count):
        table.add_data(number, "x")


def main() -> None:
    """Print the ratios."""
    rows = [[number, number / 3, str(number)] for number in range(10_000)]
    json_s = best_s(lambda: json.dumps(rows))
    compare("a table of 10,000 rows, to its JSON",
            lambda: Table(columns=["a", "b", "c"], data=rows), json_s, 8)  # fmt: skip
    table = Table(columns=["a", "b", "c"], data=rows)
    with tempfile.TemporaryDirectory() as folder:
        objects = Objects(Path(folder) / "objects")
        compare("keeping it, to its JSON",
                lambda: table.to_reference(objects.put_bytes), json_s, 12)  # fmt: skip
    compare("adding 20,000 rows one by one, to 5,000",
            lambda: add_rows(20_000), best_s(lambda: add_rows(5_000)), 6)  # fmt: skip
    samples = np.random.default_rng(0).uniform(-1, 1, 1_000_000)
    compare("audio of a million samples, to NumPy's file",
            lambda: Audio(samples, 44_100), best_s(lambda: save(samples)), 2)  # fmt: skip
    points = samples[:900_000].reshape(-1, 3)
    compare("300,000 points in space, to NumPy's file",
            lambda: Object3D(points), best_s(lambda: save(points)), 2)  # fmt: skip
    values = np.random.default_rng(0).normal(size=200_000)
    numpy_s = best_s(lambda: np.histogram(values, bins=64))
    compare("a histogram of 200,000 values, to NumPy's", lambda: Histogram(values), numpy_s, 4)


if __name__ == "__main__":
    main()
