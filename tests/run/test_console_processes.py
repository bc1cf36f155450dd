"""What real processes and kernels print while a run is active."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import tracker

PACKAGE = str(Path(tracker.__file__).parent.parent)
ENVIRON = {**os.environ, "PYTHONPATH": PACKAGE}

PROLOGUE = """
import json, os, sys, threading
from tracker.run.console import ConsoleCapture
lines = {}
def on_lines(batch):
    lines.update((line.number, (line.stream, line.text)) for line in batch)
capture = ConsoleCapture(on_lines)
"""


def run_process(body):
    """Run a program that leaves its lines in ``lines``; return them, its stdout and its stderr."""
    program = PROLOGUE + textwrap.dedent(body)
    program += (
        "\nwith open(int(sys.argv[1]), 'w') as file: json.dump(sorted(lines.items()), file)\n"
    )
    with tempfile.TemporaryFile("w+") as dumped:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program, str(dumped.fileno())],
            env=ENVIRON,
            pass_fds=[dumped.fileno()],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        dumped.seek(0)
        lines = [tuple(value) for _, value in json.load(dumped)]
    return lines, done.stdout, done.stderr


def test_a_process_with_nested_bars_and_threads():
    lines, out, err = run_process(
        """
        capture.start()
        print("start")
        for epoch in range(3):
            sys.stderr.write(f"\\repoch {epoch + 1}/3")
            for batch in range(300):
                sys.stderr.write(f"\\n\\rbatch {batch + 1}/300\\x1b[A")
        sys.stderr.write("\\n\\n")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start(); thread.join()
        capture.stop()
        """
    )
    assert lines == [
        ("stdout", "start"),
        ("stderr", "epoch 3/3"),
        ("stderr", "batch 300/300"),
        ("stdout", "from a thread"),
    ]
    assert out == "start\nfrom a thread\n"
    assert err.count("batch") == 900


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork here")
def test_a_forked_child_only_forwards():
    lines, out, _ = run_process(
        """
        capture.start()
        print("parent before", flush=True)
        child = os.fork()
        if child == 0:
            print("child")
            capture.drain()
            capture.stop()
            own = {}
            second = ConsoleCapture(lambda batch: own.update((l.number, l.text) for l in batch))
            second.start()
            print("a run of the child's own")
            second.stop()
            print(sorted(own.items()), len(lines), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print("parent after")
        capture.stop()
        """
    )
    assert lines == [("stdout", "parent before"), ("stdout", "parent after")]
    assert out.splitlines() == [
        "parent before",
        "child",
        "a run of the child's own",
        '[(0, "a run of the child\'s own")] 0',
        "parent after",
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork here")
def test_a_fork_while_other_threads_print_does_not_hang():
    lines, out, _ = run_process(
        """
        capture.start()
        stop = threading.Event()
        def chatter():
            while not stop.is_set():
                sys.stdout.write("x\\n")
                capture.drain()
        thread = threading.Thread(target=chatter); thread.start()
        codes = []
        import warnings; warnings.simplefilter("ignore", DeprecationWarning)
        for _ in range(20):
            child = os.fork()
            if child == 0:
                os.write(1, b"")
                sys.stderr.write("child\\n")
                capture.drain(); capture.stop()
                os._exit(7)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set(); thread.join()
        capture.stop()
        lines[10**9] = ("codes", codes)
        """
    )
    assert lines[-1] == ("codes", [7] * 20)
    assert {text for _, text in lines[:-1]} == {"x"}
    assert len(lines) - 1 == out.count("x\n")


def test_a_million_lines_keep_memory_bounded():
    lines, _, _ = run_process(
        """
        import resource
        count = 0
        def counting(batch):
            global count
            count += len(batch)
        capture = ConsoleCapture(counting)
        sys.stdout = open(os.devnull, "w")
        capture.start()
        print("warm")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(1_000_000):
            print("epoch 3 step", number)
        capture.stop()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        lines[0] = ("count", count)
        lines[1] = ("grown", grown)
        """
    )
    assert lines[0] == ("count", 1_000_001)
    assert lines[1][1] < 30_000, "kB"


def run_notebook(tmp_path, *sources):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(textwrap.dedent(source)) for source in sources]
    )
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": tmp_path}})
    done = client.execute(env=ENVIRON)
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in done.cells]


def test_a_notebook_shows_its_output_once_and_the_run_has_it(tmp_path):
    printed = run_notebook(
        tmp_path,
        """
        import logging
        logging.basicConfig(level="INFO", format="%(message)s")
        """,
        PROLOGUE
        + """
stdout, kind = sys.stdout, type(sys.stdout).__name__
print("before")
capture.start()
print("in the first cell")
logging.info("by a handler made before")
""",
        "print('in the second cell')",
        """
        %%capture hidden
        print("hidden")
        """,
        """
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start(); thread.join()
        get_ipython().run_cell("print('nested')")
        print("is it whole?", sys.stdout is stdout, sys.stdout.encoding, sys.stdout.isatty())
        sys.stdout.flush()
        """,
        """
        print("in the last cell")
        capture.stop()
        print("after the run")
        """,
        "print('still there')",
        "print(repr(sys.stdout.write), sorted(lines.items()), hidden.stdout)",
    )
    assert sorted(printed[1].splitlines()) == [
        "before",
        "by a handler made before",
        "in the first cell",
    ]
    assert printed[2] == "in the second cell\n"
    assert printed[4] == "from a thread\nnested\nis it whole? True UTF-8 False\n"
    assert printed[5:7] == ["in the last cell\nafter the run\n", "still there\n"]
    expected = [
        ("stdout", "in the first cell"),
        ("stderr", "by a handler made before"),
        ("stdout", "in the second cell"),
        ("stdout", "from a thread"),
        ("stdout", "nested"),
        ("stdout", "is it whole? True UTF-8 False"),
        ("stdout", "in the last cell"),
    ]
    assert str(list(enumerate(expected))) in printed[7]
    assert printed[7].endswith("hidden\n\n")
    assert "Tap" not in printed[7]


def test_a_run_started_in_a_captured_cell_hears_the_next_ones(tmp_path):
    printed = run_notebook(
        tmp_path,
        PROLOGUE,
        """
        %%capture
        capture.start()
        print("hidden from the reader")
        """,
        "capture.drain()\nprint('shown')",
        "capture.stop()\nprint([text for _, text in lines.values()])",
    )
    assert printed[2:] == ["shown\n", "['hidden from the reader', 'shown']\n"]


def test_what_a_kernel_hears_on_file_descriptors_belongs_to_the_run(tmp_path):
    printed = run_notebook(
        tmp_path,
        PROLOGUE + "capture.start()",
        """
        import time
        os.write(1, b"from below\\n")
        deadline_s = time.monotonic() + 30
        while not lines and time.monotonic() < deadline_s:
            capture.drain()
        capture.stop()
        print(list(lines.values()))
        """,
    )
    assert "[('stdout', 'from below')]" in printed[1]
