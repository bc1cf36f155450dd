"""W&B's local controller."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.errors import NotFoundError, UsageError
from tracker.sweep import local_controller
from tracker.sweep.local_controller import LocalController

Make = Callable[..., tracker.Sweep]
Begin = Callable[..., tracker.Run]
GRID = {"method": "grid", "parameters": {"x": {"values": [1, 2, 3]}}}


def test_what_it_queues_is_run_next(
    sweep: Make, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sweep(**GRID)
    tuner = tracker.controller(made)
    assert (tuner.sweep_id, tuner.sweep_config) == (made, made.config)
    assert tuner.search() == {"x": 1}
    tuner.schedule({"x": {"value": 3}})
    tuner.step()  # one is waiting already
    tuner.print_status()
    tuner.print_status()
    tuner.print_actions()
    assert capsys.readouterr().out.splitlines() == [
        f"Sweep: {made} (grid) | Runs: 1 (Pending: 1)",
        "Schedule Trial 0 pending (x=3)",
    ]
    tuner.print_summary()
    made.run(lambda: begin().log({"loss": tracker.config.x}))
    assert list(made.trials["x"]) == [3, 1, 2]
    assert tuner.done()
    tuner.step()  # nothing is left to queue
    tuner.print_summary()
    tuner.print_space()
    assert capsys.readouterr().out.splitlines() == [
        "No trial has a value yet.",
        "Trial 1 finished, loss 1 (x=1)",
        "x: {'values': [1, 2, 3]}",
    ]


def test_a_sweep_is_made_in_steps(alone: Path) -> None:
    (alone / ".tracker").mkdir()
    tuner = tracker.controller(project="p")
    with pytest.raises(UsageError, match="Configure the sweep"):
        tuner.create()
    with pytest.raises(UsageError, match="no sweep yet"):
        tuner.done()
    tuner.configure_search("random")
    tuner.configure_metric("loss", "minimize")
    tuner.configure_stopping("hyperband", min_iter=2)
    tuner.configure_parameter("x", min=0.0, max=1.0)
    tuner.configure_parameter("flag", value=False)
    tuner.configure_controller("local")
    tuner.configure_name("mine")
    tuner.configure_description("of a test")
    tuner.configure_program("train.py")
    made = tracker.Sweep(tuner.create())
    assert (made.project, made.name) == ("p", "mine")
    assert made.config == {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "early_terminate": {"type": "hyperband", "min_iter": 2},
        "parameters": {"x": {"min": 0.0, "max": 1.0}, "flag": {"value": False}},
        "name": "mine",
        "description": "of a test",
        "program": "train.py",
    }
    with pytest.raises(UsageError, match="is made"):
        tuner.configure_search("grid")


def test_what_cannot_be_is_said(sweep: Make) -> None:
    with pytest.raises(NotFoundError, match="no sweep 'nothing0'"):
        tracker.controller("nothing0")
    tuner = tracker.controller()
    with pytest.raises(UsageError, match="search function"):
        tuner.configure_search(lambda config, runs: None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="stopping function"):
        tuner.configure_stopping(lambda config, runs: [])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="expected a mapping"):
        tuner.configure("just words")
    tuner.configure("method: grid\nparameters: {x: {values: [1]}}")
    with pytest.raises(UsageError, match="configured already"):
        tuner.configure(GRID)


def test_it_ends_trials_by_hand(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)
    tuner = tracker.controller(made)

    def train() -> None:
        run = begin()
        assert tuner.stopping() == []
        trial = made.controller.ledger.read().running[run.config.x - 1]
        if trial.number == 1:
            tuner.stop_runs([trial, trial])
        for _ in range(3):
            run.log({"loss": 1})

    made.run(train)
    assert list(made.trials["state"]) == ["finished", "stopped", "finished"]
    tuner.stop_runs(list(made.controller.ledger.read().trials.values()))  # all have ended


def test_an_agent_never_begins_what_it_is_about_to_queue(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)

    def train() -> None:
        begin().log({"loss": 1})

    agent = threading.Thread(target=made.run, args=[train, 1])

    class Slow(LocalController):
        def search(self) -> dict[str, Any] | None:
            found = super().search()
            agent.start()
            agent.join(0.5)  # it would be through by then, if nobody kept it waiting
            return found

    Slow(made.controller.store, made.controller).step()
    agent.join()
    made.run(train)
    assert list(made.trials["x"]) == [1, 2, 3]


def test_it_runs_to_the_end(
    sweep: Make, begin: Begin, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(local_controller, "INTERVAL_S", 0.01)
    made = sweep(**GRID)
    agent = threading.Thread(target=made.run, args=[lambda: begin().log({"loss": 1})])
    agent.start()
    tracker.controller(made).run(verbose=True)
    agent.join()
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"Sweep: {made} (grid) | Runs: 3 (Finished: 3)"
    )
