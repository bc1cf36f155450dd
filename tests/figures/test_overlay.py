"""Small drawings of several curves, and a project's page with them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from tracker.figures.overlay import HEIGHT, WIDTH, overlay_svg
from tracker.figures.project import project_html
from tracker.records import Curve

from .reading import NASTY, Reader
from .records import a_run


def curve(*values: float) -> Curve:
    y = np.array(values, dtype=float)
    return Curve(1, 1, "loss", np.arange(len(y), dtype=float), y, len(y), is_exact=True)


def places(svg: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in points.split()]
        for points in re.findall(r'points="([^"]*)"', svg)
    ]


def test_lines_fill_the_drawing_on_one_scale() -> None:
    svg = overlay_svg("loss", [("#111111", curve(0, 4)), ("#222222", curve(2, 2, 2))])
    first, second = places(svg)
    assert [y for _, y in first] == [HEIGHT - 4, 4]
    assert [x for x, _ in second] == [4, WIDTH / 2, WIDTH - 4]
    assert {y for _, y in second} == {HEIGHT / 2}
    assert "<span>4</span>" in svg
    assert "2 runs, 0 to 4" in svg


def test_what_is_not_finite_breaks_a_line() -> None:
    svg = overlay_svg("loss", [("#111", curve(0, 1, math.nan, 2, math.inf, 3, 4))])
    assert [len(line) for line in places(svg)] == [2, 2]
    assert svg.count("<circle") == 1


@pytest.mark.parametrize("values", [(), (math.nan, math.inf)])
def test_without_values_nothing_is_drawn(values) -> None:
    assert overlay_svg("loss", [("#111", curve(*values))]) == ""
    assert overlay_svg("loss", []) == ""


def test_values_at_the_edge_of_floats_are_drawn() -> None:
    svg = overlay_svg("loss", [("#111", curve(-1.7e308, 1.7e308, 5e-324))])
    assert all(math.isfinite(y) for line in places(svg) for _, y in line)


def test_a_project_shows_its_columns_and_curves() -> None:
    runs = [a_run(run_id="r1", name="one", config={"lr": 0.5}, summary={"acc": 0.25})]
    charts = {"train/loss": [("#123456", curve(3, 1))]}
    columns = ["name", "config.lr", "summary.acc"]
    html = project_html("digits", runs, charts, columns=columns, total=9, drawn=["r1"])
    shown = " ".join(Reader(html).texts)
    assert re.search(r"digits\s+1 of 9 runs", shown)
    assert re.search(r"duration\s+lr\s+acc", shown)
    assert re.search(r"0\.5\s+0\.25", shown)
    assert "#123456" in html


def test_many_curves_and_hostile_titles_keep_within_the_limit() -> None:
    many = [("#123456", curve(*np.random.default_rng(0).normal(size=160))) for _ in range(100)]
    html = project_html("p", [a_run()] * 300, {f"{NASTY[i % 7]}{i}": many for i in range(24)})
    assert len(html.encode()) <= 100_000
    assert re.search(r"… and \d+ more charts", html)
    assert "script" not in {tag for tag, _ in Reader(html).tags}
