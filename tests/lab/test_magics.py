"""The magics and the first notebook as a user meets them, in JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

import tracker

if TYPE_CHECKING:
    from .conftest import Notebook

pytestmark = pytest.mark.lab

FIRST = Path(__file__).parents[2] / "notebooks" / "01_first_run.ipynb"
WAIT_MS = 30_000


def test_the_first_notebook_moves_while_it_trains(notebook: Notebook) -> None:
    content = nbformat.read(FIRST, as_version=4)
    index = {cell.id: place for place, cell in enumerate(content.cells)}
    content.cells[index["load"]].source += "\nos.environ['TRACKER_DEMO_SECONDS'] = '12'"
    path = notebook.write_content("01_first_run.ipynb", content, "python3")
    notebook.open(path)
    for name in ("load", "data", "network", "train"):
        notebook.run_cell(index[name])
    notebook.start_cell(index["first"])
    notebook.cell(index["first"]).scroll_into_view_if_needed()
    output = notebook.output(index["first"])
    curves = output.locator(".js-plotly-plot .scatterlayer .js-line")
    expect(curves.first).to_be_attached(timeout=WAIT_MS)
    drawn = curves.first.get_attribute("d")
    notebook.page.wait_for_function(
        "([line, was]) => line.getAttribute('d') !== was",
        arg=[curves.first.element_handle(), drawn],
        timeout=WAIT_MS,
    )
    assert is_running(notebook, index["first"])
    notebook.screenshot("first-notebook-training")
    notebook.wait_cell(index["first"])
    expect(output.get_by_text("finished").first).to_be_visible(timeout=WAIT_MS)
    notebook.screenshot("first-notebook-finished")

    for name in ("second", "compare", "history", "sql", "file", "disk", "restore"):
        notebook.run_cell(index[name])
    link = notebook.output(index["restore"]).get_by_role("link")
    link.scroll_into_view_if_needed()
    notebook.screenshot("first-notebook-end")
    link.click()
    notebook.page.wait_for_function(
        "() => jupyterapp.shell.currentWidget?.context?.path === 'restored_first_run.ipynb'"
    )
    runs = tracker.Api(notebook.lab.store).runs("digits")
    assert [(run.name, run.state) for run in runs] == [("first", "finished"), ("bold", "finished")]


def test_a_failing_cell_shows_its_panel_and_its_error(notebook: Notebook) -> None:
    cells = ["%load_ext tracker\nimport tracker", FAILING, "%tracker broken"]
    notebook.open(notebook.write("failing.ipynb", cells))
    notebook.run_cell(0)
    notebook.start_cell(1)
    notebook.wait_end(1)
    notebook.wait_idle()
    output = notebook.output(1)
    expect(output.get_by_text("failed").first).to_be_visible(timeout=WAIT_MS)
    expect(output.get_by_text("no more data").first).to_be_visible()
    notebook.screenshot("cell-failed")
    notebook.run_cell(2)
    expect(notebook.output(2).get_by_text("broken").first).to_be_visible(timeout=WAIT_MS)


FAILING = """%%tracker broken --name unlucky --config lr=0.1
for i in range(20):
    tracker.log({"loss": 1 / (i + 1)})
raise RuntimeError("no more data")"""


def test_names_of_projects_are_offered(notebook: Notebook) -> None:
    run = tracker.init(
        "penguins", "emperor", dir=notebook.lab.store, settings={"panel": False, "silent": True}
    )
    run.finish()
    notebook.open(notebook.write("completion.ipynb", ["%load_ext tracker", "%tracker pengu"]))
    notebook.run_cell(0)
    editor = notebook.cell(1).locator(".cm-content")
    editor.click()
    notebook.page.keyboard.press("End")
    notebook.page.keyboard.press("Tab")
    offer = notebook.page.locator(".jp-Completer-item")
    expect(offer).to_have_text(re.compile("penguins"), timeout=WAIT_MS)
    notebook.page.keyboard.press("Enter")
    expect(editor).to_have_text("%tracker penguins", timeout=WAIT_MS)
    notebook.page.keyboard.type("/emp")
    notebook.page.keyboard.press("Tab")
    expect(offer).to_have_text(re.compile("penguins/emperor"), timeout=WAIT_MS)
    notebook.page.keyboard.press("Enter")
    expect(editor).to_have_text("%tracker penguins/emperor", timeout=WAIT_MS)


def is_running(notebook: Notebook, index: int) -> bool:
    return notebook.evaluate(
        "(panel, index) => panel.content.widgets[index].model.executionState === 'running'", index
    )
