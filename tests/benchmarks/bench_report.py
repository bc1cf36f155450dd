"""A report of 20 runs, 12 panels and 100 pictures: its size, and how soon it can be read.

The bars: at most 12 MB, first paint within 1.5 s from a file, no request. For comparison the
same charts as Plotly writes them, a page with each figure's data in full.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

RUNS, METRICS, STEPS, PICTURES = 20, 10, 2000, 100
SIZE_BAR_MB, PAINT_BAR_S = 12.0, 1.5
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SETTINGS = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}


def log_runs() -> None:
    import tracker

    for number in range(RUNS):
        rng = np.random.default_rng(number)
        config = {"lr": 10.0 ** -rng.uniform(1, 4), "width": int(rng.integers(8, 512))}
        with tracker.init(
            project="bench", config=config, settings=SETTINGS, reinit="finish_previous"
        ) as run:
            noise = rng.normal(0, 0.1, (STEPS, METRICS))
            for step in range(STEPS):
                row: dict[str, Any] = {
                    f"metric/{m}": 2.0 / (1 + step * config["lr"] * (m + 1)) + noise[step, m]
                    for m in range(METRICS)
                }
                if step % (STEPS * RUNS // PICTURES) == 0:
                    row["sample"] = tracker.Image(picture(rng))
                run.log(row)


def picture(rng: np.random.Generator) -> np.ndarray:
    """A picture as noisy as a photograph, 160×160."""
    coarse = rng.uniform(0, 255, (10, 10, 3)).repeat(16, 0).repeat(16, 1)
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def a_report() -> Any:
    import tracker.report as wr

    panels = [wr.LinePlot(y=[f"metric/{m}"]) for m in range(METRICS)]
    panels += [wr.RunComparer(), wr.MediaBrowser(max_runs_to_show=RUNS)]
    return wr.Report("bench", title="Benchmark", blocks=[wr.PanelGrid(panels=panels)])


def look(page_file: Path) -> tuple[float, float, list[str]]:
    """Return seconds to the first paint and to the first chart, and the requests."""
    requests: list[str] = []
    with sync_playwright() as playwright:
        path = os.environ.get("TRACKER_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda r: requests.append(r.url))
        began = time.perf_counter()
        page.goto(page_file.as_uri())
        page.locator(".plot.drawn, .js-plotly-plot").first.wait_for()
        chart_s = time.perf_counter() - began
        paints = page.evaluate("performance.getEntriesByType('paint').map(e => e.startTime)")
        browser.close()
    foreign = [each for each in requests if not each.startswith(("file:", "data:", "blob:"))]
    return max(paints, default=0.0) / 1000, chart_s, foreign


def plain_page(report: Any, path: Path) -> None:
    """Write the charts as Plotly does it."""
    import plotly.graph_objects as go
    from plotly.io import to_html

    from tracker.report.drawing import draw_all
    from tracker.report.pinning import source_of
    from tracker.report.scene import Scene

    grid = report.grids()[0]
    scene = Scene(report, grid, [source_of(report, each) for each in grid.runsets])
    figures = [drawn.figure for drawn in draw_all(scene) if drawn.figure is not None]
    parts = [
        to_html(go.Figure(f), full_html=False, include_plotlyjs=number == 0)
        for number, f in enumerate(figures)
    ]
    path.write_text("<!doctype html><meta charset=utf-8>" + "".join(parts), encoding="utf-8")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="bench-report-"))
    os.environ["TRACKER_DIR"] = str(folder / "store")
    try:
        began = time.perf_counter()
        log_runs()
        print(f"logged {RUNS} runs × {METRICS} metrics × {STEPS} steps, {PICTURES} pictures, "
              f"{time.perf_counter() - began:.1f} s")  # fmt: skip
        began = time.perf_counter()
        page = Path(a_report().to_html(folder / "report.html"))
        print(f"to_html      {time.perf_counter() - began:5.2f} s")
        began = time.perf_counter()
        a_report().to_notebook(folder / "report.ipynb")
        size = (folder / "report.ipynb").stat().st_size / 1e6
        print(f"to_notebook  {time.perf_counter() - began:5.2f} s, {size:.1f} MB")
        plain = folder / "plain.html"
        plain_page(a_report(), plain)
        for name, file in (("report", page), ("as Plotly writes it, no pictures", plain)):
            paint_s, chart_s, foreign = look(file)
            print(f"{name:34} {file.stat().st_size / 1e6:5.1f} MB, first paint {paint_s:.2f} s, "
                  f"first chart {chart_s:.2f} s, requests {len(foreign)}")  # fmt: skip
        size_mb, paint_s = page.stat().st_size / 1e6, look(page)[0]
        verdict = "held" if size_mb <= SIZE_BAR_MB and paint_s <= PAINT_BAR_S else "MISSED"
        print(f"bars of {SIZE_BAR_MB:g} MB and {PAINT_BAR_S:g} s: {verdict}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
