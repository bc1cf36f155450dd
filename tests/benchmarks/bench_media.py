"""What logging 1,000 images costs the training, against W&B offline in the same run.

    python tests/benchmarks/bench_media.py --wandb-python /path/to/venv/bin/python

W&B is run by the Python of another environment, in which ``pip install wandb numpy pillow`` was
done; without one only ours is measured. Images are smooth with a little noise, as photos are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

# Runs in either environment; `library` has W&B's calls.
PROGRAM = """
import json, os, sys, time, tempfile
from pathlib import Path
import numpy as np
from PIL import Image as Pil
name, count, repeats, place = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=place, TRACKER_DIR=place)
os.environ.update(TRACKER_SILENT="true")
library = __import__(name)
random = np.random.default_rng(0)
coarse = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
smooth = np.asarray(Pil.fromarray(coarse).resize((256, 256), Pil.Resampling.BICUBIC)).astype(int)
def picture(number):
    noise = random.integers(-4, 5, smooth.shape)
    return np.clip(np.roll(smooth, number, 0) + noise, 0, 255).astype(np.uint8)
pictures = [picture(number) for number in range(count // repeats)] * repeats
run = library.init(project="bench")
taken = []
for array in pictures:
    began = time.perf_counter()
    run.log({"image": library.Image(array)})
    taken.append(time.perf_counter() - began)
began = time.perf_counter()
run.finish()
files = {p for kind in ("png", "") for p in Path(place).rglob(f"*{'.' + kind if kind else ''}")
         if p.is_file() and ("objects" in p.parts or p.suffix == ".png")}
print(json.dumps({"total_s": sum(taken), "median_ms": sorted(taken)[len(taken) // 2] * 1e3,
    "finish_s": time.perf_counter() - began, "files": len(files),
    "bytes": sum(p.stat().st_size for p in files)}))
"""


def measure(python: str, library: str, count: int, repeats: int) -> dict[str, float]:
    """Return what `count` images cost, each array logged `repeats` times."""
    with tempfile.TemporaryDirectory() as place:
        command = [python, "-c", PROGRAM, library, str(count), str(repeats), place]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wandb-python", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    for repeats in (1, 10):
        ours = measure(sys.executable, "tracker", arguments.count, repeats)
        print(f"{arguments.count} images, each {repeats} times\n  tracker {_words(ours)}")
        if arguments.wandb_python is not None:
            theirs = measure(str(arguments.wandb_python), "wandb", arguments.count, repeats)
            ratio = theirs["total_s"] / ours["total_s"]
            print(f"  wandb   {_words(theirs)}\n  in the caller's thread {ratio:.1f} times as fast")


def _words(found: dict[str, float]) -> str:
    return (
        f"{found['total_s']:.2f} s in log (median {found['median_ms']:.2f} ms), "
        f"{found['finish_s']:.1f} s to finish, {found['files']:.0f} files, "
        f"{found['bytes'] / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
