"""Every kind of media as a user sees it in JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from .conftest import Notebook

pytestmark = pytest.mark.lab

PROGRAM = (Path(__file__).parents[1] / "examples" / "all_media.py").read_text("utf-8")
WAIT_MS = 45_000
LOG = """
run = tracker.init(project="lab-media", name="one")
log_all(run)
run.flush()
"""
LIVE = """
import time
other = tracker.init(project="lab-media", name="two", reinit="create_new")
for step in range(600):
    other.log({"live": picture(step, 0), "loss": 1 / (step + 1)})
    time.sleep(0.1)
"""
SECOND = """
run.finish()
with tracker.init(project="lab-media", name="three", settings={"panel": False}) as run:
    log_all(run, shift=7)
"""
PROJECT = "%load_ext tracker\n%tracker lab-media"
SEEN = "img => img.complete && img.naturalWidth > 0"
# How many pixels of a canvas are not empty.
PAINTED = """canvas => { const {width, height} = canvas;
    const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
    let count = 0; for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
    return count; }"""


def card(notebook: Notebook, key: str, cell: int) -> Locator:
    """Scroll the panel of a key to the middle of the screen."""
    found = notebook.output(cell).locator(f'.tkp-card[data-panel="media/{key}"]')
    found.wait_for(state="attached", timeout=WAIT_MS)
    found.evaluate("node => node.scrollIntoView({block: 'center'})")
    return found


def wait_until(node: Locator, script: str) -> None:
    """Wait until a script says true of a node."""
    node.wait_for(state="attached", timeout=WAIT_MS)
    node.page.wait_for_function(script, arg=node.element_handle(), timeout=WAIT_MS)


def painted(canvas: Locator) -> int:
    return int(canvas.evaluate(PAINTED))


def slide(slider: Locator, value: int) -> None:
    slider.evaluate(
        "(node, value) => { node.value = value; node.dispatchEvent(new Event('input')); }", value
    )


def check_images(notebook: Notebook) -> None:
    """Steps, classes and scores are chosen without the kernel."""
    panel = card(notebook, "media/images", 1)
    pictures = panel.locator(".tkm-picture")
    expect(pictures).to_have_count(2, timeout=WAIT_MS)
    wait_until(pictures.nth(1).locator("img"), SEEN)
    canvas = pictures.first.locator("canvas")
    wait_until(canvas, f"node => ({PAINTED})(node) > 0")
    both = painted(canvas)
    panel.get_by_role("button", name="cat").click()
    wait_until(canvas, f"node => ({PAINTED})(node) < {both}")
    panel.get_by_role("button", name="cat").click()
    wait_until(canvas, f"node => ({PAINTED})(node) === {both}")
    slide(panel.get_by_label("Step", exact=True), 0)
    expect(pictures.first.locator("figcaption")).to_have_text("discs 0")
    wait_until(pictures.first.locator("img"), SEEN)
    panel.get_by_role("button", name="Play the steps").click()
    expect(panel.locator(".tkm-step")).to_have_text("step 2", timeout=WAIT_MS)
    panel.get_by_role("button", name="Stop").click()
    notebook.screenshot("media-images")
    panel.get_by_role("button", name="All steps").click()
    expect(panel.locator(".tkm-picture")).to_have_count(6)
    pictures.first.locator("button").click()
    light = notebook.page.locator("dialog.tkm-light")
    expect(light.locator(".tkm-light-text")).to_contain_text("discs 0")
    light.get_by_role("button", name="next").click()
    expect(light.locator(".tkm-light-text")).to_contain_text("2 of 6")
    wait_until(light.locator("img"), SEEN)
    notebook.screenshot("media-large")
    light.get_by_role("button", name="Close").click()
    expect(light).to_have_count(0)


def check_sound_and_film(notebook: Notebook) -> None:
    panel = card(notebook, "media/sound", 1)
    wait_until(panel.locator("audio"), "node => node.readyState > 0 && node.duration === 1")
    wait_until(panel.locator(".tkm-spectrum"), f"node => ({PAINTED})(node) > 1000")
    assert painted(panel.locator(".tkm-wave")) > 1000
    notebook.screenshot("media-sound")
    panel = card(notebook, "media/film", 1)
    wait_until(panel.locator("canvas"), "node => node.dataset.frame === '0'")
    slide(panel.get_by_label("Place in the video"), 5)
    wait_until(panel.locator("canvas"), "node => node.dataset.frame === '5'")
    notebook.screenshot("media-film")
    panel = card(notebook, "media/clip", 1)
    video = panel.locator("video")
    wait_until(video, "node => node.readyState > 1 && node.dataset.frame === '0'")
    slide(panel.get_by_label("Place in the video"), 5)
    wait_until(video, "node => node.dataset.frame === '5' && !node.seeking")
    panel.get_by_role("button", name="Play").click()
    wait_until(video, "node => !node.paused")
    panel.get_by_role("button", name="Pause").click()
    wait_until(video, "node => node.paused")
    notebook.screenshot("media-clip")


def check_table(notebook: Notebook) -> None:
    panel = card(notebook, "media/table", 1)
    rows = panel.locator(".tkm-tbody .tkm-trow")
    expect(panel.locator(".tkp-count")).to_have_text("400 rows", timeout=WAIT_MS)
    wait_until(rows.first.locator("img"), SEEN)
    assert rows.count() < 60
    panel.get_by_role("columnheader", name="id").click()
    panel.get_by_role("columnheader", name="id").click()
    expect(rows.first.locator("span").first).to_have_text("399", timeout=WAIT_MS)
    panel.locator(".tkm-tscroll").evaluate("node => node.scrollTop = 300 * 68")
    expect(rows.filter(has_text="row")).to_have_count(0)
    wait_until(panel.locator('.tkm-trow[title="row 98"]'), "node => node.isConnected")
    notebook.screenshot("media-table")
    panel.get_by_label("Filter rows").fill("guess: owl")
    expect(panel.locator(".tkp-count")).to_have_text("133 of 400 rows", timeout=WAIT_MS)
    panel.get_by_label("Group").select_option("guess")
    expect(rows).to_have_count(1, timeout=WAIT_MS)
    panel.get_by_label("Filter rows").fill("")
    expect(rows).to_have_count(3, timeout=WAIT_MS)
    panel.get_by_label("Project").select_option("vector")
    panel.get_by_label("Colour").select_option("guess")
    expect(panel.locator(".legend .traces")).to_have_count(3, timeout=WAIT_MS)
    notebook.screenshot("media-embedding")


def check_pages(notebook: Notebook) -> None:
    """A logged page shows, and none of its scripts has run anywhere."""
    panel = card(notebook, "media/page", 1)
    frame = panel.locator("iframe")
    frame.wait_for(timeout=WAIT_MS)
    assert frame.get_attribute("sandbox") == ""
    expect(frame.content_frame.locator("h1")).to_have_text("logged page", timeout=WAIT_MS)
    expect(frame.content_frame.locator("circle")).to_be_visible()
    notebook.screenshot("media-page")
    page = notebook.page
    assert page.evaluate("window.hacked") is None
    assert "stolen" not in page.title()
    assert frame.evaluate("node => node.contentDocument") is None
    inner = frame.content_frame
    assert inner.locator("body").evaluate("() => window.origin") == "null"
    for key, mark in (("altair", "svg.marks"), ("bokeh", "canvas")):
        frame = card(notebook, f"media/{key}", 1).locator("iframe")
        frame.wait_for(timeout=WAIT_MS)
        assert frame.get_attribute("sandbox") == "allow-scripts"
        frame.content_frame.locator(mark).first.wait_for(timeout=WAIT_MS)
        assert frame.evaluate("node => node.contentDocument") is None
        notebook.screenshot(f"media-{key}")
    panel = card(notebook, "media/text", 1)
    expect(panel.locator(".tkm-text")).to_contain_text("<b>there</b>", timeout=WAIT_MS)


def check_figures(notebook: Notebook) -> None:
    for key, mark in (
        ("cloud", ".gl-container canvas, canvas"),
        ("molecule", ".gl-container canvas, canvas"),
        ("network", "path.point"),
        ("weights", ".heatmaplayer image"),
        ("plotly", ".bars path"),
        ("roc", "path.js-line"),
    ):
        panel = card(notebook, f"media/{key}", 1)
        panel.locator(mark).first.wait_for(state="attached", timeout=WAIT_MS)
        notebook.screenshot(f"media-{key}")
    wait_until(card(notebook, "media/drawing", 1).locator("img"), SEEN)
    notebook.screenshot("media-drawing")


def test_every_kind_of_media_is_shown_and_can_be_handled(notebook: Notebook) -> None:
    notebook.open(notebook.write("media.ipynb", [PROGRAM, LOG, SECOND, PROJECT]))
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.output(1).locator(".tkp").wait_for(timeout=WAIT_MS)
    check_images(notebook)
    check_sound_and_film(notebook)
    check_figures(notebook)
    check_pages(notebook)
    check_table(notebook)
    notebook.run_cell(2)
    notebook.run_cell(3)
    panel = card(notebook, "media/images", 3)
    expect(panel.locator(".tkm-media-run")).to_have_text(["three", "one"], timeout=WAIT_MS)
    panel.get_by_role("button", name="Difference").click()
    expect(panel.locator(".tkm-differences figcaption").first).to_contain_text(
        "of pixels differ", timeout=WAIT_MS
    )
    wait_until(
        panel.locator(".tkm-differences"),
        """node => { const body = node.closest('.tkm-media-body').getBoundingClientRect();
            const {top, bottom} = node.getBoundingClientRect();
            return top >= body.top - 1 && bottom < body.bottom; }""",
    )
    panel.evaluate("node => node.scrollIntoView({block: 'center'})")
    notebook.screenshot("media-difference")


def test_images_appear_while_the_cell_is_running(notebook: Notebook) -> None:
    notebook.open(notebook.write("live-media.ipynb", [PROGRAM, LIVE]))
    notebook.run_cell(0)
    notebook.start_cell(1)
    panel = card(notebook, "live", 1)
    wait_until(panel.locator("img").first, SEEN)
    caption = panel.locator("figcaption").first
    first = caption.inner_text()
    expect(caption).not_to_have_text(first, timeout=WAIT_MS)
    wait_until(panel.locator("img").first, SEEN)
    running = "panel => panel.content.widgets[1].model.executionState"
    assert notebook.evaluate(running) == "running"
    notebook.screenshot("media-live")


def test_a_value_of_a_cell_becomes_a_chart_that_keeps_its_height(notebook: Notebook) -> None:
    cells = ["import tracker", "tracker.Histogram(range(90))", "tracker.Text('<b>as it is</b>')"]
    notebook.open(notebook.write("values.ipynb", cells))
    for index in range(3):
        notebook.run_cell(index)
    expect(notebook.output(2).locator("pre.text")).to_have_text("<b>as it is</b>")
    picture = notebook.output(1).locator("img.plot-img")
    wait_until(picture, SEEN)
    picture.dispatch_event("mouseenter")
    chart = notebook.output(1).locator(".main-svg").first
    expect(chart).to_be_visible(timeout=WAIT_MS)
    before = chart.bounding_box()
    notebook.page.set_viewport_size({"width": 900, "height": 900})
    wait_until(chart, f"svg => svg.clientWidth < {before['width']}")
    assert chart.bounding_box()["height"] == before["height"] > 300
