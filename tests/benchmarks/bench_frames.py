"""How smooth a page is while ten runs log, in a real JupyterLab in a real browser.

    python tests/benchmarks/bench_frames.py [--seconds 10]

Ten runs log twenty metrics each at 10 Hz; a workspace of them is on the screen, twenty curves of
ten lines. Counted are the frames that the page draws at rest, while the pointer moves over a
curve (whose crosshair all curves share), and while it scrolls; and how much of that time its
main thread was at work, by the thread's own clock, which other programs do not slow down.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab.conftest import Notebook, open_page, running_browser, running_lab

METRICS = 20
LIVE = """
import random, sys, time, tracker
quiet = {"silent": True, "panel": False, "system_interval_s": 0}
runs = [tracker.init(project="live", settings=quiet, reinit="create_new", config={"lr": number})
        for number in range(10)]
keys = [("train/" if m % 2 == 0 else "val/") + f"m{m}" for m in range(int(sys.argv[1]))]
level = 1.0
def log():
    for run in runs:
        run.log({key: level + random.random() / 10 for key in keys})
for _ in range(600):
    level *= 0.995
    log()
print("ready", flush=True)
began, count = time.monotonic(), 0
while True:
    log()
    count += 1
    time.sleep(max(0, began + count / 10 - time.monotonic()))
"""
COUNT = """() => {
    globalThis.gaps = [];
    let last = performance.now();
    const tick = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
}"""
DRAWN = f"() => document.querySelectorAll('.tkp-card .js-plotly-plot').length >= {METRICS}"


class Meter:
    """Counts frames and the main thread's time while somebody does something."""

    def __init__(self, notebook: Notebook, seconds: float) -> None:
        self.page = notebook.page
        self.seconds = seconds
        self.page.evaluate(COUNT)
        self._cdp = self.page.context.new_cdp_session(self.page)
        self._cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    def _busy_s(self) -> float:
        found: list[dict[str, Any]] = self._cdp.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in found if each["name"] == "TaskDuration")

    def measure(self, what: str, act: Callable[[int], object]) -> None:
        """Print what happened while `act` was done again and again."""
        self.page.evaluate("() => { gaps = []; }")
        busy_s, began, count = self._busy_s(), time.monotonic(), 0
        while time.monotonic() - began < self.seconds:
            act(count)
            count += 1
        took_s, busy_s = time.monotonic() - began, self._busy_s() - busy_s
        gaps: list[float] = sorted(self.page.evaluate("() => gaps"))
        print(
            f"{what:8} {len(gaps) / took_s:5.1f} frames/s (bar 30), 95 % within "
            f"{gaps[int(0.95 * len(gaps))]:.0f} ms; main thread busy "
            f"{busy_s / took_s:4.0%} (bar 50 %), {count / took_s:.0f} times a second",
            flush=True,
        )


def watch(notebook: Notebook, seconds: float) -> None:
    """Open the workspace, and print the figures."""
    page = notebook.page
    page.set_viewport_size({"width": 1700, "height": 1800})
    page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.open(notebook.write("live.ipynb", ["import tracker", "tracker.show('live')"]))
    notebook.run_cell(0)
    notebook.run_cell(1)
    # Without a scroll bar of its own, so that all curves can be on the screen.
    page.locator(".tkp").evaluate("panel => panel.classList.add('tkp-tall')")
    train = page.locator('.tkp-section[data-section="train"]')
    train.evaluate("section => section.scrollIntoView()")
    page.wait_for_function(DRAWN)
    meter = Meter(notebook, seconds)
    meter.measure("at rest", lambda _: page.wait_for_timeout(50))
    stage = page.locator('[data-section="val"] .tkp-stage').first.bounding_box()
    assert stage is not None

    def hover(count: int) -> None:
        page.mouse.move(stage["x"] + 20 + 5 * count % (stage["width"] - 40), stage["y"] + 60)
        page.wait_for_timeout(16)

    def scroll(count: int) -> None:
        page.mouse.wheel(0, 120 if count % 16 < 8 else -120)
        page.wait_for_timeout(16)

    meter.measure("pointing", hover)
    meter.measure("scroll", scroll)


def main() -> None:
    """Start all, measure, and end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        running_lab(Path(place)) as lab,
        running_browser() as browser,
        open_page(lab, browser) as notebook,
        subprocess.Popen(
            [sys.executable, "-c", LIVE, str(METRICS)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TRACKER_DIR": str(lab.store)},
        ) as program,
    ):
        try:
            assert program.stdout is not None
            program.stdout.readline()
            watch(notebook, arguments.seconds)
        finally:
            program.kill()


if __name__ == "__main__":
    main()
