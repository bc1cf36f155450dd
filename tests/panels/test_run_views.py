"""Each kind of panel about runs, read through a board from a real store."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracker.panels.page.board import Board
from tracker.panels.workspace.project_source import ProjectSource

from .conftest import Page
from .recorded import NASTY, record

HAS_ALL = {"app": True, "plotly": True}
Show = Callable[..., dict[str, Any]]


class Shown:
    """A workspace with one panel on the screen."""

    def __init__(self, root: Path, page: Page) -> None:
        self.page = page
        self.board = Board(root, ProjectSource("digits"), lambda: None)
        self.board.greet("p", page.client, HAS_ALL)
        self.board.hear(page.client, {"type": "view", "visible": ["p1"]})

    def panel(self, kind: str, runset: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
        """Show one panel; return what it last was sent."""
        panels = [{"id": "p1", "kind": kind, **spec}]
        patch = {"sections": [{"name": "Mine", "panels": panels}], "runset": runset or {}}
        self.board.hear(self.page.client, {"type": "workspace", "patch": patch})
        return self.last()

    def ask(self, **question: Any) -> dict[str, Any]:
        self.board.hear(self.page.client, {"type": "ask", "panel": "p1", **question})
        return self.last()

    def last(self) -> dict[str, Any]:
        return [drawn for drawn in self.page.of("drawn") if "renderer" in drawn][-1]

    def figure(self, kind: str, runset: dict[str, Any] | None = None, **spec: Any) -> Any:
        drawn = self.panel(kind, runset, **spec)
        assert drawn["renderer"] in ("plotly", "parallel"), drawn
        return json.loads(drawn["content"]["figure"])


def said(figure: Any) -> str:
    return " ".join(words["text"] for words in figure["layout"].get("annotations", ()))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recorded") / ".tracker"
    record(root, *[{}] * 8)
    return root


@pytest.fixture
def shown(recorded: Path, root: Path, page: Page) -> Shown:
    shutil.copytree(recorded, root)
    return Shown(root, page)


# ---------------------------------------------------------------- figures


def test_bars_are_those_of_the_runs_that_are_drawn(shown: Shown) -> None:
    (bar,) = shown.figure("bar", {"hidden": ["run7"]})["data"]
    assert bar["customdata"] == [f"run{n}" for n in (6, 5, 4, 3, 2, 1, 0)]


def test_grouped_runs_are_a_bar_a_group(shown: Shown) -> None:
    figure = shown.figure("bar", {"group_by": ["config.optimizer"]}, columns=["summary.loss"])
    assert len(figure["data"][0]["customdata"]) == 2
    assert sorted(figure["layout"]["yaxis"]["labelalias"].values()) == ["adam", "sgd"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "loss (mean ± std)"


def test_a_scatter_begins_with_a_result_over_a_setting(shown: Shown) -> None:
    figure = shown.figure("scatter")
    axes = figure["layout"]["xaxis"], figure["layout"]["yaxis"]
    assert [axis["title"]["text"] for axis in axes] == ["lr", "loss"]
    assert axes[0]["type"] == "log"
    assert sorted(figure["data"][0]["customdata"]) == [f"run{n}" for n in range(8)]


def test_points_take_colour_and_a_front_from_the_panel(shown: Shown) -> None:
    figure = shown.figure("scatter", colour="config.optimizer", front="min")
    assert [trace["name"] for trace in figure["data"]] == ["adam", "sgd", "running min"]


def test_parallel_coordinates_leave_hidden_runs_out(shown: Shown) -> None:
    figure = shown.figure("parallel", {"hidden": ["run0", "run1"]})
    ids = {name for trace in figure["data"] for name in trace.get("customdata", ())} - {""}
    assert ids == {f"run{n}" for n in range(2, 8)}
    assert isinstance(figure["data"][0]["y"], list)


def test_importance_learns_from_runs_that_have_ended(root: Path, shown: Shown) -> None:
    figure = shown.figure("importance")
    assert said(figure) == "loss in 8 runs"
    assert set(figure["layout"]["yaxis"]["ticktext"]) == {"lr", "optimizer = adam"}
    few = shown.figure("importance", {"only": ["run0", "run1"]})
    assert "2 of the shown runs have a number for summary.loss" in said(few)


def test_importance_is_not_worked_out_again_for_news_of_running_runs(shown: Shown) -> None:
    shown.figure("importance")
    shown.page.take()
    shown.board.mark({"loss"})
    shown.board.push()
    assert not shown.page.of("working")


def test_a_histogram_counts_runs_and_stacks_groups(shown: Shown) -> None:
    (plain,) = shown.figure("histogram", column="config.optimizer")["data"]
    assert plain["y"] == [4, 4]
    grouped = shown.figure("histogram", {"group_by": ["config.optimizer"]}, column="summary.loss")
    assert sorted(trace["name"] for trace in grouped["data"]) == ["adam", "sgd"]


def test_a_logged_histogram_is_a_line_a_run_at_its_last_step(shown: Shown) -> None:
    figure = shown.figure("histogram", {"only": ["run0", "run3"]}, key="grad")
    assert sorted(trace["name"] for trace in figure["data"]) == ["run0", "run3"]
    assert all("step 9" in trace["hovertemplate"] for trace in figure["data"])


def test_a_distribution_finds_its_key_and_shows_runs_side_by_side(shown: Shown) -> None:
    figure = shown.figure("distribution")
    heats = [trace["name"] for trace in figure["data"] if trace["type"] == "heatmap"]
    assert heats == [f"run{n}" for n in (7, 6, 5, 4, 3, 2)]
    assert "the first 6 of 8 runs" in said(figure)


def test_devices_of_several_runs_are_lines_of_their_own(shown: Shown) -> None:
    only = {"only": ["run0", "run1"]}
    figure = shown.figure("system", only, group="GPU utilization")
    lines = [trace for trace in figure["data"] if trace["meta"]["role"] == "line"]
    assert {trace["name"] for trace in lines} == {
        f"run{run} · GPU {gpu}" for run in (0, 1) for gpu in (0, 1)
    }
    assert {trace["line"]["dash"] for trace in lines} == {"solid", "dot"}
    alone = shown.figure("system", {"only": ["run0"]}, group="GPU utilization")
    names = [trace["name"] for trace in alone["data"] if trace["meta"]["role"] == "line"]
    assert names == ["GPU 0", "GPU 1"]
    none = shown.figure("system", only, group="Network")
    assert "None of the runs" in said(none)


# ---------------------------------------------------------------- runs one by one


def test_runs_are_compared_with_the_baseline_in_front(shown: Shown) -> None:
    drawn = shown.panel("comparer", {"only": ["run0", "run1"], "baseline": "run1"})
    html = drawn["content"]["html"]
    assert drawn["renderer"] == "comparer"
    assert html.index("run1") < html.index("run0")
    for text in ("numpy", "2.1", "commit", "1" * 12, "cell 2", "baseline", "tkv-delta"):
        assert text in html
    assert len(drawn["content"]["colours"]) == 2


def test_the_console_shows_the_end_and_what_is_asked_for(shown: Shown) -> None:
    content = shown.panel("console", {"only": ["run0", "run1"]})["content"]
    assert (content["run"], content["total"], content["first"]) == ("run1", 30, 0)
    assert content["lines"][-1] == [29, "stderr", "\x1b[35mepoch\x1b[0m 29 of run 1"]
    assert [name for name, *_ in content["runs"]] == ["run1", "run0"]
    found = shown.ask(search="EPOCH 2", run="run0", first=None)["content"]
    assert [number for number, *_ in found["lines"]] == [2, *range(20, 30)]
    window = shown.ask(search="", first=5, count=3)["content"]
    assert [number for number, *_ in window["lines"]] == [5, 6, 7]
    assert window["run"] == "run0"


def test_code_is_shown_and_compared(shown: Shown) -> None:
    content = shown.panel("code", {"only": ["run0", "run1"]})["content"]
    assert "tracker" in content["html"]
    assert "Uncommitted changes" in content["html"]
    changed = shown.ask(other="run0")["content"]
    assert (changed["run"], changed["other"]) == ("run1", "run0")
    assert 'class="tkv-del"' in changed["html"]


# ---------------------------------------------------------------- SQL


def test_a_query_is_a_table_of_this_project(shown: Shown) -> None:
    html = shown.panel("sql")["content"]["html"]
    assert html.count("<tr>") == 9
    assert "8 rows" in html


def test_a_query_can_be_drawn(shown: Shown) -> None:
    query = "select step, value, run_id from history where key = 'loss' order by step"
    figure = shown.figure("sql", query=query, draw="line", colour="run_id", y="value")
    assert sorted(trace["name"] for trace in figure["data"]) == [f"run{n}" for n in range(8)]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"query": "drop table run"}, "only reading statements are allowed"),
        ({"query": "select * from read_text('/etc/passwd')"}, "cannot reach files"),
        ({"query": "select * from gone"}, "The store has runs, history"),
        ({"query": "select 1 as a", "draw": "bar", "x": "b"}, "no column 'b': it has a"),
        ({"query": "select"}, "not SQL as DuckDB knows it"),
    ],
)
def test_what_is_wrong_with_a_query_is_said(shown: Shown, spec: dict, words: str) -> None:
    drawn = shown.panel("sql", **spec)
    assert drawn["renderer"] == "trouble"
    assert words in drawn["content"]["text"]


def test_a_query_without_end_is_broken_off(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.panels.views.sql._DEADLINE_S", 0.2)
    endless = "select count(*) from range(10000000000) a, range(1000000) b where a.range < 3"
    drawn = shown.panel("sql", query=endless)
    assert "took more than 0.2 s" in drawn["content"]["text"]


def test_limits_are_said_where_they_bite(root: Path, page: Page) -> None:
    record(root, *[{"lines": 0}] * 40)
    shown = Shown(root, page)
    figure = shown.figure("system", {"first": "all"}, group="GPU utilization")
    assert "The first 64 of 80 lines are drawn" in said(figure)
    assert len([trace for trace in figure["data"] if trace["meta"]["role"] == "line"]) == 64
    assert not said(shown.figure("system", {"first": 2}, group="GPU utilization"))
    runs = shown.panel("console", {"first": "all"})["content"]["runs"]
    assert len(runs) == 40
    many = "select range as a, range as b from range(20_001)"
    assert "first 20,000 rows" in said(shown.figure("sql", query=many, draw="line"))
    fits = "select range as a, range as b from range(20_000)"
    assert not said(shown.figure("sql", query=fits, draw="line"))


def test_code_that_was_logged_is_compared(root: Path, tmp_path: Path, begin, page: Page) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "same.py").write_text("import tracker\n")
    for number in range(2):
        (folder / "train.py").write_text(f"lr = 0.{number}  # <b>\n")
        (folder / "new.py").write_text("x = 1\n") if number else None
        run = begin(name=f"run-{number}")
        run.log_code(folder)
        run.finish()
    shown = Shown(root, page)
    html = shown.panel("comparer")["content"]["html"]
    kinds = re.findall(r'<tr class="tkv-(\w+)"><th scope="row" title="(\w+\.py)"', html)
    assert sorted(kinds) == [("diff", "new.py"), ("diff", "train.py"), ("same", "same.py")]
    runs = {name: run for run, name, _ in shown.panel("code")["content"]["runs"]}
    assert "<summary>train.py (1 line)" in shown.ask(run=runs["run-1"])["content"]["html"]
    html = shown.ask(run=runs["run-1"], other=runs["run-0"])["content"]["html"]
    assert "<h5>train.py</h5>" in html
    assert "<mark>0.0</mark>" in html or "<mark>0</mark>" in html
    assert '<h5>new.py <small class="tkv-dim">new</small></h5>' in html
    assert "same.py" not in html
    assert "<b>" not in html


# ---------------------------------------------------------------- all of them


KINDS = (
    "bar", "scatter", "parallel", "importance", "comparer", "histogram", "distribution", "system",
    "console", "code", "sql",
)  # fmt: skip


def test_without_a_run_each_kind_says_so(shown: Shown) -> None:
    words = {
        "bar": "No run",
        "scatter": "No run is shown",
        "parallel": "No run is shown",
        "importance": "0 of the shown runs",
        "comparer": "No run is shown",
        "histogram": "No run",
        "distribution": "No run",
        "system": "None of the runs",
    }
    for kind in KINDS:
        drawn = json.dumps(shown.panel(kind, {"only": []}))
        assert words.get(kind, "") in drawn
        assert "could not be drawn" not in drawn


def test_what_runs_are_called_is_text(root: Path, page: Page) -> None:
    record(root, *[{"name": NASTY}] * 6)
    shown = Shown(root, page)
    for kind in KINDS:
        drawn = shown.panel(kind)["content"]
        html = drawn.get("html", "") + drawn.get("figure", "")
        assert "<img" not in html
        assert "\\u003cimg" not in html


def test_a_spec_of_nonsense_is_no_crash(shown: Shown) -> None:
    names = ("columns", "x", "y", "colour", "size", "key", "target", "query", "group", "log")
    for kind in KINDS:
        drawn = shown.panel(kind, **dict.fromkeys(names, 7))
        assert "could not be drawn" not in json.dumps(drawn), kind
