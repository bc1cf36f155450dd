"""Panels about runs as a user sees and uses them, with a real board and store."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tracker import start
from tracker.media.histogram import Histogram

from .boarded import QUIET, Boarded

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.lab
SCREENSHOTS = Path(__file__).parent / "screenshots"
LINES = 3000
# Where a point of a Plotly drawing is on the screen.
PLACE = """([card, axis, height]) => {
    const plot = document.querySelector(`${card} > .tkp-plot`);
    const { xaxis, yaxis, _size } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.x + xaxis._offset + xaxis.d2p(axis), box.y + yaxis._offset + yaxis.d2p(height)];
}"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recorded") / ".tracker"
    for number in range(6):
        config = {"lr": 10.0 ** -(number + 1), "optimizer": ("adam", "sgd")[number % 2], "depth": 3}
        run = start.init("digits", f"run-{number}", config, dir=root.parent, settings=QUIET)
        run.log({"val/loss": 1.0 + number, "grad": Histogram([number, number + 1.0, 3.0])})
        if number == 5:
            run.write_logs("\n".join(f"\x1b[32mepoch\x1b[0m {n}" for n in range(LINES)) + "\n")
        run.finish()
    return root


@pytest.fixture
def show(browser: Browser, recorded: Path, tmp_path: Path) -> Iterator[Callable[..., Boarded]]:
    root, shown = Path(shutil.copytree(recorded, tmp_path / ".tracker")), []

    def open_panels(*kinds: str, dark: bool = False, **spec: Any) -> Boarded:
        panel = Boarded(browser, root, "digits", dark=dark)
        shown.append(panel)
        panel.wait(lambda: len(panel.names()) == 6)
        panels = [{"id": kind, "kind": kind, "title": kind, "width": 12, **spec} for kind in kinds]
        # Those that are there by themselves would be found in the place of these.
        removed = ["settings/parallel", "settings/importance"]
        patch = {"sections": [{"name": "Mine", "panels": panels}], "removed": removed}
        panel.page.evaluate("patch => panel.workspace.patch(patch)", patch)
        panel.wait(lambda: panel.section("Mine") == list(kinds))
        panel.wait(lambda: not panel.section("Hyperparameters"))
        return panel

    yield open_panels
    for panel in shown:
        panel.close()


def card(panel: Boarded, kind: str) -> Locator:
    title = panel.page.locator(".tkp-title", has_text=re.compile(f"^{kind}$"))
    return panel.page.locator(".tkp-card", has=title)


def box(panel: Boarded, axis: int, low: float, high: float) -> None:
    """Draw a box around a stretch of an axis."""
    (x, top), (_, bottom) = (
        panel.page.evaluate(PLACE, [".tkp-view", axis, height]) for height in (high, low)
    )
    mouse = panel.page.mouse
    mouse.move(x - 12, top)
    mouse.down()
    mouse.move(x + 6, bottom, steps=4)
    mouse.move(x + 12, bottom, steps=2)
    mouse.up()


def chosen(panel: Boarded) -> list[str]:
    return sorted(panel.page.evaluate("() => [...panel.header.selection.ids.values()]"))


def test_boxes_at_axes_choose_runs_that_can_then_be_drawn_alone(show) -> None:
    panel = show("parallel", columns=["config.optimizer", "config.depth", "summary.val/loss"])
    panel.wait_for(panel.page.locator(".tkp-view .scatterlayer .trace"))
    box(panel, 2, 0.5, 1.05)
    panel.wait(lambda: chosen(panel) == ["run-3", "run-4", "run-5"])
    panel.page.keyboard.down("Shift")
    box(panel, 0, -0.06, 0.06)
    panel.page.keyboard.up("Shift")
    panel.wait(lambda: chosen(panel) == ["run-4"])
    panel.page.get_by_role("button", name="Draw only these").click()
    panel.wait(lambda: len(panel.content.get("runset", {}).get("only") or ()) == 1)
    panel.wait(lambda: panel.page.locator(".tkp-unseen").count() == 5)


def test_chosen_runs_stand_out_until_the_choice_is_cleared(show) -> None:
    panel = show("parallel", columns=["config.optimizer", "config.depth", "summary.val/loss"])
    page = panel.page
    panel.wait_for(page.locator(".tkp-view .scatterlayer .trace"))

    def faint() -> int:
        drawn = page.locator(".tkp-view > .tkp-plot")
        return drawn.evaluate("plot => plot.data.filter((trace) => trace.opacity < 0.1).length")

    box(panel, 2, 0.5, 1.05)
    panel.wait(lambda: chosen(panel) == ["run-3", "run-4", "run-5"])
    assert faint() > 0
    assert page.locator(".selectionlayer path").count() > 0
    page.get_by_role("button", name="Clear").click()
    panel.wait(lambda: faint() == 0)
    assert chosen(panel) == []
    assert page.locator(".selectionlayer path").count() == 0
    page.locator(".tkp-row", has_text="run-2").locator("[data-press=choose]").click()
    panel.wait(lambda: faint() > 0)
    assert chosen(panel) == ["run-2"]


def test_names_of_axes_have_room_in_a_narrow_card(show) -> None:
    columns = ["config.optimizer", "config.depth", "config.lr", "duration", "summary.val/loss"]
    panel = show("parallel", columns=columns, width=3)
    panel.wait_for(panel.page.locator(".tkp-view .annotation"))
    names = panel.page.locator(".tkp-view > .tkp-plot").evaluate(
        """plot => plot.layout.annotations.filter(({ name }) => name === "axis")
            .map((each) => each.text)"""
    )
    assert names[0].startswith("opt")
    assert names[0].endswith("…")
    assert names[2] == "lr"


def test_a_point_that_is_clicked_is_the_chosen_run(show) -> None:
    panel = show("scatter", x="summary.val/loss", y="summary.val/loss")
    panel.wait_for(panel.page.locator(".tkp-view .scatterlayer .point"))
    x, y = panel.page.evaluate(PLACE, [".tkp-view", 3, 3])
    panel.page.mouse.move(x - 30, y - 30)
    panel.page.mouse.move(x, y, steps=3)
    panel.wait_for(panel.page.locator(".hoverlayer .hovertext"))
    assert "run-2" in panel.page.locator(".tkp-view > .tkp-plot .hoverlayer").text_content()
    panel.page.mouse.click(x, y)
    panel.wait(lambda: chosen(panel) == ["run-2"])


def test_rows_of_the_comparer_are_shown_and_hidden(show) -> None:
    panel = show("comparer", dark=True)
    found = card(panel, "comparer")
    rows = found.locator("tr:not([hidden]) > th[scope=row]:visible")
    panel.wait_for(rows)
    panel.wait(lambda: "depth" not in rows.all_text_contents())
    assert {"lr", "optimizer", "val/loss"} <= set(rows.all_text_contents())
    found.get_by_label("Only what differs").uncheck()
    panel.wait(lambda: "depth" in rows.all_text_contents())
    found.get_by_label("Search rows").fill("optimizer")
    panel.wait(lambda: rows.all_text_contents() == ["optimizer"])
    dots = found.locator(".tkv-dot").evaluate_all("all => all.map(dot => dot.style.background)")
    assert len(set(dots)) == 6
    SCREENSHOTS.mkdir(exist_ok=True)
    panel.page.screenshot(path=SCREENSHOTS / "comparer-dark.png")


def test_the_console_keeps_few_lines_follows_the_end_and_is_searched(show) -> None:
    panel = show("console")
    found = card(panel, "console")
    lines = found.locator(".tkv-lines > span")
    panel.wait(lambda: lines.count() and lines.last.text_content().strip() == f"{LINES}epoch 2999")
    assert lines.count() <= 600
    assert found.locator(".tkp-ansi-green").count() == lines.count()
    stage = found.locator(".tkv-console")
    stage.evaluate("stage => (stage.scrollTop = 0)")
    panel.wait(lambda: lines.first.text_content().strip() == "1epoch 0")
    stage.evaluate("stage => (stage.scrollTop = 18 * 1500)")
    panel.wait(lambda: "1501epoch 1500" in (text.strip() for text in lines.all_text_contents()))
    found.get_by_label("Search lines").fill("EPOCH 77")
    panel.wait(lambda: lines.count() == 11)
    found.get_by_label("Run", exact=True).select_option(label="run-0")
    panel.wait(lambda: "No line has this text." in found.text_content())


def test_every_kind_is_drawn_in_light_and_dark(show) -> None:
    kinds = ("bar", "importance", "histogram", "code", "sql", "system", "distribution")
    for dark in (False, True):
        panel = show(*kinds, dark=dark, width=6)
        panel.page.add_style_tag(content=".tkp-body { max-height: none !important; }")
        panel.page.set_viewport_size({"width": 1000, "height": 2200})
        drawn = panel.page.locator("[data-section=Mine] .tkp-view:has(*)")
        panel.wait(lambda drawn=drawn: drawn.count() == len(kinds))
        assert drawn.locator(".js-plotly-plot").count() == 5
        assert panel.page.get_by_text("could not be drawn").count() == 0
        SCREENSHOTS.mkdir(exist_ok=True)
        panel.page.screenshot(path=SCREENSHOTS / f"views-{'dark' if dark else 'light'}.png")
