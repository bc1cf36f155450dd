"""``import tracker`` is light, and works where there is no screen."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCREEN = ["IPython", "anywidget", "ipywidgets", "plotly"]
HEAVY = ["duckdb", "matplotlib", "numpy", "pandas", "psutil", "pynvml", "yaml", "PIL", *SCREEN]
BLOCK = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SCREEN!r}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocker())
"""


def python(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_heavy_is_loaded(tmp_path):
    loaded = python("import sys, tracker; print(*sys.modules)", tmp_path).split()
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)


def test_looking_around_loads_little(tmp_path):
    code = (
        "import sys, tracker; dir(tracker); tracker.run; tracker.__version__; print(*sys.modules)"
    )
    loaded = python(code, tmp_path).split()
    assert not {name.partition(".")[0] for name in loaded} & {"IPython", "plotly", "pandas"}


def test_a_run_needs_no_screen(tmp_path):
    code = BLOCK + (
        "import tracker\n"
        "run = tracker.init(project='p', dir='.', config={'a': 1})\n"
        "run.log({'x': 1, 'image': tracker.Image([[0, 255]])})\n"
        "run.summary['y'] = 2\n"
        "made = tracker.Artifact('a', 't')\n"
        "run.log_artifact(made)\n"
        "print(run.summary['x'])\n"
        "run.finish()\n"
    )
    assert python(code, tmp_path) == "1\n"


def test_a_run_without_artifacts_loads_nothing_of_them(tmp_path):
    code = (
        "import sys, tracker\n"
        "run = tracker.init(project='p', dir='.', settings={'panel': False, 'console': False})\n"
        "run.log({'x': 1})\n"
        "print(*sorted({'sqlite3', 'fsspec', 'tracker.artifacts.home'} & set(sys.modules)))\n"
        "run.finish()\n"
    )
    assert python(code, tmp_path) == "\n"


def test_it_is_imported_in_far_less_than_a_second(tmp_path):
    """What it takes to the millisecond is measured in tests/benchmarks/bench_start.py."""
    code = (
        "import time; begun = time.process_time(); import tracker; "
        "print(time.process_time() - begun)"
    )
    assert min(float(python(code, tmp_path)) for _ in range(3)) < 1


@pytest.mark.parametrize("name", ["init", "log", "Image", "Artifact", "Api", "sql", "Settings"])
def test_public_names_are_listed(name):
    import tracker

    assert name in dir(tracker)
    assert getattr(tracker, name).__doc__
