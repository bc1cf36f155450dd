"""Trials that are ended early, from the rule in the config to the state of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tracker

Make = Callable[..., tracker.Sweep]
Begin = Callable[..., tracker.Run]
EPOCHS = 27


def curve(x: float, epoch: int) -> float:
    """What a training with the parameter x has reached: better ones are so early on, roughly."""
    return (x - 0.3) ** 2 + (0.5 + 0.2 * x) / (epoch + 1)


def train(begin: Begin, epochs: list[int]) -> Callable[[], None]:
    def train() -> None:
        run = begin()
        for epoch in range(EPOCHS):
            epochs.append(epoch)
            run.log({"loss": curve(run.config.x, epoch)})

    return train


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "hyperband", "max_iter": EPOCHS, "s": 3},
        {"type": "hyperband", "min_iter": 1, "strict": False},
        {"type": "asha", "min_iter": 1, "max_iter": EPOCHS},
        {"type": "median", "min_iter": 2, "min_trials": 3},
    ],
    ids=["hyperband", "relaxed", "asha", "median"],
)
def test_bad_trials_are_stopped_and_the_best_is_kept(
    sweep: Make, begin: Begin, rule: dict[str, Any]
) -> None:
    made, epochs = sweep(run_cap=12, early_terminate=rule), list[int]()
    made.run(train(begin, epochs))
    states = dict(zip(made.trials["x"], made.trials["state"], strict=True))
    assert set(states.values()) == {"finished", "stopped"}
    best = min(states, key=lambda x: curve(x, EPOCHS - 1))
    assert states[best] == "finished"
    assert made.best_run().config == {"x": best}  # type: ignore[union-attr]
    assert {run.state for run in made.runs} == {"finished", "stopped"}
    assert len(epochs) < 0.9 * 12 * EPOCHS
    stopped = [run for run in made.runs if run.state == "stopped"]
    assert all(run.lastHistoryStep < EPOCHS - 1 for run in stopped)


def test_hyperband_costs_a_third_and_finds_as_good_a_configuration(
    sweep: Make, begin: Begin
) -> None:
    rule = {"type": "hyperband", "min_iter": 1, "eta": 3}
    made, epochs = sweep(run_cap=40, early_terminate=rule), list[int]()
    made.run(train(begin, epochs))
    best_at_random = min(curve(x, EPOCHS - 1) for x in made.trials["x"])
    assert made.trials["value"].min() == pytest.approx(best_at_random)
    assert len(epochs) <= 0.35 * 40 * EPOCHS


def test_a_maximised_metric_is_judged_the_other_way_round(sweep: Make, begin: Begin) -> None:
    made = sweep(
        method="grid",
        parameters={"x": {"values": [5, 4, 3, 6]}},
        metric={"name": "acc", "goal": "maximize"},
        early_terminate={"type": "hyperband", "min_iter": 2, "eta": 3},
    )

    def train() -> None:
        run = begin()
        for _ in range(4):
            run.log({"acc": run.config.x})

    made.run(train)
    assert list(made.trials["state"]) == ["finished", "stopped", "stopped", "finished"]


def test_a_training_loop_cannot_swallow_the_stop(sweep: Make, begin: Begin) -> None:
    made = sweep(
        method="grid",
        parameters={"x": {"values": [1, 2]}},
        early_terminate={"type": "hyperband", "min_iter": 1, "eta": 3},
    )
    ends: list[int] = []

    def train() -> None:
        with begin() as run:
            for _ in range(5):
                try:
                    run.log({"loss": run.config.x})
                except Exception:  # noqa: BLE001 - as a training loop may have it
                    pytest.fail("the stop looked like an error")
                finally:
                    ends.append(run.config.x)

    made.run(train)
    assert list(made.trials["state"]) == ["finished", "stopped"]
    assert ends == [1] * 5 + [2]


def test_values_survive_into_the_next_process(sweep: Make, begin: Begin) -> None:
    made = sweep(
        method="grid",
        parameters={"x": {"values": [1, 2]}},
        early_terminate={"type": "hyperband", "min_iter": 2, "eta": 3},
    )

    def train() -> None:
        run = begin()
        for _ in range(3):
            run.log({"loss": run.config.x})

    made.run(train, count=1)
    again = tracker.Sweep(made.id, dir=".")
    again.run(train, count=1)
    assert list(again.trials["state"]) == ["finished", "stopped"]
