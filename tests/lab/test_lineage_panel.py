"""The graph of runs and artifacts in JupyterLab: drawn as cards that say what they are."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Notebook

pytestmark = pytest.mark.lab
THEME = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
RECORD = """
import tracker

SETTINGS = {{"panel": False, "silent": True, "console": False, "system_interval_s": 0}}

def log(run, name, kind, text, **more):
    artifact = tracker.Artifact(name, kind, metadata={{"layers": 3}})
    with artifact.new_file("data.bin") as file:
        file.write(text)
    return run.log_artifact(artifact, **more)

def begin(name, job):
    return tracker.init(project="{project}", name=name, job_type=job, settings=SETTINGS)

with begin("split", "preprocess") as run:
    log(run, "train-set", "dataset", "1", aliases=["good"])
    log(run, "test-set", "dataset", "2")
for number in range(3):
    with begin(f"fit-{{number}}", "train") as run:
        run.use_artifact("train-set:good")
        log(run, "classifier", "model", str(number), aliases=["best"] if number == 1 else None)
for number in range(7):
    with begin(f"try-{{number}}", "sweep") as run:
        run.use_artifact("train-set:good")
with begin("evaluate", "eval") as run:
    run.use_artifact("classifier:best")
    run.use_artifact("test-set:latest")
    log(run, "predictions", "result", "3")
"""


def click_card(card: Locator, name: str) -> None:
    """Click the middle of a card; cards are drawn, so their places come from the drawing."""
    x, y = card.locator(".tkp-lineage").evaluate(
        """(plot, name) => {
            const points = plot.data.find((trace) => trace.customdata);
            const at = points.text.indexOf(name);
            const { xaxis, yaxis } = plot._fullLayout;
            const box = plot.getBoundingClientRect();
            return [box.x + xaxis._offset + xaxis.d2p(points.x[at]),
                    box.y + yaxis._offset + yaxis.d2p(points.y[at])];
        }""",
        name,
    )
    card.page.mouse.move(x - 3, y)
    card.page.mouse.move(x, y, steps=3)
    expect(card.locator(".tkp-lineage-hand")).to_have_count(1)
    card.page.mouse.click(x, y)


def test_cards_say_what_they_are_and_lead_on(notebook: Notebook) -> None:
    project = f"lineage-{token_hex(2)}"
    cells = [RECORD.format(project=project), f"tracker.show({project!r})"]
    notebook.open(notebook.write("lineage.ipynb", cells))
    notebook.run_cell(0)
    notebook.run_cell(1)
    page = notebook.page
    expect(page.locator(".tkp-space .tkp-run-name").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name="Lineage").click()
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    card = page.locator(".tkp-card", has=page.locator(".tkp-lineage"))
    texts = card.locator(".tkp-lineage .textpoint text")
    expect(texts.filter(has_text="classifier:v1")).to_have_count(1, timeout=60_000)
    expect(texts.filter(has_text="7 runs")).to_have_count(1)
    expect(texts.filter(has_text="fit-2")).to_have_count(1)
    card.scroll_into_view_if_needed()
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate(THEME, theme)
        page.wait_for_function(
            "theme => document.body.dataset.jpThemeName === theme", arg=theme, timeout=60_000
        )
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        notebook.screenshot(f"lineage-{theme.split()[1].lower()}")

    click_card(card, "classifier:v1")
    said = page.locator(".tkp-popup")
    expect(said).to_contain_text("best")
    expect(said.locator("code")).to_have_text(f'run.use_artifact("{project}/classifier:v1")')
    expect(said).to_contain_text("layers")
    notebook.screenshot("lineage-card")
    said.get_by_role("button", name="Show its lineage").click()
    expect(texts.filter(has_text="fit-2")).to_have_count(0, timeout=30_000)
    expect(texts.filter(has_text="evaluate")).to_have_count(1)
    notebook.screenshot("lineage-of-a-version")

    click_card(card, "fit-1")
    expect(said).to_contain_text("finished")
    said.get_by_role("button", name="Choose this run").click()
    expect(page.locator(".tkp-space [aria-selected=true] .tkp-run-name")).to_have_text(["fit-1"])
    page.keyboard.press("Escape")
    card.get_by_role("button", name="Back to the whole").click()
    expect(texts.filter(has_text="fit-2")).to_have_count(1, timeout=30_000)
