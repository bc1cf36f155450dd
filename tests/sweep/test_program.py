"""Sweeps over programs, and the terminal's `tracker sweep` and `tracker agent`."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tracker
from tracker import cli
from tracker.errors import UsageError
from tracker.sweep.program import VARIABLE
from tracker.sweep.workers import Workers

SETTINGS = "settings={'console': False, 'save_code': False, 'system_interval_s': 0}"
PROGRAM = f"""\
import argparse
import tracker as wandb
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
run = wandb.init(config=parser.parse_args(), {SETTINGS})
for step in range(4):
    wandb.log({{"loss": wandb.config.lr}})
"""
MEETING = f"""\
import argparse, sys
import tracker
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=int)
x = parser.parse_args().x
tracker.init({SETTINGS})
assert sys.stdin.read() == ""
open("meeting", "w" if x == 1 else "r").close()  # waits for the other end
"""
CONFIG = """\
program: train.py
project: p
method: grid
metric: {name: loss}
parameters: {lr: {values: [0.1, 0.2]}}
"""


@pytest.fixture
def folder(alone: Path) -> Iterator[Path]:
    (alone / ".tracker").mkdir()
    (alone / "train.py").write_text(PROGRAM)
    (alone / "sweep.yaml").write_text(CONFIG)
    yield alone
    os.environ.pop(VARIABLE, None)


def test_from_yaml_to_the_best_run_in_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "sweep.yaml").open("a") as file:
        file.write("early_terminate: {type: hyperband, min_iter: 2}\n")
    assert cli.main(["sweep", "sweep.yaml", "--name", "mine"]) == 0
    created, agent = capsys.readouterr().out.splitlines()
    path = agent.split()[-1]
    assert created == f"Created sweep with ID: {path.split('/')[1]}"
    assert cli.main(["agent", path]) == 0
    sweep = tracker.Sweep(path)
    assert list(sweep.trials["state"]) == ["finished", "stopped"]
    assert [run.state for run in sweep.runs] == ["finished", "stopped"]
    assert [run.config for run in sweep.runs] == [{"lr": 0.1}, {"lr": 0.2}]
    assert sweep.best_run().config == {"lr": 0.1}  # type: ignore[union-attr]
    assert list(sweep.runs[1].history()["loss"]) == [0.2, 0.2]
    capsys.readouterr()
    assert cli.main(["sweep"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["PROJECT", "ID", "NAME", "METHOD", "STATE", "TRIALS", "BEST"]
    assert row.split() == ["p", str(sweep), "mine", "grid", "finished", "2", "of", "2", "0.1"]
    assert not list((folder / ".tracker/sweeps" / sweep / "trials").iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_several_programs_run_at_a_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Each program waits for the other one, so that one after the other would never end.
    (folder / "meet.py").write_text(MEETING)
    os.mkfifo(folder / "meeting")
    sweep = tracker.sweep(
        {"program": "meet.py", "method": "grid", "parameters": {"x": {"values": [1, 2, 3]}}},
        project="p",
    )
    assert cli.main(["agent", str(sweep), "--parallel", "2", "--count", "2"]) == 0
    assert list(sweep.trials["state"]) == ["finished"] * 2
    assert len(sweep.agents()) == 2
    assert "Trial 1 finished (x=2)" in capsys.readouterr().err
    assert cli.main(["agent", str(sweep), "--parallel", "0"]) == 1
    assert "--parallel is 0: expected 1 or more." in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_an_interrupt_ends_all_programs_and_gives_their_trials_back(folder: Path) -> None:
    (folder / "meet.py").write_text(MEETING)
    os.mkfifo(folder / "meeting")
    sweep = tracker.sweep(
        {"program": "meet.py", "method": "grid", "parameters": {"x": {"values": [2, 3]}}},
        project="p",
    )

    def interrupt() -> None:
        # Both wait for somebody who writes. Their runs have begun.
        while len([run for run in sweep.runs if run.state == "running"]) < 2:
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        Workers(sweep.controller, None, 2).run()
    assert list(sweep.trials["state"]) == ["pending"] * 2
    assert [run.state for run in sweep.runs] == ["failed"] * 2


def test_a_sweep_is_steered_from_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = tracker.sweep("sweep.yaml")
    for word, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped"),
                        ("cancel", "cancelled")):  # fmt: skip
        assert cli.main(["sweep", f"--{word}", str(sweep)]) == 0
        assert capsys.readouterr().out == f"Sweep p/{sweep} is {state}.\n"
        assert sweep.state == state
    assert cli.main(["sweep", "--resume", str(sweep)]) == 1
    assert "is cancelled: it stays so" in capsys.readouterr().err
    assert cli.main(["sweep", "--stop"]) == 1
    assert "needs the sweep" in capsys.readouterr().err
    assert cli.main(["agent", "nothing0"]) == 1
    assert "There is no sweep 'nothing0'" in capsys.readouterr().err
    assert cli.main(["agent", str(sweep), "--count", "0"]) == 1


def test_a_program_that_fails_or_is_missing_fails_its_trial(folder: Path) -> None:
    (folder / "train.py").write_text("import sys\nsys.exit(3)\n")
    failing = tracker.sweep("sweep.yaml")
    tracker.agent(failing, count=1)
    assert list(failing.trials["state"]) == ["failed"]
    config = {
        "method": "grid", "parameters": {"lr": {"values": [0.1]}}, "command": ["./no-such", "x"],
    }  # fmt: skip
    missing = tracker.sweep(config, project="p")
    tracker.agent(missing)
    assert list(missing.trials["state"]) == ["failed"]


def test_the_command_gets_its_macros_filled(folder: Path) -> None:
    (folder / "show.py").write_text(
        "import json, sys\n"
        "with open(sys.argv[1]) as file: given = json.load(file)\n"
        "with open('seen.json', 'w') as file: json.dump([given, sys.argv[2:]], file)\n"
    )
    config = {
        "method": "grid",
        "parameters": {"net": {"parameters": {"width": {"values": [8]}}}, "lr": {"value": 0.5}},
        "program": "show.py",
        "command": ["${interpreter}", "${program}", "${args_json_file}", "--tag=${envvar:TAG}"],
    }
    os.environ["TAG"] = "blue"
    try:
        tracker.agent(tracker.sweep(config, project="p"))
    finally:
        del os.environ["TAG"]
    seen = json.loads((folder / "seen.json").read_text())
    assert seen == [{"net": {"width": 8}, "lr": 0.5}, ["--tag=blue"]]


def test_of_several_processes_one_is_the_trial(folder: Path) -> None:
    (folder / "train.py").write_text(
        "import os, subprocess, sys\n"
        "worker = '''\n"
        "import tracker\n"
        f"run = tracker.init({SETTINGS})\n"
        "run.log({'loss': run.config.lr})\n"
        "'''\n"
        "workers = [subprocess.Popen([sys.executable, '-c', worker]) for _ in range(2)]\n"
        "sys.exit(max(worker.wait() for worker in workers))\n"
    )
    sweep = tracker.sweep("sweep.yaml")
    tracker.agent(sweep, count=1)
    assert list(sweep.trials["state"]) == ["finished"]
    assert sweep.trials["run_id"][0] in {run.id for run in sweep.runs}
    assert [run.config for run in sweep.runs] == [{"lr": 0.1}] * 2


def test_a_sweep_without_a_program_needs_a_function(folder: Path) -> None:
    sweep = tracker.sweep({"method": "grid", "parameters": {"x": {"values": [1]}}}, project="p")
    with pytest.raises(UsageError, match="no program to run"):
        tracker.agent(sweep)


@pytest.fixture
def outlived(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(folder / "gone.json"))


def test_a_program_that_outlived_its_trial_is_a_plain_run(
    outlived: None, start: Callable[..., tracker.Run]
) -> None:
    assert start().sweep_id is None
