"""The panel's modules in a browser, without JupyterLab and without a kernel."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tracker.figures.formats import format_duration, format_number
from tracker.figures.markdown import markdown
from tracker.figures.smoothing import Smoothing, smooth
from tracker.panels.page import bundle
from tracker.panels.workspace.workspace import merged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.lab

ORIGIN = "http://panel.test/"
PANEL = """async () => {
    const { Panel } = await import('/panel.js');
    const { Link } = await import('/link.js');
    globalThis.sent = [];
    const comm = { send: (message) => sent.push(message), close() {}, on_close() {} };
    globalThis.given = { mail: [], comm };
    const model = { on() {}, off() {}, send() {} };
    globalThis.panel = new Panel(document.body, new Link(given, model), 'id', 'run');
    globalThis.spec = (key, more = {}) => ({ name: key, key, unit: '', system: false,
        section: key.includes('/') ? key.split('/')[0] : 'Charts', title: key, ...more });
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open an empty page that can import the modules; an error in it fails the test."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN)
        if not name:
            route.fulfill(content_type="text/html", body="<!doctype html><body></body>")
            return
        text = (bundle.STATIC / name).read_text(encoding="utf-8")
        route.fulfill(content_type="text/javascript", body=text)

    page.route(f"{ORIGIN}**", serve)
    page.goto(ORIGIN)
    yield page
    page.close()
    assert errors == []


@pytest.mark.parametrize("kind", ["time-weighted", "exponential", "gaussian", "average", "none"])
@pytest.mark.parametrize("amount", [0.0, 0.3, 0.77, 0.99, 1.0])
def test_smoothing_is_that_of_the_figures(page: Page, kind: str, amount: float) -> None:
    rng = np.random.default_rng(1)
    x = np.cumsum(rng.exponential(size=300))
    y = rng.normal(size=300)
    y[[5, 6, 100]] = math.nan
    y[50] = math.inf
    given = [None if not math.isfinite(value) else value for value in y.tolist()]
    text = page.evaluate(
        """async ([kind, amount, x, y]) => {
            const { smooth } = await import('/smoothing.js');
            const values = Float64Array.from(y, (value) => value ?? NaN);
            return JSON.stringify([...smooth(kind, amount, Float64Array.from(x), values)]);
        }""",
        [kind, amount, x.tolist(), given],
    )
    found = np.array([math.nan if value is None else value for value in json.loads(text)])
    np.testing.assert_allclose(found, smooth(x, y, Smoothing(kind, amount)), rtol=1e-9)


def test_numbers_read_as_in_the_figures(page: Page) -> None:
    numbers = [0.97345, 1204.0, 0.0000123, 1.5e9, 12345.6, -0.5, 3.0, 0.1, 1e-7, 99999.5, 0.0]
    found = page.evaluate(
        """async (numbers) => {
            const { formatNumber } = await import('/format.js');
            return numbers.map(formatNumber);
        }""",
        numbers,
    )
    assert found == [format_number(number) for number in numbers]


def test_durations_read_as_in_the_figures(page: Page) -> None:
    seconds = [0.42, 8.0, 75.0, 3725.0, 200_000.0, 59.99]
    found = page.evaluate(
        """async (seconds) => {
            const { formatDuration } = await import('/format.js');
            return seconds.map(formatDuration);
        }""",
        seconds,
    )
    assert found == [format_duration(number) for number in seconds]


def test_sections_keep_their_order_whatever_comes_first(page: Page) -> None:
    page.evaluate(PANEL)
    heads = page.evaluate(
        """() => {
            const cpu = spec('cpu', { section: 'System', system: true });
            const first = ['parameters/w', 'gradients/w', 'train/a', 'epoch'];
            for (const keys of [[], first, [...first, 'val/a']]) {
                given.take({ type: 'charts', charts: [...keys.map((key) => spec(key)), cpu] });
            }
            return [...document.querySelectorAll('.tkp-section-head')].map((h) => h.textContent);
        }"""
    )
    assert heads == [
        "train1", "val1", "Charts1", "gradients1", "parameters1", "System1", "Console",
    ]  # fmt: skip


def test_empty_panels_say_what_they_wait_for(page: Page) -> None:
    page.evaluate(PANEL)
    texts = page.evaluate(
        """() => {
            const empty = () => document.querySelector('.tkp-grid > .tkp-empty').textContent;
            const head = { name: 'a', id: 'b', project: 'c', tags: [], updated_ms: 0, step: -1,
                runtime_s: 1 };
            const name = document.querySelector('.tkp-name').textContent;
            given.take({ type: 'head', head: { ...head, state: 'running' }, now_ms: 0 });
            const running = empty();
            given.take({ type: 'head', head: { ...head, state: 'finished' }, now_ms: 0 });
            return [name, running, empty()];
        }"""
    )
    assert texts[0].startswith("Waiting for the kernel")
    assert texts[1].startswith("Waiting for the first metrics")
    assert texts[2] == "No metrics were logged."


def test_hostile_text_of_a_message_stays_text(page: Page) -> None:
    page.evaluate(PANEL)
    nasty = "<img src=x onerror=window.hit=1>"
    page.evaluate(
        """(nasty) => {
            const head = { name: nasty, id: nasty, project: nasty, tags: [nasty], updated_ms: 0,
                step: 1, runtime_s: 1, state: nasty, error: nasty, traceback: nasty };
            given.take({ type: 'head', head, now_ms: 0 });
            const pairs = [[nasty, nasty]];
            const about = { config: pairs, metadata: pairs, notes: nasty, group: nasty };
            given.take({ type: 'about', about });
            given.take({ type: 'summary', summary: pairs });
            given.take({ type: 'charts', charts: [spec(nasty), spec(`${nasty}/a`)] });
            given.take({ type: 'console', lines: [[0, 'stdout', `\\x1b[31m${nasty}`]] });
            given.take({ type: 'trouble', text: nasty });
            const lines = [{ label: nasty, last: 1, parts: [[0, 0], [0, 0]] }];
            const tile = { name: 'cpu', title: nasty, unit: nasty, top: 100, lines };
            given.take({ type: 'strip', tiles: [tile] }, []);
        }""",
        nasty,
    )
    assert page.locator("img").count() == 0
    assert page.locator(".tkp", has_text=nasty).count() == 1
    assert page.evaluate("() => window.hit") is None


def test_html_is_made_anew_of_what_can_do_no_harm(page: Page) -> None:
    held = markdown("# a\n- [x] b https://e.test\n\n$\\frac{1}{2}$\n\n| a |\n|--:|\n| b |")
    nasty = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
    math = f"<math href='javascript:1' onclick=window.hit=1><mtext>{nasty}</mtext><mglyph></math>"
    page.evaluate(
        """async ([...texts]) => {
            const { markup } = await import('/markup.js');
            document.body.append(...texts.map((text) => {
                const held = document.createElement('div');
                held.append(markup(text));
                return held;
            }));
        }""",
        [held, nasty + math],
    )
    good, bad = page.locator("div").all()
    assert [good.locator(tag).count() for tag in ("h1", "li", "a", "th", "td")] == [1] * 5
    assert good.locator("mfrac").evaluate("(node) => node.namespaceURI").endswith("MathML")
    frac = good.locator("mfrac").bounding_box()
    assert frac is not None
    assert frac["height"] > 1.3 * frac["width"]
    assert bad.locator("script, mglyph, [onerror], [onclick], [href], [src]").count() == 0
    assert page.evaluate("() => window.hit") is None


def test_a_kernel_that_does_not_answer_is_told_of(page: Page) -> None:
    page.evaluate(PANEL)
    page.evaluate("() => panel.ask({ type: 'zoom' })")
    page.wait_for_function("() => !document.querySelector('.tkp-note').hidden", timeout=5000)
    number = page.evaluate("() => sent.findLast((message) => message.request).request")
    page.evaluate("request => given.take({ type: 'reply', request })", number)
    assert page.locator(".tkp-note").is_hidden()


def test_the_scheduler_draws_one_a_frame_and_rests(page: Page) -> None:
    log = page.evaluate(
        """async () => {
            const { scheduler } = await import('/scheduler.js');
            const log = [];
            const chart = (name, ms) => ({ draw() {
                const until = performance.now() + ms;
                while (performance.now() < until);
                log.push([name, performance.now()]);
            } });
            for (let i = 0; i < 4; i++) scheduler.request(chart('live', 20));
            scheduler.request(chart('user', 20), true);
            while (log.length < 5) await new Promise((resolve) => setTimeout(resolve, 10));
            return log;
        }"""
    )
    assert [name for name, _ in log] == ["user", "live", "live", "live", "live"]
    gaps = [b - a for (_, a), (_, b) in pairwise(log[1:])]
    assert min(gaps) > 80


def test_numbers_in_cells_are_as_large_as_there_is_room_or_not_there(page: Page) -> None:
    made = page.evaluate(
        """async () => {
            const { legible } = await import('/figures.js');
            const map = (n) => ({ type: 'heatmap', texttemplate: '%{text}',
                text: Array(n).fill(Array(n).fill('1,234')) });
            const line = { type: 'scatter', texttemplate: 'x' };
            return [legible(map(2), 400, 300), legible(map(8), 400, 300),
                legible(map(20), 400, 300), legible(line, 10, 10)];
        }"""
    )
    assert made[0]["textfont"] == {"size": 12}
    assert 6.5 < made[1]["textfont"]["size"] < 320 / 8 / 5 / 0.6
    assert made[2].get("texttemplate") is None
    assert made[3] == {"type": "scatter", "texttemplate": "x"}


@pytest.mark.parametrize("card", ["View", "Chart"])
def test_a_card_that_is_resized_on_its_way_out_of_sight_is_drawn_when_it_is_back(
    page: Page, card: str
) -> None:
    page.evaluate(PANEL)
    draws = page.evaluate(
        """async (kind) => {
            const { View } = await import('/views.js');
            const { Chart } = await import('/chart.js');
            const { scheduler } = await import('/scheduler.js');
            const card = kind === 'View' ? new View({ id: 'v', kind: 'code' }, panel)
                : new Chart(spec('loss'), panel);
            // It has been drawn, at another size.
            Object.assign(card, { content: [{}, []], renderer: {}, series: {}, isDrawn: true });
            let draws = 0;
            card.draw = () => { draws += 1; };
            card.see(true);
            card.request(true);
            card.see(false);
            card.see(true);
            while (scheduler.urgent.size) await new Promise(requestAnimationFrame);
            return draws;
        }""",
        card,
    )
    assert draws == 1


def test_a_panel_that_was_away_takes_the_theme_when_it_is_back(page: Page) -> None:
    counts = page.evaluate(
        """async () => {
            const { onThemeChange } = await import('/theme.js');
            const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
            const node = document.createElement('div');
            node.textContent = 'a panel';
            document.body.append(node);
            let count = 0;
            onThemeChange(node, () => { count += 1; });
            const counts = [];
            const change = async (name) => {
                document.body.dataset.jpThemeName = name;
                for (let i = 0; i < 3; i++) await frame();
                counts.push(count);
            };
            await change('dark');
            node.remove();
            await change('light');
            document.body.append(node);
            while (count < 2) await frame();
            node.remove();
            document.body.append(node);
            await change('dark');
            return counts;
        }"""
    )
    assert counts == [1, 1, 3]


def test_what_a_user_set_outlives_the_view(page: Page) -> None:
    page.evaluate(PANEL)
    page.get_by_role("slider", name="Smoothing").fill("0.5")
    page.get_by_role("button", name="Log y").click()
    page.evaluate("() => panel.dispose()")
    page.evaluate(PANEL)
    assert page.get_by_role("slider", name="Smoothing").input_value() == "0.5"
    assert page.get_by_role("button", name="Log y").get_attribute("aria-pressed") == "true"


def test_a_view_that_goes_takes_leave(page: Page) -> None:
    page.evaluate(PANEL)
    page.evaluate("() => panel.dispose()")
    assert page.evaluate("() => sent.at(-1)") == {"type": "bye"}
    assert page.evaluate("() => trackerScheduler.urgent.size + trackerScheduler.patient.size") == 0


def test_patches_mean_in_the_page_what_they_mean_in_the_kernel(page: Page) -> None:
    rng = random.Random(7)

    def a_value(depth: int, *, has_null: bool) -> object:
        kinds = [1, "x", True, [1, None]] + [None] * has_null
        if depth == 0 or rng.random() < 0.4:
            return rng.choice(kinds)
        names = rng.sample("abcd", rng.randint(0, 3))
        return {name: a_value(depth - 1, has_null=has_null) for name in names}

    pairs = [(a_value(3, has_null=False), a_value(3, has_null=True)) for _ in range(300)]
    documents = [({"r": a_value(3, has_null=False)}, {"r": a_value(3, has_null=False)})
                 for _ in range(300)]  # fmt: skip
    found, undone = page.evaluate(
        """async ([pairs, documents]) => {
            const { merged, difference } = await import('/workspace.js');
            return [pairs.map(([target, patch]) => merged(target, patch)),
                documents.map(([one, other]) => merged(one, difference(one, other)))];
        }""",
        [pairs, documents],
    )
    assert found == [merged(target, patch) for target, patch in pairs]
    assert undone == [other for _, other in documents]
