"""What is built, what is installed, and what the Makefile says where something is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import tracker

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "package" / "tracker" / "labextension"
LABEXTENSION = "share/jupyter/labextensions/notebook-tracker"
SERVER_CONFIG = "etc/jupyter/jupyter_server_config.d/tracker.json"
SKIP = "TRACKER_SKIP_LABEXTENSION"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the working tree, without what is installed in it."""
    ignore = shutil.ignore_patterns(
        ".venv*", ".git", ".?*_cache", ".yarn", "__pycache__", "node_modules", "notebooks", "tests"
    )
    return shutil.copytree(ROOT, tmp_path / "tree", ignore=ignore)


def build(tree: Path, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target],
        cwd=tree,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def build_wheel(tree: Path, **variables: str) -> Path:
    result = build(tree, "wheel", **variables)
    assert result.returncode == 0, result.stderr
    return next((tree / "dist").glob("*.whl"))


# --- one version


def test_python_and_typescript_have_one_version() -> None:
    package = json.loads((ROOT / "labextension" / "package.json").read_text())
    assert package["version"] == tracker.__version__


def test_changelog_tells_of_this_version() -> None:
    assert tracker.__version__ in (ROOT / "CHANGELOG.md").read_text()


# --- lock files name packages, not the places that they came from


@pytest.mark.parametrize("name", ["yarn.lock", "package.json", ".yarnrc.yml"])
def test_lock_names_no_address(name: str) -> None:
    text = (ROOT / "labextension" / name).read_text()
    assert re.findall(r"https?://\S+|__archiveUrl\S*", text) == []


# --- wheel and sdist


def test_wheel_holds_package_and_extension(tree: Path, tmp_path: Path) -> None:
    wheel = build_wheel(tree)
    prefix = tmp_path / "prefix"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
            *("--ignore-installed", "--prefix", str(prefix), str(wheel)),
        ],
        check=True,
    )
    extension = json.loads((prefix / LABEXTENSION / "package.json").read_text())
    assert extension["version"] == tracker.__version__
    assert (prefix / LABEXTENSION / extension["jupyterlab"]["_build"]["load"]).is_file()
    assert (prefix / LABEXTENSION / "install.json").is_file()
    config = json.loads((prefix / SERVER_CONFIG).read_text())
    assert config == {"ServerApp": {"jpserver_extensions": {"tracker.server": True}}}
    package = next(prefix.rglob("site-packages/tracker"))
    source = ROOT / "package" / "tracker"
    wanted = {path.relative_to(source) for path in source.rglob("*") if is_shipped(path)}
    assert {path.relative_to(package) for path in package.rglob("*") if is_shipped(path)} == wanted


def is_shipped(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and BUILT not in path.parents


def test_sdist_needs_no_node(tree: Path, tmp_path: Path) -> None:
    result = build(tree, "sdist")
    assert result.returncode == 0, result.stderr
    with tarfile.open(next((tree / "dist").glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path / "sdist", filter="data")
    wheel = build_wheel(next((tmp_path / "sdist").iterdir()), PATH="/nowhere")
    assert any(LABEXTENSION in name for name in zipfile.ZipFile(wheel).namelist())


def test_extension_that_cannot_be_built_stops_with_the_cure(tree: Path) -> None:
    shutil.rmtree(tree / "package" / "tracker" / "labextension")
    result = build(tree, "wheel", PATH="/nowhere")
    assert result.returncode != 0
    said = " ".join((result.stdout + result.stderr).split())
    assert "could not be built (Aborting. Could not find cmd (jlpm) in path." in said
    assert f"set {SKIP}=1 to install without the extension." in said


def test_extension_can_be_left_out(tree: Path) -> None:
    shutil.rmtree(tree / "package" / "tracker" / "labextension")
    wheel = build_wheel(tree, PATH="/nowhere", **{SKIP: "1"})
    names = zipfile.ZipFile(wheel).namelist()
    assert "tracker/__init__.py" in names
    assert not [name for name in names if "labextension" in name]


# --- make


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # These tests are themselves run by make, which leaves its own settings behind.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )


def test_make_says_that_there_is_no_python(tmp_path: Path) -> None:
    result = make("demo", f"VENV={tmp_path}/venv", "PYTHON=python-of-nobody")
    assert result.returncode != 0
    assert "There is no 'python-of-nobody' here: install Python 3.11 or newer" in result.stdout


def test_make_says_that_python_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    result = make("demo", f"VENV={tmp_path}/venv", f"PYTHON={old}")
    assert result.returncode != 0
    assert f"needs Python 3.11 or newer, and '{old}' is Python 3.9.2" in result.stdout


def test_make_help_lists_the_two_commands() -> None:
    lines = make("help").stdout.splitlines()
    assert [line.split()[1] for line in lines][:3] == ["help", "demo", "test"]


def test_ci_runs() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
