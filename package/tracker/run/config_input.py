"""Reads what users have their hyperparameters in: dicts, namespaces, dataclasses, YAML files."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tracker.errors import UsageError, warn
from tracker.run.values import clean_text

DEFAULTS_FILE = "config-defaults.yaml"
# What W&B's files say of a key beside its value.
_WANDB_FIELDS = {"value", "desc"}


def config_name(key: Any) -> str:
    """Return a config key as it is stored: text, without the leading ``--`` of an option."""
    return clean_text(str(key).removeprefix("--"))


def read_config(given: Any) -> dict[str, Any]:
    """Return the values of anything that ``init(config=…)`` takes.

    Raises
    ------
    UsageError
        If it is nothing of the kind, or a file that cannot be read.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {config_name(key): value for key, value in given.items()}
    if isinstance(given, str | Path):
        return _read_yaml(Path(given))
    if isinstance(given, argparse.Namespace | SimpleNamespace):
        return read_config(vars(given))
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        return {each.name: getattr(given, each.name) for each in dataclasses.fields(given)}
    for method in ("flag_values_dict", "model_dump", "to_dict"):
        if callable(read := getattr(given, method, None)) and not isinstance(given, type):
            return read_config(read())
    raise UsageError(
        f"config is a {type(given).__name__}: expected a dict, an argparse.Namespace, a "
        "dataclass or the path of a YAML file."
    )


def read_defaults(folder: Path) -> dict[str, Any]:
    """Return what ``config-defaults.yaml`` in `folder` says; nothing where there is none.

    Raises
    ------
    UsageError
        If the file cannot be read.
    """
    path = folder / DEFAULTS_FILE
    if not path.is_file():
        return {}
    values = _read_yaml(path)
    if not values:
        warn(f"Found an empty default config file ({DEFAULTS_FILE}). Proceeding with no defaults.")
    return values


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"config file {str(path)!r} cannot be read: {reason}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"config file {str(path)!r} is not plain YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(
            f"config file {str(path)!r} holds a {type(content).__name__}: expected a mapping of "
            "names to values."
        )
    return {
        config_name(key): value["value"] if _is_wandb_form(value) else value
        for key, value in content.items()
        if key != "wandb_version"
    }


def _is_wandb_form(value: Any) -> bool:
    return isinstance(value, dict) and "value" in value and value.keys() <= _WANDB_FIELDS
