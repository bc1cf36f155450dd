"""The first draft, and the terminal's way to it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import tracker
import tracker.report as wr
from tracker.cli import main
from tracker.errors import NotFoundError, UsageError
from tracker.report.best import find_best
from tracker.report.words import plain

from .conftest import log_run
from .hostile import SETTINGS


def words_of(report: wr.Report) -> str:
    told = []
    for block in report.walk():
        if isinstance(block, wr.UnorderedList):
            told += [plain(item) for item in block.items]
        elif hasattr(block, "text"):
            told.append(plain(block.text))
    return "\n".join(told)


def panels_of(report: wr.Report) -> list[str]:
    return [type(panel).__name__ for grid in report.grids() for panel in grid.panels]


def test_a_draft_says_what_matters(runs: list[str]) -> None:
    report = tracker.report("digits")
    words = words_of(report)
    assert "Runs: 3 finished" in words
    assert "Best: run-10.0 has the lowest val/loss, 0.006283." in words
    assert "The next one, run-1.0, has 0.06." in words
    assert "What differs: lr." in words
    assert f"The run: digits/{runs[2]}" in words
    assert panels_of(report) == [
        "RunTable", "RunComparer", "BarPlot", "ScatterPlot", "LinePlot", "LinePlot", "MediaBrowser",
    ]  # fmt: skip
    assert report.version == 0
    assert "run-10.0" in str(report.to_html())


def test_a_draft_of_chosen_runs(runs: list[str]) -> None:
    api = tracker.Api()
    by_object = tracker.report([api.run(runs[0]), runs[1]])
    assert by_object.grids()[0].runsets[0].runs == [runs[0], runs[1]]
    one = tracker.report(f"digits/{runs[0]}", title="One")
    assert one.title == "One"
    assert "BarPlot" not in panels_of(one)
    assert any(isinstance(each, wr.TableBlock) for each in one.walk())


def test_many_runs_bring_what_only_many_can_show(runs: list[str]) -> None:
    for number in range(4):
        log_run(f"more-{number}", 2.0 + number, config={"momentum": number / 10})
    shown = panels_of(wr.draft("digits"))
    assert "ParallelCoordinatesPlot" in shown
    assert "ParameterImportancePlot" in shown


def test_the_metric_may_be_chosen(runs: list[str]) -> None:
    report = wr.draft("digits", metric="loss", goal="maximize")
    assert "Best: run-0.1 has the highest loss" in words_of(report)
    with pytest.raises(UsageError, match="metric is 'nope': no run has a number"):
        wr.draft("digits", metric="nope")
    with pytest.raises(UsageError, match="goal is 'up': expected 'minimize' or 'maximize'"):
        wr.draft("digits", goal="up")


@pytest.mark.parametrize(
    ("summary", "metric", "goal"),
    [
        ({"train/loss": 1.0, "val/loss": 2.0, "step_time": 3}, "val/loss", "minimize"),
        ({"accuracy": 0.5, "epoch": 3}, "accuracy", "maximize"),
        ({"test_f1": 0.5, "val_loss": 1.0}, "test_f1", "maximize"),
        ({"epoch": 3.0, "_runtime": 2.0}, "epoch", "minimize"),
        ({"error_rate": float("nan"), "score": 1.0}, "score", "maximize"),
    ],
)
def test_a_metric_is_found_by_its_name(
    store: Path, summary: dict[str, float], metric: str, goal: str
) -> None:
    run = tracker.init(project="p", settings={"silent": True, "system_interval_s": 0})
    run.summary.update(summary)
    run.finish()
    record = tracker.Api().run(run.id).record
    best = find_best([record], [], [])
    assert best is not None
    assert (best.metric, best.goal) == (metric, goal)


def test_what_define_metric_hid_is_not_drawn(store: Path) -> None:
    run = tracker.init(project="p", settings={"silent": True, "system_interval_s": 0})
    run.define_metric("val/*", hidden=True)
    for step in range(3):
        run.log({"val/loss": step, "train/loss": step, "val/sample": tracker.Histogram([step])})
    run.finish()
    report = wr.draft("p")
    panels = [panel for grid in report.grids() for panel in grid.panels]
    assert [panel.y for panel in panels if isinstance(panel, wr.LinePlot)] == [["train/loss"]]
    assert "MediaBrowser" not in panels_of(report)
    assert "val/loss came to 2" in words_of(wr.draft("p", metric="val/loss"))


def test_a_goal_of_define_metric_decides(store: Path) -> None:
    for name, value in (("low", 1.0), ("high", 2.0)):
        run = tracker.init(
            project="p", name=name, settings={"silent": True, "system_interval_s": 0}
        )
        run.define_metric("speed", goal="maximize")
        run.log({"speed": value, "loss": value})
        run.finish()
    assert "Best: high has the highest speed, 2." in words_of(wr.draft("p"))


def test_what_is_not_there_is_said(store: Path) -> None:
    with pytest.raises(NotFoundError, match="There are no runs in"):
        tracker.report()
    log_run("a", 1.0)
    log_run("b", 1.0, project="other")
    with pytest.raises(NotFoundError, match="There is no run 'nope'"):
        tracker.report("nope")
    with pytest.raises(UsageError, match="of these projects: digits, other"):
        tracker.report(tracker.Api().runs())
    with pytest.raises(UsageError, match="A run is 3: expected its id"):
        tracker.report([3])
    assert tracker.report().project == "other"


def test_a_run_without_results_has_a_draft(store: Path) -> None:
    tracker.init(project="p", settings={"silent": True, "system_interval_s": 0}).finish()
    assert "Runs: 1 finished" in str(tracker.report("p").to_html())


def test_the_terminal_writes_every_kind(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, notebook = tmp_path / "r.html", tmp_path / "r.ipynb"
    assert main(["report", "digits", "-o", str(page), "--title", "From a terminal"]) == 0
    assert "<title>From a terminal</title>" in page.read_text()
    assert main(["report", *runs[:2], "-o", str(notebook), "--save"]) == 0
    nbformat.validate(nbformat.read(notebook, 4))
    (saved,) = tracker.Api().reports("digits")
    assert wr.Report.of(saved).grids()[0].runsets[0].pin is not None
    assert main(["report", f"digits/{saved.name}", "-o", str(page)]) == 0
    assert "version 1" in page.read_text()
    assert main(["report", "digits", "-o", str(tmp_path / "r.docx")]) == 1
    assert "ends in '.docx': expected .html, .ipynb, .pdf" in capsys.readouterr().err
    assert main(["report", "nope"]) == 1


def test_a_run_of_a_notebook_is_restored_and_a_program_named(
    runs: list[str], tmp_path: Path
) -> None:
    assert "restore" not in str(tracker.report("digits").to_html())
    code = (
        "import tracker\n"
        "with tracker.init('cells', settings={'silent': True}) as run: run.log({'loss': 1})"
    )
    cell = nbformat.v4.new_code_cell(code)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "n.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "n.ipynb"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    report = tracker.report("cells")
    restore, *_ = [b for b in report.walk() if isinstance(b, wr.CodeBlock)]
    (run,) = tracker.Api().runs("cells")
    assert restore.code == f"tracker restore {run.id} -o again.ipynb"


def test_a_result_that_is_kept_as_its_best_decides(store: Path) -> None:
    for name, scores in (("early", (0.9, 0.2)), ("late", (0.3, 0.8))):
        with tracker.init("p", name, {"lr": len(name)}, settings=SETTINGS) as run:
            run.define_metric("val/accuracy", summary="max", goal="maximize")
            for epoch, score in enumerate(scores):
                run.log({"val/accuracy": score, "val/loss": 1 - epoch, "epoch": epoch})
    report = tracker.report("p")
    html = str(report.to_html())
    assert "early</code> has the highest <code>val/accuracy</code>, 0.9." in html
    table, _, results, curves, *_ = report.grids()
    assert [column for column in table.panels[0].columns if "summary" in str(column)] == [
        "summary.val/accuracy.max", "summary.val/loss",
    ]  # fmt: skip
    assert results.panels[0].metrics == ["summary.val/accuracy.max"]
    assert [panel.y for panel in curves.panels] == [["val/accuracy"], ["val/loss"]]
    rows = re.findall(r"</span>(early|late)</td>", html)
    assert rows == ["early", "late"]


def test_a_sweep_is_drafted_by_its_own_metric(runs: list[str]) -> None:
    sweep = tracker.sweep(
        {
            "name": "learning rates",
            "method": "grid",
            "metric": {"name": "score", "goal": "maximize"},
            "parameters": {"lr": {"values": [1, 3, 2]}},
        },
        project="digits",
    )

    with pytest.raises(NotFoundError, match="has no runs to report on yet"):
        tracker.report(sweep)

    def train() -> None:
        run = tracker.init(settings={"console": False, "save_code": False, "system_interval_s": 0})
        run.log({"loss": 1.0, "score": run.config["lr"]})

    sweep.run(train)
    for given in (sweep, tracker.Api().sweep(sweep)):
        report = tracker.report(given)
        assert report.title == "Sweep learning rates"
        assert "has the highest score, 3." in words_of(report)
        search = report.grids()[0].panels
        assert search == [
            wr.BestSoFarPlot("score", "maximize", value="best"),
            wr.TrialCurvesPlot("score"),
        ]
    # It follows the sweep, and runs of others are not in it.
    assert report.grids()[0].runsets[0].filters == f"sweep = {sweep.id}"
    assert runs[0] not in str(report.to_html())
    assert "BestSoFarPlot" in panels_of(wr.draft(list(sweep.runs)))
    assert "BestSoFarPlot" not in panels_of(wr.draft("digits"))
