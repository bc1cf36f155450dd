"""Sweeps read back from the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.errors import NotFoundError, UsageError

CONFIG = {
    "name": "widths",
    "method": "grid",
    "metric": {"name": "acc", "goal": "maximize"},
    "parameters": {"x": {"values": [1, 3, 2]}},
}


@pytest.fixture
def made(alone: Path, plain_settings: dict[str, Any]) -> tracker.Sweep:
    """A sweep that is done; each trial ends lower than it was at its best."""
    (alone / ".tracker").mkdir()
    sweep = tracker.sweep(CONFIG, project="p")

    def train() -> None:
        run = tracker.init(settings=plain_settings)
        run.log({"acc": run.config.x})
        run.log({"acc": -run.config.x})

    sweep.run(train)
    return sweep


def test_a_sweep_is_read_back(made: tracker.Sweep) -> None:
    sweep = tracker.Api().sweep(f"p/{made}")
    assert (sweep.id, sweep.project, sweep.path) == (made, "p", ["", "p", made])
    assert (sweep.name, sweep.state, sweep.config) == ("widths", "finished", CONFIG)
    assert sweep.order == "-summary_metrics.acc"
    assert sweep.expected_run_count == 3
    assert [run.config["x"] for run in sweep.runs] == [1, 3, 2]
    best, last = sweep.best_run(), sweep.best_run(sweep.order)
    assert best is not None
    assert last is not None
    assert (best.config["x"], last.config["x"]) == (3, 1)


@pytest.mark.parametrize("path", ["{}", "me/p/{}", "p/sweeps/{}", "me/p/sweeps/{}", "p/widths"])
def test_a_sweep_has_many_addresses(made: tracker.Sweep, path: str) -> None:
    assert tracker.Api().sweep(path.format(made)).id == made


def test_a_run_knows_its_sweep(made: tracker.Sweep, plain_settings: dict[str, Any]) -> None:
    run = tracker.Api().runs("p")[0]
    assert run.sweep is not None
    assert (run.sweep.id, run.sweep_name) == (made, made)
    with tracker.init(project="p", settings=plain_settings) as alone:
        pass
    again = tracker.Api().run(f"p/{alone.id}")
    assert (again.sweep, again.sweep_name) == (None, None)


def test_the_sweeps_of_a_project(made: tracker.Sweep) -> None:
    other = tracker.sweep({**CONFIG, "run_cap": 2}, project="p")
    tracker.sweep(CONFIG, project="q")
    sweeps = tracker.Api().project("p").sweeps()
    assert [(each.id, each.expected_run_count) for each in sweeps] == [(other, 2), (made, 3)]
    with pytest.raises(NotFoundError, match="2 sweeps in project 'p' are named 'widths'"):
        tracker.Api().sweep("p/widths")


def test_agents_are_told_apart(made: tracker.Sweep, begin_again: Callable[[], None]) -> None:
    made.enqueue_run({"x": 3})
    begin_again()
    sweep = tracker.Api().sweep(made)
    assert [len(agent.runs()) for agent in sweep.agents()] == [3, 1]
    assert {agent.state for agent in sweep.agents()} == {"finished"}
    first = sweep.agents()[0]
    assert sweep.agent(first.id) == first
    with pytest.raises(NotFoundError, match="no agent 'nobody'"):
        sweep.agent("nobody")


@pytest.fixture
def begin_again(made: tracker.Sweep, plain_settings: dict[str, Any]) -> Callable[[], None]:
    """Runs one more trial, by an agent of its own."""

    def begin_again() -> None:
        made.run(lambda: tracker.init(settings=plain_settings).log({"acc": 0}), count=1)

    return begin_again


def test_what_is_not_there_is_said(made: tracker.Sweep) -> None:
    with pytest.raises(
        NotFoundError, match=r"no sweep 'widhts' in project 'p'\. Did you mean 'wid"
    ):
        tracker.Api().sweep("p/widhts")
    with pytest.raises(UsageError, match="expected 'project/id' or an id"):
        tracker.Api().sweep("/")


def test_a_sweep_without_a_metric_has_its_newest_run_for_the_best(
    alone: Path, plain_settings: dict[str, Any]
) -> None:
    (alone / ".tracker").mkdir()
    made = tracker.sweep({"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}})
    sweep = tracker.Api().sweep(made)
    assert (sweep.order, sweep.best_run(), sweep.expected_run_count) == (None, None, None)
    made.run(lambda: tracker.init(settings=plain_settings).finish(), count=2)
    best = sweep.best_run()
    assert best is not None
    assert best.id == sweep.runs[1].id
