"""Drawings of a sweep."""

from __future__ import annotations

import math

import numpy as np

from tracker.figures.sweep import TrialMark, progress_figure, trial_curves_figure
from tracker.figures.sweep_html import sweep_html
from tracker.records import Curve


def mark(number: int, value: float | None, state: str = "finished", **more: object) -> TrialMark:
    params = more.pop("params", {"x": number})
    return TrialMark(number, state, value, float(number), params, f"run{number}", **more)  # type: ignore[arg-type]


def curve(values: list[float], *, is_exact: bool = True) -> Curve:
    y = np.array(values)
    return Curve(1, 1, "loss", np.arange(len(y)) * 10.0, y, len(y), is_exact)


def test_the_best_so_far_is_a_staircase_of_sound_trials() -> None:
    trials = [
        mark(0, 3.0), mark(1, -5.0, "failed"), mark(2, 2.0, "stopped"), mark(3, math.nan),
        mark(4, 2.5), mark(5, None, "running"),
    ]  # fmt: skip
    best, *states = progress_figure(trials, "loss").data
    assert list(best.x) == [0, 2, 4]
    assert list(best.y) == [3, 2, 2]
    assert [(each.name, list(each.y)) for each in states] == [
        ("finished", [3.0, 2.5]), ("failed", [-5.0]), ("stopped", [2.0]),
    ]  # fmt: skip
    assert list(states[0].customdata) == ["run0", "run4"]


def test_the_best_may_be_the_largest() -> None:
    best = progress_figure([mark(0, 1.0), mark(1, 3.0)], "acc", is_maximized=True).data[0]
    assert list(best.y) == [1, 3, 3]


def test_long_sweeps_are_drawn_over_hours() -> None:
    late = TrialMark(0, "finished", 1.0, 7200.0, {})
    figure = progress_figure([late], "loss")
    assert figure.layout.xaxis.title.text == "Hours since the sweep began"
    assert list(figure.data[0].x) == [2, 2]


def test_curves_are_drawn_over_iterations_with_the_rungs_that_were_reached() -> None:
    trials = [mark(0, 1.0, curve=curve([3, 2, 1])), mark(1, 2.0, "stopped", curve=curve([4, 3]))]
    figure = trial_curves_figure(trials, "loss", [1, 3, 9])
    assert [list(each.x) for each in figure.data] == [[1, 2, 3], [1, 2]]
    assert [shape.x0 for shape in figure.layout.shapes] == [1, 3]
    thinned = trial_curves_figure([mark(0, 1.0, curve=curve([3, 2], is_exact=False))], "loss", [1])
    assert list(thinned.data[0].x) == [0, 10]
    assert not thinned.layout.shapes


def test_nothing_to_draw_is_said() -> None:
    for figure in (progress_figure([], "loss"), trial_curves_figure([mark(0, None)], "loss")):
        assert not figure.data
        assert figure.layout.annotations


def test_text_of_users_is_no_markup() -> None:
    wild = mark(0, 1.0, params={"<b>": "<script>"}, curve=curve([1, 2]))
    figures = [progress_figure([wild], "<i>"), trial_curves_figure([wild], "<i>")]
    texts = [*(figure.to_json() for figure in figures), sweep_html("<u>", "s", [wild], ["<i>"])]
    for text in texts:
        assert "<script>" not in text
        assert "<i>" not in text
        assert "<u>" not in text


def test_the_picture_has_the_best_trials_first_and_stays_small() -> None:
    trials = [mark(n, abs(n - 40) + 0.5) for n in range(2000)]
    html = sweep_html("search", "running", trials, ["loss"], expected=3000)
    assert len(html) < 100_000
    assert "2,000 of 3,000 trials (2000 finished)" in html
    assert "The best 50 of 2,000 trials." in html
    assert html.index("<tr><td>40</td>") < html.index("<tr><td>41</td>")
    assert "<tr><td>1999</td>" not in html
