"""The sidebar, the status bar and the tabs of the JupyterLab extension, without a kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import nbformat
import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from tests.lab.conftest import Lab, Notebook, running_lab
from tests.panels.recorded import NASTY, record

import tracker

pytestmark = pytest.mark.lab

TRAIN = """
import pathlib, time, tracker
pathlib.Path("stop").unlink(missing_ok=True)
run = tracker.init(project="training", name="live", settings={"panel": False, "silent": True})
step = 0
while not pathlib.Path("stop").exists():
    step += 1
    run.log({"loss": 1000 - step})
    time.sleep(0.02)
run.finish()
"""


SEARCH = """
import pathlib, time, tracker
pathlib.Path("go").unlink(missing_ok=True)
quiet = {"panel": False, "silent": True, "console": False, "system_interval_s": 0}
def train():
    run = tracker.init(settings=quiet)
    for step in range(5):
        run.log({"loss": run.config.x})
    while run.config.x > 2 and not pathlib.Path("go").exists():
        time.sleep(0.02)
sweep = tracker.sweep({
    "method": "grid", "name": f"<b>{PROJECT}", "metric": {"name": "loss"},
    "parameters": {"x": {"values": [2, 1, 3, 4]}},
}, project=PROJECT)
from tracker.sweep.agent import Agent
Agent(sweep.controller, train, say=lambda text: None).run()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a JupyterLab whose store holds nothing before the tests of this file."""
    with running_lab(tmp_path_factory.mktemp("sidebar")) as lab:
        yield lab


@pytest.fixture
def page(notebook: Notebook) -> Page:
    """Return a page with the sidebar open."""
    show_sidebar(notebook.page)
    return notebook.page


def show_sidebar(page: Page) -> None:
    page.evaluate("jupyterapp.commands.execute('tracker:show-sidebar')")
    expect(page.locator(".tracker-Sidebar")).to_be_visible()


@pytest.fixture
def digits(lab: Lab) -> str:
    """Have a project with three runs; return its name."""
    if not (lab.store / "recorded").exists():
        record(lab.store, {"name": "plain"}, {"name": NASTY}, {"name": "last"})
        (lab.store / "recorded").touch()
    return "digits"


def project_row(page: Page, name: str) -> Locator:
    return page.locator(".tracker-Row[data-kind=project]").filter(has_text=name)


def run_row(page: Page, name: str) -> Locator:
    return page.locator(".tracker-Row[data-kind=run]").filter(has_text=name)


def sweep_row(page: Page, name: str) -> Locator:
    return page.locator(".tracker-Row[data-kind=sweep]").filter(has_text=name)


def unfold(page: Page, project: str) -> None:
    """Open a project where it is closed."""
    row = project_row(page, project)
    expect(row).to_be_visible(timeout=15_000)
    if row.get_attribute("aria-expanded") == "false":
        row.click()
    expect(row).to_have_attribute("aria-expanded", "true")


# --- the sidebar


def test_where_nothing_is_stored_two_lines_begin(notebook: Notebook, page: Page, lab: Lab) -> None:
    lines = page.locator(".tracker-Sidebar-empty pre")
    expect(lines).to_be_visible()
    path = notebook.write("begin.ipynb", [lines.inner_text()])
    notebook.open(path)
    notebook.run_cell(0)
    row = page.locator(".tracker-Row[data-kind=run]")
    expect(row).to_have_count(1)
    expect(row.locator(".tracker-Row-value")).to_have_text("1")
    expect(page.locator(".tracker-Sidebar-store")).to_have_text(str(lab.store))


def test_a_cell_that_trains_moves_everything(notebook: Notebook, page: Page, lab: Lab) -> None:
    notebook.open(notebook.write("train.ipynb", [TRAIN]))
    notebook.start_cell(0)
    unfold(page, "training")
    row = run_row(page, "live")
    expect(row.locator("[data-state=running]")).to_be_visible()
    status = page.locator(".tracker-Status button")
    expect(status).to_have_text("1 run running")

    value = row.locator(".tracker-Row-value")
    expect(value).not_to_have_text("")
    seen = value.inner_text()
    expect(value).not_to_have_text(seen)
    row.dblclick()
    tab = page.locator(".tracker-Dashboard")
    step = tab.locator(".tkp-fact").filter(has_text=re.compile("^step"))
    expect(tab.locator(".main-svg").first).to_be_visible()
    before = step.inner_text()
    expect(step).not_to_have_text(before)
    notebook.screenshot("sidebar-while-a-cell-trains")

    Path(lab.root, "stop").touch()
    expect(row.locator("[data-state=finished]")).to_be_visible()
    expect(tab.locator(".tkp-state")).to_have_text("finished")
    expect(status).to_be_hidden()


def test_names_are_text(page: Page, digits: str) -> None:
    page.on("dialog", lambda _: pytest.fail("A run's name was run as a script."))
    unfold(page, digits)
    row = run_row(page, NASTY)
    expect(row.locator(".tracker-Row-name")).to_have_text(NASTY)
    row.dblclick()
    expect(page.locator(".tracker-Dashboard .tkp")).to_contain_text(NASTY)
    expect(page.locator(".lm-TabBar-tabLabel").filter(has_text=NASTY)).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_keys_lead_through_the_tree(page: Page, digits: str) -> None:
    unfold(page, digits)
    tree = page.get_by_role("tree", name="Projects and runs")
    tree.focus()
    here = page.locator(".tracker-Row[aria-selected=true]")
    project_row(page, digits).click()
    expect(here).to_have_attribute("aria-expanded", "false")
    tree.press("ArrowRight")
    expect(here).to_have_attribute("aria-expanded", "true")
    expect(run_row(page, "last")).to_be_visible()
    tree.press("ArrowRight")
    expect(here).to_contain_text("last")
    tree.press("ArrowDown")
    tree.press("ArrowDown")
    expect(here).to_contain_text("plain")
    assert tree.get_attribute("aria-activedescendant") == here.get_attribute("id")
    tree.press("Enter")
    expect(page.locator(".tracker-Dashboard .tkp")).to_contain_text("plain")
    tree.press("ArrowLeft")
    expect(here).to_contain_text(digits)


def test_runs_are_searched(page: Page, digits: str) -> None:
    page.get_by_label("Search all projects").fill("PLAIN")
    rows = page.locator(".tracker-Row[data-kind=run]")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("plain")
    page.get_by_label("Search all projects").fill("(no such run")
    expect(page.locator(".tracker-Sidebar-nothing")).to_be_visible()
    # What the page has is not sent again.
    with page.expect_response(lambda r: "tracker/api/projects" in r.url and r.status == 304):
        page.evaluate("jupyterapp.shell.collapseLeft()")
        page.evaluate("jupyterapp.commands.execute('tracker:show-sidebar')")


# --- tabs


def await_saved_tab(page: Page) -> None:
    """Wait until the server knows the tab, and so a page that is loaded anew."""
    page.wait_for_function(
        """async key => (await jupyterapp.serviceManager.workspaces.fetch(
            new URL(location).pathname.split('/workspaces/')[1] ?? 'default'
        )).data[key] !== undefined""",
        arg=page.evaluate(
            "'tracker:' + [...jupyterapp.shell.widgets('main')].find("
            "w => w.id.startsWith('tracker-')).id"
        ),
    )


def test_a_tab_comes_back_with_the_page(notebook: Notebook, page: Page, digits: str) -> None:
    unfold(page, digits)
    run_row(page, "last").dblclick()
    tab = page.locator(".tracker-Dashboard")
    expect(tab.locator(".main-svg").first).to_be_visible()
    await_saved_tab(page)
    page.evaluate(
        """jupyterapp.serviceManager.settings.save(
            'notebook-tracker:browser', JSON.stringify({sidebar: false}))"""
    )
    notebook.reload()
    expect(tab.locator(".main-svg").first).to_be_visible()
    expect(page.locator(".lm-TabBar-tabLabel").filter(has_text="last")).to_be_visible()
    # As the settings want it the sidebar comes when it is called, and not before.
    expect(page.locator(".tracker-Sidebar")).to_have_count(0)
    show_sidebar(page)


def test_a_sweep_is_steered_from_its_tab(notebook: Notebook, page: Page, lab: Lab) -> None:
    project = f"searching-{token_hex(4)}"  # a second try finds nothing of the first
    path = notebook.write("search.ipynb", [f"PROJECT = {project!r}{SEARCH}"])
    notebook.open(path)
    notebook.start_cell(0)
    unfold(page, project)
    name = f"<b>{project}"
    row = sweep_row(page, name)
    expect(row.locator(".tracker-Row-sign[data-state=running]")).to_be_visible()
    expect(row.locator(".tracker-Row-value")).not_to_have_text("", timeout=15_000)
    expect(run_row(page, "sweep-3").locator("[data-state=running]")).to_be_visible()
    row.dblclick()
    tab = page.locator(".tracker-Dashboard")
    expect(tab.locator(".tkp-name")).to_have_text(name)
    expect(tab.locator(".js-plotly-plot").first).to_be_visible()
    tab.get_by_role("button", name="Pause").click()
    expect(tab.locator(".tkp-state")).to_have_text("grid, paused")
    expect(row.locator(".tracker-Row-sign[data-state=paused]")).to_be_visible()
    expect(row.locator(".tracker-Row-done")).to_have_text("2/4")
    expect(row.locator(".tracker-Row-value")).to_have_text("1")
    await_saved_tab(page)
    notebook.reload()
    expect(tab.locator(".tkp-state")).to_have_text("grid, paused")
    Path(lab.root, "go").touch()
    expect(tab.locator(".tkp-fact")).to_have_text("trials3 of 4", timeout=15_000)
    tab.get_by_role("button", name="Resume").click()
    expect(tab.locator(".tkp-state")).to_have_text("grid, finished", timeout=15_000)
    show_sidebar(page)
    unfold(page, project)
    expect(row.locator(".tracker-Row-done")).to_have_text("4/4")
    notebook.screenshot("sidebar-with-a-sweep")

    notebook.open(path)
    choose(page, row, "Insert Panel into Notebook")
    page.wait_for_function("() => jupyterapp.shell.currentWidget.content.widgets.length === 2")
    notebook.save()
    (sweep,) = tracker.Api(dir=lab.store).project(project).sweeps()
    magic = f"%load_ext tracker\n%tracker {project}/{sweep.id}"
    assert notebook.read(path).cells[1].source == magic

    with page.expect_download() as found:
        choose(page, row, "Export Report as HTML")
    assert found.value.suggested_filename == f"{project}-{sweep.id}.html"
    assert "grid search" in found.value.path().read_text()


def test_a_tab_of_a_finished_run_rests_and_answers(page: Page, digits: str) -> None:
    unfold(page, digits)
    with page.expect_websocket(lambda socket: "dashboard" in socket.url) as first:
        run_row(page, "last").dblclick()
    first.value.wait_for_event("close")
    tab = page.locator(".tracker-Dashboard")
    with page.expect_websocket(lambda socket: "dashboard" in socket.url) as second:
        tab.get_by_role("button", name="Time").click()
    second.value.wait_for_event("framereceived", lambda frame: b'"type":"reply"' in frame)
    expect(tab.locator(".tkp-note")).to_be_hidden()


def test_a_connection_that_breaks_is_made_anew(notebook: Notebook, page: Page, digits: str) -> None:
    routes: list[WebSocketRoute] = []

    def connect(route: WebSocketRoute) -> None:
        routes.append(route)
        route.connect_to_server()

    page.route_web_socket(re.compile("tracker/api/dashboard"), connect)
    notebook.reload()
    show_sidebar(page)
    unfold(page, digits)
    project_row(page, digits).dblclick()
    tab = page.locator(".tracker-Dashboard")
    expect(tab.locator(".tkp .main-svg").first).to_be_visible()
    routes[0].close(code=1011)
    expect(tab.locator(".tracker-Dashboard-note")).to_contain_text("trying again")
    expect(tab.locator(".tracker-Dashboard-note")).to_be_hidden()
    expect(tab.locator(".tkp .main-svg").first).to_be_visible()
    assert len(routes) > 1
    assert tab.locator(".tkp").count() == 1


# --- commands


def choose(page: Page, row: Locator, command: str) -> None:
    row.click(button="right")
    page.locator(".lm-Menu-itemLabel").get_by_text(command, exact=True).click()


def test_the_context_menu_inserts_and_exports(notebook: Notebook, page: Page, digits: str) -> None:
    path = notebook.write("insert.ipynb", ["x = 1"])
    notebook.open(path)
    unfold(page, digits)
    choose(page, run_row(page, "last"), "Insert Panel into Notebook")
    page.wait_for_function("() => jupyterapp.shell.currentWidget.content.widgets.length === 2")
    notebook.save()
    added: nbformat.NotebookNode = notebook.read(path).cells[1]
    assert added.source == "%load_ext tracker\n%tracker digits/run2"

    with page.expect_download() as found:
        choose(page, run_row(page, "last"), "Export Report as HTML")
    assert found.value.suggested_filename == "digits-run2.html"
    assert "<title>" in found.value.path().read_text()
