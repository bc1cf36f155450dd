"""The notebook cells that a kernel has executed, watched in real kernels."""

import json
import os
import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import tracker
from tracker.run.cells import Cell, recorder

ENVIRON = {**os.environ, "PYTHONPATH": str(Path(tracker.__file__).parent.parent)}
START = "from tracker.run.cells import recorder, phase\nwatch = recorder()"
DUMP = """
import dataclasses, json
with open("cells.json", "w") as file:
    json.dump([dataclasses.asdict(cell) for cell in watch.cells_since()], file)
"""


def execute(tmp_path, *sources):
    """Run the cells in a kernel; return its recorded cells and what each cell printed."""
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(source).strip()) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(
        notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": tmp_path}}
    )
    done = client.execute(env=ENVIRON)
    printed = ["".join(each.get("text", "") for each in cell.outputs) for cell in done.cells]
    dumped = tmp_path / "cells.json"
    found = [Cell(**facts) for facts in json.loads(dumped.read_text())] if dumped.exists() else []
    return found, printed


def test_every_cell_is_there_with_source_order_time_and_status(tmp_path):
    sources = [
        START,
        "import time; time.sleep(0.5)",
        "1 / 0",
        "this is no python",
        "%%time\nx = 1",
        "raise KeyboardInterrupt",
        DUMP.strip(),
    ]
    cells, _ = execute(tmp_path, *sources)
    assert [cell.source for cell in cells] == sources
    assert [cell.index for cell in cells] == list(range(7))
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5, 6, 7]
    assert [cell.status for cell in cells] == [
        *("ok", "ok", "error", "error", "ok", "error", "running")
    ]
    assert [cell.error for cell in cells[:3]] == [None, None, "ZeroDivisionError: division by zero"]
    assert cells[3].error.startswith("SyntaxError: invalid syntax")
    assert cells[5].error.startswith("KeyboardInterrupt")
    # Time goes on while a cell runs.
    assert 0.49 < cells[1].duration_s < 60
    assert cells[6].duration_s is None
    assert all(
        earlier.started_at + earlier.duration_s <= later.started_at + 0.01
        for earlier, later in pairwise(cells)
    )


def test_cells_from_before_the_first_call_are_recovered(tmp_path):
    before = ["a = 1", "%env SOMETHING=2", "undefined"]
    start = "b = 2\n" + START
    cells, _ = execute(tmp_path, *before, start, "c = 3", DUMP)
    assert [cell.source for cell in cells[:5]] == [*before, start, "c = 3"]
    assert [cell.status for cell in cells] == ["ok", "ok", "error", "ok", "ok", "running"]
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5, 6]
    assert [cell.started_at for cell in cells[:3]] == [None, None, None]
    assert [cell.duration_s for cell in cells[:3]] == [None, None, None]
    assert cells[2].error.startswith("NameError: name 'undefined'")
    assert cells[3].duration_s > 0
    assert cells[3].started_at <= cells[4].started_at


def test_a_cell_in_which_the_watching_began_can_fail(tmp_path):
    cells, _ = execute(tmp_path, "x = 1", START + "\n1 / 0", DUMP)
    assert [cell.status for cell in cells] == ["ok", "error", "running"]
    assert cells[1].error == "ZeroDivisionError: division by zero"


def test_a_cell_executed_again_counts_again(tmp_path):
    cells, _ = execute(tmp_path, START, "n = 1", "n = 1", "", "# nothing", DUMP)
    assert [cell.source for cell in cells[1:4]] == ["n = 1", "n = 1", "# nothing"]


def test_code_run_by_magics_and_silent_requests_is_no_cell(tmp_path):
    cells, _ = execute(
        tmp_path,
        START,
        """
        shell = get_ipython()
        shell.run_cell("y = 1")
        shell.run_cell("y = 2", silent=True)
        """,
        "%%capture\nz = 3",
        "%%timeit -n 1 -r 1\n1 + 1",
        "await __import__('asyncio').sleep(0)",
        DUMP,
    )
    assert len(cells) == 6
    assert cells[2].source == "%%capture\nz = 3"
    assert [cell.status for cell in cells] == ["ok"] * 5 + ["running"]


def test_position_and_phase_tell_setup_from_run(tmp_path):
    _, printed = execute(
        tmp_path,
        "setup = 1",
        START + "\nfirst = watch.position()",
        "trained = 2",
        "print([(cell.index, phase(cell, first)) for cell in watch.cells_since()])",
        "print([cell.index for cell in watch.cells_since(3)], watch.current().index)",
    )
    assert printed[3] == "[(0, 'setup'), (1, 'run'), (2, 'run'), (3, 'run')]\n"
    assert printed[4] == "[3, 4] 4\n"


def test_between_cells_the_position_is_the_next_cell(tmp_path):
    _, printed = execute(
        tmp_path,
        START,
        """
        import threading
        seen, done = [], threading.Event()
        def look(cell):
            if cell.status == "running":
                return
            threading.Timer(0.05, lambda: (seen.append((watch.current(), watch.position())),
                                           done.set())).start()
        stop = watch.subscribe(look)
        """,
        "done.wait(10) and stop()",
        "print(seen[0])",
    )
    # The timer of the second cell rang in the third, or just before it.
    assert printed[3].endswith(", 2)\n")


def test_listeners_hear_a_cell_start_and_end_and_cannot_harm(tmp_path):
    _, printed = execute(
        tmp_path,
        START,
        """
        heard = []
        def broken(cell):
            raise RuntimeError("broken on purpose")
        stop_broken = watch.subscribe(broken)
        stop = watch.subscribe(lambda cell: heard.append((cell.index, cell.status)))
        again = watch.subscribe(lambda cell: heard.append("again"))
        again(); again()
        """,
        "1 / 0",
        "stop(); stop_broken()",
        "print(heard)",
    )
    assert printed[4] == "[(1, 'ok'), (2, 'running'), (2, 'error'), (3, 'running')]\n"
    assert "broken on purpose" not in "".join(printed)


def test_there_is_one_recorder_even_when_modules_are_loaded_anew(tmp_path):
    cells, printed = execute(
        tmp_path,
        START,
        """
        import sys
        for name in [name for name in sys.modules if name.startswith("tracker")]:
            del sys.modules[name]
        from tracker.run.cells import recorder as recorder_again
        print(recorder_again is not recorder, recorder_again() is watch)
        """,
        "watch.install(); watch.install()",
        "x = 1",
        DUMP,
    )
    assert printed[1] == "True True\n"
    assert [cell.source for cell in cells][3] == "x = 1"
    assert len(cells) == 5


def test_an_extension_may_be_reloaded(tmp_path):
    (tmp_path / "watching.py").write_text(
        textwrap.dedent(
            """
            from tracker.run.cells import recorder
            def load_ipython_extension(shell):
                recorder()
            def unload_ipython_extension(shell):
                recorder().uninstall()
            """
        )
    )
    cells, _ = execute(
        tmp_path,
        "%load_ext watching",
        "a = 1",
        "%reload_ext watching",
        "b = 2",
        "%unload_ext watching",
        "while_nobody_watched = 3",
        START,
        DUMP,
    )
    assert [cell.source for cell in cells[:7]] == [
        "%load_ext watching",
        "a = 1",
        "%reload_ext watching",
        "b = 2",
        "%unload_ext watching",
        "while_nobody_watched = 3",
        START,
    ]
    assert [cell.status for cell in cells] == ["ok"] * 7 + ["running"]
    assert [cell.started_at is None for cell in cells[4:6]] == [False, True]
    assert [cell.duration_s is None for cell in cells[3:7]] == [False, True, True, False]


def test_uninstalled_it_leaves_no_hook(tmp_path):
    _, printed = execute(
        tmp_path,
        "before = {k: list(v) for k, v in get_ipython().events.callbacks.items()}",
        START,
        "watch.uninstall(); watch.uninstall()",
        "print(before == {k: list(v) for k, v in get_ipython().events.callbacks.items()})",
    )
    assert printed[3] == "True\n"


def test_odd_exceptions_are_recorded(tmp_path):
    cells, _ = execute(
        tmp_path,
        START,
        """
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no text")
        raise Mute
        """,
        "raise ValueError('x' * 100_000)",
        DUMP,
    )
    assert cells[1].status == "error"
    assert cells[1].error in ("Mute", "RuntimeError: no text")
    assert len(cells[2].error) <= 2_000


def test_after_reset_the_recording_goes_on(tmp_path):
    _, printed = execute(
        tmp_path,
        START,
        "%reset -f",
        START,
        "x = 1",
        "print([(cell.execution_count, cell.source[:5]) for cell in watch.cells_since()])",
    )
    # After a reset IPython counts from 1 again.
    assert printed[4].count("'x = 1'") == 1
    assert printed[4].count("(") == 5


def test_the_cell_id_of_the_front_end_is_kept(tmp_path):
    program = """
        import json, sys
        from jupyter_client.manager import start_new_kernel
        manager, client = start_new_kernel(cwd=sys.argv[1])
        try:
            for source in json.loads(sys.argv[2]):
                message = client.session.msg("execute_request", {
                    "code": source, "silent": False, "store_history": True,
                    "user_expressions": {}, "allow_stdin": False, "stop_on_error": True})
                message["metadata"]["cellId"] = "the-id"
                client.shell_channel.send(message)
                reply = client.get_shell_msg(timeout=60)
                # What the kernel said of itself while it started may still be on its way.
                while reply["parent_header"]["msg_id"] != message["header"]["msg_id"]:
                    reply = client.get_shell_msg(timeout=60)
                assert reply["content"]["status"] == "ok", reply["content"]
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    """
    sources = [START, "x = 1", DUMP]
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path), json.dumps(sources)],
        env=ENVIRON,
        check=True,
        timeout=100,
    )
    cells = json.loads((tmp_path / "cells.json").read_text())
    assert [cell["cell_id"] for cell in cells] == [None, "the-id", "the-id"]


def test_ipython_in_a_terminal_is_watched_too(tmp_path):
    script = f"""{START}
1 / 0
%pwd
{DUMP.strip()}

"""
    subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--quick"],
        input=script,
        env={**ENVIRON, "IPYTHONDIR": str(tmp_path / "ipython"), "TERM": "dumb"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    )
    cells = json.loads((tmp_path / "cells.json").read_text())
    assert [(cell["source"].strip(), cell["status"]) for cell in cells][1:4] == [
        ("watch = recorder()", "ok"),
        ("1 / 0", "error"),
        ("%pwd", "ok"),
    ]


def test_plain_python_has_no_recorder():
    done = subprocess.run(
        [sys.executable, "-c", f"{START}\nimport sys\nprint(watch, 'IPython' in sys.modules)"],
        env=ENVIRON,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "None False\n"


def test_ipython_imported_without_a_shell_has_no_recorder():
    # Imported by nbclient's dependencies or not: there is no shell in this process.
    assert recorder() is None
