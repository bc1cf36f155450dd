"""The HTML file, in a real browser without a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import tracker.report as wr
from tracker.report.page import write_page
from tracker.report.pdf import find_browser

from .hostile import VECTORS, hostile_blocks

pytestmark = pytest.mark.lab


def a_report(*panels: Any, **fields: Any) -> wr.Report:
    return wr.Report("digits", title="Losses", blocks=[wr.PanelGrid(panels=list(panels))], **fields)


def draw_all(page: Any) -> None:
    """Scroll until every chart has been drawn."""
    for plot in page.locator(".plot").all():
        if plot.is_visible():
            plot.scroll_into_view_if_needed()
            page.locator(
                f'.plot.drawn[data-figure="{plot.get_attribute("data-figure")}"]'
            ).wait_for()


def test_a_page_needs_nothing_and_draws(runs: list[str], look: Any) -> None:
    looked = look(
        a_report(
            wr.LinePlot(y=["loss"]), wr.LinePlot(y=["loss", "val/loss"], smoothing_factor=0.5)
        ).to_html(),
        offline=True,
    )
    draw_all(looked.page)
    assert looked.page.locator(".plot").first.locator(".scatterlayer path.js-line").count() == 3
    assert looked.problems == []


def test_runs_are_switched_everywhere(runs: list[str], look: Any) -> None:
    report = a_report(wr.LinePlot(y=["loss"]), wr.MediaBrowser(media_keys=["sample"]))
    page = look(report.to_html()).page
    draw_all(page)
    lines = page.locator(".scatterlayer path.js-line")
    chip = page.get_by_role("button", name="run-1.0")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    lines.nth(2).wait_for(state="detached")
    assert page.locator(".shot.now:visible").count() == 2
    chip.click(modifiers=["Shift"])
    page.locator(".shot.now:visible").nth(1).wait_for(state="detached")
    assert page.locator("button[aria-pressed=true]").all_inner_texts() == ["run-1.0"]
    chip.click(modifiers=["Shift"])
    lines.nth(2).wait_for(state="attached")


def test_the_slider_shows_what_was_last_logged(runs: list[str], look: Any) -> None:
    page = look(a_report(wr.MediaBrowser(media_keys=["sample"])).to_html()).page
    assert page.locator("output").inner_text() == "19"
    assert page.locator(".shot.now:visible figcaption span").all_inner_texts() == ["at 19"] * 3
    slider = page.locator(".slider input")
    slider.focus()
    slider.press("ArrowLeft")
    assert page.locator("output").inner_text() == "9"
    assert page.locator(".shot.now:visible figcaption span").all_inner_texts() == ["at 9"] * 3
    assert page.locator(".shot.now img").first.evaluate("img => img.naturalWidth") == 8


def test_tables_are_sorted_and_compared(runs: list[str], look: Any) -> None:
    page = look(a_report(wr.RunTable(), wr.RunComparer(diff_only=True)).to_html()).page
    head = page.get_by_role("columnheader", name="lr")
    first = page.locator(".sortable tbody td").first
    head.click()
    assert first.inner_text() == "run-0.1"
    head.click()
    assert (first.inner_text(), head.get_attribute("aria-sort")) == ("run-10.0", "descending")
    same = page.locator("tr.tkv-same").first
    assert not same.is_visible()
    page.get_by_label("only what differs").uncheck()
    assert same.is_visible()


def test_the_theme_is_that_of_the_system_until_it_is_chosen(runs: list[str], look: Any) -> None:
    page = look(a_report(wr.LinePlot(y=["loss"])).to_html(), color_scheme="dark").page
    draw_all(page)
    ground = "getComputedStyle(document.body).backgroundColor"
    text = "getComputedStyle(document.querySelector('.xtick text')).fill"
    dark = page.evaluate(ground), page.evaluate(text)
    page.locator("#theme").click()
    assert page.evaluate(ground) == "rgb(255, 255, 255)" != dark[0]
    assert page.evaluate(text) != dark[1]


@pytest.mark.parametrize("size", [(1280, 900), (420, 800)])
def test_nothing_is_wider_than_the_page(runs: list[str], look: Any, size: tuple[int, int]) -> None:
    report = a_report(wr.LinePlot(y=["loss"]), wr.RunComparer(), wr.RunTable(), wr.MediaBrowser())
    page = look(report.to_html(), viewport={"width": size[0], "height": size[1]}).page
    draw_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_hostile_text_does_nothing(hostile: Path, look: Any) -> None:
    vector = VECTORS[1]
    report = wr.Report(
        "p", title=vector[:128], description="".join(VECTORS), blocks=hostile_blocks()
    )
    looked = look(write_page(report, is_eager=True))
    page = looked.page
    page.locator("html[data-drawn=all]").wait_for(state="attached")
    for fold in page.locator("details").all()[:3]:
        fold.locator("summary").first.click()
    for link in page.locator("a[href^='#']").all()[:3]:
        link.click()
    plot = page.locator(".plot.drawn").last
    plot.scroll_into_view_if_needed()
    plot.hover()
    assert looked.problems == []
    assert page.evaluate("window.hit") is None
    assert page.locator("script").count() == 3
    handlers = "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
    assert (
        page.evaluate(f"{handlers}.filter(a => /^on|^formaction|^srcset/.test(a.name)).length") == 0
    )
    assert page.locator("main :is(object, embed, form, link, meta, base, style)").count() == 0
    assert page.locator("iframe:not([sandbox=''])").count() == 0
    address = "a => new URL(a.getAttribute('href') ?? a.getAttribute('xlink:href') ?? '#', 'file:')"
    addresses = set(
        page.eval_on_selector_all("a", f"all => all.map({address}).map(u => u.protocol)")
    )
    assert addresses <= {"http:", "https:", "file:"}


def test_a_page_runs_two_scripts_and_no_other(runs: list[str], look: Any) -> None:
    """The second wall holds where the first one would not."""
    html = str(a_report(wr.LinePlot(y=["loss"])).to_html())
    planted = html.replace(
        "<main>", "<main><script>window.hit=1</script><img src=x onerror=alert(1)>"
    )
    looked = look(planted)
    draw_all(looked.page)
    assert looked.page.evaluate("window.hit") is None
    assert not [each for each in looked.problems if each.startswith("dialog")]
    assert len(re.findall("'sha256-", html)) == 2


def test_a_picture_of_a_path_is_not_read(store: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("for my eyes only")
    words = f"![x]({secret}) ![y](../../../../../..{secret}) ![z](file://{secret})"
    html = wr.Report("p", blocks=[wr.MarkdownBlock(words)]).to_html()
    assert "for my eyes only" not in html
    assert "Zm9yIG15IGV5ZXMgb25seQ" not in html
    assert "<img" not in str(html).partition("<main>")[2].partition("</main>")[0]


def test_a_pdf_holds_the_charts(runs: list[str], tmp_path: Path) -> None:
    try:
        find_browser()
    except wr.report.UsageError:
        pytest.skip("there is no browser that prints")
    report = a_report(*[wr.LinePlot(y=["loss"], title=f"plot {n}") for n in range(8)])
    path = report.to_pdf(tmp_path / "r.pdf")
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(content) > 20_000


def test_a_page_whose_scripts_may_not_run_shows_pictures(runs: list[str], look: Any) -> None:
    report = a_report(wr.LinePlot(y=["loss"]), wr.BarPlot(metrics=["loss"]), wr.MediaBrowser())
    page = look(report.to_html(), java_script_enabled=False).page
    assert page.locator(".plot svg:visible").count() == 2
    assert page.locator(".plot svg polyline").count() > 3
    assert page.locator(".shot.now:visible").count() == 3
    assert "still pictures" in page.locator("noscript").inner_text()
