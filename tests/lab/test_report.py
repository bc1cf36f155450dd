"""A report below a cell of JupyterLab, while the runs that it is about go on."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .boarded import record

if TYPE_CHECKING:
    from .conftest import Notebook

pytestmark = pytest.mark.lab
SHOW = """
import tracker
import tracker.report as wr

both = [wr.Runset(query="old", name="old"), wr.Runset(query="new", name="new")]
losses = [wr.LinePlot(y=["train/loss"]), wr.ScalarChart(metric="train/loss")]
report = wr.Report({project!r}, title="Old and new", blocks=[
    wr.P("What the new run does differently."),
    wr.PanelGrid(panels=losses),
    wr.H1("Both"),
    wr.PanelGrid(both, panels=[*losses, wr.RunTable()]),
    wr.SQLBlock("select count(*) as points from history where project = {project!r}"),
])
report.show()
"""
TRAIN = """
import time
run = tracker.init({project!r}, "new", settings={{"panel": False, "console": False,
                   "system_interval_s": 0, "save_code": False}})
try:
    for step in range(6000):
        run.log({{"train/loss": 1 / (1 + step), "val/loss": 2 / (1 + step)}})
        time.sleep(0.1)
finally:
    run.finish()
"""
STATE = "panel => panel.content.widgets[1].model.executionState"
# Of all lines of a chart, how many points they have.
POINTS = """node => {
    const plot = node.querySelector(".js-plotly-plot");
    return (plot?.data ?? []).reduce((sum, trace) => sum + (trace.x?._inputArray ?? trace.x)
        .length, 0);
}"""


def test_all_of_a_report_moves_while_a_cell_trains(notebook: Notebook) -> None:
    project = f"report-{token_hex(2)}"
    record(notebook.lab.store, "old", {"lr": 0.1}, 1.0, 0.6, 0.5, project=project)
    page = notebook.page
    page.set_viewport_size({"width": 1280, "height": 3200})
    cells = [text.format(project=project) for text in (SHOW, TRAIN)]
    notebook.open(notebook.write("report.ipynb", cells))
    notebook.run_cell(0)
    output = notebook.output(0)
    stages = output.locator('.tkp[data-kind="report"]')
    expect(output.get_by_text("What the new run does differently.")).to_be_visible()
    expect(output.locator('.tkp[data-kind="project"]')).to_have_count(1)
    expect(stages).to_have_count(2, timeout=60_000)
    both, sql = stages.all()
    chart = both.locator(".tkp-card", has_text="train/loss").first
    number = both.locator(".tkp-card", has_text="train/loss (mean)")
    expect(chart.locator(".js-plotly-plot .trace").first).to_be_visible(timeout=60_000)
    expect(sql.locator("td", has_text="6")).to_be_visible()
    expect(both.locator(".tkp-report-run")).to_have_text(["old"])
    points = chart.evaluate(POINTS)
    before = number.inner_text()

    notebook.start_cell(1)
    expect(both.locator(".tkp-report-run")).to_have_text(["old", "new"], timeout=60_000)
    expect(both.locator("td", has_text="running")).to_be_visible(timeout=60_000)
    page.wait_for_function(
        """node => node.querySelector(".js-plotly-plot").data.some(({ name }) => name === "new")""",
        arg=chart.element_handle(),
    )
    expect(number).not_to_have_text(before, timeout=60_000)
    page.wait_for_function(
        f"([node, points]) => ({POINTS})(node) > points + 8", arg=[chart.element_handle(), points]
    )
    page.wait_for_function(
        "node => Number(node.querySelector('td')?.textContent) > 16", arg=sql.element_handle()
    )
    workspace = output.locator('.tkp[data-kind="project"]')
    names = workspace.locator(".tkp-space .tkp-run-name")
    expect(workspace.locator(".tkp-table-box")).to_be_hidden()
    folder = workspace.get_by_role("button", name="The table of runs")
    folder.click()
    expect(names).to_have_text(["new", "old"])
    expect(names.first).to_be_visible()
    folder.click()
    expect(workspace.locator(".tkp-table-box")).to_be_hidden()
    expect(workspace.locator(".tkp-card .number")).to_be_visible()
    assert notebook.evaluate(STATE) == "running"
    notebook.screenshot("report-live")
    page.evaluate(
        """() => jupyterapp.commands.execute('apputils:change-theme',
                  { theme: 'JupyterLab Dark' })"""
    )
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_function("() => !document.querySelector('.tkp [aria-busy]')")
    notebook.screenshot("report-live-dark")
    notebook.evaluate("panel => panel.sessionContext.session.kernel.interrupt()")
    notebook.wait_idle()
    page.evaluate(
        """() => jupyterapp.commands.execute('apputils:change-theme',
                  { theme: 'JupyterLab Light' })"""
    )
