"""What a sweep costs besides its trainings: claims, ends, and whole trials that do nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import tracker
from tracker.store.store import open_store
from tracker.sweep.controller import Controller
from tracker.sweep.creation import create

TRIALS = 3000
AT_ONCE = 4
EMPTY = 20
SETTINGS = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}
SPACE: dict[str, Any] = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "width": {"values": [16, 32, 64, 128]},
    "seed": {"min": 0, "max": 9999},
}
GRID = {"width": {"values": [16, 32, 64, 128]}, "seed": {"min": 0, "max": 9999}}


def claim_all(controller: Controller, count: int) -> list[float]:
    """Claim and end trials; return the seconds that each took."""
    agent = f"agent{os.getpid()}"
    presence = controller.ledger.attend(agent)
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        trial = controller.claim(agent, agent).trial
        assert trial is not None
        controller.set_value(trial.number, trial.attempt, 1.0)
        controller.end(trial.number, trial.attempt, "finished")
        taken.append(time.perf_counter() - begun)
    controller.ledger.leave(agent, presence)
    return taken


def measure_claims(folder: Path) -> None:
    """Print what a trial costs its controller, the first and the last ones of thousands."""
    store = open_store(folder)
    for method, space in (("random", SPACE), ("grid", GRID)):
        config = {"method": method, "metric": {"name": "loss"}, "parameters": space}
        taken = claim_all(create(store, config, "bench"), TRIALS)
        first, last = (statistics.median(part) * 1e3 for part in (taken[:300], taken[-300:]))
        print(f"{method:8} claim and end: {first:.2f} ms at first, {last:.2f} ms after {TRIALS:,}")


def measure_many(folder: Path) -> None:
    """Print how many trials a second several processes get from one sweep."""
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": SPACE}
    controller = create(open_store(folder), config, "bench")
    words = [sys.executable, __file__, str(folder), controller.sweep_id, str(TRIALS // AT_ONCE)]
    begun = time.perf_counter()
    processes = [subprocess.Popen(words) for _ in range(AT_ONCE)]
    assert all(process.wait() == 0 for process in processes)
    rate = TRIALS / (time.perf_counter() - begun)
    assert len(controller.ledger.read().trials) == TRIALS
    print(f"{AT_ONCE} processes: {rate:,.0f} trials a second, their start included")


def measure_trials() -> None:
    """Print a trial of one row, beside a run of one row without a sweep."""
    config = {"method": "random", "metric": {"name": "loss"}, "parameters": SPACE}

    def train() -> None:
        tracker.init(settings=SETTINGS).log({"loss": 1.0})

    os.environ["TRACKER_SILENT"] = "1"
    sweep = tracker.sweep(config, project="bench")
    sweep.run(train, count=2)
    begun = time.perf_counter()
    sweep.run(train, count=EMPTY)
    in_sweep = (time.perf_counter() - begun) / EMPTY
    begun = time.perf_counter()
    for _ in range(EMPTY):
        run = tracker.init(project="plain", settings=SETTINGS)
        run.log({"loss": 1.0})
        run.finish()
    alone = (time.perf_counter() - begun) / EMPTY
    print(f"a trial of one row: {in_sweep * 1e3:.0f} ms; a run of one row: {alone * 1e3:.0f} ms")


def main() -> None:
    """Measure in a store of its own."""
    if len(sys.argv) > 1:
        folder, sweep_id, count = sys.argv[1:]
        claim_all(Controller(open_store(folder), sweep_id), int(count))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / ".tracker"
        os.environ["TRACKER_DIR"] = str(folder)
        measure_claims(folder)
        measure_many(folder)
        measure_trials()


if __name__ == "__main__":
    main()
