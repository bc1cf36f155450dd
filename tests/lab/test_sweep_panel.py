"""The panel of a sweep while its agents run, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Notebook

pytestmark = pytest.mark.lab

PATIENCE_MS = 60_000
SETUP = """\
import time, tracker
def train():
    run = tracker.init(settings={"console": False, "save_code": False, "system_interval_s": 0,
                                 "flush_interval_s": 0.3})
    for epoch in range(12):
        run.log({"loss": (run.config.x - 0.4) ** 2 + (1 + run.config.width) / (epoch + 1) / 20})
        time.sleep(0.03)
sweep = tracker.sweep({
    "method": "random", "name": "search for x", "run_cap": 30, "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "width": {"values": [1, 2, 4]}},
    "early_terminate": {"type": "hyperband", "min_iter": 3},
}, project="sweeps", seed=1)
"""


def test_a_sweep_is_paused_resumed_and_stopped_while_its_agents_run(notebook: Notebook) -> None:
    path = notebook.write("sweep.ipynb", [SETUP, "sweep.run(train, parallel=2)", "sweep.state"])
    notebook.open(path)
    notebook.run_cell(0)
    notebook.start_cell(1)
    panel = notebook.output(1).locator(".tkp")
    expect(panel.locator(".tkp-name")).to_have_text("search for x", timeout=PATIENCE_MS)
    expect(panel.locator(".tkp-sweep-bar span[data-state=finished]")).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(panel.locator(".tkp-card .js-plotly-plot").first).to_be_visible(timeout=PATIENCE_MS)
    panel.get_by_role("button", name="Pause").click()
    expect(panel.locator(".tkp-state")).to_have_text("random, paused", timeout=PATIENCE_MS)
    expect(panel.locator(".tkp-sweep-count[data-state=running]")).to_have_count(
        0, timeout=PATIENCE_MS
    )
    notebook.screenshot("sweep_paused")
    panel.get_by_role("button", name="Resume").click()
    expect(panel.locator(".tkp-state")).to_have_text("random, running", timeout=PATIENCE_MS)
    panel.locator(".tkp-sweep-box summary").click()
    panel.get_by_role("button", name="loss").click()
    first = panel.locator(".tkp-sweep-trials tbody tr").first
    expect(first).to_have_class("tkp-sweep-first", timeout=PATIENCE_MS)
    panel.locator(".tkp-sweep-steer").get_by_role("button", name="Stop").click()
    notebook.wait_cell(1, 120)
    expect(panel.locator(".tkp-state")).to_have_text("random, stopped", timeout=PATIENCE_MS)
    notebook.screenshot("sweep_stopped")
    notebook.run_cell(2)
    expect(notebook.output(2)).to_contain_text("stopped", timeout=PATIENCE_MS)
    saved = notebook.outputs(1)
    assert any("search for x" in str(output) for output in saved)
