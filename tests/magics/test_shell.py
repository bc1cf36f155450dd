"""What the extension brings to a shell, and takes away again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Kernel, environment, loaded_kernel

# Everything of ours that a shell, the process and its front end hold on to.
HELD = """
import threading
ip = get_ipython()
held = {
    "events": [f"{event} {call.__qualname__}" for event, calls in ip.events.callbacks.items()
               for call in calls if call.__module__.startswith("tracker")],
    "transforms": [str(each) for each in ip.input_transformers_cleanup if "racker" in repr(each)],
    "matchers": [each.__name__ for each in ip.Completer.custom_matchers],
    "magics": sorted(f"{kind} {name}" for kind, known in ip.magics_manager.magics.items()
                     for name, call in known.items() if "tracker" in call.__module__),
    "configurables": [type(each).__name__ for each in ip.configurables
                      if "tracker" in type(each).__module__],
    "attributes": [name for name in vars(ip) if name == "tracker_magics"],
    "threads": sorted(each.name for each in threading.enumerate() if "tracker" in each.name),
    "comms": len(ip.kernel.comm_manager.comms),
}
for name in ("events", "transforms"):
    held[name] = [text.split(" object at ")[0] for text in held[name]]
"""


def held(kernel: Kernel) -> dict[str, object]:
    assert kernel.run(HELD).status == "ok"
    found = kernel.ask("held")
    assert isinstance(found, dict)
    return found


def test_reloading_leaves_no_duplicates(kernel: Kernel) -> None:
    once = held(kernel)
    assert once["magics"] == [
        "cell tracker",
        "cell tracker_sql",
        "cell tracker_sweep",
        "cell wandb",
        "line restore",
        "line tracker",
        "line wandb",
    ]
    for _ in range(3):
        assert kernel.run("%reload_ext tracker").status == "ok"
    assert held(kernel) == once
    assert kernel.run("%load_ext tracker").status == "ok"
    assert held(kernel) == once
    assert kernel.run("%%tracker digits --no-panel\n1 + 1").text == "2"
    assert kernel.stored("select state from runs") == [("finished",)]


def test_reloading_after_runs_and_panels_leaves_nothing_of_them(kernel: Kernel) -> None:
    before = held(kernel)
    kernel.run("%%tracker digits --name first\nimport tracker\ntracker.log({'a': 1})")
    kernel.run("%tracker digits\n%tracker digits/first")
    kernel.run("%reload_ext tracker")
    after = held(kernel)
    assert after["threads"] == before["threads"] == []
    assert {**after, "comms": 0} == {**before, "comms": 0}


def test_reloading_leaves_a_run_that_is_active_alone(kernel: Kernel) -> None:
    kernel.run("import tracker\nrun = tracker.init('digits', settings={'panel': False})")
    kernel.run("tracker.log({'a': 1})")
    kernel.run("%reload_ext tracker")
    kernel.run("tracker.log({'a': 2})\nassert tracker.run is run")
    kernel.run("tracker.finish()")
    assert kernel.stored("select state, last_step from runs") == [("finished", 1)]
    sources = [row[0] for row in kernel.stored("select source from cells order by number")]
    assert sources[-2:] == ["tracker.log({'a': 2})\nassert tracker.run is run", "tracker.finish()"]


def test_unloading_takes_everything_away(kernel: Kernel) -> None:
    kernel.run("%%tracker digits --no-panel\n1")
    kernel.run("%unload_ext tracker")
    empty = held(kernel)
    assert {name for name, value in empty.items() if value} <= {"comms"}
    assert "not found" in kernel.run("%tracker").stderr
    assert "not found" in kernel.run("%%tracker digits\n1").stderr
    assert kernel.run("%load_ext tracker\n%tracker ls").status == "ok"


def test_loading_before_everything_else_is_quiet_and_remembers_cells(kernel: Kernel) -> None:
    kernel.run("1 / 0")
    kernel.run("%%tracker digits --no-panel\n1")
    assert kernel.stored("select status, coalesce(error, '') from cells order by number")[1:] == [
        ("error", "ZeroDivisionError: division by zero"),
        ("ok", ""),
    ]
    assert kernel.stored("select count(started_at) from cells") == [(3,)]


def test_a_terminal_gets_tables_and_no_widgets(tmp_path: Path) -> None:
    lines = [
        "%load_ext tracker",
        "get_ipython().run_cell_magic('tracker', 'digits --name first', 'import tracker')",
        "%tracker",
        "run = %tracker digits/first",
        "print(run.T.to_dict('records')[0]['state'])",
        "import sys",
        "print('ipywidgets' in sys.modules)",
    ]
    script = tmp_path / "session.ipy"
    script.write_text("\n".join(lines))
    result = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", script],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.splitlines()[-2:] == ["finished", "False"], result
    assert "Traceback" not in result.stderr


# ------------------------------------------------------------------------- help, completion


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("%tracker", ["%tracker PROJECT/RUN", "%tracker sql SELECT", "$best", "--dir D"]),
        ("%%tracker", ["%%tracker digits --name first", "marked failed", "--config K=V"]),
        ("%%tracker_sql", ["FROM runs WHERE project = $project", "DataFrame"]),
        ("%restore", ["%restore RUN --here", "--force", "-o, --output F"]),
    ],
)
def test_help_is_worth_reading(shared: Kernel, name: str, phrases: list[str]) -> None:
    text = shared.help(name)
    for phrase in phrases:
        assert phrase in text


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel whose store has the projects ``my digits`` and ``digits``, a run in each."""
    with loaded_kernel(tmp_path_factory.mktemp("named")) as made:
        made.run("%%tracker 'my digits' --name one --no-panel\n1")
        made.run("%%tracker digits --name pelican --no-panel\n1")
        yield made


def test_projects_runs_and_commands_are_completed(named: Kernel) -> None:
    assert named.complete("%tracker ") == [
        *("%tracker finish", "%tracker import", "%tracker ls", "%tracker sql", "%tracker status"),
        *("%tracker digits", '%tracker "my digits"'),
    ]
    assert named.complete("%tracker di") == ["%tracker digits"]
    assert named.complete("x = %tracker ls di") == ["x = %tracker ls digits"]
    assert named.complete('%tracker "my') == ['%tracker "my digits"']
    assert named.complete("%tracker digits/peli") == ["%tracker digits/pelican"]
    assert named.complete("%restore peli") == ["%restore pelican"]
    assert set(named.complete("%restore digits/")) > {"%restore digits/pelican"}
    assert named.complete("%%tracker d") == ["%%tracker digits"]
    assert named.complete("%tracker sql select * from run") == ["%tracker sql select * from runs"]


def test_options_are_completed(named: Kernel) -> None:
    assert named.complete("%%tracker digits --n") == [
        *("%%tracker digits --name", "%%tracker digits --notes", "%%tracker digits --no-panel"),
    ]
    assert named.complete("%restore pelican --f") == ["%restore pelican --force"]
    assert named.complete("%tracker ls --") == ["%tracker ls --dir"]
    assert named.complete("%tracker finish --e") == ["%tracker finish --exit-code"]


def test_completion_stays_out_of_other_lines_and_makes_no_store(shared: Kernel) -> None:
    assert shared.complete("import textwr") == ["import textwrap"]
    assert shared.complete("%tracker l") == ["%tracker ls"]
    assert shared.complete("%restore zzz") == []
    assert not shared.store.exists()
