"""Where the integrations are found, and what is said where their framework is missing."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tracker
from tracker.errors import NotInstalledError
from tracker.import_paths import NAMES

LEAVES = {
    path.stem
    for path in (Path(tracker.__file__).parent / "integrations").iterdir()
    if not path.stem.startswith("__")
}
# What has to be installed for a leaf, and is asked for.
FRAMEWORKS = {
    "accelerate": "accelerate",
    "catboost": "catboost",
    "fastai": "fastai",
    "gym": "gymnasium",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "lightning": "lightning",
    "sb3": "stable-baselines3",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "transformers": "transformers",
    "xgboost": "xgboost",
}


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_name_of_wandb_leads_somewhere() -> None:
    for name, target in NAMES.items():
        leaf = target.removeprefix("tracker.integrations").removeprefix(".")
        assert leaf in LEAVES | {""}, name


def test_both_names_are_one_module() -> None:
    pytest.importorskip("torch")
    theirs = import_module("tracker.integration.torch")
    ours = import_module("tracker.integrations.torch")
    assert theirs is ours
    assert theirs is tracker.integration.torch
    assert theirs.__spec__.name == theirs.__name__ == "tracker.integrations.torch"


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="tracker has no integration 'nonsense'"):
        tracker.integrations.nonsense  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match=r"W&B's 'integration\.nonsense' is not part"):
        import_module("tracker.integration.nonsense")
    with pytest.raises(ModuleNotFoundError, match=r"tracker\.nonsense"):
        import_module("tracker.nonsense")


def test_looking_for_a_leaf_loads_no_framework() -> None:
    code = (
        "import sys, tracker; tracker.integrations; import tracker.integration; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = set(python(code).split())
    assert not loaded & {"torch", "keras", "sklearn", "numpy", "tensorboard", "lightgbm"}


@pytest.mark.parametrize(("leaf", "package"), sorted(FRAMEWORKS.items()))
def test_a_missing_framework_is_one_sentence(leaf: str, package: str) -> None:
    code = f"""
import importlib, importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: find(name, *rest) if "tracker" in name else None
import tracker
try:
    found = importlib.import_module("tracker.integration.{leaf}")
    found.monitor()  # gym is looked for when it is to be followed
except ImportError as error:
    print(type(error).__name__, error)
"""
    said = python(code)
    assert said.startswith(NotInstalledError.__name__)
    assert f"the package {package}, which is not installed: run `pip install {package}`." in said
