"""The workspace of a project in JupyterLab: during a busy cell, in two notebooks, saved."""

from __future__ import annotations

import json
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .boarded import record

if TYPE_CHECKING:
    from .conftest import Notebook

pytestmark = pytest.mark.lab
BUSY = "import time\nfor _ in range(6000):\n    time.sleep(0.1)"
STATE = "panel => panel.content.widgets[1].model.executionState"
RUNS = ".tkp-space .tkp-run-name"


def show(notebook: Notebook, name: str, project: str, *cells: str) -> None:
    """Open a new notebook whose first cell shows a project with three runs."""
    first = f"import tracker\ntracker.show({project!r})"
    notebook.open(notebook.write(name, [first, *cells]))
    notebook.run_cell(0)
    expect(notebook.page.locator(RUNS)).to_have_count(3, timeout=60_000)


@pytest.fixture
def project(notebook: Notebook, request: pytest.FixtureRequest) -> str:
    """A project of this test's own with three finished runs."""
    # Another try finds no runs of the one before.
    name = f"{request.node.name[5:30]}-{token_hex(2)}"
    for run, rate in (("alpha", 0.1), ("beta", 0.01), ("gamma", 0.1)):
        record(notebook.lab.store, run, {"lr": rate}, 1.0, rate, project=name)
    return name


def test_a_filter_and_an_eye_are_answered_during_a_busy_cell(
    notebook: Notebook, project: str
) -> None:
    show(notebook, "busy.ipynb", project, BUSY)
    page = notebook.page
    expect(page.locator(".tkp-plot .trace").first).to_be_visible(timeout=60_000)
    notebook.start_cell(1)
    # From the key that is pressed to the row that goes, in the page's own time.
    page.evaluate(
        """() => {
            const table = document.querySelector('.tkp-space');
            const field = document.querySelector('.tkp-filter-text');
            globalThis.answered = new Promise((resolve) => {
                field.addEventListener('keydown', (event) => {
                    if (event.key !== 'Enter') return;
                    const began = performance.now();
                    new MutationObserver((_, observer) => {
                        if (table.querySelectorAll('.tkp-run-name').length !== 1) return;
                        observer.disconnect();
                        resolve(performance.now() - began);
                    }).observe(table, { childList: true, subtree: true });
                });
            });
        }"""
    )
    page.evaluate(
        """() => { const field = document.querySelector('.tkp-filter-text');
            field.focus(); field.value = 'config.lr < 0.05'; }"""
    )
    page.keyboard.press("Enter")
    took_ms = page.evaluate("() => answered")
    expect(page.locator(RUNS)).to_have_text(["beta"])
    assert notebook.evaluate(STATE) == "running"
    page.locator("[data-press=eye]").click()
    expect(page.locator(".tkp-space .tkp-unseen")).to_have_count(1, timeout=30_000)
    assert notebook.evaluate(STATE) == "running"
    notebook.screenshot("workspace-busy")
    notebook.evaluate("panel => panel.sessionContext.session.kernel.interrupt()")
    print(f"the filter was answered in {took_ms:.0f} ms")
    assert took_ms < 10_000, took_ms


def test_a_workspace_opens_the_same_in_another_notebook(notebook: Notebook, project: str) -> None:
    show(notebook, "first.ipynb", project)
    page = notebook.page
    page.get_by_role("button", name="Group runs by columns").click()
    page.get_by_role("checkbox", name="lr", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator(".tkp-row[aria-expanded] .tkp-run-name")).to_have_count(2)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_hidden(timeout=30_000)
    notebook.open(notebook.write("second.ipynb", [f"import tracker\ntracker.show({project!r})"]))
    notebook.run_cell(0)
    second = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    groups = second.locator(".tkp-row[aria-expanded] .tkp-run-name")
    expect(groups).to_have_count(2, timeout=60_000)
    expect(second.get_by_role("button", name="Group runs by columns")).to_contain_text("lr")


def test_a_saved_notebook_shows_the_last_state_without_a_kernel(
    notebook: Notebook, project: str
) -> None:
    show(notebook, "kept.ipynb", project)
    page = notebook.page
    page.get_by_label("Search runs").fill("alpha")
    expect(page.locator(RUNS)).to_have_count(1, timeout=30_000)
    notebook.page.wait_for_function(
        """() => { const output = jupyterapp.shell.currentWidget.content.widgets[0]
            .model.outputs.toJSON()[0]; const html = output.data['text/html'];
            return (Array.isArray(html) ? html.join('') : html).includes('1 of 3 runs'); }""",
        timeout=60_000,
    )
    notebook.save()
    (output,) = notebook.read("kept.ipynb").cells[0].outputs
    assert len(output.data["text/html"]) < 100_000
    assert len(json.dumps(notebook.read("kept.ipynb"))) < 130_000
    expect(page.locator(".tkp")).to_have_count(1)
    notebook.shutdown_kernel()
    notebook.reload()
    picture = page.locator(".trk")
    expect(picture).to_be_visible(timeout=60_000)
    expect(picture).to_contain_text("1 of 3 runs")
    expect(picture).to_contain_text("alpha")
    expect(picture.locator("polyline").first).to_be_visible()
    notebook.screenshot("workspace-saved")


def test_the_workspace_takes_the_dark_theme(notebook: Notebook, project: str) -> None:
    theme = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
    show(notebook, "dark.ipynb", project)
    page = notebook.page
    page.evaluate(theme, "JupyterLab Dark")
    page.wait_for_function(
        """() => getComputedStyle(document.querySelector('.tkp-head')).backgroundColor
            .match(/\\d+/g).slice(0, 3).every((part) => Number(part) < 60)""",
        timeout=60_000,
    )
    page.get_by_role("button", name="Choose and order columns").click()
    expect(page.locator(".tkp-popup")).to_be_visible()
    colour = "node => getComputedStyle(node).backgroundColor"
    dark = page.locator(".tkp-popup").evaluate(colour)
    assert max(map(int, dark[4:-1].split(",")[:3])) < 60
    notebook.screenshot("workspace-dark")
    page.keyboard.press("Escape")
    page.evaluate(theme, "JupyterLab Light")
    page.wait_for_function(
        """() => getComputedStyle(document.querySelector('.tkp-head')).backgroundColor
            .match(/\\d+/g).slice(0, 3).every((part) => Number(part) > 200)""",
        timeout=60_000,
    )
