"""Runs in real kernels: time, cells, console, kernels that end and kernels that are killed."""

from __future__ import annotations

import os
import queue
import signal
import textwrap
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

import tracker
from tracker.store.store import Store

START = """
import os, time, tracker
def start(**options):
    return tracker.init(project="p", dir=".", settings={"panel": False}, **options)
"""


@pytest.fixture
def environ() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKER_", "WANDB_", "JPY"))}
    return {**kept, "PYTHONPATH": str(Path(tracker.__file__).parent.parent)}


@pytest.fixture
def notebook(tmp_path, environ):
    """Executes cells in a new kernel, as papermill and nbconvert do, and ends the kernel."""

    def execute(*sources: str) -> list[Any]:
        cells = [nbformat.v4.new_code_cell(textwrap.dedent(each).strip()) for each in sources]
        client = NotebookClient(
            nbformat.v4.new_notebook(cells=cells), timeout=120, allow_errors=True,
            resources={"metadata": {"path": tmp_path}},
        )  # fmt: skip
        done = client.execute(env=environ)
        for cell in done.cells[:-1]:
            for output in cell.outputs:
                assert output.output_type != "error", output
        return done.cells

    return execute


def run_of(folder, run_id="r"):
    return tracker.Api(folder).run(f"p/{run_id}")


def printed(cell):
    return "".join(each.text for each in cell.outputs if each.output_type == "stream")


def test_time_goes_on_while_a_cell_runs(notebook, tmp_path):
    cells = notebook(
        START,
        """
        run = start(id="r")
        begun = time.time()
        for number in range(50):
            time.sleep(0.1)
            took = time.time() - begun
            run.log({"x": number})
        print("took", took)
        run.finish()
        """,
    )
    # What is said without a panel does not look like an error.
    assert {each.name for each in cells[1].outputs if each.output_type == "stream"} == {"stdout"}
    assert "recorded in" in printed(cells[1])
    assert "finished" in printed(cells[1])
    taken_s = float(printed(cells[1]).partition("took ")[2].split()[0])
    run = run_of(tmp_path)
    history = run.history(samples=None)
    assert len(history) == 50
    # Each row has the time of its call, not of a flush or of the cell's end.
    assert history["_runtime"].diff().min() > 0.09
    assert history["_runtime"].iloc[-1] > taken_s - 0.01
    assert run.record.runtime_s > taken_s - 0.01
    samples = run.history(stream="system", samples=None)
    # One at the start, one every two seconds, one at the end.
    assert 3 <= len(samples) <= run.record.runtime_s / 2 + 3
    assert samples["_runtime"].min() < taken_s
    assert samples["_runtime"].max() > taken_s - 0.01


def test_cells_and_console_are_kept(notebook, tmp_path):
    sources = [
        START,
        "x = 1",
        'run = start(id="r")\nprint("starting")',
        'run.log({"x": x})\nprint("training")',
        'print("ending")\nrun.finish()\nprint("after")',
        "y = 2",
    ]
    notebook(*sources)
    run = run_of(tmp_path)
    cells = run.cells()
    assert [cell.source.strip() for cell in cells] == [each.strip() for each in sources[:5]]
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5]
    assert [cell.status for cell in cells] == ["ok"] * 5
    assert run.metadata["first_cell"] == 2
    assert run.metadata["front_end"] == "kernel"
    lines = [line.text for line in run.console_logs() if not line.text.startswith("tracker:")]
    assert lines == ["starting", "training", "ending"]


def test_a_cell_that_fails_after_its_run_has_ended_is_kept_as_failed(notebook, tmp_path):
    notebook(START, 'run = start(id="r")\nrun.finish()\n1 / 0')
    cell = run_of(tmp_path).cells()[-1]
    assert (cell.status, cell.error) == ("error", "ZeroDivisionError: division by zero")
    assert cell.duration_s is not None


def test_a_second_init_finishes_the_first(notebook, tmp_path):
    cells = notebook(
        START,
        'first = start(id="one")\nfirst.log({"x": 1})',
        """
        second = start(id="two")
        assert first.state == "finished" and second.state == "running"
        assert tracker.run is second
        second.config.a = 1
        second.config.a = 2
        tracker.log({"x": 2})
        from tracker.run.provenance import is_notebook
        print("notebook", is_notebook())
        """,
        "print(tracker.run.id, dict(tracker.config), tracker.summary['x'])",
        "tracker.finish()\nprint(tracker.run)",
    )
    assert "notebook True" in printed(cells[2])
    assert printed(cells[3]) == "two {'a': 2} 2\n"
    assert printed(cells[4]).splitlines()[-1] == "None"
    assert [run_of(tmp_path, name).state for name in ("one", "two")] == ["finished", "finished"]
    assert len(run_of(tmp_path, "two").events("config")) == 2
    # The cell in which it was finished is the first run's last.
    assert len(run_of(tmp_path, "one").cells()) == 3


def test_an_error_in_a_cell_leaves_the_run_alive_until_the_kernel_ends(notebook, tmp_path):
    notebook(START, 'run = start(id="r")\nrun.log({"x": 1})', "1 / 0")
    run = run_of(tmp_path)
    assert run.state == "finished"
    assert run.cells()[-1].error == "ZeroDivisionError: division by zero"


def test_a_with_block_in_a_cell(notebook, tmp_path):
    notebook(
        START, 'with start(id="r") as run:\n    run.log({"x": 1})\n    raise ValueError("bad")'
    )
    run = run_of(tmp_path)
    assert run.state == "failed"
    assert [event.payload["message"] for event in run.events("error")] == ["bad"]
    assert run.cells()[-1].status == "error"


def test_a_killed_kernel_leaves_a_crashed_run_with_all_rows(tmp_path, environ):
    manager, client = start_new_kernel(env=environ, cwd=str(tmp_path))
    try:
        client.execute(textwrap.dedent(START), reply=True, timeout=60)
        client.execute(
            'run = start(id="r")\n'
            "for number in range(10**9):\n"
            '    run.log({"x": number})\n'
            "    if number % 1000 == 0:\n"
            '        print(f"logged {number}", flush=True)\n'
        )
        logged = _await_logged(client, 20_000)
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        while manager.provisioner.process.poll() is None:
            time.sleep(0.01)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    Store(tmp_path / ".tracker").recover()
    run = run_of(tmp_path)
    assert run.state == "crashed"
    rows = run.history(keys=["x"], samples=None)
    assert rows["x"].tolist() == list(range(len(rows)))
    assert len(rows) > logged


def _await_logged(client, count):
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except queue.Empty:
            pytest.fail("the kernel says nothing")
        assert message["msg_type"] != "error", message["content"]
        text = message["content"].get("text", "")
        numbers = [int(line.split()[1]) for line in text.splitlines() if line.startswith("logged")]
        if numbers and numbers[-1] >= count:
            return numbers[-1]


def test_display_shows_the_panel_below_the_cell(notebook, tmp_path):
    """W&B's way to see a run, a stored one, a project and a sweep."""
    cells = notebook(
        START,
        "run = start(id='r')\nrun.log({'x': 1})\nprint(run.display(height=720))",
        "run.finish()\nprint(tracker.Api('.').run('p/r').display())",
        "print(tracker.Api('.').project('p').display())",
        "None",
    )
    for cell in cells[1:4]:
        assert printed(cell).endswith("True\n")
        shown = [each.data for each in cell.outputs if each.output_type == "display_data"]
        assert any("application/vnd.tracker.panel+json" in data for data in shown)


def test_a_kernel_that_is_interrupted_goes_on(tmp_path, environ):
    manager, client = start_new_kernel(env=environ, cwd=str(tmp_path))
    try:
        client.execute(textwrap.dedent(START), reply=True, timeout=60)
        client.execute(
            'run = start(id="r")\n'
            "for number in range(10**9):\n"
            '    run.log({"x": number})\n'
            "    if number % 1000 == 0:\n"
            '        print(f"logged {number}", flush=True)\n'
        )
        logged = _await_logged(client, 3_000)
        manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt"
        reply = client.execute("run.log({'y': 1}); run.finish()", reply=True, timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    run = run_of(tmp_path)
    assert run.state == "finished"
    assert run.summary["y"] == 1
    assert run.summary["x"] >= logged
    rows = run.history(keys=["x"], samples=None)
    assert rows["x"].tolist() == list(range(len(rows)))
