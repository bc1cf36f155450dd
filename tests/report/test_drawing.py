"""What panels draw of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tracker
import tracker.report as wr
from tracker.errors import UsageError
from tracker.report.drawing import draw_all
from tracker.report.pinning import source_of
from tracker.report.scene import Drawn, Scene

Draw = Callable[..., Drawn]


@pytest.fixture
def draw(runs: list[str]) -> Draw:
    """Draws a panel over the three runs of the project digits, by rising learning rate."""

    def draw(panel: Any, **runset: Any) -> Drawn:
        grid = wr.PanelGrid([wr.Runset(order="+config.lr", **runset)], panels=[panel])
        report = wr.Report("digits", blocks=[grid])
        (drawn,) = draw_all(Scene(report, grid, [source_of(report, grid.runsets[0])]))
        return drawn

    return draw


def traces(drawn: Drawn, role: str = "line") -> list[dict[str, Any]]:
    assert drawn.figure is not None, drawn.note
    return [each for each in drawn.figure["data"] if each.get("meta", {}).get("role") == role]


def test_a_line_for_each_run_and_metric(draw: Draw, runs: list[str]) -> None:
    lines = traces(draw(wr.LinePlot(y=["loss", "val/loss"])))
    assert [line["meta"]["run"] for line in lines] == [*runs, *runs]
    assert [line["name"] for line in lines][::3] == ["run-0.1 loss", "run-0.1 val/loss"]
    assert [line["line"]["dash"] for line in lines][::3] == ["solid", "dash"]
    assert lines[1]["x"].tolist() == list(range(20))
    assert lines[1]["y"][-1] == pytest.approx(1 / 20)


def test_lines_look_as_they_were_told(draw: Draw, runs: list[str]) -> None:
    panel = wr.LinePlot(
        y=["loss"],
        line_titles={runs[0]: "first"},
        line_colors={"run-1.0": "teal", f"{runs[2]}:loss": "#010203"},
        line_widths={"run-1.0": 4},
        line_marks={runs[0]: "dotted", runs[1]: "points"},
    )
    first, second, third = traces(draw(panel))
    assert (first["name"], first["line"]["dash"]) == ("first", "dot")
    assert (second["line"]["color"], second["line"]["width"]) == ("teal", 4)
    assert second["mode"] == "markers"
    assert third["line"]["color"] == "#010203"


@pytest.mark.parametrize(
    ("x", "title"),
    [("Step", "Step"), ("Relative Time (Wall)", "Relative time (s)"), ("Wall Time", "Time (UTC)"),
     ("val/loss", "val/loss")],
)  # fmt: skip
def test_the_axis_is_what_was_asked(draw: Draw, x: str, title: str) -> None:
    drawn = draw(wr.LinePlot(x=x, y=["loss"]))
    assert drawn.figure is not None
    assert drawn.figure["layout"]["xaxis"]["title"]["text"] == title
    if x == "val/loss":
        assert traces(drawn)[0]["x"][-1] == pytest.approx(1.2)


def test_the_axis_of_define_metric_is_taken(store: Any) -> None:
    run = tracker.init(project="digits", settings={"silent": True, "system_interval_s": 0})
    run.define_metric("epoch")
    run.define_metric("loss", step_metric="epoch")
    for step in range(3):
        run.log({"epoch": step * 10, "loss": step})
    run.finish()
    grid = wr.PanelGrid(panels=[wr.LinePlot(y=["loss"])])
    report = wr.Report("digits", blocks=[grid])
    (drawn,) = draw_all(Scene(report, grid, [source_of(report, grid.runsets[0])]))
    assert traces(drawn)[0]["x"].tolist() == [0, 10, 20]


def test_limits_and_logarithms(draw: Draw) -> None:
    drawn = draw(wr.LinePlot(y=["loss"], log_y=True, range_y=(0.01, None), range_x=(0, 5)))
    assert drawn.figure is not None
    assert drawn.figure["layout"]["yaxis"]["range"] == [-2, None]
    assert drawn.figure["layout"]["xaxis"]["range"] == [0, 5]
    outliers = draw(wr.LinePlot(y=["loss"], ignore_outliers=True)).figure
    assert outliers is not None
    assert outliers["layout"]["yaxis"]["range"][1] < 1.1


def test_a_smoothed_line_stands_before_its_pale_self(draw: Draw) -> None:
    drawn = draw(wr.LinePlot(y=["loss"], smoothing_factor=0.9, smoothing_type="average"))
    smooth, line = traces(drawn, "smooth")[0], traces(drawn)[0]
    assert line["opacity"] < 0.5
    assert np.ptp(smooth["y"]) < np.ptp(line["y"])
    hidden = draw(wr.LinePlot(y=["loss"], smoothing_factor=0.9, smoothing_show_original=False))
    assert traces(hidden) == []


def test_metrics_are_found_by_a_pattern(draw: Draw) -> None:
    drawn = draw(wr.LinePlot(metric_regex="^val/"))
    assert {line["name"] for line in traces(drawn)} == {"run-0.1", "run-1.0", "run-10.0"}
    assert "has logged nonsense" in draw(wr.LinePlot(y=["nonsense"])).note
    assert "names no metric" in draw(wr.LinePlot()).note


def test_run_sets_say_colours_and_who_is_hidden(draw: Draw, runs: list[str]) -> None:
    lines = traces(
        draw(
            wr.LinePlot(y=["loss"]),
            custom_run_colors={"run-1.0": "#111111"},
            run_settings={runs[0]: wr.RunSettings(disabled=True), runs[2]: wr.RunSettings("red")},
        )
    )
    assert [line["line"]["color"] for line in lines] == ["#111111", "red"]


def test_bars_of_runs_and_of_groups(draw: Draw, runs: list[str]) -> None:
    bars = draw(wr.BarPlot(metrics=["loss"], range_x=(0, 1), title_x="t")).figure
    assert bars is not None
    assert list(bars["data"][0]["customdata"]) == runs
    assert list(bars["layout"]["xaxis"]["range"]) == [0, 1]
    upright = draw(wr.BarPlot(metrics=["loss"], orientation="v")).figure
    assert upright is not None
    assert list(upright["data"][0]["y"]) == list(bars["data"][0]["x"])
    grouped = draw(wr.BarPlot(metrics=["loss"]), groupby=["config.model.layers"]).figure
    assert grouped is not None
    assert list(grouped["data"][0]["x"]) == [pytest.approx(np.mean(bars["data"][0]["x"]))]


def test_points_with_lines_through_them(draw: Draw) -> None:
    panel = wr.ScatterPlot(
        x=wr.Config("lr"), y="loss", log_x=True, regression=True, running_ymin=True,
        running_ymean=True, z="val/loss", range_z=(0, 1),
        gradient=[wr.GradientPoint("#ff0000", 0), wr.GradientPoint("#0000ff", 100)],
    )  # fmt: skip
    figure = draw(panel).figure
    assert figure is not None
    names = [trace.get("name") for trace in figure["data"]]
    assert names[-3:] == ["running min", "regression", "running mean"]
    marker = figure["data"][0]["marker"]
    assert (marker["cmin"], marker["cmax"]) == (0, 1)
    assert [list(stop) for stop in marker["colorscale"]] == [[0, "#ff0000"], [1, "#0000ff"]]
    assert "needs x and y" in draw(wr.ScatterPlot(x="lr")).note


def test_numbers_over_all_runs(draw: Draw) -> None:
    assert ">0.05<" in draw(wr.ScalarChart(metric="loss"), filters="config.lr = 1").html
    assert "of 3 runs" in draw(wr.ScalarChart(metric="config.lr", groupby_aggfunc="sum")).html
    assert "11.1" in draw(wr.ScalarChart(metric="lr", groupby_aggfunc="sum")).html
    assert "No run of this set has a number" in draw(wr.ScalarChart(metric="x")).note


def test_importance_says_what_it_lacks(draw: Draw) -> None:
    assert "importance needs 6 or more" in draw(wr.ParameterImportancePlot("loss")).note


def test_parallel_coordinates_choose_for_themselves(draw: Draw) -> None:
    chosen = wr.ParallelCoordinatesPlot([wr.ParallelCoordinatesPlotColumn("lr", log=True)])
    figure = draw(wr.ParallelCoordinatesPlot()).figure
    assert figure is not None
    texts = [each["text"] for each in figure["layout"]["annotations"]]
    assert "lr" in texts
    assert "Choose two or more" in str(draw(chosen).figure)


def test_the_comparer_and_the_table_have_every_run(draw: Draw) -> None:
    comparer = draw(wr.RunComparer())
    assert comparer.html.count('class="dot"') == 3
    assert '<tr class="tkv-diff"><th scope="row" title="lr">' in comparer.html
    assert '<tr class="tkv-same"><th scope="row" title="model.layers">' in comparer.html
    table = draw(wr.RunTable(["config.lr", wr.Metric("State")]))
    assert table.html.count("<tr>") == 4
    assert ">0.1<" in table.html


def test_media_of_chosen_steps(draw: Draw) -> None:
    drawn = draw(wr.MediaBrowser(media_keys=["sample"]))
    assert [item.step for item in drawn.items] == [9, 19] * 3
    assert [item.caption for item in drawn.items][:2] == ["at 9", "at 19"]
    last = draw(wr.MediaBrowser(media_keys=["sample"], max_steps=1))
    assert {item.step for item in last.items} == {19}
    assert "has logged media under nothing" in draw(wr.MediaBrowser(media_keys=["nothing"])).note


def test_code_that_is_not_there(draw: Draw) -> None:
    assert "of both runs are the same" in draw(wr.CodeComparer()).html
    assert "Two runs are compared" in draw(wr.CodeComparer(), limit=1).note


def test_a_panel_that_fails_says_why(draw: Draw) -> None:
    assert "not SQL" in wr.Report("digits", blocks=[wr.SQLBlock("select from")]).to_html()
    assert "is not drawn" not in draw(wr.LinePlot(y=["loss"])).note


def test_the_settings_that_differ_are_named(runs: list[str]) -> None:
    from tracker.report.scene import differing_fields

    records = [run.record for run in tracker.Api().runs("digits")]
    assert differing_fields(records) == ["config.lr"]


def test_an_artifact_tells_who_made_and_used_it(store: Any, tmp_path: Any) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"x" * 2000)
    settings = {"silent": True, "system_interval_s": 0, "console": False}
    with tracker.init(project="p", name="maker", settings=settings) as run:
        model = tracker.Artifact("net", type="model", metadata={"layers": 3})
        model.add_file(str(path))
        run.log_artifact(model)
    with tracker.init(project="p", name="user", settings=settings) as run:
        run.use_artifact("net:latest")
    html = str(wr.Report("p", blocks=[wr.ArtifactBlock("net:v0")]).to_html())
    for words in ("net:v0", "latest", "layers", "made by", "maker", "used by", "user", "2.0 kB"):
        assert words in html
    files = str(wr.Report("p", blocks=[wr.ArtifactBlock("net", tab="files")]).to_html())
    assert "weights.bin" in files
    missing = str(wr.Report("p", blocks=[wr.ArtifactBlock("net:v7")]).to_html())
    assert "There is no artifact &#x27;net:v7&#x27; in project &#x27;p&#x27;: it has v0." in missing


def test_a_line_for_each_group_with_its_band(draw: Draw) -> None:
    panel = wr.LinePlot(y=["loss"], groupby="config.model.layers", groupby_rangefunc="minmax")
    (line,) = traces(draw(panel))
    lrs = (0.1, 1.0, 10.0)
    assert line["name"] == "model.layers: 2 (3)"
    assert line["y"][7] == pytest.approx(np.mean([1 / (1 + lr * 7) for lr in lrs]))
    (band,) = traces(draw(panel), "band")
    assert band["y"].min() == pytest.approx(1 / (1 + 10 * 19))
    assert band["fill"] == "toself"
    (one,) = traces(draw(wr.LinePlot(y=["loss"], aggregate=True, groupby_aggfunc="max")))
    assert one["name"] == "all runs (3)"
    assert one["y"][7] == pytest.approx(1 / (1 + 0.1 * 7))
    by_time = draw(wr.LinePlot(y=["loss"], x="val/loss", groupby="model.layers"))
    assert len(traces(by_time)) == 1
    assert (
        "mean, min, max or sum"
        in draw(wr.LinePlot(y=["loss"], aggregate=True, groupby_aggfunc="median")).note
    )


def test_a_group_counts_every_value_of_long_runs_and_is_pinned_so(store: Any) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 5000))
    for row in values:
        run = tracker.init(project="p", settings={"silent": True, "system_interval_s": 0})
        for value in row:
            run.log({"loss": value})
        run.finish()
    grid = wr.PanelGrid(panels=[wr.LinePlot(y=["loss"], aggregate=True)])
    report = wr.Report("p", blocks=[grid])

    def line() -> dict[str, Any]:
        (drawn,) = draw_all(Scene(report, grid, [source_of(report, grid.runsets[0])]))
        return traces(drawn)[0]

    live = line()
    assert len(live["y"]) < 1000
    width = int(live["x"][1] - live["x"][0])
    assert live["y"][0] == pytest.approx(values[:, :width].mean())
    report.pin()
    tracker.Api().runs("p")[0].delete()
    assert line()["y"].tolist() == live["y"].tolist()


def test_formulas_over_metrics(draw: Draw, runs: list[str]) -> None:
    formula = "${val/loss} / loss"
    lines = traces(draw(wr.LinePlot(custom_expressions=[formula], y=["loss"])))
    assert [line["name"] for line in lines[3:]] == [f"{name} {formula}" for name in (
        "run-0.1", "run-1.0", "run-10.0")]  # fmt: skip
    assert lines[3]["y"].tolist() == pytest.approx([1.2] * 20)
    assert "No run of this set" in draw(wr.LinePlot(custom_expressions=["nope * 2"])).note
    grouped = wr.LinePlot(custom_expressions=["loss"], aggregate=True)
    assert "not of groups" in draw(grouped).note
    over_time = wr.LinePlot(custom_expressions=["loss"], x="Wall Time")
    assert "drawn over steps" in draw(over_time).note
    with pytest.raises(UsageError, match="expected a list of formulas"):
        wr.LinePlot(custom_expressions=["loss +"])


def test_the_best_so_far_over_time(draw: Draw, runs: list[str]) -> None:
    drawn = draw(wr.BestSoFarPlot("val/loss"))
    assert drawn.title == "Best val/loss so far"
    assert drawn.figure is not None
    line, dots = drawn.figure["data"]
    assert list(dots["customdata"]) == runs
    assert list(dots["y"]) == sorted(dots["y"], reverse=True)
    assert list(line["y"]) == sorted(line["y"], reverse=True)
    up = draw(wr.BestSoFarPlot("val/loss", goal="maximize", title="Worst")).figure
    assert up is not None
    assert set(up["data"][0]["y"]) == {dots["y"][0]}
    assert draw(wr.BestSoFarPlot()).figure is not None
    assert "no result" in draw(wr.BestSoFarPlot(), runs=[]).note
