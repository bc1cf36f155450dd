"""The panel of a sweep, as a page gets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.panels.page.board import Board
from tracker.panels.sweep_panel import SweepPanel
from tracker.panels.sweep_source import SweepSource
from tracker.store.store import open_store
from tracker.sweep.agent import Agent
from tracker.sweep.controller import Controller
from tracker.sweep.creation import create

from .conftest import QUIET, Page

HAS_ALL = {"app": True, "plotly": True}
FIGURES = [f"sweep/{kind}" for kind in ("best", "curves", "parallel", "importance")]
SEES = {"type": "view", "hidden": False, "visible": FIGURES}
CONFIG = {
    "method": "random", "metric": {"name": "loss"}, "run_cap": 8,
    "parameters": {"x": {"min": 0.0, "max": 1.0},
                   "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0}},
    "early_terminate": {"type": "hyperband", "min_iter": 2},
}  # fmt: skip


@pytest.fixture
def controller(root: Path) -> Controller:
    made = create(open_store(root), CONFIG, "p", seed=1)

    def train() -> None:
        run = tracker.init(settings=QUIET)
        for step in range(4):
            run.log({"loss": run.config.x + 1 / (step + 1)})

    Agent(made, train, 7, say=lambda text: None).run()
    return made


@pytest.fixture
def board(root: Path, controller: Controller, page: Page) -> Board:
    board = Board(root, SweepSource(controller), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    return board


def test_a_page_gets_how_far_the_sweep_is(board: Board, page: Page, controller: Controller) -> None:
    (message,) = page.of("head")
    head = message["head"]
    assert (head["id"], head["method"], head["sweep"]) == (controller.sweep_id, "random", "running")
    assert (head["done"], head["expected"], head["metric"]) == (7, 8, "loss")
    assert sum(head["counts"].values()) == 7
    assert set(head["counts"]) == {"finished", "stopped"}
    (trials,) = page.of("trials")
    assert trials["parameters"] == ["lr", "x"]
    assert [row["number"] for row in trials["rows"]] == [6, 5, 4, 3, 2, 1, 0]
    values = {row["number"]: row["value"] for row in trials["rows"]}
    assert head["best"]["number"] == min(values, key=lambda number: values[number])


def test_an_extended_sweep_counts_its_own_trials(
    root: Path, controller: Controller, page: Page
) -> None:
    made = tracker.Sweep(controller.sweep_id, dir=root).extend(run_cap=3).controller
    board = Board(root, SweepSource(made), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    (message,) = page.of("head")
    head = message["head"]
    assert (head["done"], head["expected"], head["counts"], head["prior"]) == (0, 3, {}, 7)
    (trials,) = page.of("trials")
    assert len(trials["rows"]) == 7
    assert (
        "0 of 3 trials (none yet), and 7 of the one before" in SweepPanel(root, made).static_html()
    )


def drawn(page: Page) -> dict[str, Any]:
    return {
        content["panel"]: json.loads(content["content"]["figure"])
        for content in page.of("drawn")
        if "content" in content
    }


def test_figures_are_drawn_when_they_are_seen(board: Board, page: Page) -> None:
    assert not page.of("drawn")
    board.hear(page.client, SEES)
    figures = drawn(page)
    assert set(figures) == set(FIGURES)
    assert len(figures["sweep/curves"]["data"]) == 7
    assert [shape["x0"] for shape in figures["sweep/curves"]["layout"]["shapes"]] == [2]
    page.take()
    board.mark_all()
    board.push()
    assert set(page.take()) <= {"drawn"}  # nothing has changed, and nothing is sent


def test_figures_of_a_sweep_without_trials_say_so(root: Path, page: Page) -> None:
    board = Board(root, SweepSource(create(open_store(root), CONFIG, "p", seed=1)), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    board.hear(page.client, SEES)
    said = {
        name: figure["layout"]["annotations"][0]["text"] for name, figure in drawn(page).items()
    }
    assert said.pop("sweep/curves") == "No trial has logged the metric yet."
    assert set(said.values()) == {"No trial has ended with a value yet."}


def test_several_metrics_have_a_front(root: Path, page: Page) -> None:
    both = {"metric": None, "metrics": ["loss", {"name": "<speed>", "goal": "maximize"}]}
    made = create(open_store(root), {**CONFIG, **both, "early_terminate": None}, "p", seed=1)

    def train() -> None:
        run = tracker.init(settings=QUIET)
        number = len(made.ledger.read().trials)
        run.log({"loss": (5, 3, 4, 1)[number - 1], "<speed>": (9, 8, 7, 1)[number - 1]})

    Agent(made, train, 4, say=lambda text: None).run()
    board = Board(root, SweepSource(made), lambda: None)
    board.greet("p", page.client, HAS_ALL)
    (message,) = page.of("head")
    assert message["head"]["metrics"] == ["loss", "<speed>"]
    assert message["head"]["front"] == [0, 1, 3]
    (trials,) = page.of("trials")
    assert [row["others"] for row in trials["rows"]] == [{"<speed>": n} for n in (1, 7, 8, 9)]
    (views,) = page.of("views")
    names = [view["id"] for view in views["views"]]
    assert names == [
        "sweep/front", "sweep/curves/loss", "sweep/curves/<speed>", "sweep/parallel",
        "sweep/importance/loss", "sweep/importance/<speed>",
    ]  # fmt: skip
    board.hear(page.client, {**SEES, "visible": names[:4]})
    figures = drawn(page)
    line, other, best = figures["sweep/front"]["data"]
    assert (line["x"], line["y"]) == ([1, 3, 5], [1, 8, 9]) == (best["x"], best["y"])
    assert other["x"] == [4]
    assert "<speed>" not in json.dumps(best["text"])
    assert [len(figures[f"sweep/curves/{name}"]["data"]) for name in ("loss", "<speed>")] == [4, 4]
    html = SweepPanel(root, made, live=False).static_html()
    assert "<th>&lt;speed&gt;</th>" in html
    rows = html.split("<tbody>")[1].split("<tr>")[1:]
    assert [row[4] for row in rows] == ["3", "1", "0", "2"]


def test_buttons_steer_the_sweep(board: Board, page: Page, controller: Controller) -> None:
    for word, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        page.take()
        board.hear(page.client, {"type": "turn", "turn": word})
        assert controller.ledger.read().state == state
        assert page.of("head")[0]["head"]["sweep"] == state
    board.hear(page.client, {"type": "turn", "turn": "fly"})
    board.hear(page.client, {"type": "turn", "turn": "pause"})
    (problem,) = page.of("problem")
    assert "is stopped: it stays so" in problem["text"]


def test_one_trial_is_stopped_by_its_button(
    board: Board, page: Page, controller: Controller
) -> None:
    presence = controller.ledger.attend("a")
    trial = controller.claim("a", "a").trial
    assert trial is not None
    page.take()
    board.hear(page.client, {"type": "stop_trial", "number": trial.number})
    (row,) = [row for row in page.of("trials")[0]["rows"] if row["state"] == "running"]
    assert (row["number"], row["told"]) == (trial.number, True)
    controller.ledger.leave("a", presence)


def test_show_finds_a_sweep_and_its_picture_needs_no_kernel(
    root: Path, controller: Controller
) -> None:
    for target in (controller.sweep_id, f"p/{controller.sweep_id}",
                   tracker.Sweep(controller.sweep_id, dir=root)):  # fmt: skip
        panel = tracker.show(target, dir=root)
        assert isinstance(panel, SweepPanel)
        bundle = panel.bundle()
        assert bundle["text/plain"] == f"<sweep p/{controller.sweep_id}>"
        assert "7 of 8 trials" in bundle["text/html"]
        panel.close()
