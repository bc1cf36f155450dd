"""Curves: drawn from what was read, they cover the same pixels as drawn from everything."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.records import Curve
from tracker.store.series.curves import curves, curves_over

NAN, INF = math.nan, math.inf
Points = list[tuple[int, float]]


# --- what raw data looks like when drawn ----------------------------------------------------------


def _in_order(points: Points) -> Points:
    """Points as a line runs through them: by x, equal x by insertion."""
    return sorted(points, key=lambda point: point[0])


def _pixels(x: np.ndarray, lo: float, hi: float, width: int) -> np.ndarray:
    scale = width / (hi - lo) if hi > lo else 0.0
    return np.clip(np.floor((x - lo) * scale), 0, width - 1)


def _outline(x: np.ndarray, y: np.ndarray, lo: float, hi: float, width: int) -> dict[float, Any]:
    """First, last, least and greatest finite value of each pixel column."""
    is_finite = np.isfinite(y)
    pixels = _pixels(x, lo, hi, width)
    found = {}
    for pixel in np.unique(pixels[is_finite]):
        inside = y[is_finite & (pixels == pixel)]
        found[float(pixel)] = (inside[0], inside[-1], inside.min(), inside.max())
    return found


def _is_broken_between(raw: Points, one: int, other: int) -> bool:
    return any(not math.isfinite(value) for _, value in raw[one + 1 : other])


def _follows(raw: Points, curve: Curve) -> bool:
    """Whether the curve's points are raw ones, in this order, and no line hides a broken one.

    Of equal points any may be meant, so all places at which a point may be are followed.
    """
    before: float | None = None
    places = [-1]
    for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
        is_line = before is not None and math.isfinite(before) and math.isfinite(y)
        places = [
            at
            for at in range(places[0] + 1, len(raw))
            if raw[at][0] == x
            and (raw[at][1] == y or (y != y and raw[at][1] != raw[at][1]))
            and any(
                one < at and not (is_line and _is_broken_between(raw, one, at)) for one in places
            )
        ]
        if not places:
            return False
        before = y
    return True


_values = st.one_of(
    st.floats(width=32),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, NAN, INF, -INF]),
    st.integers(-3, 3).map(float),
)
_steps = st.one_of(st.integers(-20, 200), st.integers(-(2**40), 2**40))
_points = st.one_of(
    st.lists(st.tuples(_steps, _values), min_size=1, max_size=120),
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from([NAN, INF, -INF, -1.0, 0.0, 1.0, 2.0])),
        min_size=30,
        max_size=120,
    ),
)
_property = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)


@_property
@given(points=_points, width=st.integers(1, 8))
@example(points=[(5, 1.0)] * 40, width=1)
@example(points=[(step % 3, float(step)) for step in range(60)], width=2)
@example(points=[(step, NAN if step % 2 else 1.0 * step) for step in range(60)], width=2)
@example(points=list(enumerate([0.0, NAN, 5.0, NAN, -5.0, NAN, 0.0])), width=1)
@example(
    points=[(0, NAN), (0, INF), (0, -1.0), (1, -1.0)] + [(0, INF), (0, -1.0)] * 2 + [(1, NAN)],
    width=1,
)
@example(points=[(0, 1.0), (1, NAN), (2, 1.0), (2, INF), (2, 2.0), (3, -INF)] * 3, width=1)
def test_a_thinned_curve_covers_the_pixels_of_the_raw_one(
    shared_tables: Any, points: Points, width: int
) -> None:
    shared_tables.clear()
    key = shared_tables.add_points(shared_tables.add_series(1, "loss"), points)
    curve = curves(shared_tables.db, [key], width=width)[key]

    raw = _in_order(points)
    x = np.array([float(step) for step, _ in raw])
    y = np.array([value for _, value in raw])
    assert _outline(curve.x, curve.y, x.min(), x.max(), width) == _outline(
        x, y, x.min(), x.max(), width
    )
    assert _follows(raw, curve)
    assert curve.total == len(points)
    assert curve.is_exact == (len(curve.x) == len(points))
    assert curve.is_exact or len(points) > 4 * width


@_property
@given(points=_points, width=st.integers(1, 8))
def test_every_value_that_is_no_number_shows_in_its_pixel_column(
    shared_tables: Any, points: Points, width: int
) -> None:
    shared_tables.clear()
    key = shared_tables.add_points(shared_tables.add_series(1, "loss"), points)
    curve = curves(shared_tables.db, [key], width=width)[key]
    steps = [float(step) for step, _ in points]

    def shown(x: Any, y: Any) -> set[tuple[float, str]]:
        pixels = _pixels(np.array(x), min(steps), max(steps), width)
        return {
            (pixel, str(value))
            for pixel, value in zip(pixels, y, strict=True)
            if not math.isfinite(value)
        }

    assert shown(curve.x, curve.y) == shown(steps, [value for _, value in points])


@_property
@given(points=_points, width=st.integers(1, 4), edges=st.tuples(_steps, _steps))
def test_a_zoom_has_its_range_and_one_point_on_either_side(
    shared_tables: Any, points: Points, width: int, edges: tuple[int, int]
) -> None:
    lo, hi = min(edges) - 0.5, max(edges) + 0.25
    shared_tables.clear()
    key = shared_tables.add_points(shared_tables.add_series(1, "loss"), points)
    curve = curves(shared_tables.db, [key], width=width, lo=lo, hi=hi)[key]

    raw = _in_order(points)
    inside = [point for point in raw if lo <= point[0] <= hi]
    before = [point for point in raw if point[0] < lo][-1:]
    after = [point for point in raw if point[0] > hi][:1]
    shown = list(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    assert repr(shown[: len(before)]) == repr([(float(s), v) for s, v in before])
    assert repr(shown[len(shown) - len(after) :]) == repr([(float(s), v) for s, v in after])
    assert curve.total == len(inside)
    middle = slice(len(before), len(shown) - len(after))
    x, y = np.array([float(s) for s, _ in inside]), np.array([v for _, v in inside])
    assert _outline(curve.x[middle], curve.y[middle], lo, hi, width) == _outline(
        x, y, lo, hi, width
    )
    assert curve.is_exact == (len(shown) - len(before) - len(after) == len(inside))


@_property
@given(
    points=st.lists(st.tuples(st.integers(0, 30), _values), min_size=1, max_size=60),
    xs=st.lists(st.tuples(st.integers(0, 30), _values), max_size=40),
    width=st.integers(1, 4),
)
def test_over_another_metric_a_point_has_its_last_value(
    shared_tables: Any, points: Points, xs: Points, width: int
) -> None:
    shared_tables.clear()
    shared_tables.add_points(shared_tables.add_series(7, "epoch"), xs or [(10**9, 1.0)])
    key = shared_tables.add_points(shared_tables.add_series(7, "loss"), points)
    curve = curves_over(shared_tables.db, 7, ["loss"], "epoch", width=width)[key]

    def x_at(step: int) -> float:
        known = [(at, place, x) for place, (at, x) in enumerate(xs) if at <= step]
        return max(known)[2] if known else NAN

    placed = [(x_at(step), value) for step, value in points]
    raw = sorted((p for p in placed if math.isfinite(p[0])), key=lambda point: point[0])
    assert curve.total == len(raw)
    if not raw:
        assert len(curve.x) == 0
        return
    x, y = np.array([x for x, _ in raw]), np.array([v for _, v in raw])
    assert _outline(curve.x, curve.y, x.min(), x.max(), width) == _outline(
        x, y, x.min(), x.max(), width
    )


# --- single cases ---------------------------------------------------------------------------------


def _curve(tables: Any, points: Points, **given: Any) -> Curve:
    key = tables.add_points(tables.add_series(1, "loss"), points)
    return curves(tables.db, [key], **given)[key]


def test_a_short_curve_is_whole(tables: Any) -> None:
    curve = _curve(tables, [(3, 1.0), (1, NAN), (2, INF), (-1, -0.0)])
    assert curve.x.tolist() == [-1, 1, 2, 3]
    assert repr(curve.y.tolist()) == "[-0.0, nan, inf, 1.0]"
    assert (curve.total, curve.is_exact) == (4, True)
    assert (curve.key, curve.run_key) == ("loss", 1)
    assert (curve.x.dtype, curve.y.dtype) == (np.float64, np.float64)


def test_points_of_one_step_keep_the_order_of_logging(tables: Any) -> None:
    curve = _curve(tables, [(5, 2.0), (1, 0.0), (5, 1.0), (5, 3.0)])
    assert list(zip(curve.x, curve.y, strict=True)) == [(1, 0), (5, 2), (5, 1), (5, 3)]


def test_of_equal_extremes_the_first_low_and_the_last_high_are_kept(tables: Any) -> None:
    steps = list(range(1, 1000))
    wave = [0.0, *(float(step % 2 * 2 - 1) for step in steps), 0.0]
    curve = _curve(tables, list(enumerate(wave)), width=1)
    assert list(zip(curve.x, curve.y, strict=True)) == [(0, 0), (2, -1), (999, 1), (1000, 0)]


def test_the_same_reading_gives_the_same_points(tables: Any) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 3, 300_000).astype(float)
    key = tables.add_series(1, "loss")
    tables.db.execute(
        "INSERT INTO point SELECT ?, (i * 7919) % 1000, '2025-01-01'::TIMESTAMP, (i * 31) % 5 "
        "FROM range(?) t(i)",
        [key, len(values)],
    )
    first, *others = (curves(tables.db, [key], width=100)[key] for _ in range(5))
    for other in others:
        np.testing.assert_array_equal(first.x, other.x)
        np.testing.assert_array_equal(first.y, other.y)


def test_series_of_one_panel_share_its_pixel_columns(tables: Any) -> None:
    short = tables.add_points(tables.add_series(1, "loss"), [(s, float(s)) for s in range(100)])
    long = tables.add_points(tables.add_series(2, "loss"), [(s, 0.0) for s in range(1000)])
    found = curves(tables.db, [long, short], width=10)
    assert list(found) == [long, short]
    # all hundred points lie in the first of ten columns: first and last, which are the extremes
    assert found[short].x.tolist() == [0, 99]
    assert found[long].total == 1000


def test_the_neighbours_of_a_zoom_are_the_nearest_of_equal_steps(tables: Any) -> None:
    points = [(s, s + place / 10) for place in range(3) for s in (1, 2, 5, 8, 9)]
    curve = _curve(tables, points, lo=3, hi=6)
    assert list(zip(curve.x, curve.y, strict=True)) == [
        (2, 2.2),
        (5, 5),
        (5, 5.1),
        (5, 5.2),
        (8, 8),
    ]


def test_a_steady_line_needs_two_points_a_column(tables: Any) -> None:
    curve = _curve(tables, [(s, 1.0) for s in range(1000)], width=5)
    assert curve.x.tolist() == [0, 199, 200, 399, 400, 599, 600, 799, 800, 999]


def test_a_run_gone_to_nan_is_short_and_broken(tables: Any) -> None:
    curve = _curve(tables, [(s, 1.0 if s < 50 else NAN) for s in range(10_000)], width=10)
    assert len(curve.x) <= 40
    assert curve.x[np.isnan(curve.y)].min() == 50
    assert curve.x[np.isnan(curve.y)].max() == 9999


def test_steps_at_the_edges_of_64_bits_are_read(tables: Any) -> None:
    points = [(-(2**63), 1.0), (0, 2.0), (2**63 - 1, 3.0)] * 5
    key = tables.add_points(tables.add_series(1, "loss"), points, [0.0] * len(points))
    curve = curves(tables.db, [key], width=1)[key]
    assert curve.total == 15
    assert (curve.y[0], curve.y[-1]) == (1.0, 3.0)


def test_times_are_epoch_seconds(tables: Any) -> None:
    key = tables.add_points(tables.add_series(1, "loss"), [(0, 1.0), (1, 2.0)], [0.25, 2.5])
    curve = curves(tables.db, [key], x="time")[key]
    assert (curve.x - tables.began.timestamp()).tolist() == [0.25, 2.5]


def test_relative_times_leave_out_the_pauses_of_a_resumed_run(tables: Any) -> None:
    run = tables.add_run()
    tables.add_session(run, started_s=1000, before_s=20)
    key = tables.add_points(
        tables.add_series(run, "loss"), [(s, 0.0) for s in range(4)], [0, 15, 1000, 1007.5]
    )
    assert curves(tables.db, [key], x="relative")[key].x.tolist() == [0, 15, 20, 27.5]


def test_relative_times_of_a_fork_go_on_from_its_parent(tables: Any) -> None:
    tables.add_run("parent", created_s=0)
    fork = tables.add_run("fork", session=False, parent={"run_id": "parent", "step": 1})
    tables.add_session(fork, started_s=100, before_s=10)
    key = tables.add_points(
        tables.add_series(fork, "loss"), [(s, 0.0) for s in range(4)], [0, 10, 101, 102.5]
    )
    assert curves(tables.db, [key], x="relative")[key].x.tolist() == [0, 10, 11, 12.5]


def test_relative_times_without_a_session_count_from_the_creation(tables: Any) -> None:
    run = tables.add_run(created_s=50, session=False)
    key = tables.add_points(tables.add_series(run, "loss"), [(0, 0.0)], [60])
    assert curves(tables.db, [key], x="relative")[key].x.tolist() == [10]


def test_several_runs_over_a_metric(tables: Any) -> None:
    keys = []
    for run in (1, 2):
        tables.add_points(tables.add_series(run, "epoch"), [(0, 0.5 * run), (2, 1.5 * run)])
        keys.append(tables.add_points(tables.add_series(run, "loss"), [(1, 1.0), (3, 2.0)]))
    found = curves_over(tables.db, [1, 2], ["loss"], "epoch")
    assert found[keys[0]].x.tolist() == [0.5, 1.5]
    assert found[keys[1]].x.tolist() == [1.0, 3.0]
    zoomed = curves_over(tables.db, [1, 2], ["loss"], "epoch", lo=2, hi=4)
    assert zoomed[keys[0]].x.tolist() == [1.5]
    assert zoomed[keys[1]].x.tolist() == [1.0, 3.0]


def test_over_a_metric_never_logged_there_are_no_points(tables: Any) -> None:
    key = tables.add_points(tables.add_series(1, "loss"), [(1, 1.0)])
    assert len(curves_over(tables.db, 1, ["loss"], "epoch")[key].x) == 0


def test_unknown_series_are_passed_over_and_empty_ones_are_empty(tables: Any) -> None:
    key = tables.add_series(1, "pictures", kind="json")
    found = curves(tables.db, [key, 999])
    assert list(found) == [key]
    assert (len(found[key].x), found[key].total, found[key].is_exact) == (0, 0, True)
    assert curves(tables.db, []) == {}


@pytest.mark.parametrize(
    ("given_range", "sentence"),
    [
        ({"width": 0}, "width is 0: expected a number of pixels, 1 or more."),
        ({"lo": 2, "hi": 1}, "The range is 2 to 1: expected lo no more than hi."),
        ({"lo": NAN}, "The range is nan to None: expected lo no more than hi."),
        ({"x": "epoch"}, "x is 'epoch': expected 'step', 'relative' or 'time'."),
    ],
)
def test_ranges_that_make_no_sense_are_refused(
    tables: Any, given_range: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        curves(tables.db, [1], **given_range)
    assert str(caught.value) == sentence
