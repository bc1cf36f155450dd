"""Artifacts of many files: against copying them, W&B offline and DVC, in one run.

    python tests/benchmarks/bench_artifacts.py [GIGABYTES [FILES]]

Default 1 GB in 1,000 files; the bars are for 10 in 10,000. The peers run if they are installed
in the environment whose folder is PEERS; nobody else's caches are warm then either.

Bars: log at least 0.7 of the speed of a copy; logged again unchanged in 2 s; fetched by links
in 5 s.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

GIGABYTES = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
FILES = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
PEERS = os.environ.get("PEERS")
QUIET = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}

WANDB = """
import sys, time, wandb
begun = time.perf_counter()
run = wandb.init(project="p", mode="offline", settings={"console": "off"})
print("init", time.perf_counter() - begun, flush=True)
begun = time.perf_counter()
artifact = wandb.Artifact("set", "dataset")
artifact.add_dir(sys.argv[1])
run.log_artifact(artifact)
run.finish()
print("took", time.perf_counter() - begun, flush=True)
"""


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        root = Path(name)
        data = root / "data"
        fill(data)
        print(f"{GIGABYTES} GB in {FILES:,} files, {os.cpu_count()} processors")
        copy_s = best(lambda: copy(data, root / "copy"), lambda: shutil.rmtree(root / "copy"))
        report("plain copy (shutil.copytree)", copy_s, copy_s)
        measure_tracker(root, data, copy_s)
        if PEERS:
            measure_wandb(root, data, copy_s)
            measure_dvc(root, data, copy_s)


def fill(folder: Path) -> None:
    size = int(GIGABYTES * 1e9 / FILES)
    for number in range(FILES):
        path = folder / f"part{number % 100:02}" / f"{number:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    os.sync()
    time.sleep(2.5)  # so that the files are as old as files are


def copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    os.sync()


def best(action: Callable[[], object], undo: Callable[[], object], times: int = 2) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        took.append(time.perf_counter() - begun)
        undo()
        os.sync()
    return min(took)


def report(what: str, took_s: float, copy_s: float) -> None:
    rate = GIGABYTES * 1000 / took_s
    print(
        f"{what:<44} {took_s:8.2f} s {rate:8.0f} MB/s   {copy_s / took_s:6.2f} × copy", flush=True
    )


def measure_tracker(root: Path, data: Path, copy_s: float) -> None:
    import tracker

    store = root / "store"
    run = tracker.init(project="p", dir=store, settings=QUIET)

    def log(name: str) -> tracker.Artifact:
        artifact = tracker.Artifact(name, "dataset")
        artifact.add_dir(data)
        return run.log_artifact(artifact)

    logged = [timed(lambda: log("first"))]
    forget(store)
    logged.append(timed(lambda: log("second")))
    again = [timed(lambda: log("second")) for _ in range(3)]
    begun_s = time.process_time()
    again.append(timed(lambda: log("second")))
    again_s, worked_s = min(again), time.process_time() - begun_s
    artifact = run.use_artifact("second:latest")
    linked_s = timed(lambda: artifact.download(root / "linked", link=True))
    report("tracker: log for the first time", min(logged), copy_s)
    report("tracker: log again, nothing changed", again_s, copy_s)
    report("tracker: download by links", linked_s, copy_s)
    for what, action in (
        ("download by copies", lambda: artifact.download(root / "copied")),
        ("download, everything there", lambda: artifact.download(root / "copied")),
        ("verify", artifact.verify_kept),
    ):
        report(f"tracker: {what}", timed(action), copy_s)
    run.finish()
    print(
        f"bars: log ≥ 0.7 × copy: {copy_s / min(logged):.2f}; again ≤ 2 s: {again_s:.2f}, of "
        f"which the processor worked {worked_s:.2f} and the slowest of four took {max(again):.2f}; "
        f"links ≤ 5 s: {linked_s:.2f}"
    )
    shutil.rmtree(store)


def forget(store: Path) -> None:
    """Make the next logging the first one again."""
    inside = store / ".tracker"
    for folder in (inside / "objects").iterdir():
        shutil.rmtree(folder)
    (inside / "known_files.sqlite").unlink()
    os.sync()


def timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    os.sync()
    return time.perf_counter() - begun


def measure_wandb(root: Path, data: Path, copy_s: float) -> None:
    places = {
        "WANDB_DIR": "wandb", "WANDB_CACHE_DIR": "wandb-cache", "WANDB_DATA_DIR": "wandb-data",
        "WANDB_CONFIG_DIR": "wandb-config",
    }  # fmt: skip
    environment = {**os.environ, "WANDB_SILENT": "true"}
    environment.pop("PYTHONPATH", None)
    for name, folder in places.items():
        (root / folder).mkdir()
        environment[name] = str(root / folder)
    for what in ("W&B offline: log for the first time", "W&B offline: log again, nothing changed"):
        done = subprocess.run(
            [f"{PEERS}/bin/python", "-c", WANDB, str(data)], cwd=root, env=environment,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        os.sync()
        took = next(line for line in done.stdout.splitlines() if line.startswith("took"))
        report(what, float(took.split()[1]), copy_s)


def measure_dvc(root: Path, data: Path, copy_s: float) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(root / "site")}
    environment.pop("PYTHONPATH", None)
    project = root / "dvc"
    shutil.copytree(data, project / "data")

    def dvc(*words: str) -> None:
        subprocess.run(
            [f"{PEERS}/bin/dvc", *words], cwd=project, env=environment, check=True,
            capture_output=True,
        )  # fmt: skip

    dvc("init", "--no-scm")
    # With the start of its process, without which it cannot be used.
    report("DVC: add for the first time", timed(lambda: dvc("add", "data")), copy_s)
    report("DVC: add again, nothing changed", timed(lambda: dvc("add", "data")), copy_s)
    shutil.rmtree(project / "data")
    report("DVC: checkout", timed(lambda: dvc("checkout")), copy_s)
    dvc("config", "cache.type", "hardlink")
    shutil.rmtree(project / "data")
    report("DVC: checkout by links", timed(lambda: dvc("checkout")), copy_s)


if __name__ == "__main__":
    main()
