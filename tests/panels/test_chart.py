"""Charts in a cell: the panels of a workspace, one at a time."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
import pytest

import tracker
from tracker.errors import NotFoundError, QueryError, UsageError
from tracker.panels.chart import KINDS, chart

from .recorded import NASTY, record


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recorded")
    record(place / ".tracker", *[{}] * 11, {"name": NASTY})
    return place


def test_all_runs_of_a_project_are_points(place: Path) -> None:
    figure = chart("scatter", "digits", x="config.lr", y="summary.loss", title="a & b", dir=place)
    assert isinstance(figure, go.Figure)
    assert len(figure.data[0].customdata) == 12
    assert figure.layout.title.text == "a &amp; b"


def test_runs_can_be_given_filtered_and_grouped(place: Path) -> None:
    runs = tracker.Api(place).runs("digits", "config.optimizer = adam")
    (bar,) = chart("bar", runs, dir=place).data
    assert sorted(bar.customdata) == sorted(run.id for run in runs)
    (fewer,) = chart("bar", runs, filter="config.lr < 0.05", dir=place).data
    assert 0 < len(fewer.customdata) < len(bar.customdata)
    grouped = chart("bar", "digits", group_by="config.optimizer", spread="sem", dir=place)
    assert sorted(grouped.layout.yaxis.labelalias.values()) == ["adam", "sgd"]


def test_one_run_is_enough_for_what_is_about_one(place: Path) -> None:
    run = tracker.Api(place).run("digits/run3")
    assert "lr" in chart("code", run, dir=place).data
    lines = chart("system", run, group="GPU utilization", dir=place).data
    assert {trace.name for trace in lines} == {"GPU 0", "GPU 1"}


def test_importance_takes_its_target(place: Path) -> None:
    figure = chart("importance", target="summary.loss", dir=place)
    assert "loss in 12 runs" in figure.layout.annotations[0].text


def test_the_comparer_is_escaped_html_in_the_colours_of_the_runs(place: Path) -> None:
    html = chart("comparer", "digits", baseline="run2", dir=place).data
    assert html.count('<i class="tkv-dot" style="background:#') == 12
    assert "baseline" in html
    assert "<img" not in html
    assert "tkv-only" in html


def test_sql_is_a_table_or_a_figure(place: Path) -> None:
    query = "select run_id, last_step from runs where project = $project"
    assert "12 rows" in chart("sql", "digits", query=query, dir=place).data
    bars = chart("sql", "digits", query=query, draw="bar", dir=place)
    assert len(bars.data[0].y) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_chart_without_being_told_more(place: Path, kind: str) -> None:
    assert chart(kind, dir=place) is not None


@pytest.mark.parametrize(
    ("kind", "options", "error", "words"),
    [
        ("pie", {}, UsageError, "no chart 'pie': expected one of bar, scatter"),
        ("console", {}, UsageError, "no chart 'console'"),
        ("bar", {"colums": []}, UsageError, "no field 'colums'. Did you mean 'columns'?"),
        ("scatter", {"x": "lr"}, UsageError, "no column 'lr'. Did you mean 'config.lr'?"),
        ("bar", {"group_by": "config.optimiser"}, UsageError, "Did you mean 'config.optimizer'?"),
        ("bar", {"filter": "config.lr >"}, QueryError, "expected"),
        ("sql", {"query": "drop table run"}, QueryError, "only reading statements"),
        ("bar", {"spread": "wide"}, UsageError, "spread is 'wide'"),
    ],
)
def test_what_is_mistyped_is_said(
    place: Path, kind: str, options: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        chart(kind, "digits", dir=place, **({"group_by": "state"} | options))


def test_a_project_that_is_not_there_is_said(place: Path) -> None:
    with pytest.raises(NotFoundError, match="'gone' is no run and no project"):
        chart("bar", "gone", dir=place)


def test_it_is_at_the_front_door() -> None:
    assert tracker.chart is chart


def test_code_that_was_logged_is_shown(tmp_path: Path, begin) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("answer = 42\n")
    run = begin()
    run.log_code(tmp_path / "src")
    run.finish()
    html = chart("code", run, dir=tmp_path).data
    assert "train.py (1 line)" in html
    assert "answer" in html
