"""The workspace of a project over a large store: how long a person waits, and what it costs.

`python bench_workspace.py [runs [metrics [steps]]]`; by default 1,000 × 20 × 10,000, which needs
4 GB of disk and two to five minutes. All times are from the message of a page to the last
answer, without the browser.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import scale_store

from tracker.panels.page.board import Board
from tracker.panels.page.client import Client
from tracker.panels.workspace.project_panel import ProjectPanel

CHARTS = 8
WIDTH = 360
LIVE_RUNS = 10
LIVE_HZ = 10
WATCH_S = 30.0
LOG_S = 2.5
PASSES = 5

LIVE = """
import sys, time, tracker
folder, count, rate, seconds, metrics = sys.argv[1], *map(float, sys.argv[2:])
quiet = {"silent": True, "system_interval_s": 0}
runs = [tracker.init(project="scale", dir=folder, settings=quiet, reinit="create_new")
        for _ in range(int(count))]
keys = [("train/" if m % 2 == 0 else "val/") + f"m{m}" for m in range(int(metrics))]
print("ready", flush=True)
began = time.monotonic()
for step in range(int(rate * seconds)):
    for run in runs:
        run.log({key: 1 / (1 + step) for key in keys})
    time.sleep(max(0, began + (step + 1) / rate - time.monotonic()))
for run in runs:
    run.finish()
"""


class Page:
    """A page that shows the first charts, and counts what it is sent."""

    def __init__(self) -> None:
        self.bytes = 0
        self.client = Client(self._receive)

    def _receive(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        self.bytes += len(json.dumps(content)) + sum(map(len, buffers))


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def board_of(panel: ProjectPanel) -> Board:
    """Return what answers the pages of a panel."""
    return panel._board  # noqa: SLF001 - a page reaches it by a comm, for which there is no kernel


def say(what: str, took_s: float, bar_s: float) -> None:
    """Print a line of the result."""
    print(f"{what:58} {took_s:7.2f} s   (bar {bar_s} s)", flush=True)


def open_panel(root: Path, charts: int) -> tuple[ProjectPanel, Page, Callable[..., None]]:
    """Open the panel of the project on a page."""
    panel, page = ProjectPanel(root, scale_store.PROJECT, live=False), Page()
    board = board_of(panel)
    board.greet("page", page.client, {"app": True, "plotly": True})
    board.hear(page.client, {"type": "rows", "from": 0, "to": 40})
    names = [chart.name for chart in board.source.charts()[:charts]]
    board.hear(page.client, {"type": "view", "visible": names, "width": WIDTH})

    def ask(**message: Any) -> None:
        board.hear(page.client, message)

    return panel, page, ask


def patch(ask: Callable[..., None], **runset: Any) -> Callable[[], None]:
    """Return what changes the run set."""
    return lambda: ask(type="workspace", patch={"runset": runset})


def interactions(root: Path) -> None:
    """Print how long a person waits for the workspace and its changes."""
    say(f"usable: table and {CHARTS} charts", seconds(lambda: open_panel(root, CHARTS)), 3)
    panel, _, ask = open_panel(root, CHARTS)
    say("filter config.lr > 0.02", seconds(patch(ask, filter="config.lr > 0.02")), 0.5)
    say("filter taken back", seconds(patch(ask, filter=None)), 0.5)
    say("order by summary.loss", seconds(patch(ask, order=[["summary.loss", "asc"]])), 0.5)
    say("group by config.lr: 7 groups, all runs", seconds(patch(ask, group_by=["config.lr"])), 0.5)
    panel.close()
    panel, page, ask = open_panel(root, 1)
    say("a panel of 100 runs", seconds(patch(ask, first=100)), 0.5)
    name = board_of(panel).source.charts()[0].name
    zoom = {"type": "zoom", "chart": name, "low": 4000, "high": 4500}
    say("zoom into 500 steps of 100 runs, every point", seconds(lambda: ask(**zoom)), 1)
    page.bytes = 0
    panel.close()


def live(folder: Path, metrics: int) -> None:
    """Print what the panel costs while ten runs log."""
    command = [sys.executable, "-c", LIVE, str(folder), *map(str, (LIVE_RUNS, LIVE_HZ))]
    program = subprocess.Popen(
        [*command, str(WATCH_S + 15), str(metrics)], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    program.stdout.readline()
    panel = ProjectPanel(folder / ".tracker", scale_store.PROJECT, live=True)
    page, board = Page(), board_of(panel)
    board.greet("page", page.client, {"app": True, "plotly": True})
    names = [chart.name for chart in board.source.charts()[:CHARTS]]
    board.hear(page.client, {"type": "rows", "from": 0, "to": 20})
    board.hear(page.client, {"type": "view", "visible": names, "width": WIDTH})
    time.sleep(5)
    page.bytes = 0
    began, used = time.monotonic(), time.process_time()
    while time.monotonic() - began < WATCH_S:
        time.sleep(1)
        page.client.heard_s = time.monotonic()
    took_s, used_s = time.monotonic() - began, time.process_time() - used
    share, rate = used_s / took_s * 100, page.bytes / took_s / 1000
    print(f"{LIVE_RUNS} runs at {LIVE_HZ} Hz: {share:.1f} % of a core (bar 5 %), "
          f"{rate:.0f} kB/s to the page (bar 200)", flush=True)  # fmt: skip
    panel.close()
    program.wait()


def logging(folder: Path) -> None:
    """Print how much slower `log` is while a panel of the project is watched."""
    import tracker

    quiet = {"silent": True, "system_interval_s": 0}
    run = tracker.init(project=scale_store.PROJECT, dir=folder, settings=quiet)
    row = {f"train/m{m}": 0.5 for m in range(0, 20, 2)}

    def pace() -> float:
        taken, began = [], time.monotonic()
        while time.monotonic() - began < LOG_S:
            taken.append(seconds(lambda: run.log(row)))
            time.sleep(0.002)
        return statistics.median(taken)

    ratios = []
    pace()
    for _ in range(PASSES):
        alone = pace()
        panel = ProjectPanel(folder / ".tracker", scale_store.PROJECT, live=True)
        page = Page()
        board_of(panel).greet("page", page.client, {"app": True, "plotly": True})
        names = [chart.name for chart in board_of(panel).source.charts()[:CHARTS]]
        board_of(panel).hear(page.client, {"type": "view", "visible": names, "width": WIDTH})
        stop = run.subscribe(panel.on_flush)
        ratios.append(pace() / alone)
        stop()
        panel.close()
    run.finish()
    print(f"log with an open panel / without: median ×{statistics.median(ratios):.2f} of "
          f"{', '.join(f'{ratio:.2f}' for ratio in ratios)} (bar 1.10)")  # fmt: skip


def main() -> None:
    """Make the store, measure, and delete it."""
    given = [int(argument) for argument in sys.argv[1:]]
    runs, metrics, steps = (*given, *(1000, 20, 10_000)[len(given) :])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scale_store.make(folder / ".tracker", runs, metrics, steps)
        interactions(folder / ".tracker")
        live(folder, metrics)
        logging(folder)


if __name__ == "__main__":
    main()
