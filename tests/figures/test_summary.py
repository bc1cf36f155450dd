from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.figures.project import project_html
from tracker.figures.summary import summary_html
from tracker.records import Curve

from .reading import NASTY, Reader
from .records import a_run

text = st.text(max_size=40) | st.sampled_from(NASTY)
leaves = st.floats() | st.integers() | st.booleans() | text | st.none() | st.lists(st.floats())
trees = st.dictionaries(text, leaves | st.dictionaries(text, leaves, max_size=5), max_size=30)


def curve(key: str, ys: list[float]) -> Curve:
    return Curve(1, 1, key, np.arange(float(len(ys))), np.array(ys), len(ys), is_exact=True)


def test_the_run_is_described() -> None:
    html = summary_html(a_run(), [curve("train/loss", [1.0, 0.5, 0.25])])
    shown = " ".join(Reader(html).texts)
    for part in ("calm-lake-3", "3c4e3216", "finished", "digits", "2m 05s", "step 299", "baseline"):
        assert part in shown
    assert re.search(r"train/loss\s+█▃▁\s+0\.25\s+0\.25\s+1\b", shown)
    for part in ("Config (3)", "model.name mlp", "model.layers [64, 32]", "lr 0.001"):
        assert part in shown


def test_a_run_without_metrics_and_config_says_so() -> None:
    html = summary_html(a_run(config={}, summary={"_step": 3}))
    assert "No metrics were logged." in html
    assert "Config" not in html
    assert "_step" not in html


def test_a_failed_run_shows_its_error() -> None:
    html = summary_html(a_run(state="failed"), error="ValueError: <diverged>")
    assert "ValueError: &lt;diverged&gt;" in html


def test_summaries_of_several_values_and_media_are_one_line_each() -> None:
    summary = {"acc": {"max": 0.9, "min": 0.1}, "image": {"_type": "image-file", "path": "x.png"}}
    shown = " ".join(Reader(summary_html(a_run(summary=summary))).texts)
    assert "max 0.9 · min 0.1" in shown
    assert "image-file" in shown
    assert "x.png" not in shown


@pytest.mark.parametrize("nasty", NASTY)
def test_text_from_outside_is_shown_and_not_understood(nasty: str) -> None:
    record = a_run(
        project=nasty, run_id=nasty, name=nasty, tags=(nasty,), state="failed",
        config={nasty: nasty, "deep": {nasty: [nasty]}}, summary={nasty: nasty, "m": {nasty: 1}},
    )  # fmt: skip
    read = Reader(summary_html(record, [curve(nasty, [1.0, 2])], error=nasty))
    assert {tag for tag, _ in read.tags} <= {
        "div", "style", "span", "code", "table", "tr", "th", "td", "b", "details", "summary",
        "svg", "title", "polyline", "circle", "path",
    }  # fmt: skip
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    assert nasty in read.texts


def test_it_brings_no_script_and_asks_for_nothing() -> None:
    html = summary_html(a_run(), [curve("train/loss", [1.0, math.nan, 2])])
    for word in ("<script", "http:", "https:", "url(", "@import", "javascript:"):
        assert word not in html


@settings(max_examples=60, deadline=None)
@given(config=trees, summary=trees, name=st.text(max_size=300), tags=st.lists(text, max_size=50))
def test_it_is_well_formed_and_small_whatever_was_logged(
    config: dict, summary: dict, name: str, tags: list[str]
) -> None:
    html = summary_html(a_run(config=config, summary=summary, name=name, tags=tuple(tags)))
    Reader(html)
    assert len(html.encode("utf-8", "replace")) <= 100_000


def test_it_is_small_with_thousands_of_long_curves_and_says_what_is_missing() -> None:
    rng = np.random.default_rng(0)
    keys = [f"layer.{i}/<{'x' * 200}>" for i in range(3000)]
    curves = [curve(key, rng.normal(size=400).tolist()) for key in keys]
    config = {f"key{i}" * 50: "<&'\"" * 500 for i in range(2000)}
    html = summary_html(a_run(summary=dict.fromkeys(keys, 1.0), config=config), curves)
    Reader(html)
    assert 20_000 < len(html.encode()) <= 100_000
    assert re.search(r"… and 2,9\d\d more", html)
    assert "Config (2000)" in html


def test_a_project_is_a_table_of_runs() -> None:
    runs = [
        a_run(run_id=f"run{i}", name=f"n{i}", summary={"acc": i / 10, "_x": 1}) for i in range(3)
    ]
    shown = " ".join(Reader(project_html("digits", runs)).texts)
    assert re.search(r"digits\s+3 runs", shown)
    assert re.search(r"run\s+state\s+created\s+duration\s+acc", shown)
    assert re.search(r"n2\s+finished\s+2026-03-01 12:30 UTC\s+2m 05s\s+0\.2", shown)


def test_a_project_is_small_and_harmless_too() -> None:
    runs = [
        a_run(run_id=f"r{i}", name=NASTY[i % 7] * 9, summary=dict.fromkeys(NASTY, 0.5))
        for i in range(1000)
    ]
    html = project_html(NASTY[1], runs)
    read = Reader(html)
    assert len(html.encode()) <= 100_000
    assert "script" not in {tag for tag, _ in read.tags}
    assert re.search(r"… and \d+ more", html)
