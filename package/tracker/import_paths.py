"""W&B's modules, found where scripts import them: ``tracker.integration.keras`` ….

``from wandb.keras import WandbCallback`` becomes ``from tracker.keras import WandbCallback``: the
module is the one in :mod:`tracker.integrations`, under a second name. ``from
wandb.sdk.wandb_run import Run`` becomes ``from tracker.sdk.wandb_run import Run``: there the names
are those of :mod:`tracker.namespaces`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
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


# W&B's packages of which some names are here
SPACES = frozenset({"apis", "data_types", "errors", "sdk", "util", "wandb_run", "wandb_sdk"})


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


class _NamesOnly:
    """Loads a submodule of W&B of which there are only names."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._spec: Any = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the names, or the module that has them."""
        module: ModuleType = import_module("tracker.namespaces").find_module(self._path)
        self._spec = getattr(module, "__spec__", None)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give a module of ours its own name back; it has run already."""
        if self._spec is not None:
            module.__spec__ = self._spec


class _Finder:
    """Asked first, or the files below ``integration`` would be found and loaded once more."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how to load a module of W&B's name, None for every other one."""
        if not name.startswith("tracker."):
            return None
        wanted = name.removeprefix("tracker.")
        first, dot, rest = wanted.partition(".")
        if first in SPACES and wanted != "errors":
            if not import_module("tracker.namespaces").has_module(wanted):
                raise _missing(wanted, name)
            return ModuleSpec(name, _NamesOnly(wanted), is_package=True)  # type: ignore[arg-type]
        if first not in NAMES:
            return None
        real_name = f"{NAMES[first]}{dot}{rest}"
        if rest and find_spec(real_name) is None:
            raise _missing(wanted, name)
        return ModuleSpec(name, _SecondName(real_name))  # type: ignore[arg-type]


def _missing(wanted: str, name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"W&B's {wanted!r} is not part of this version of tracker.", name=name
    )


def install() -> None:
    """Let W&B's names be imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
