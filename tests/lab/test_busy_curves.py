"""Curves of a workspace in JupyterLab while a cell is busy: they grow, and a zoom is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .boarded import record

if TYPE_CHECKING:
    from .conftest import Notebook

pytestmark = pytest.mark.lab
PROJECT = "busy-curves"
SHOW = f"import tracker\ntracker.show({PROJECT!r})"
TRAIN = f"""
import time
quiet = {{"panel": False, "silent": True, "system_interval_s": 0}}
run = tracker.init({PROJECT!r}, "live", settings=quiet)
for step in range(100_000):
    run.log({{"train/loss": 1 + step % 7}})
    time.sleep(0.05)
"""
# The plots of the page, each with the x of its longest lines first.
LINES = """(node) => (node.data ?? []).filter((trace) => trace.mode === 'lines')
    .map((trace) => trace.x.length).sort((one, other) => other - one)"""
# Resolves to the milliseconds from a press of + to all points of the stretch.
ANSWERED = """(plot) => new Promise((resolve) => {
    let began = 0;
    document.addEventListener('keydown', (event) => {
        if (event.key === '+') began = performance.now();
    }, true);
    const look = () => {
        const [low, high] = plot._fullLayout.xaxis.range;
        const wanted = Math.floor(high) - Math.ceil(low) + 1;
        const found = plot.data.some(({ x, mode }) => mode === 'lines'
            && x.filter((step) => step >= low && step <= high).length === wanted);
        if (began && wanted < 200 && found) resolve(performance.now() - began);
        else requestAnimationFrame(look);
    };
    look();
})"""
STATE = "panel => panel.content.widgets[1].model.executionState"


def test_curves_grow_and_a_zoom_brings_every_point_during_a_busy_cell(notebook: Notebook) -> None:
    record(notebook.lab.store, "ended", {}, *(step % 11 for step in range(4000)), project=PROJECT)
    notebook.open(notebook.write("busy_curves.ipynb", [SHOW, TRAIN]))
    notebook.run_cell(0)
    page = notebook.page
    plot = page.locator('[data-panel="metric/train/loss"] .tkp-plot')
    expect(plot.locator(".trace").first).to_be_visible(timeout=60_000)
    notebook.start_cell(1)
    lengths = f"([node, least]) => {{ const all = ({LINES})(node); return all[1] >= least; }}"
    for least in (5, 25):
        page.wait_for_function(lengths, arg=[plot.element_handle(), least], timeout=60_000)
    assert notebook.evaluate(STATE) == "running"
    answer = page.evaluate_handle(
        f"plot => ({{ answer: ({ANSWERED})(plot) }})", plot.element_handle()
    )
    stage = page.locator('[data-panel="metric/train/loss"] .tkp-stage')
    stage.focus()
    for _ in range(6):
        stage.press("+")
    took_ms = answer.evaluate("({ answer }) => answer")
    assert notebook.evaluate(STATE) == "running"
    notebook.screenshot("workspace-zoomed-busy")
    notebook.evaluate("panel => panel.sessionContext.session.kernel.interrupt()")
    print(f"the zoom was answered in {took_ms:.0f} ms")
    assert took_ms < 15_000, took_ms
