"""Callbacks, loggers and charts for frameworks: one file each, which imports its framework.

Each uses ``import tracker`` as a script does. The names are those of ``wandb.integration``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import tracker


def need(module: str, package: str | None = None) -> Any:
    """Import a framework, or a part of it.

    Parameters
    ----------
    module : str
        The module, such as ``"keras.callbacks"``.
    package : str, optional
        What to install. Default: the module's first name.

    Raises
    ------
    NotInstalledError
        If it is not installed; an error inside of it is its own.
    """
    top = module.partition(".")[0]
    if find_spec(top) is None:
        wanted = package or top
        raise tracker.errors.NotInstalledError(
            f"This needs the package {wanted}, which is not installed: run `pip install {wanted}`."
        )
    return import_module(module)


def active_run() -> Any:
    """Return the current run, None where there is none."""
    return import_module("tracker").run


def require_run(caller: str) -> Any:
    """Return the current run.

    Raises
    ------
    UsageError
        If there is none.
    """
    run = active_run()
    if run is None:
        raise tracker.UsageError(f"You must call tracker.init() before {caller}()")
    return run


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"tracker has no integration {name!r}.")
