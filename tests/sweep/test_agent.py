"""Trials that run in this process."""

from __future__ import annotations

import json
import math
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import tracker
from tracker.errors import NotFoundError, TrackerWarning, UsageError
from tracker.settings import find_store
from tracker.store.store import open_store
from tracker.sweep.agent import Agent
from tracker.sweep.controller import Controller

Make = Callable[..., tracker.Sweep]
Begin = Callable[..., tracker.Run]
GRID = {"method": "grid", "parameters": {"x": {"values": [1, 2, 3]}}}


def states(sweep: tracker.Sweep) -> list[str]:
    return list(sweep.trials["state"])


def test_an_agent_runs_a_sweep_to_its_end(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)

    def train() -> None:
        begin()
        for step in range(3):
            tracker.log({"loss": tracker.config.x + 1 / (step + 1)})

    tracker.agent(made, train)
    assert made.state == "finished"
    assert states(made) == ["finished"] * 3
    assert list(made.trials["value"]) == pytest.approx([1 + 1 / 3, 2 + 1 / 3, 3 + 1 / 3])
    best = made.best_run()
    assert best is not None
    assert best.config == {"x": 1}
    assert [run.config["x"] for run in made.runs] == [1, 2, 3]
    assert {run.state for run in made.runs} == {"finished"}
    found = tracker.sql("SELECT r.config ->> '$.x' AS x, t.value FROM trials t JOIN runs r "
                        "USING (run_id) ORDER BY t.number")  # fmt: skip
    assert list(found["x"]) == ["1", "2", "3"]


def test_the_tables_say_what_runs_while_it_runs(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)

    def train() -> None:
        begin()
        tracker.log({"loss": 1.0})
        while tracker.config.x == 3 and states_in_sql() != ["finished", "finished", "running"]:
            tracker.log({"loss": 1.0})

    def states_in_sql() -> list[str]:
        return list(tracker.sql("SELECT state FROM trials ORDER BY number")["state"])

    tracker.agent(made, train)
    assert states_in_sql() == ["finished"] * 3


def test_the_id_is_a_string_and_finds_the_sweep_again(sweep: Make) -> None:
    made = sweep()
    assert isinstance(made, str)
    assert len(f"{made}") == 8
    assert json.loads(json.dumps({"id": made})) == {"id": made.id}
    for again in (tracker.Sweep(str(made)), tracker.Sweep(f"me/p/{made}"),
                  tracker.Sweep(made), pickle.loads(pickle.dumps(made))):  # fmt: skip
        assert (again, again.project, again.config) == (made, "p", made.config)
    with pytest.raises(NotFoundError, match="no sweep"):
        tracker.Sweep("unknown1")


def test_the_sweep_decides_over_init(
    sweep: Make, begin: Begin, warns_once: Callable[[str], Any]
) -> None:
    made = sweep(parameters={"net": {"parameters": {"width": {"values": [8]}}}, "x": {"value": 1}})
    seen: list[Any] = []

    def train() -> None:
        run = begin(config={"x": 5, "net": {"width": 3, "depth": 2}, "epochs": 4}, name="mine")
        with warns_once(r"Config item 'x' was locked by 'sweep' \(ignored update\)."):
            run.config["x"] = 7
        run.config.update({"net": {"width": 8, "depth": 5}}, allow_val_change=True)
        run.log({"loss": 1})
        seen.append((dict(run.config), run.sweep_id, run.name, run.project))

    made.run(train, count=1)
    config = {"x": 1, "net": {"width": 8, "depth": 5}, "epochs": 4}
    assert seen == [(config, made.id, "mine", "p")]


def test_init_arguments_that_the_sweep_decides_are_ignored(
    sweep: Make, begin: Begin, warns_once: Callable[[str], Any]
) -> None:
    made = sweep()

    def train() -> None:
        with warns_once("Ignored init.. argument project in a sweep"):
            run = begin(project="elsewhere")
        assert run.project == "p"
        run.log({"loss": 1})

    made.run(train, count=1)


def test_a_run_from_before_is_current_again_afterwards(sweep: Make, begin: Begin) -> None:
    outer = begin(project="q")

    def train() -> None:
        assert begin() is tracker.run is not outer
        tracker.log({"loss": 1})

    sweep().run(train, count=2)
    assert tracker.run is outer
    assert outer.is_alive


def test_a_failing_trial_is_no_end(
    sweep: Make, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sweep(**GRID)

    def train() -> None:
        run = begin()
        run.log({"loss": -100.0 if run.config.x == 2 else run.config.x})
        if run.config.x == 2:
            raise RuntimeError("out of luck")

    made.run(train)
    assert states(made) == ["finished", "failed", "finished"]
    assert made.best_run().config == {"x": 1}  # type: ignore[union-attr]
    assert [run.state for run in made.runs] == ["finished", "failed", "finished"]
    assert "out of luck" in capsys.readouterr().err


def test_an_agent_whose_function_always_fails_ends(sweep: Make, begin: Begin) -> None:
    made = sweep()

    def train() -> None:
        begin()
        raise RuntimeError("always")

    made.run(train)
    assert states(made) == ["failed"] * 3
    assert made.state == "running"


def test_an_interrupt_ends_the_agent_and_gives_the_trial_back(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)
    is_interrupted = True

    def train() -> None:
        run = begin()
        run.log({"loss": run.config.x})
        if run.config.x == 2 and is_interrupted:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.run(train)
    assert states(made) == ["finished", "pending"]
    is_interrupted = False
    tracker.Sweep(made.id).run(train)
    assert states(made) == ["finished"] * 3


def test_values_that_are_no_numbers_are_no_best(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)

    def train() -> None:
        run = begin()
        run.log({"loss": math.nan if run.config.x < 3 else 8.0})

    made.run(train)
    assert made.best_run().config == {"x": 3}  # type: ignore[union-attr]


def test_a_summary_stands_in_for_a_metric_that_was_not_logged(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)

    def train() -> None:
        run = begin()
        run.summary["loss"] = run.config.x

    made.run(train)
    assert list(made.trials["value"]) == [1, 2, 3]


def test_a_nested_metric_is_found(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID, metric={"name": "val.loss"})
    made.run(lambda: begin().log({"val": {"loss": tracker.config.x}}))
    assert list(made.trials["value"]) == [1, 2, 3]


def test_a_metric_that_is_never_logged_is_warned_of(sweep: Make, begin: Begin) -> None:
    with pytest.warns(TrackerWarning, match="without a value of 'loss'"):
        sweep().run(lambda: begin().log({"lose": 1}), count=1)


def test_pausing_from_within_holds_the_agent_until_resumed(sweep: Make, begin: Begin) -> None:
    made = sweep(**GRID)
    said: list[str] = []

    def train() -> None:
        begin().log({"loss": 1})
        if tracker.config.x == 2:
            made.pause()

    def say(text: str) -> None:
        said.append(text)
        if text == "Waiting, because the sweep is paused":
            made.resume()

    Agent(Controller(open_store(find_store()), made.id), train, say=say).run()
    assert states(made) == ["finished"] * 3
    assert "Waiting, because the sweep is paused" in said


def test_stopping_ends_the_agent_and_cancelling_the_trial(sweep: Make, begin: Begin) -> None:
    stopped, cancelled = sweep(), sweep()

    def stop() -> None:
        begin().log({"loss": 1})
        stopped.stop()
        tracker.log({"loss": 0})

    def cancel() -> None:
        run = begin()
        cancelled.cancel()
        run.flush()
        try:
            run.log({"loss": 1})
        except Exception:  # noqa: BLE001 - as a training loop may have it
            pytest.fail("a training loop's own except must not catch it")
        pytest.fail("the trial went on")

    stopped.run(stop)
    assert list(stopped.trials["value"]) == [0]
    assert states(stopped) == ["finished"]
    cancelled.run(cancel)
    assert states(cancelled) == ["stopped"]
    assert [run.state for run in cancelled.runs] == ["stopped"]


def test_agents_in_threads_keep_their_runs_apart(sweep: Make, begin: Begin) -> None:
    made = sweep(method="grid", parameters={"x": {"min": 1, "max": 12}})

    def train() -> None:
        begin()
        for _ in range(5):
            tracker.log({"loss": tracker.config.x, "mine": tracker.run.config.x})

    with ThreadPoolExecutor(3) as executor:
        for future in [executor.submit(tracker.agent, made, train) for _ in range(3)]:
            future.result()
    assert sorted(made.trials["value"]) == list(range(1, 13))
    assert list(made.trials["value"]) == list(made.trials["x"])
    for run in made.runs:
        assert list(run.history()["mine"]) == [run.config["x"]] * 5


def test_prior_runs_are_learnt_from(sweep: Make, begin: Begin) -> None:
    old = sweep(**GRID)
    old.run(lambda: begin().log({"loss": tracker.config.x}), count=2)
    new = sweep(**GRID, prior_runs=[run.id for run in old.runs])
    new.run(lambda: begin().log({"loss": tracker.config.x}))
    assert list(new.trials["x"]) == [1, 2, 3]
    assert len(new.runs) == 1
    with pytest.raises(NotFoundError, match="no prior run 'nobody'"):
        sweep(prior_runs=["nobody"])


def test_new_bounds_make_a_new_sweep_that_knows_the_old_trials(sweep: Make, begin: Begin) -> None:
    old = sweep(**GRID)
    old.run(lambda: begin().log({"loss": tracker.config.x}), count=2)
    new = old.extend({"x": {"values": [1, 2, 3, 4]}}, run_cap=10)
    assert (old.state, new.state) == ("stopped", "running")
    new.run(lambda: begin().log({"loss": tracker.config.x}))
    assert list(new.trials["x"]) == [1, 2, 3, 4]
    assert new.config["run_cap"] == 10


def test_runs_can_be_enqueued(sweep: Make, begin: Begin) -> None:
    made = sweep()
    assert made.enqueue_run({"x": {"value": 0.25}}, display_name="chosen") == 0
    made.run(lambda: begin().log({"loss": tracker.config.x}), count=2)
    assert made.trials["x"][0] == 0.25
    assert made.runs[0].display_name == "chosen"
    with pytest.raises(UsageError, match="the sweep's are x"):
        made.enqueue_run({"y": 1})


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3"])
def test_a_wrong_call_is_said_at_once(sweep: Make, count: Any) -> None:
    made = sweep()
    with pytest.raises(UsageError, match="count is"):
        tracker.agent(made, print, count=count)
    with pytest.raises(UsageError, match="function is"):
        tracker.agent(made, 3)  # type: ignore[arg-type]


def test_a_config_from_a_file_and_from_a_function(sweep: Make) -> None:
    with open("sweep.yaml", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("method: grid\nproject: q\nparameters: {x: {values: [1, 2]}}\n")
    assert tracker.sweep("sweep.yaml").project == "q"
    assert tracker.sweep(lambda: GRID, project="r").project == "r"
    os.environ["TRACKER_PROJECT"] = "env"
    try:
        assert tracker.sweep(GRID).project == "env"
    finally:
        del os.environ["TRACKER_PROJECT"]
    with pytest.raises(UsageError, match="seed is"):
        tracker.sweep(GRID, seed="a")  # type: ignore[arg-type]
