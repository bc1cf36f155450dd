"""The shelf: curves read once, live ones read on, and always what the store holds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tracker.panels.curves.charts import Ask, Chart, Drawing, Sent, drawing_message
from tracker.panels.curves.readings import Reading
from tracker.panels.curves.shelf import Shelf
from tracker.panels.curves.wire import Parcel
from tracker.panels.workspace.project_source import ProjectSource
from tracker.records import Series
from tracker.store.reading import read
from tracker.store.store import open_store

ALL = Ask(width=320)


def look(root: Path, shelf: Shelf, ask: Ask = ALL) -> dict[tuple[str, str], Reading]:
    """Read every series as one chart, by run and key."""
    with open_store(root).reading() as db:
        shelf.catch_up(db)
        runs = {run.run_key: run for run in read.runs(db)}
        series = [one for one in read.series(db, list(runs), "default") if one.kind != "json"]
        found = shelf.read(db, {"all": series}, runs, ask)["all"]
    named = {one.series_key: (runs[one.run_key].run_id, one.key) for one in series}
    return {named[key]: reading for key, reading in found.items()}


def assert_same(one: dict[Any, Reading], other: dict[Any, Reading]) -> None:
    assert one.keys() == other.keys()
    for key, reading in one.items():
        for found, expected in ((reading, other[key]),):
            np.testing.assert_array_equal(found.curve.x, expected.curve.x)
            np.testing.assert_array_equal(found.curve.y, expected.curve.y)
            np.testing.assert_array_equal(found.base, expected.base)
            assert found.curve.total == expected.curve.total
            assert found.curve.is_exact == expected.curve.is_exact


@pytest.mark.parametrize("x", ["step", "relative", "time"])
def test_a_curve_that_grows_is_the_curve_read_anew(root: Path, begin, x: Any) -> None:
    live, ended = begin(id="live"), begin(id="ended")
    noise = np.random.default_rng(0).normal(size=6000).tolist()
    for value in noise[:3000]:
        ended.log({"a": value})
    ended.finish()
    shelf = Shelf()
    ask = Ask(x, 320)
    for low, high in ((0, 10), (10, 10), (10, 1500), (1500, 3200), (3200, 6000)):
        for step in range(low, high):
            live.log({"a": math.nan if step == 20 else noise[step], "b": step})
        live.flush()
        assert_same(look(root, shelf, ask), look(root, Shelf(), ask))


def test_a_step_that_is_logged_again_is_read_again(root: Path, begin) -> None:
    run = begin()
    shelf = Shelf()
    for step in (0, 1, 2, 1, 3):
        run.log({"a": float(step)}, step=step)
        run.flush()
        assert_same(look(root, shelf), look(root, Shelf()))


def test_a_run_that_was_resumed_is_read_on(root: Path, begin) -> None:
    shelf = Shelf()
    for part in range(3):
        run = begin(id="one", resume="allow")
        for step in range(1500):
            run.log({"a": float(step * part)})
        run.flush()
        assert_same(look(root, shelf), look(root, Shelf()))
        run.finish()
        assert_same(look(root, shelf), look(root, Shelf()))
    (reading,) = look(root, shelf).values()
    assert reading.curve.total == 4500


def test_a_zoom_brings_every_point_of_the_stretch(root: Path, begin) -> None:
    run = begin()
    values = np.random.default_rng(2).normal(size=9000)
    for value in values.tolist():
        run.log({"a": value})
    run.finish()
    (reading,) = look(root, Shelf(), Ask("step", 320, (4000.0, 4200.0))).values()
    curve = reading.curve
    inside = (curve.x >= 3999) & (curve.x <= 4201)
    assert curve.x[inside].tolist() == list(range(3999, 4202))
    np.testing.assert_array_equal(curve.y[inside], values[3999:4202])
    assert curve.x[0] == 0
    assert curve.x[-1] == 8999
    assert curve.total == 9000


def test_runs_of_very_different_length_share_columns(root: Path, begin) -> None:
    for steps in (50, 9000):
        run = begin(id=str(steps))
        for step in range(steps):
            run.log({"a": float(step)})
        run.finish()
    found = look(root, Shelf())
    assert found["50", "a"].curve.is_exact
    assert len(found["9000", "a"].curve.x) <= 4 * 400
    assert found["9000", "a"].curve.y.max() == 8999


def test_a_message_holds_only_what_the_page_lacks(root: Path, begin) -> None:
    run = begin()
    source, sent = ProjectSource("digits"), Sent()

    def message() -> tuple[dict[str, Any], int]:
        with open_store(root).reading() as db:
            source.read(db)
            (chart,) = source.charts()
            drawing = source.drawings(db, [chart], ALL)[chart.name]
        parcel = Parcel()
        made = drawing_message(chart, drawing, parcel, sent)
        return made, sum(map(len, parcel.buffers())) // 8

    for step in range(5000):
        run.log({"a": math.sin(step)})
    run.flush()
    first, numbers = message()
    assert first["follows"] is None
    assert numbers > 1000
    run.log({"a": 0.0})
    run.flush()
    second, numbers = message()
    assert (second["follows"], second["number"]) == (first["number"], first["number"] + 1)
    assert numbers < 30
    assert message()[1] == 0


def test_lines_that_change_places_keep_what_was_sent(root: Path) -> None:
    def drawing(names: list[str]) -> Drawing:
        from tracker.figures.axes import x_axis
        from tracker.figures.curve import Line
        from tracker.records import Curve

        x = np.arange(3.0)
        lines = [Line(n, "#000000", Curve(1, 1, "a", x, x * len(n), 3, True)) for n in names]
        return Drawing(lines, x_axis("step"), runs=names)

    chart, sent = Chart("metric/a", "", "a", ("a",)), Sent()
    drawing_message(chart, drawing(["x", "yy"]), Parcel(), sent)
    parcel = Parcel()
    message = drawing_message(chart, drawing(["zzz", "yy", "x"]), parcel, sent)
    sources = {(part[0], part[1]): tuple(part[4:]) for part in message["parts"]}
    assert sources[1, "line"] == (1, 3)
    assert sources[2, "line"] == (0, 3)
    assert sources[0, "line"] == (0, 0)
    assert len(parcel.buffers()[0]) == 8 * 2 * 2 * 3  # a line and its dots


def test_series_without_points_are_absent(root: Path, begin) -> None:
    run = begin()
    run.log({"a": 1})
    run.flush()
    with open_store(root).reading() as db:
        runs = {run.run_key: run for run in read.runs(db)}
        ghost = Series(999, next(iter(runs)), "default", "ghost", "float")
        assert Shelf().read(db, {"c": [ghost], "none": []}, runs, ALL) == {"c": {}, "none": {}}
