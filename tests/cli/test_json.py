"""What programs read of ``tracker … --format json``: one document on stdout, and its keys."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.cli import main

PAGE = Path(__file__).parents[2] / "package" / "docs" / "scripts.md"
SWEEP = {
    "method": "grid",
    "name": "search",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.3]}, "model": {"parameters": {"depth": {"value": 2}}}},
}


@pytest.fixture
def store(alone: Path, plain_settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose store has a run with a version, an alert, NaN, and a failed run."""
    monkeypatch.setenv("TRACKER_DIR", str(alone / ".tracker"))
    (alone / "model.bin").write_text("weights")
    with tracker.init(
        "digits", "first", {"lr": 0.1, "model": {"depth": 3}}, settings=plain_settings, tags=["a"]
    ) as run:
        for loss in (3.0, 1.0, 2.0):
            run.log({"loss": loss, "odd": math.nan})
        run.alert("Low \x9b loss", "it fell", "WARN")
        run.log_artifact("model.bin", "model", "model", aliases=["best"])
    with tracker.init("digits", "eval", settings=plain_settings) as other:
        other.use_artifact("model:best")
        other.mark_failed(ZeroDivisionError("no"))
    return alone


def ask(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    assert main([*words, "--format", "json"]) == status
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    return json.loads(said.out)


def documented(command: str) -> list[str]:
    """Return the keys that the page says of a command."""
    (row,) = re.findall(rf"^\| `{re.escape(command)}` \|[^|]*\|([^|]*)\|$", PAGE.read_text(), re.M)
    return re.findall(r"`(\w+)`", row)


def test_projects_and_runs(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project,) = ask(capsys, "ls")
    assert list(project) == documented("tracker ls")
    assert (project["name"], project["runs"]) == ("digits", 2)
    newest, first = ask(capsys, "ls", "digits")
    assert list(first) == documented("tracker ls PROJECT")
    assert (newest["name"], newest["state"]) == ("eval", "failed")
    assert (first["config"], first["tags"]) == ({"lr": 0.1, "model": {"depth": 3}}, ["a"])
    assert (first["summary"]["loss"], first["summary"]["odd"]) == (2.0, "NaN")


def test_a_run(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ask(capsys, "show", "digits/first")
    assert list(run) == documented("tracker ls PROJECT") + documented("tracker show RUN")
    assert run["metrics"] == [
        {"key": "loss", "points": 3, "last": 2.0, "min": 1.0, "max": 3.0},
        {"key": "odd", "points": 3, "last": "NaN", "min": None, "max": None},
    ]
    alert = next(each for each in run["events"] if each["kind"] == "alert")
    assert alert["payload"]["title"] == "Low \x9b loss"
    (failure,) = [
        each["payload"]["traceback"]
        for each in ask(capsys, "show", "eval")["events"]
        if each["kind"] == "error"
    ]
    assert "ZeroDivisionError" in failure


def test_json_cannot_steer_the_terminal(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["show", "first"], ["sql", "select payload from events where kind = 'alert'"]):
        assert main([*words, "--format", "json"]) == 0
        assert r"Low \u009b loss" in capsys.readouterr().out


def test_a_run_whose_process_was_killed_is_not_said_to_run(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_DIR", str(alone / ".tracker"))
    code = (
        "import os, signal, tracker\n"
        "run = tracker.init('p', settings={'silent': True, 'system_interval_s': 0})\n"
        "run.log({'a': 1})\nrun.flush()\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (run,) = ask(capsys, "ls", "p")
    assert (run["state"], run["summary"]["a"]) == ("crashed", 1)


def test_sweeps(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store / "sweep.yaml").write_text(json.dumps(SWEEP))
    made = ask(capsys, "sweep", "sweep.yaml", "-p", "digits")
    path = f"digits/{made['sweep_id']}"
    other = ask(capsys, "sweep", "sweep.yaml", "-p", "new")
    assert {each["name"]: each["runs"] for each in ask(capsys, "ls")} == {"digits": 2, "new": 0}
    assert ask(capsys, "ls", other["project"]) == []
    assert (made["state"], made["expected"], made["best_trial"]) == ("running", 2, None)

    def train() -> None:
        with tracker.init(settings={"silent": True, "system_interval_s": 0}) as run:
            run.log({"loss": run.config["lr"]})

    tracker.agent(path, train)
    capsys.readouterr()
    (listed,) = ask(capsys, "sweep", "-p", "digits")
    assert list(listed) == documented("tracker sweep")
    assert (listed["done"], listed["best"], listed["goal"]) == (2, 0.1, "minimize")
    sweep = ask(capsys, "sweep", path)
    assert list(sweep) == documented("tracker sweep") + documented("tracker sweep SWEEP")
    assert [trial["state"] for trial in sweep["trials"]] == ["finished"] * 2
    assert sweep["best_trial"]["params"] == {"lr": 0.1, "model": {"depth": 2}}
    assert sweep == ask(capsys, "sweep", "digits/search")
    Path(path).mkdir(parents=True)  # as of downloaded artifacts
    assert sweep == ask(capsys, "sweep", path)
    assert ask(capsys, "sweep", "--cancel", path)["state"] == "cancelled"
    assert main(["sweep", path]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == f"search  {path}"
    assert {" ".join(line.split()) for line in lines[:5]} >= {
        "state cancelled", "metric loss, minimize", "trials 2 of 2", "best 0.1, trial 0",
    }  # fmt: skip
    assert lines[-1].endswith("lr=0.3, model.depth=2")


def test_artifacts(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (version,) = ask(capsys, "artifact", "ls", "digits/model")
    assert list(version) == documented("tracker artifact ls")
    assert (version["version"], version["aliases"]) == ("v0", ["best", "latest"])
    found = ask(capsys, "artifact", "lineage", "model:best")
    assert list(found) == documented("tracker artifact lineage ARTIFACT")
    runs = {run["name"]: run["run_id"] for run in ask(capsys, "ls", "digits")}
    assert found["starts"] == ["digits/model:v0"]
    assert found["edges"] == [
        {"from": f"digits/{runs['first']}", "to": "digits/model:v0"},
        {"from": "digits/model:v0", "to": f"digits/{runs['eval']}"},
    ]
    assert version["run"] == f"digits/{runs['first']}"
    assert main(["artifact", "lineage", "model"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines[1:]] == [
        ["before", "run", f"digits/{runs['first']}"],
        ["version", "digits/model:v0", "model"],
        ["after", "run", f"digits/{runs['eval']}"],
    ]


def test_doctor(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    well = ask(capsys, "doctor")
    assert list(well) == documented("tracker doctor")
    assert (well["is_well"], well["runs"]) == (True, {"failed": 1, "finished": 1})
    database = store / ".tracker" / "tracker.duckdb"
    database.write_bytes(bytes(len(database.read_bytes())))
    ill = ask(capsys, "doctor", status=1)
    assert (ill["is_well"], list(ill)) == (False, list(well))
    assert str(database) in ill["error"]
    rebuilt = ask(capsys, "doctor", "--rebuild")
    assert (rebuilt["rebuilt"], rebuilt["runs"]) == (True, well["runs"])
    assert Path(rebuilt["old_file"]).exists()


@pytest.mark.parametrize(
    "words",
    [
        ["ls", "nothing"],
        ["show", "x"],
        ["sweep", "x"],
        ["sweep", "x.yaml"],
        ["artifact", "ls", "x"],
    ],
)
def test_what_is_not_there_leaves_stdout_empty(
    store: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main([*words, "--format", "json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tracker: ")


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
def test_the_examples_of_the_page_run(store: Path) -> None:
    """Each of its shell examples, on a store that has what they ask for."""
    program = store / "bin" / "tracker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tracker "$@"\n')
    program.chmod(0o755)
    examples = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.S)
    assert len(examples) == 3
    said = [
        subprocess.run(
            ["bash", "-euc", f'PATH="{program.parent}:$PATH"\n{example}'],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        for example in examples
    ]  # fmt: skip
    assert said[0][0] == "first\t2"
    assert "ZeroDivisionError: no" in said[1]
    assert json.loads(said[2][0])[0] == {"name": "first", "low": 1.0}
