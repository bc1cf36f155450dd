"""An alert reaches the user's own program, and whatever that does the training goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tracker.run import alert_command
from tracker.run.alert_command import MOST_WAITING, AlertCommand

KEEP = """
import json, pathlib, sys
alert = json.load(sys.stdin)
print("what it prints is nobody's", file=sys.stderr)
with open(sys.argv[1], "a") as file:
    file.write(json.dumps({"arguments": sys.argv[2:], **alert}) + "\\n")
"""


@pytest.fixture
def keeper(alone: Path) -> list[str]:
    """A program that writes what it is given to the file ``sent``."""
    (alone / "keep.py").write_text(KEEP)
    return [sys.executable, str(alone / "keep.py"), str(alone / "sent")]


def sent(folder: Path) -> list[dict[str, Any]]:
    file = folder / "sent"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_the_program_is_given_the_alert_as_json(start, alone, keeper, capfd):
    nasty = '"; touch gone; $(touch gone) `touch gone` \x1b[2J é\n'
    with start(settings={"alert_command": [*keeper, "$HOME", "a b"]}, name="first") as run:
        run.alert("Low accuracy", nasty, level="WARN")
        run.alert("Low accuracy", "again, too soon")
        run.alert("Done")
    first, second = sent(alone)
    told = {name: first.pop(name) for name in ("time", "url")}
    assert first == {
        "arguments": ["$HOME", "a b"], "project": run.project, "run_id": run.id, "name": "first",
        "title": "Low accuracy", "text": nasty, "level": "WARN",
    }  # fmt: skip
    assert told["time"].endswith("+00:00")
    assert told["url"] == run.url
    assert (second["title"], second["level"]) == ("Done", "INFO")
    assert not (alone / "gone").exists()
    assert capfd.readouterr().err == ""


def test_the_environment_names_it_too(start, alone, keeper, monkeypatch):
    monkeypatch.setenv("TRACKER_ALERT_COMMAND", " ".join([*keeper, "'two words'"]))
    with start() as run:
        run.alert("a")
    with start(mode="disabled") as run:
        run.alert("b")
    assert [(each["title"], each["arguments"]) for each in sent(alone)] == [("a", ["two words"])]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["no-such-program"], "'no-such-program' could not be run: .*No such file"),
        ([sys.executable, "-c", "raise SystemExit('no network')"], "ended with 1: no network"),
    ],
)
def test_what_goes_wrong_is_one_warning(start, stored, warns_once, command, sentence):
    run = start(settings={"alert_command": command})
    run.alert("a")
    run.alert("b")
    with warns_once(sentence):
        run.finish()
    assert [event.payload["title"] for event in stored.events(run, "alert")] == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_slow_program_keeps_nobody_waiting(alone):
    os.mkfifo(alone / "gate")
    code = "open('gate').read(); open('sent', 'a').write('.')"
    sentences: list[str] = []
    command = AlertCommand([sys.executable, "-c", code], sentences.append)
    for _ in range(MOST_WAITING + 10):
        command.send(dict)
    assert set(sentences) == {
        f"The alert_command {sys.executable!r} is slower than the alerts: some were not sent."
    }
    assert not (alone / "sent").exists()
    while not command.settle(0.01):
        descriptor = _open_if_read(alone / "gate")
        if descriptor is not None:
            os.close(descriptor)
    assert MOST_WAITING <= len((alone / "sent").read_text()) <= MOST_WAITING + 1


def _open_if_read(gate: Path) -> int | None:
    try:
        return os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_a_program_that_hangs_is_killed_and_not_called_again(alone, monkeypatch):
    monkeypatch.setattr(alert_command, "LONGEST_S", 0.2)
    code = "import time; open('began', 'a').write('.'); time.sleep(600)"
    sentences: list[str] = []
    command = AlertCommand([sys.executable, "-c", code], sentences.append)
    for _ in range(3):
        command.send(dict)
    assert command.settle(60)
    command.send(dict)
    assert len(sentences) == 1
    assert "was killed" in sentences[0]
    assert not [each for each in threading.enumerate() if each.name == "tracker-alert"]


@pytest.mark.skipif(shutil.which("sleep") is None, reason="needs sleep")
def test_what_the_program_leaves_running_is_not_waited_for(alone):
    sentences: list[str] = []
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, file=open('pid', 'w'))"
    command = AlertCommand([sys.executable, "-c", code], sentences.append)
    command.send(dict)
    assert command.settle(30)
    assert sentences == []
    os.kill(int((alone / "pid").read_text()), 9)


def test_an_alert_right_before_the_end_of_a_program_is_sent(alone, keeper):
    settings = {"alert_command": keeper, "silent": True, "system_interval_s": 0, "console": False}
    code = (
        f"import tracker\nrun = tracker.init('p', dir='.', settings={settings!r})\n"
        "run.alert('last words')\nraise ZeroDivisionError"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [each["title"] for each in sent(alone)] == ["last words"]
