"""Agents in processes of their own, on executors, and what happens when they are killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.errors import TrackerError, UsageError
from tracker.run import trials
from tracker.sweep.controller import Controller
from tracker.sweep.workers import Workers, visible_gpus

Make = Callable[..., tracker.Sweep]
SETTINGS = {"silent": True, "console": False, "save_code": False, "system_interval_s": 0}


def line(count: int) -> dict[str, Any]:
    return {"method": "grid", "parameters": {"x": {"min": 1, "max": count}}}


def train_and_sometimes_die(every: int, folder: str) -> Callable[[], None]:
    """Logs x; each trial of so many kills its process, the first time that it is run."""

    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        run.log({"loss": run.config.x})
        trial = trials.here()
        assert trial is not None
        mark = Path(folder) / f"died-{trial.number}"
        if trial.number % every == every - 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return train


def check_every_trial_counted(sweep: tracker.Sweep, count: int, deaths: int) -> None:
    found = tracker.sql("SELECT number, state, attempt, value, run_id FROM trials ORDER BY number")
    assert list(found["number"]) == list(range(count))
    assert set(found["state"]) == {"finished"}
    assert list(found["value"]) == list(range(1, count + 1))
    assert (found["attempt"] > 1).sum() == deaths
    runs = {run.id: run.state for run in sweep.runs}
    assert {runs[run_id] for run_id in found["run_id"]} == {"finished"}
    assert sorted(runs.values()) == ["crashed"] * deaths + ["finished"] * count
    assert sweep.state == "finished"


def test_killed_agents_lose_no_trial(sweep: Make, alone: Path) -> None:
    made = sweep(**line(12))
    made.run(train_and_sometimes_die(5, str(alone)), parallel=2)
    check_every_trial_counted(made, 12, deaths=2)


@pytest.mark.slow
def test_sixteen_agents_a_thousand_trials_and_fifty_kills(sweep: Make, alone: Path) -> None:
    made = sweep(**line(1000))
    made.run(train_and_sometimes_die(20, str(alone)), parallel=16)
    check_every_trial_counted(made, 1000, deaths=50)


def test_count_holds_for_all_agents_together(sweep: Make) -> None:
    made = sweep(**line(50))

    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        run.log({"loss": run.config.x})

    made.run(train, count=5, parallel=2)
    assert list(made.trials["state"]) == ["finished"] * 5


def test_an_interrupt_ends_all_agents_and_gives_their_trials_back(sweep: Make) -> None:
    made = sweep(**line(4))

    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        while True:
            run.log({"loss": 1})
            time.sleep(0.05)

    def interrupt() -> None:
        while (made.trials["state"] == "running").sum() < 2:
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        made.run(train, parallel=2)
    assert list(made.trials["state"]) == ["pending"] * 2


def test_processes_that_cannot_begin_are_given_up(sweep: Make) -> None:
    made = sweep(**line(4))

    class Unreadable:
        def __reduce__(self) -> tuple[Any, ...]:
            return getattr, (os, "nothing_of_that_name")

        def __call__(self) -> None:
            """Be callable."""

    with pytest.raises(TrackerError, match=r"(?s)die before they begin.*nothing_of_that_name"):
        made.run(Unreadable(), parallel=1)


def test_each_process_sees_a_gpu_of_its_own(sweep: Make, alone: Path) -> None:
    made = sweep(**line(6))
    folder = str(alone)

    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        seen = Path(folder) / f"gpu-{os.environ['CUDA_VISIBLE_DEVICES']}"
        seen.touch()
        give_up_at = time.monotonic() + 60
        while len(list(Path(folder).glob("gpu-*"))) < 2 and time.monotonic() < give_up_at:
            time.sleep(0.05)
        run.log({"loss": 1})

    made.run(train, parallel=2, gpus=[3, 5])
    assert {place.name for place in alone.glob("gpu-*")} == {"gpu-3", "gpu-5"}


def test_gpus_are_those_that_the_process_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-abc")
    assert visible_gpus() == ["2", "GPU-abc"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []


def test_any_executor_carries_agents(sweep: Make) -> None:
    made = sweep(**line(8))

    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        run.log({"loss": run.config.x, "process": os.getpid()})

    import multiprocessing

    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        made.run(train, executor=executor)
    assert list(made.trials["value"]) == list(range(1, 9))
    assert all(run.summary["process"] != os.getpid() for run in made.runs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_carries_agents(sweep: Make) -> None:
    distributed = pytest.importorskip("distributed")
    made = sweep(**line(8))

    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        run.log({"loss": run.config.x, "process": os.getpid()})

    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        made.run(train, executor=client.get_executor(), parallel=2)
    assert list(made.trials["value"]) == list(range(1, 9))
    assert all(run.summary["process"] != os.getpid() for run in made.runs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_carries_agents(sweep: Make) -> None:
    ray = pytest.importorskip("ray")
    made = sweep(**line(8))

    def train() -> None:
        run = tracker.init(settings=SETTINGS)
        run.log({"loss": run.config.x, "process": os.getpid()})

    class RayExecutor(Executor):
        """As package/docs/sweeps.md has it."""

        def submit(self, function: Any, /, *args: Any, **named: Any) -> Any:
            return ray.remote(function).remote(*args, **named).future()

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        made.run(train, executor=RayExecutor(), parallel=2)
    finally:
        ray.shutdown()
    assert list(made.trials["value"]) == list(range(1, 9))
    assert all(run.summary["process"] != os.getpid() for run in made.runs)


def test_a_wrong_call_is_said_at_once(sweep: Make) -> None:
    made = sweep()
    with pytest.raises(UsageError, match="parallel is 0"):
        made.run(print, parallel=0)
    with pytest.raises(UsageError, match="executor is 3"):
        made.run(print, executor=3)  # type: ignore[arg-type]


def test_without_work_no_process_is_left(made: Callable[..., Controller]) -> None:
    controller = made()
    controller.turn("stopped")
    workers = Workers(controller, print, 2)
    workers.run()
    assert not workers.processes
