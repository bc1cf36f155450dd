"""``%%tracker``: a cell as a run."""

from __future__ import annotations

import json

import pytest

from .conftest import Kernel

INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"


def test_a_cell_becomes_a_run_and_stays_a_cell(kernel: Kernel) -> None:
    kernel.run("base = {'depth': 2}\nproject = 'digits'")
    answer = kernel.run(
        "%%tracker {project} --name 'first one' --tags a,b --group g --notes \"two words\" "
        "--config base lr=0.1 layers=[64,32] model.kind=cnn flag=true\n"
        "import asyncio, tracker\n"
        "for i in range(3):\n"
        "    tracker.log({'loss': 1 / (i + 1)})\n"
        "await asyncio.sleep(0)\n"
        "seen = tracker.run.name\n"
        "i * 100"
    )
    assert (answer.status, answer.text, answer.errors) == ("ok", "200", [])
    assert kernel.ask("[seen, tracker.run]") == ["first one", None]
    ((config, *fields),) = kernel.stored(
        "select config, project, name, tags, group_name, notes, state, exit_code, last_step "
        "from runs",
    )
    assert json.loads(config) == {
        "depth": 2,
        "lr": 0.1,
        "layers": [64, 32],
        "model": {"kind": "cnn"},
        "flag": True,
    }
    assert [list(each) if hasattr(each, "tolist") else each for each in fields] == [
        *("digits", "first one", ["a", "b"], "g", "two words", "finished", 0, 2)
    ]
    assert kernel.stored("select value from history where key = 'loss' order by step") == [
        (1.0,),
        (1 / 2,),
        (1 / 3,),
    ]


def test_the_panel_is_under_the_cell_unless_told_otherwise(kernel: Kernel) -> None:
    with_panel = kernel.run("%%tracker digits --name seen\nimport tracker\ntracker.log({'a': 1})")
    assert any("seen" in shown["text/html"] for shown in with_panel.displays)
    without = kernel.run("%%tracker digits --no-panel\ntracker.log({'a': 1})")
    assert without.displays == []
    assert kernel.stored("select count(*) from runs where state = 'finished'") == [(2,)]


def test_the_run_knows_how_its_cell_ended(kernel: Kernel) -> None:
    source = "%%tracker digits\nimport tracker\ntracker.log({'a': 1})"
    kernel.run("x = 1")
    kernel.run(source)
    assert kernel.stored("select source, status from cells order by number")[1:] == [
        ("x = 1", "ok"),
        (source, "ok"),
    ]
    assert kernel.stored("select duration_s > 0 from cells where number = 2") == [(True,)]


def test_a_cell_that_raises_fails_its_run_and_shows_its_error(kernel: Kernel) -> None:
    answer = kernel.run(
        "%%tracker digits\nimport tracker\ntracker.log({'a': 1})\n"
        "def broken():\n    return 1 / 0\nbroken()"
    )
    assert (answer.status, answer.ename) == ("error", "ZeroDivisionError")
    (shown,) = answer.errors
    assert "line 6" in shown.replace("\x1b[39m", "").replace("\x1b[32m", "")
    assert "magics" not in shown.replace("tracker_magics.begin", "")
    ((state, exit_code, kind, message, trace),) = kernel.stored(
        "select state, exit_code, payload->>'type', payload->>'message', payload->>'traceback' "
        "from runs join events using (run_id) where kind = 'error'",
    )
    assert (state, exit_code, kind, message) == (
        *("failed", 1),
        "ZeroDivisionError",
        "division by zero",
    )
    assert "return 1 / 0" in trace
    assert kernel.stored("select key, value from history") == [("a", 1.0)]
    # The kernel is as good as before.
    assert kernel.run("%%tracker digits\n1 + 1").text == "2"


@pytest.mark.parametrize(
    ("body", "state", "exit_code"),
    [
        ("raise KeyboardInterrupt", "failed", 255),
        (f"{INTERRUPT}\ntime.sleep(60)", "failed", 255),
        (f"threading.Timer(0.2, lambda: {INTERRUPT}).start()\nawait wait(1)", "failed", 1),
        ("raise SystemExit(0)", "finished", 0),
        ("raise SystemExit(3)", "failed", 3),
        ("tracker.finish()", "finished", 0),
        ("tracker.finish(exit_code=2)\n1 / 0", "failed", 2),
        ("%%capture\ntracker.log({'a': 1})", "finished", 0),
        ("get_ipython().run_cell('1 / 0')\ntracker.log({'a': 1})", "finished", 0),
        ("get_ipython().run_cell('')\ntracker.log({'a': 1})\n1 / 0", "failed", 1),
    ],
)
def test_every_end_of_a_cell_ends_its_run(
    kernel: Kernel, body: str, state: str, exit_code: int
) -> None:
    kernel.run("import os, signal, threading, time, tracker\nfrom asyncio import sleep as wait")
    kernel.run(f"%%tracker digits\n{body}")
    assert kernel.stored("select state, exit_code from runs") == [(state, exit_code)]
    assert kernel.ask("tracker.run") is None


def test_a_notebook_saved_as_a_script_runs_its_cells_as_runs(kernel: Kernel) -> None:
    body = "import tracker\ntracker.log({'a': 1})\nkept = 7"
    answer = kernel.run(f"get_ipython().run_cell_magic('tracker', 'digits', {body!r})\nkept")
    assert answer.text == "7"
    failed = kernel.run("get_ipython().run_cell_magic('tracker', 'digits', '1/0')\nnever = 1")
    assert failed.status == "error"
    assert kernel.ask("'never' in globals()") is False
    assert kernel.stored("select state from runs order by created_at") == [
        ("finished",),
        ("failed",),
    ]


def test_a_cell_that_is_no_python_starts_no_run(kernel: Kernel) -> None:
    assert kernel.run("%%tracker digits\nx = = 1").ename == "SyntaxError"
    assert not kernel.store.exists()


@pytest.mark.parametrize(
    ("first_line", "sentence"),
    [
        ("%%tracker a/b", "project is 'a/b': expected"),
        ("%%tracker digits --colour red", "unrecognized arguments: --colour red"),
        ("%%tracker digits --config lr", "expected key=value, or the name of a variable"),
        ("%%tracker digits --config a=1 a.b=2", "--config a.b=… puts something into 'a'"),
        ("%%tracker 'digits", "A quote is not closed"),
        ("%%tracker digits --tags ,a", "Tag '' cannot be used"),
        ("%%tracker digits --dir /proc/nowhere", "cannot be made"),
    ],
)
def test_a_wrong_first_line_is_one_sentence(shared: Kernel, first_line: str, sentence: str) -> None:
    answer = shared.run(f"{first_line}\nran = True")
    assert answer.ename == "UsageError"
    assert answer.stderr.startswith("UsageError: ")
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.errors == []
    assert shared.ask("'ran' in globals()") is False


def test_an_empty_cell_is_explained(shared: Kernel) -> None:
    assert "which is empty" in shared.run("%%tracker digits\n\n").stderr
