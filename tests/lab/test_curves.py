"""Charts of a workspace in a browser: groups, settings, zoom, legend, and what is not drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tracker import start
from tracker.figures.curve import outline

from .boarded import QUIET, Boarded

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.lab
STEPS = 3000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs of a project, two for each learning rate, with a spike and a NaN."""
    root = tmp_path_factory.mktemp("curves")
    rng = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKER_DIR", str(root))
        for rate in (0.1, 0.2):
            for seed in (0, 1):
                run = start.init("curves", f"{rate}-{seed}", {"lr": rate}, settings=QUIET)
                for step, noise in enumerate(rng.random(STEPS).tolist()):
                    value = rate + noise
                    run.log({"train/loss": 900.0 if step == 70 else value, "val/loss": value})
                run.finish()
    return root


@pytest.fixture
def boarded(browser: Browser, store: Path) -> Iterator[Boarded]:
    made = Boarded(browser, store, "curves")
    made.wait_for(made.page.locator(".tkp-plot .trace"))
    yield made
    made.close()


def chart(boarded: Boarded, key: str, question: str) -> Any:
    """Ask something of a chart, which is called ``chart`` in the question."""
    script = f"key => {{ const chart = panel.grid.cards.get(key); return {question}; }}"
    return boarded.page.evaluate(script, f"metric/{key}")


def draw_as(boarded: Boarded, key: str, question: str) -> None:
    """Wait until something is so of a chart."""
    boarded.wait(lambda: chart(boarded, key, question))


def test_groups_are_drawn_with_bands_and_their_counts(boarded: Boarded) -> None:
    boarded.page.evaluate("() => panel.workspace.patchRuns({ group_by: ['config.lr'] })")
    draw_as(boarded, "val/loss", "chart.series.lines.length === 2 && chart.isDrawn")
    draw_as(boarded, "val/loss", "chart.plot.data.filter((t) => t.fill === 'toself').length === 2")
    assert chart(boarded, "val/loss", "chart.series.lines.map((line) => line.label).sort()") == [
        "0.1 (2)",
        "0.2 (2)",
    ]
    card = boarded.page.locator('[data-panel="metric/val/loss"]')
    card.locator(".tkp-stage").hover(position={"x": 120, "y": 60})
    boarded.wait_for(card.locator(".tkp-tip-row small"))
    assert card.locator(".tkp-tip-row small").first.text_content().endswith("· 2")
    entry = card.locator(".tkp-legend-entry").first
    entry.click()
    draw_as(boarded, "val/loss", "chart.plot.data.filter((t) => t.fill === 'toself').length === 1")
    assert entry.get_attribute("aria-pressed") == "false"


def test_a_chart_has_settings_of_its_own(boarded: Boarded) -> None:
    card = boarded.page.locator('[data-panel="metric/train/loss"]')
    card.locator(".tkp-bar").hover()
    card.locator(".tkp-gear").click()
    form = boarded.page.locator(".tkp-chart-settings")
    form.get_by_label("Ignore outliers").check()
    draw_as(boarded, "train/loss", "chart.plot._fullLayout.yaxis.range[1] < 2")
    draw_as(boarded, "val/loss", "chart.plot._fullLayout.yaxis.range[1] < 2")
    form.get_by_label("Logarithmic x").check()
    draw_as(boarded, "train/loss", "chart.plot._fullLayout.xaxis.type === 'log'")
    assert chart(boarded, "val/loss", "chart.plot._fullLayout.xaxis.type") == "linear"
    form.get_by_label("Upper limit of y").fill("5")
    form.get_by_label("Upper limit of y").press("Tab")
    draw_as(boarded, "train/loss", "chart.plot._fullLayout.yaxis.range[1] === 5")
    wanted = {"outliers": True, "log_x": True, "y_range": [None, 5]}

    def fields() -> dict[str, Any]:
        sections = boarded.content.get("sections")
        spec = sections[0]["panels"][0] if sections else {}
        return {name: spec[name] for name in spec if name not in ("id", "kind") and spec[name]}

    boarded.wait(lambda: fields() == wanted)
    form.get_by_text("As the workspace").click()
    draw_as(boarded, "train/loss", "chart.plot._fullLayout.yaxis.range[1] > 100")
    boarded.wait(lambda: fields() == {})
    card.locator(".tkp-bar").hover()
    card.get_by_role("button", name="Show loss large").click()
    boarded.page.locator("dialog .tkp-gear").click()
    form.get_by_label("Logarithmic x").check()
    draw_as(boarded, "train/loss", "chart.plot._fullLayout.xaxis.type === 'log'")
    boarded.page.keyboard.press("Escape")
    boarded.page.locator("dialog").get_by_role("button", name="Close").click()
    boarded.wait_for(card.locator(".tkp-bar > .tkp-gear"))


def test_a_zoom_is_shared_and_brings_every_point(boarded: Boarded) -> None:
    chart(boarded, "val/loss", "chart.zoomTo(1000, 1040)")
    count = "chart.series.lines[0].parts.line.x.filter((x) => x >= 1000 && x <= 1040).length"
    for key in ("val/loss", "train/loss"):
        draw_as(boarded, key, f"{count} === 41")
        assert chart(boarded, key, "chart.plot._fullLayout.xaxis.range") == [1000, 1040]
    stage = boarded.page.locator('[data-panel="metric/val/loss"] .tkp-stage')
    stage.focus()
    stage.press("Shift+ArrowRight")
    draw_as(boarded, "train/loss", "chart.range[0] === 1008")
    stage.press("Escape")
    draw_as(
        boarded,
        "train/loss",
        "chart.range === null && chart.plot._fullLayout.xaxis.range[1] > 2900",
    )


def test_an_expression_that_cannot_be_drawn_says_why(boarded: Boarded) -> None:
    panels = [
        {"id": "good", "kind": "curve", "expressions": "${train/loss} - ${val/loss}"},
        {"id": "bad", "kind": "curve", "expressions": ["train/loss * <b>"]},
    ]
    boarded.page.evaluate(
        "panels => panel.workspace.arrange((all) => all.unshift({ name: 'own', panels }))", panels
    )
    bad = boarded.page.locator('[data-panel="bad"] .tkp-hint')
    boarded.wait_for(bad.filter(has_text="expected a formula"))
    assert bad.locator("b").count() == 0
    boarded.wait(
        lambda: (
            boarded.page.evaluate("() => panel.grid.cards.get('good')?.series?.lines.length") == 4
        )
    )


def test_bands_and_percentiles_are_those_of_python(boarded: Boarded) -> None:
    rng = np.random.default_rng(1)
    x, low = np.arange(12.0), rng.normal(size=12)
    high = low + 1
    low[[3, 4, 11]] = np.nan
    text = boarded.page.evaluate(
        """async ([x, low, high, sorted]) => {
            const { outline, percentile } = await import('/series.js');
            const numbers = (all) => Float64Array.from(all, (value) => value ?? NaN);
            const band = outline(x, numbers(low), numbers(high));
            const found = [0.05, 0.5, 0.95].map((share) => percentile(sorted, share));
            return JSON.stringify([band.x, band.y, found]);
        }""",
        [
            x.tolist(),
            [None if np.isnan(value) else value for value in low.tolist()],
            high.tolist(),
            sorted(high.tolist()),
        ],
    )
    found_x, found_y, percentiles = json.loads(text)
    expected_x, expected_y = outline(x, low, high)
    np.testing.assert_array_equal(np.array(found_x, dtype=float), expected_x)
    np.testing.assert_array_equal(np.array(found_y, dtype=float), expected_y)
    np.testing.assert_allclose(percentiles, np.percentile(high, [5, 50, 95]))
