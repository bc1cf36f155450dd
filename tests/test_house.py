"""The house keeps its order: floors, small files, honest names, a true map."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "package" / "tracker"
BUILT = {"__pycache__", "labextension", "py.typed"}
MAX_LINES = 400
MAX_TEST_LINES = 500
VAGUE_NAMES = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}

# What the terminal and the training loop must never have to load.
SCREEN = ["IPython", "anywidget", "ipywidgets", "plotly"]
SCREENLESS_ROOMS = [
    "api",
    "artifacts",
    "exchange",
    "media",
    "run",
    "server",
    "store",
    "sweep",
    "system",
]
HEAVY = ["duckdb", "matplotlib", "numpy", "pandas", "psutil", "pynvml", "skopt", *SCREEN]


def source_files() -> list[Path]:
    folders = [
        (PACKAGE, "*.py"),
        (ROOT / "tests", "*.py"),
        (ROOT / "labextension" / "src", "*.ts*"),
    ]
    return [path for folder, pattern in folders for path in sorted(folder.rglob(pattern))]


# --- floors


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package that a test may spoil."""
    ignore = shutil.ignore_patterns(*BUILT)
    shutil.copytree(PACKAGE, tmp_path / "package" / "tracker", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint_imports(house: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [part for contract in contracts for part in ("--contract", contract)]
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache", "--no-logo", *chosen],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house / "package")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_keep_the_contracts(house: Path) -> None:
    result = lint_imports(house)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("contract", "place", "line"),
    [
        ("layers", "errors.py", "from tracker.store import store"),
        ("layers", "store/planted.py", "from tracker import start"),
        ("layers", "panels/planted.py", "import tracker"),
        ("layers", "exchange/planted.py", "from tracker.panels import show"),
        ("layers", "attic.py", "VALUE = 1"),
        ("store", "store/series/planted.py", "from tracker.store.writing import feed"),
        ("store", "store/reading/planted.py", "from tracker.store.writing import feed"),
        ("store", "store/attic.py", "VALUE = 1"),
        ("panels", "panels/views/planted.py", "from tracker.panels.page import board"),
        ("panels", "panels/attic.py", "VALUE = 1"),
        ("circles", "store/series/m4.py", "from tracker.store.series import curves"),
        ("duckdb", "run/planted.py", "import duckdb"),
        ("screen", "store/planted.py", "def draw():\n    from plotly import graph_objects"),
        ("leaves", "cli/door.py", "from tracker.integrations import planted"),
        ("one_framework", "integrations/planted.py", "from tracker.integrations import torch"),
        ("front_door", "integrations/planted.py", "from tracker.store import store"),
    ],
)
def test_planted_violation_is_found(house: Path, contract: str, place: str, line: str) -> None:
    tracker = house / "package" / "tracker"
    (tracker / "integrations").mkdir(exist_ok=True)
    (tracker / "integrations" / "__init__.py").touch()
    (tracker / "integrations" / "planted.py").touch()
    assert lint_imports(house, contract).returncode == 0
    path = tracker / place
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")
    result = lint_imports(house, contract)
    assert result.returncode != 0
    assert path.stem in result.stdout


# --- rooms that need no screen


def run_python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, check=False
    )


BLOCKED_IMPORT = """
import importlib, pkgutil, sys

room, *blocked = sys.argv[1:]

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
module = importlib.import_module(f"tracker.{room}")
for found in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
    importlib.import_module(found.name)
"""


def rooms_without_screen() -> list[str]:
    return sorted({path.stem for path in PACKAGE.iterdir()} & set(SCREENLESS_ROOMS))


@pytest.mark.parametrize("room", rooms_without_screen())
def test_room_imports_without_a_screen(room: str) -> None:
    result = run_python(BLOCKED_IMPORT, room, *SCREEN)
    assert result.returncode == 0, result.stderr


def test_import_tracker_loads_nothing_heavy() -> None:
    code = "import sys, tracker; print(*{name.partition('.')[0] for name in sys.modules})"
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    assert not set(result.stdout.split()) & set(HEAVY)


# --- files and names


def test_files_are_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in source_files()
    }
    limits = {name: MAX_TEST_LINES if name.startswith("tests/") else MAX_LINES for name in lengths}
    assert {name: lines for name, lines in lengths.items() if lines > limits[name]} == {}


def test_names_say_what_is_inside() -> None:
    words = {
        path.relative_to(ROOT): set(re.split(r"[_\W]", path.relative_to(ROOT).as_posix()))
        for path in source_files()
    }
    assert [path for path, parts in words.items() if parts & VAGUE_NAMES] == []


def read_map() -> dict[str, str]:
    """Return the rooms that the README's map shows under package/tracker/, with their words."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = text.partition("package/tracker/")[2].partition("```")[0]
    rows = re.findall(r"^    (\w[\w.]*/?)(?: +(.*))?$", tree, re.MULTILINE)
    return {name.rstrip("/"): words for name, words in rows}


def test_map_shows_what_exists() -> None:
    exists = {path.name for path in PACKAGE.iterdir()} - BUILT
    assert set(read_map()) == exists


def test_map_shows_the_rooms_within_a_room() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^    (\w+)/ .*\n((?:        \w+/ .*\n)+)", text, re.MULTILINE)
    assert shown
    for room, rows in shown:
        exists = {path.parent.name for path in (PACKAGE / room).glob("*/__init__.py")}
        assert set(re.findall(r"^        (\w+)/", rows, re.MULTILINE)) == exists


def test_map_says_what_each_room_is_for() -> None:
    assert [name for name, words in read_map().items() if len(words.split()) < 2] == []
