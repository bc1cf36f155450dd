"""One call of ``log`` with ten keys: tracker, Trackio and W&B offline in one run."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

CALLS = 20_000
PEER_CALLS = 5_000


def rows(count: int) -> list[dict[str, float]]:
    """Return rows of ten random metrics."""
    return [{f"train/metric_{k}": random.random() for k in range(10)} for _ in range(count)]


def timed(log: object, count: int) -> list[float]:
    """Return the seconds of each call, after a warm-up."""
    data = rows(1000)
    for row in data[:200]:
        log(row)
    taken = []
    for number in range(count):
        row = data[number % 1000]
        begun = time.perf_counter()
        log(row)
        taken.append(time.perf_counter() - begun)
    return taken


def measure_tracker(folder: str) -> list[float]:
    import tracker

    run = tracker.init(project="bench", dir=folder, settings={"silent": True})
    taken = timed(run.log, CALLS)
    run.finish()
    return taken


def measure_trackio(folder: str) -> list[float]:
    os.environ["TRACKIO_DIR"] = folder
    import trackio

    trackio.init(project="bench")
    taken = timed(trackio.log, PEER_CALLS)
    trackio.finish()
    return taken


def measure_wandb(folder: str) -> list[float]:
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=folder)
    import wandb

    run = wandb.init(project="bench", dir=folder)
    taken = timed(run.log, PEER_CALLS)
    run.finish()
    return taken


MEASURES = {"tracker": measure_tracker, "trackio": measure_trackio, "wandb": measure_wandb}


def child(name: str) -> None:
    """Measure one tracker in this process and print the figures as JSON."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        taken = sorted(MEASURES[name](folder))
    print(json.dumps([statistics.median(taken) * 1e6, taken[int(len(taken) * 0.99)] * 1e6]))


def main() -> None:
    """Print a line a tracker, and the ratios to ours."""
    figures: dict[str, list[float]] = {}
    for name in MEASURES:
        if importlib.util.find_spec(name) is None:
            print(f"{name:8} is not installed here")
            continue
        passes = []
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, __file__, name], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(f"{name:8} failed: {done.stderr.strip().splitlines()[-1]}")
                break
            passes.append(json.loads(done.stdout.strip().splitlines()[-1]))
        if passes:
            figures[name] = [statistics.median(column) for column in zip(*passes, strict=True)]
            median, p99 = figures[name]
            print(f"{name:8} median {median:8.1f} µs   p99 {p99:8.1f} µs")
    for name in set(figures) - {"tracker"}:
        ratios = [
            theirs / ours for theirs, ours in zip(figures[name], figures["tracker"], strict=True)
        ]
        print(f"{name} / tracker: median ×{ratios[0]:.1f}, p99 ×{ratios[1]:.1f}")


if __name__ == "__main__":
    child(sys.argv[1]) if len(sys.argv) > 1 else main()
