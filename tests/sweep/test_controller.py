"""What is given out, taken back and ended, without any training."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tracker.errors import NotFoundError, UsageError
from tracker.store.store import open_store
from tracker.sweep.controller import Controller

Made = Callable[..., Controller]
GRID = {"method": "grid", "parameters": {"x": {"values": [1, 2, 3]}}}


@pytest.fixture
def lived() -> Callable[[Controller, str], str]:
    """Makes agents that live as long as the test's process."""

    def lived(controller: Controller, agent: str) -> str:
        controller.ledger.attend(agent)
        return agent

    return lived


def test_each_trial_is_given_out_once(made: Made, lived: Callable[..., str]) -> None:
    one = made(**GRID)
    other = Controller(one.store, one.sweep_id)
    lived(one, "a")
    lived(one, "b")
    claims = [one.claim("a", "a"), other.claim("b", "b"), one.claim("a", "a"), one.claim("a", "a")]
    assert [claim.trial.params["x"] for claim in claims[:3] if claim.trial] == [1, 2, 3]
    assert claims[3].trial is None
    assert not claims[3].is_over  # one of the three may come back
    for number in range(3):
        one.end(number, 1, "finished")
    assert other.claim("b", "b").is_over
    assert one.ledger.read().state == "finished"


def test_many_threads_never_get_the_same_trial(made: Made, lived: Callable[..., str]) -> None:
    controllers = [made(method="grid", parameters={"x": {"min": 1, "max": 200}})]
    controllers += [Controller(controllers[0].store, controllers[0].sweep_id) for _ in range(3)]
    got: list[int] = []

    def work(number: int) -> None:
        agent = lived(controllers[number], f"agent{number}")
        for _ in range(50):
            trial = controllers[number].claim(agent, agent).trial
            assert trial is not None
            got.append(trial.params["x"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 201))


def test_a_dead_agents_trial_is_given_to_the_next(made: Made, lived: Callable[..., str]) -> None:
    controller = made(**GRID)
    controller.claim("ghost", "ghost")  # never attended: as good as dead
    agent = lived(controller, "a")
    trial = controller.claim(agent, agent).trial
    assert trial is not None
    assert (trial.number, trial.params, trial.attempt) == (0, {"x": 1}, 2)
    assert controller.end(0, 1, "finished") is None
    assert controller.report(0, 1, []) == "its agent has lost it"


def test_an_interrupted_trial_comes_again_in_a_later_process(
    made: Made, lived: Callable[..., str]
) -> None:
    controller = made(**GRID)
    agent = lived(controller, "a")
    trial = controller.claim(agent, agent).trial
    assert trial is not None
    controller.give_back(trial, 1)
    again = Controller(controller.store, controller.sweep_id).claim(agent, "later").trial
    assert again is not None
    assert (again.number, again.params) == (0, {"x": 1})


def test_run_cap_and_count_end_the_giving(made: Made, lived: Callable[..., str]) -> None:
    controller = made(run_cap=3)
    agent = lived(controller, "a")
    for number in range(2):
        assert controller.claim(agent, "pair", 2).trial is not None
        controller.end(number, 1, "finished")
    assert controller.claim(agent, "pair", 2).is_over
    assert controller.ledger.read().state == "running"
    assert controller.claim(agent, "more").trial is not None
    controller.end(2, 1, "failed")
    assert controller.claim(agent, "more").is_over
    assert controller.ledger.read().state == "finished"


def test_a_paused_sweep_gives_nothing_until_it_is_resumed(
    made: Made, lived: Callable[..., str]
) -> None:
    controller = made()
    agent = lived(controller, "a")
    controller.turn("paused")
    claim = controller.claim(agent, agent)
    assert (claim.trial, claim.is_over) == (None, False)
    Controller(controller.store, controller.sweep_id).turn("running")
    assert controller.claim(agent, agent).trial is not None


def test_cancelling_tells_running_trials_and_is_for_good(
    made: Made, lived: Callable[..., str]
) -> None:
    controller = made()
    agent = lived(controller, "a")
    controller.claim(agent, agent)
    assert controller.report(0, 1, []) is None
    controller.turn("cancelled")
    assert controller.report(0, 1, []) == "the sweep was cancelled"
    trial = controller.end(0, 1, "finished")
    assert trial is not None
    assert trial.state == "stopped"
    assert controller.claim(agent, agent).is_over
    with pytest.raises(UsageError, match="is cancelled: it stays so"):
        controller.turn("running")


def test_one_trial_can_be_stopped(made: Made, lived: Callable[..., str]) -> None:
    controller = made()
    agent = lived(controller, "a")
    controller.claim(agent, agent)
    controller.claim(agent, agent)
    controller.stop_trial(1)
    assert controller.report(0, 1, []) is None
    assert controller.report(1, 1, []) == "somebody stopped it"
    with pytest.raises(UsageError, match=r"Trial 7 .* is not running"):
        controller.stop_trial(7)


def test_a_queued_trial_is_next_and_reopens_a_finished_sweep(
    made: Made, lived: Callable[..., str]
) -> None:
    controller = made(**GRID, run_cap=1)
    agent = lived(controller, "a")
    controller.claim(agent, agent)
    controller.end(0, 1, "finished")
    assert controller.claim(agent, agent).is_over
    assert controller.enqueue({"x": 3}, "mine") == 1
    trial = controller.claim(agent, agent).trial
    assert trial is not None
    assert (trial.params, trial.name) == ({"x": 3}, "mine")


@pytest.mark.parametrize(("goal", "value"), [("minimize", 0.1), ("maximize", 0.9)])
def test_reaching_the_target_finishes_the_sweep(
    made: Made, lived: Callable[..., str], goal: str, value: float
) -> None:
    controller = made(metric={"name": "loss", "goal": goal, "target": 0.5})
    agent = lived(controller, "a")
    controller.claim(agent, agent)
    controller.set_value(0, 1, 1.0 - value)
    controller.end(0, 1, "finished")
    assert controller.ledger.read().state == "running"
    controller.claim(agent, agent)
    controller.set_value(1, 1, value)
    controller.end(1, 1, "finished")
    assert controller.ledger.read().state == "finished"


def test_the_same_seed_gives_the_same_trials(made: Made, lived: Callable[..., str]) -> None:
    drawn = []
    for seed in (1, 1, 2):
        controller = made(seed=seed)
        agent = lived(controller, "a")
        trials = [controller.claim(agent, agent).trial for _ in range(3)]
        drawn.append([trial.params for trial in trials if trial is not None])
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("changes", "count"),
    [({}, None), ({"run_cap": 7}, 7), (GRID, 3), ({**GRID, "run_cap": 2}, 2),
     ({"parameters": {"x": {"values": [1, 2]}}}, 2)],
)  # fmt: skip
def test_how_many_trials_there_will_be(
    made: Made, changes: dict[str, object], count: int | None
) -> None:
    assert made(**changes).expected_count == count


def test_a_sweep_outlives_its_database(made: Made, lived: Callable[..., str]) -> None:
    controller = made(**GRID)
    agent = lived(controller, "a")
    controller.claim(agent, agent)
    controller.store.rebuild()
    again = Controller(open_store(controller.store.root), controller.sweep_id)
    assert again.config.raw == controller.config.raw
    assert again.claim(agent, agent).trial.params == {"x": 2}  # type: ignore[union-attr]


def test_an_unknown_sweep_is_said(made: Made, alone: Path) -> None:
    controller = made()
    with pytest.raises(NotFoundError, match="no sweep 'nothing'"):
        Controller(controller.store, "nothing")
    with pytest.raises(NotFoundError, match="in project 'q'"):
        Controller(controller.store, controller.sweep_id, "q")
