"""W&B's modules of frameworks, found where scripts import them: ``tracker.integration.keras`` ….

``from wandb.keras import WandbCallback`` becomes ``from tracker.keras import WandbCallback``: the
module is the one in :mod:`tracker.integrations`, under a second name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# name of W&B's -> module of ours
NAMES = {
    "catboost": "tracker.integrations.catboost",
    "fastai": "tracker.integrations.fastai",
    "gym": "tracker.integrations.gym",
    "integration": "tracker.integrations",
    "keras": "tracker.integrations.keras",
    "lightgbm": "tracker.integrations.lightgbm",
    "sklearn": "tracker.integrations.sklearn",
    "tensorboard": "tracker.integrations.tensorboard",
    "xgboost": "tracker.integrations.xgboost",
}


class _SecondName:
    """Loads a module that goes by another name as well, once for both."""

    def __init__(self, real_name: str) -> None:
        self._real_name = real_name
        self._spec: Any = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module itself."""
        module = import_module(self._real_name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own name back; it has run already."""
        module.__spec__ = self._spec


class _Finder:
    """Asked first, or the files below ``integration`` would be found and loaded once more."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how to load a module of W&B's name, None for every other one."""
        if not name.startswith("tracker."):
            return None
        first, dot, rest = name.removeprefix("tracker.").partition(".")
        if first not in NAMES:
            return None
        return ModuleSpec(name, _SecondName(f"{NAMES[first]}{dot}{rest}"))  # type: ignore[arg-type]


def install() -> None:
    """Let W&B's names be imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
