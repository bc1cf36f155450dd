"""Lines of a project's charts: groups, axes, expressions, and the settings of each chart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tracker.panels.curves.charts import Ask, Chart, Drawing
from tracker.panels.curves.curve_options import options, resolved
from tracker.panels.workspace.project_source import ProjectSource
from tracker.store.store import open_store

ASK = Ask(width=320)


class Look:
    """A workspace whose one chart is read again and again."""

    def __init__(self, root: Path, **workspace: Any) -> None:
        self.root = root
        self.source = ProjectSource("digits")
        self.source.workspace.patch(workspace)

    def __call__(self, ask: Ask = ASK, **spec: Any) -> Drawing:
        panel = {"id": "own", "kind": "curve", **spec}
        sections = [{"name": "s", "panels": [panel]}]
        self.source.workspace.patch({"sections": sections})
        with open_store(self.root).reading() as db:
            self.source.read(db)
            self.chart = next(chart for chart in self.source.charts() if chart.name == "own")
            return self.source.drawings(db, [self.chart], ask)["own"]


@pytest.fixture
def seeds(root: Path, begin) -> Path:
    """Three learning rates, two seeds each, of 50 steps."""
    for rate in (0.1, 0.2, 0.3):
        for seed in (0, 1):
            run = begin(id=f"{rate}-{seed}", config={"lr": rate, "seed": seed})
            for step in range(50):
                run.log({"loss": rate * step + seed, "train/acc": 1.0, "epoch": step // 10})
            run.finish()
    return root


def by_label(drawing: Drawing) -> dict[str, Any]:
    return {line.label: line for line in drawing.lines}


def test_a_group_is_the_mean_of_its_members_with_a_band(seeds: Path) -> None:
    look = Look(seeds, runset={"group_by": ["config.lr"]})
    drawing = look(keys=["loss"])
    line = by_label(drawing)["0.2 (2)"]
    np.testing.assert_allclose(line.curve.y, 0.2 * np.arange(50) + 0.5)
    np.testing.assert_allclose(line.low, 0.2 * np.arange(50))
    np.testing.assert_allclose(line.high, 0.2 * np.arange(50) + 1)
    assert set(line.runs.tolist()) == {2.0}
    assert sorted(drawing.members[0]) == [
        f"{line_rate(drawing, 0)}-0",
        f"{line_rate(drawing, 0)}-1",
    ]
    assert look(keys=["loss"], band="none").lines[0].low is None
    std = by_label(look(keys=["loss"], band="std"))["0.2 (2)"]
    np.testing.assert_allclose(std.high - std.curve.y, math.sqrt(0.5))


def line_rate(drawing: Drawing, number: int) -> str:
    return drawing.lines[number].label.split()[0]


def test_members_are_drawn_behind_where_wanted(seeds: Path) -> None:
    look = Look(seeds, runset={"group_by": ["config.lr"]}, curves={"show_members": True})
    drawing = look(keys=["loss"])
    assert len(drawing.lines) == 9
    assert [line.opacity < 1 for line in drawing.lines] == [True] * 6 + [False] * 3
    assert len(look(keys=["loss"], grouped=False, show_members=False).lines) == 6


@pytest.mark.parametrize("x", ["step", "relative", "time", "epoch"])
def test_two_identical_runs_are_as_one(root: Path, begin, x: str) -> None:
    values = np.random.default_rng(0).normal(size=5000).tolist()
    values[7] = values[4000] = math.nan
    for run_id in ("one", "two"):
        run = begin(id=run_id, config={"g": "same"})
        for step, value in enumerate(values):
            run.log({"loss": value, "epoch": step // 10})
        run.finish()
    curves = {}
    for only in (["one"], None):
        runset = {"group_by": ["config.g"], "filter": 'id = "one"' if only else ""}
        drawing = Look(root, runset=runset)(keys=["loss"], x=x)
        (line,) = drawing.lines
        curves[only is None] = line
    if x in ("relative", "time"):  # they were not logged at the same moment
        assert np.nanmax(curves[True].high) == np.nanmax(curves[False].high) == np.nanmax(values)
        return
    for name in ("low", "high"):
        np.testing.assert_array_equal(getattr(curves[True], name), getattr(curves[False], name))
    np.testing.assert_array_equal(curves[True].curve.y, curves[False].curve.y)
    np.testing.assert_array_equal(curves[True].curve.x, curves[False].curve.x)
    assert np.nanmax(curves[True].high) == np.nanmax(values)


def test_long_groups_are_the_same_from_rollups_points_and_live_runs(root: Path, begin) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2, 6000)).round(3)
    noise[0, 100], noise[1, 3000], noise[0, 4000] = math.nan, math.inf, -math.inf
    runs = [begin(id=str(n), config={"g": 1}) for n in range(2)]
    for step in range(6000):
        for run, values in zip(runs, noise, strict=True):
            run.log({"loss": float(values[step])})
    for run in runs:
        run.flush()
    look = Look(root, runset={"group_by": ["config.g"]})
    (live,) = look(keys=["loss"]).lines
    for run in runs:
        run.finish()
    (ended,) = look(keys=["loss"]).lines
    for one in (live, ended):
        assert np.nanmax(one.high) == noise[np.isfinite(noise)].max()
        assert np.nanmin(one.low) == noise[np.isfinite(noise)].min()
        assert one.curve.total == 12_000
        assert one.marks[0].tolist() == [100, 3000, 4000]
        np.testing.assert_array_equal(one.marks[1], [math.nan, math.inf, -math.inf])
        assert not np.isnan(one.curve.y).any()
    columns = ended.curve.x.astype(int) >> 5
    assert len(np.unique(columns)) == len(columns)
    first = noise[:, :32]
    np.testing.assert_allclose(ended.curve.y[0], first.mean())
    (close,) = look(Ask("step", 320, (2000.0, 2100.0)), keys=["loss"]).lines
    inside = (close.curve.x >= 2000) & (close.curve.x <= 2100)
    assert close.curve.x[inside].tolist() == list(range(2000, 2101))
    np.testing.assert_allclose(close.curve.y[inside], noise[:, 2000:2101].mean(axis=0))


def test_groups_that_have_ended_are_the_same_beside_live_ones(root: Path, begin) -> None:
    rng = np.random.default_rng(2)
    runs = [begin(id=str(n), config={"g": n // 2}) for n in range(4)]
    for _ in range(4000):
        for number, run in enumerate(runs):
            run.log({"loss": float(rng.normal()) + number})
    for run in runs[:2]:
        run.finish()
    runs[2].flush()
    runs[3].flush()
    look = Look(root, runset={"group_by": ["config.g"]})
    beside = by_label(look(keys=["loss"]))
    runs[2].log({"loss": 9.0})
    runs[2].flush()
    grown = by_label(look(keys=["loss"]))
    assert grown["1 (2)"].high[-1] == 9
    for run in runs[2:]:
        run.finish()
    ended = by_label(look(keys=["loss"]))
    assert sorted(beside) == sorted(ended) == ["0 (2)", "1 (2)"]
    for label, lines in {"0 (2)": (beside, grown, ended), "1 (2)": (grown, ended)}.items():
        for name in ("x", "y"):
            first, *others = (getattr(found[label].curve, name) for found in lines)
            for other in others:
                np.testing.assert_allclose(first, other, rtol=1e-12)


def test_any_metric_may_be_the_axis_and_define_metric_chooses_one(seeds: Path, begin) -> None:
    look = Look(seeds)
    drawing = look(keys=["loss"], x="epoch")
    assert drawing.axis.title == "epoch"
    assert set(drawing.lines[0].curve.x.tolist()) == {0, 1, 2, 3, 4}
    grouped = Look(seeds, runset={"group_by": ["config.lr"]})(keys=["loss"], x="epoch")
    assert grouped.lines[0].curve.x.tolist() == [0, 1, 2, 3, 4]
    look.source.workspace.patch({"runset": {"filter": 'id = "own"'}})
    run = begin(id="own")
    run.define_metric("loss", step_metric="epoch")
    for step in range(20):
        run.log({"epoch": step // 5, "loss": step})
    run.finish()
    assert look(keys=["loss"]).axis.title == "epoch"
    assert look(keys=["loss"], x="relative").axis.kind == "relative"


def test_expressions_are_lines_of_runs_and_of_groups(seeds: Path) -> None:
    drawing = Look(seeds)(expressions=["loss / ${train/acc} * 2"])
    assert len(drawing.lines) == 6
    run = by_label(drawing)
    assert all(len(line.curve.x) == 50 for line in run.values())
    assert max(line.curve.y.max() for line in drawing.lines) == pytest.approx(2 * (0.3 * 49 + 1))
    grouped = Look(seeds, runset={"group_by": ["config.lr"]})(expressions=["loss * 2"])
    np.testing.assert_allclose(
        by_label(grouped)["0.1 (2)"].curve.y, 2 * (0.1 * np.arange(50) + 0.5)
    )


def test_an_expression_of_a_live_run_grows(root: Path, begin) -> None:
    run = begin()
    look = Look(root)
    for length in (3, 6):
        for step in range(length - 3, length):
            run.log({"a": step, "b": 2.0}, step=step)
        run.flush()
        (line,) = look(expressions=["a / b"]).lines
        assert line.curve.y.tolist() == [step / 2 for step in range(length)]


def test_an_expression_is_read_closely_too(root: Path, begin) -> None:
    run = begin()
    for step in range(5000):
        run.log({"a": float(step)})
    run.finish()
    look = Look(root)
    assert len(look(expressions=["-a"]).lines[0].curve.x) < 2000
    (line,) = look(Ask("step", 320, (1000.0, 1010.0)), expressions=["-a"]).lines
    inside = (line.curve.x >= 1000) & (line.curve.x <= 1010)
    assert line.curve.y[inside].tolist() == [-float(step) for step in range(1000, 1011)]


def test_several_metrics_by_a_pattern_have_a_dash_each(seeds: Path) -> None:
    look = Look(seeds)
    drawing = look(pattern="^(loss|epoch)$")
    assert look.chart.keys == ("loss", "epoch")
    assert look.chart.title == "^(loss|epoch)$"
    assert len(drawing.lines) == 12
    assert {line.dash for line in drawing.lines} == {"solid", "dash"}
    look(pattern="^nothing$")
    assert look.chart.problem == "No metric fits '^nothing$'."
    look(pattern="(")
    assert "not a regular expression" in look.chart.problem


def test_what_is_wrong_with_an_expression_is_said(seeds: Path) -> None:
    look = Look(seeds)
    assert look(expressions=["train / loss"]).lines == []
    assert look.chart.problem.endswith("Did you mean ${train/acc}?")
    look(expressions=["loss +"])
    assert "the end" in look.chart.problem
    assert look.chart.as_message()["problem"] == look.chart.problem


def test_settings_of_a_chart_are_over_those_of_the_workspace() -> None:
    both = options({"log_y": True, "band": "sem", "x": "time"}, {"log_y": False, "x": "a/b"})
    assert (both.log_y, both.band, both.x) == (False, "sem", "a/b")
    assert options({"y_range": [1, None]}).y_range == (1.0, None)
    odd = {"y_range": [2, 1], "band": "x", "smoothing": {"kind": "eval"}, "x": 3, "log_x": "yes"}
    assert options(odd) == options()
    smoothing = {"kind": "gaussian", "amount": 7}
    assert options({"smoothing": smoothing}).as_message()["smoothing"]["amount"] == 1


def test_a_plain_chart_is_left_alone() -> None:
    chart = Chart("metric/a", "", "a", ("a",))
    assert resolved(chart, ["a", "b"]) is chart
