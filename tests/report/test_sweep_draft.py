"""The draft of a report about a sweep, and the terminal's way to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
import tracker.report as wr
from tracker.cli import main
from tracker.report import search

from .hostile import SETTINGS
from .test_draft import panels_of, words_of

CONFIG = {
    "name": "learning rates",
    "method": "grid",
    "metric": {"name": "score", "goal": "maximize"},
    "parameters": {"lr": {"values": [1, 3, 2]}, "depth": {"values": [1, 2]}},
    "early_terminate": {"type": "hyperband", "min_iter": 2},
}


@pytest.fixture
def swept(store: Path) -> Callable[..., tracker.Sweep]:
    """Runs a sweep whose trials are best in their midst; the last one fails."""

    def swept(fails: int = 5, **changes: Any) -> tracker.Sweep:
        sweep = tracker.sweep({**CONFIG, **changes}, project="digits")

        def train() -> None:
            run = tracker.init(settings=SETTINGS)
            peak = run.config["lr"] * run.config["depth"]
            for score in (0.5, peak, 10 - peak):
                run.log({"score": score, "loss": 1.0})
            if run.config["lr"] == 2 and run.config["depth"] == 2 and fails:
                raise ValueError("it fell over")

        sweep.run(train)
        return sweep

    return swept


def test_it_says_how_the_search_went(swept: Callable[..., tracker.Sweep]) -> None:
    sweep = swept(early_terminate={"type": "hyperband", "min_iter": 4})
    report = tracker.report(sweep)
    words = words_of(report)
    best = sweep.best_run()
    assert best is not None
    # By the best value that a trial had, as the search compares them; its last one is another.
    assert f"Best: {best.name} has the highest score, 9." in words
    assert f"Best trial: {best.name}, number {sweep.best_trial().number}." in words
    assert "grid search for the highest score; it is finished." in words
    assert "Trials: 6 of 6 are over (5 finished, 1 failed)." in words
    assert "Trials are judged, and may be stopped, at iteration 4." in words
    assert "the table, bars and axes below show their last ones" in words
    assert f"The run: digits/{best.id}" in words
    assert panels_of(report) == [
        "BestSoFarPlot", "TrialCurvesPlot", "RunTable", "RunComparer", "BarPlot", "ScatterPlot",
        "ParallelCoordinatesPlot", "ParameterImportancePlot", "LinePlot", "LinePlot",
    ]  # fmt: skip
    config = next(b for b in report.walk() if isinstance(b, wr.CodeBlock) and b.language == "yaml")
    assert "name: learning rates" in config.code


def test_its_drawings_are_those_of_the_search(swept: Callable[..., tracker.Sweep]) -> None:
    from tracker.report.drawing import draw_all
    from tracker.report.pinning import source_of
    from tracker.report.scene import Scene

    sweep = swept(early_terminate={"type": "hyperband", "min_iter": 2})
    report = tracker.report(sweep)
    grid = report.grids()[0]
    so_far, curves = draw_all(Scene(report, grid, [source_of(report, grid.runsets[0])]))
    assert so_far.figure is not None
    line, *dots = so_far.figure["data"]
    trials = [t for t in tracker.Api().sweep(sweep).list_trials() if t.value is not None]
    found = dict(zip(
        (run for each in dots for run in each["customdata"]),
        (value for each in dots for value in each["y"]), strict=True,
    ))  # fmt: skip
    assert found == {trial.run_id: trial.value for trial in trials}
    assert list(line["y"]) == sorted(line["y"])
    assert curves.figure is not None
    traces = curves.figure["data"]
    names = {run.id: run.name for run in sweep.runs}
    assert {trace["meta"]["run"]: trace["name"] for trace in traces} == names
    assert [list(trace["x"]) for trace in traces] == [[1, 2, 3]] * 6
    assert [shape["x0"] for shape in curves.figure["layout"]["shapes"]] == [2]


def test_a_pinned_draft_keeps_what_it_draws(swept: Callable[..., tracker.Sweep]) -> None:
    sweep = swept(early_terminate={"type": "asha", "min_iter": 1, "eta": 3, "max_iter": 9})
    report = tracker.report(sweep, follow=False).save()
    assert "at iterations 1, 3." in words_of(report)
    before = str(report.to_html())
    for run in list(sweep.runs):
        run.delete()
    after = str(wr.Report.open(f"digits/{report.id}").to_html())
    for text in ("score of each trial", "Best score so far"):
        assert text in before
        assert text in after
    assert "was pinned on" not in after


def test_many_trials_are_drawn_and_the_best_have_curves(
    swept: Callable[..., tracker.Sweep], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_CURVES", 4)
    report = tracker.report(swept())
    assert "The curves of the best 4 of 6 trials:" in words_of(report)
    so_far, curves = report.grids()[:2]
    assert [so_far.runsets[0].limit, curves.runsets[0].limit] == [search.MOST_TRIALS, 4]
    assert curves.runsets[0].order == [wr.OrderBy("summary.score", ascending=False)]


def test_a_sweep_without_results_or_metric_has_a_draft(store: Path) -> None:
    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        if sweep.config.get("metric"):
            raise ValueError(f"{run.name} fell over")

    without = {k: v for k, v in CONFIG.items() if k not in ("metric", "early_terminate")}
    for config, state in ((CONFIG, "failed"), (without, "finished")):
        sweep = tracker.sweep(config, project="digits")
        sweep.run(train, count=2)
        report = tracker.report(sweep)
        assert f"Trials: 2 of 6 are over (2 {state})." in words_of(report)
        assert "grid search" in str(report.to_html())


def test_several_metrics_are_drawn_over_each_other(swept: Callable[..., tracker.Sweep]) -> None:
    both = [{"name": "loss"}, {"name": "score", "goal": "maximize"}]
    sweep = swept(metric=None, metrics=both, early_terminate=None)
    report = wr.draft(sweep)
    said = words_of(report)
    assert "for loss (minimize), score (maximize)" in said
    assert "which no other trial is better than: 0." in said
    drawn = [
        panel
        for grid in report.walk()
        if isinstance(grid, wr.PanelGrid)
        for panel in grid.panels
        if isinstance(panel, wr.ScatterPlot) and panel.running_ymax
    ]
    assert [(panel.x, panel.y) for panel in drawn] == [
        (wr.SummaryMetric("loss"), wr.SummaryMetric("score"))
    ]
    assert "score by loss" in report.to_html()


def test_the_metric_of_the_draft_may_be_another(swept: Callable[..., tracker.Sweep]) -> None:
    words = words_of(tracker.report(swept(), metric="loss", goal="minimize"))
    assert "has the lowest loss, 1." in words
    assert "grid search for the highest score" in words


def test_the_terminal_writes_it(
    swept: Callable[..., tracker.Sweep], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = swept()
    capsys.readouterr()
    for name in (f"digits/{sweep}", "digits/learning rates", str(sweep)):
        page = tmp_path / "sweep.html"
        assert main(["report", name, "-o", str(page)]) == 0
        assert "<title>Sweep learning rates</title>" in page.read_text()
        page.unlink()
    assert main(["report", f"digits/{sweep}"]) == 0
    assert Path("Sweep-learning-rates.html").exists()
    capsys.readouterr()
    assert main(["report", "digits/nothing"]) == 1
    assert "There is no run 'nothing'" in capsys.readouterr().err
    empty = tracker.sweep({**CONFIG, "name": "new"}, project="digits")
    assert main(["report", f"digits/{empty}"]) == 1
    assert f"The sweep {empty} has no runs to report on yet." in capsys.readouterr().err
