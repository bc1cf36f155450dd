"""The workspace of a project as a user sees and uses it, with a real board and store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tracker.store.reading import read
from tracker.store.store import open_store

from .boarded import Boarded, record

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.lab
NASTY = "<img src=x onerror='window.hit=1'>"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recorded") / ".tracker"
    record(root, "alpha", {"lr": 0.1, "model": {"depth": 2}}, 1.0, 0.5, tags=["old"])
    record(root, "beta", {"lr": 0.01, "model": {"depth": 2}}, 1.0, 0.7)
    record(root, "gamma", {"lr": 0.1, "model": {"depth": 4}}, 1.0, 0.9)
    return root


@pytest.fixture
def root(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded, tmp_path / ".tracker"))


@pytest.fixture
def show(browser: Browser, root: Path) -> Iterator[Callable[..., Boarded]]:
    shown: list[Boarded] = []

    def open_panel(count: int = 3, **options: object) -> Boarded:
        panel = Boarded(browser, root, "digits", **options)
        shown.append(panel)
        panel.wait(lambda: len(panel.names()) == count)
        return panel

    yield open_panel
    for panel in shown:
        panel.close()


def test_runs_are_filtered_as_text_and_as_rules(show) -> None:
    panel = show()
    assert panel.names() == ["gamma", "beta", "alpha"]
    field = panel.page.get_by_label("Filter of runs")
    field.fill("config.lr = 0.1 and config.model.depth < 3")
    panel.wait(lambda: panel.names() == ["alpha"])
    panel.page.get_by_role("button", name="Build the filter from rules").click()
    fields = panel.page.get_by_label("Field", exact=True)
    assert [each.input_value() for each in fields.all()] == ["config.lr", "config.model.depth"]
    panel.page.get_by_label("Value").nth(1).fill("5")
    panel.wait(lambda: panel.names() == ["gamma", "alpha"])
    assert field.input_value() == "config.lr = 0.1 and config.model.depth < 5"


def test_a_wrong_filter_is_said_with_its_place_and_left_out(show) -> None:
    panel = show()
    panel.page.get_by_label("Filter of runs").fill("config.lr > 0.05 and staet = finished")
    panel.wait_for(panel.page.locator(".tkp-problem mark"))
    assert panel.page.locator(".tkp-problem mark").text_content() == "staet"
    assert "Did you mean 'state'?" in panel.page.locator(".tkp-problem").text_content()
    assert len(panel.names()) == 3


def test_runs_are_sorted_by_several_columns(show) -> None:
    panel = show()
    head = panel.page.locator(".tkp-head")
    head.locator('[data-column="config.lr"]').click()
    panel.wait(lambda: panel.names()[0] != "gamma" or panel.names()[2] == "beta")
    head.locator('[data-column="name"]').click(modifiers=["Shift"])
    panel.wait(lambda: panel.names() == ["alpha", "gamma", "beta"])
    assert panel.content["runset"]["order"] == [["config.lr", "desc"], ["name", "asc"]]


def test_the_keyboard_reaches_all_of_the_table(show, root: Path) -> None:
    panel = show()
    grid = panel.page.get_by_role("grid")
    grid.focus()
    panel.page.keyboard.press("ArrowDown")
    panel.page.keyboard.press(" ")
    panel.wait(lambda: panel.page.locator(".tkp-unseen").count() == 1)
    active = grid.get_attribute("aria-activedescendant")
    assert panel.page.locator(f"#{active}").get_attribute("aria-label").startswith("gamma")
    panel.page.keyboard.press("Enter")
    panel.page.keyboard.type("delta")
    panel.page.keyboard.press("Enter")

    def stored() -> object:
        with open_store(root).reading() as db:
            return read.run(db, "digits", "delta")

    panel.wait(stored)
    panel.wait(lambda: panel.names()[0] == "delta")
    panel.page.keyboard.press("b")
    panel.wait_for(panel.page.locator(".tkp-baseline"))
    panel.wait_for(panel.page.locator(".tkp-delta"))
    assert panel.page.locator(".tkp-delta").first.text_content()[0] in "+−"


def test_groups_show_their_statistics_and_open(show) -> None:
    panel = show()
    panel.page.get_by_role("button", name="Group runs by columns").click()
    panel.page.get_by_role("checkbox", name="lr").click()
    panel.page.keyboard.press("Escape")
    panel.wait(lambda: sorted(panel.names()) == ["0.01", "0.1"])
    name = panel.page.locator(".tkp-run-name").get_by_text("0.1", exact=True)
    row = panel.page.locator('.tkp-row[aria-expanded="false"]', has=name)
    cell = row.locator('[data-column="summary.train/loss"]')
    panel.wait(lambda: "mean 0.7" in (cell.get_attribute("title") or ""))
    assert cell.get_attribute("title").split("\n") == [
        "mean 0.7",
        "min 0.5",
        "max 0.9",
        "std 0.2828",
        "count 2",
    ]
    row.locator("[data-press=open]").click()
    panel.wait(lambda: {"alpha", "gamma"} <= set(panel.names()))


def test_chosen_runs_are_tagged_and_deleted(show, root: Path) -> None:
    panel = show()
    page = panel.page
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+a")
    panel.wait_for(page.get_by_text("3 runs chosen"))
    page.get_by_role("button", name="Clear").click()
    for name in ("alpha", "beta"):
        page.locator(".tkp-row", has_text=name).locator("[data-press=choose]").click()
    page.get_by_role("button", name="Tags …").click()
    page.get_by_label("Tags, separated by commas").fill("new, <b>")
    page.get_by_role("button", name="Add", exact=True).click()
    panel.wait(lambda: page.locator(".tkp-tag", has_text="<b>").count() == 2)
    with open_store(root).reading() as db:
        assert read.run(db, "digits", "alpha").tags == ("old", "new", "<b>")
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("button", name="Delete 2 runs").click()
    panel.wait(lambda: panel.names() == ["gamma"])
    with open_store(root).reading() as db:
        assert [run.name for run in read.runs(db)] == ["gamma"]


def test_panels_are_added_moved_resized_and_removed(show) -> None:
    panel = show()
    page = panel.page
    page.get_by_role("button", name="Add a panel or a section").click()
    page.get_by_role("menuitem", name="Markdown").click()
    page.get_by_label("Title").fill("Notes")
    page.get_by_label("Text").fill(f"# Hello\n\n{NASTY} [x](javascript:alert)")
    page.get_by_role("button", name="Add", exact=True).click()
    panel.wait_for(page.locator(".tkp-html h1"))
    assert page.locator(".tkp-html img").count() == 0
    assert page.locator('.tkp-html a[href^="javascript"]').count() == 0
    assert panel.section("Panels") == ["Notes"]
    page.get_by_role("button", name="Move Notes").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    panel.wait(lambda: panel.section("train") == ["Notes", "loss"])
    page.keyboard.press("ArrowRight")
    panel.wait(lambda: panel.section("train") == ["loss", "Notes"])
    panel.run()
    saved = {section["name"]: section["panels"] for section in panel.content["sections"]}
    assert [spec.get("width") for spec in saved["train"]] == [None, 7]
    page.get_by_role("button", name="Move loss").first.focus()
    page.keyboard.press("Delete")
    panel.wait(lambda: panel.content.get("removed") == ["metric/train/loss"])
    assert panel.section("train") == ["Notes"]
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+z")
    panel.wait(lambda: panel.section("train") == ["loss", "Notes"])
    assert page.evaluate("() => window.hit") is None


def test_a_card_is_dragged_to_another_section(show) -> None:
    panel = show()
    page = panel.page
    source, target = (
        page.locator(f'[data-panel="metric/{key}"]') for key in ("train/loss", "val/loss")
    )
    panel.wait_for(target)
    source.hover()
    grip, place = source.locator(".tkp-card-grip").bounding_box(), target.bounding_box()
    page.mouse.move(grip["x"] + 4, grip["y"] + 4)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.8, place["y"] + 40, steps=4)
    page.mouse.up()
    panel.wait(lambda: len(panel.section("val")) == 2)
    assert panel.section("train") == []


def test_two_notebooks_that_save_the_same_workspace_lose_nothing(
    show, browser: Browser, root: Path
) -> None:
    first, second = show(), show()
    for panel, search in ((first, "alp"), (second, "bet")):
        panel.page.get_by_label("Search runs").fill(search)
        panel.wait(lambda panel=panel: len(panel.names()) == 1)
    first.page.get_by_role("button", name="Save", exact=True).click()
    first.wait(lambda: not first.board.source.workspace.is_changed)
    second.page.get_by_role("button", name="Save", exact=True).click()
    second.wait_for(second.page.get_by_text("was saved elsewhere meanwhile"))
    assert second.content["runset"]["search"] == "bet"
    second.page.get_by_role("button", name="Save under another name").click()
    second.wait_for(second.page.get_by_label("Name", exact=True))
    second.page.get_by_label("Name", exact=True).fill("mine")
    second.page.get_by_role("button", name="Save", exact=True).last.click()
    second.wait(lambda: second.board.source.workspace.name == "mine")
    third = Boarded(browser, root, "digits")
    third.wait(lambda: third.names() == ["alpha"])
    third.close()


def test_hostile_names_and_values_stay_text(show, root: Path) -> None:
    record(root, NASTY, {NASTY: NASTY}, 1.0, tags=[NASTY], notes=NASTY)
    panel = show(count=4)
    page = panel.page
    assert panel.names()[0] == NASTY
    page.get_by_role("button", name="Choose and order columns").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Group runs by columns").click()
    page.get_by_role("checkbox", name=NASTY).click()
    panel.wait(lambda: sorted(panel.names()) == [NASTY, "–"])
    page.keyboard.press("Escape")
    page.get_by_label("Filter of runs").fill(f"config.{NASTY}")
    panel.wait_for(page.locator(".tkp-problem mark"))
    assert page.locator(".tkp img").count() == 0
    assert page.evaluate("() => window.hit") is None


@pytest.mark.parametrize(("width", "dark"), [(600, True), (1400, False)])
def test_it_fits_its_page(show, width: int, dark: bool) -> None:
    panel = show(width=width, dark=dark)
    panel.wait_for(panel.page.locator(".tkp-plot .trace"))
    over = panel.page.evaluate(
        """() => [...document.querySelectorAll('.tkp, .tkp-header, .tkp-runbar, .tkp-toolbar')]
            .filter((node) => node.scrollWidth > node.clientWidth + 1).map((n) => n.className)"""
    )
    assert over == []
    unnamed = panel.page.evaluate(
        """() => [...document.querySelectorAll('.tkp :is(button, input, select)')].filter(
            (node) => !(node.getAttribute('aria-label') || node.textContent.trim()
                || node.closest('label'))).map((node) => node.outerHTML)"""
    )
    assert unnamed == []
    panel.page.screenshot(path=Path(__file__).parent / "screenshots" / f"workspace-{width}.png")
