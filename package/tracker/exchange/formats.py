"""What can be imported and exported, and which program a source comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tracker.errors import UsageError
from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere

# In the order in which a source is tried: the surest sign first.
FORMATS: Final = {
    "wandb": "wandb",
    "tensorboard": "tensorboard",
    "mlflow": "mlflow",
    "trackio": "trackio",
    "runs": "runs_json",
    "table": "tables",
}

EXPORTED: Final = ("parquet", "csv", "json", "tensorboard")


def find(source: Any, format: str | None, choices: Choices) -> Iterator[Elsewhere]:
    """Yield the runs of a source.

    Raises
    ------
    UsageError
        If there is no such source, or no format that it has.
    """
    if format is not None and format not in FORMATS:
        raise UsageError(f"format is {format!r}: expected one of {', '.join(FORMATS)}.")
    if not isinstance(source, str | os.PathLike):
        if format not in (None, "table"):
            raise UsageError(f"format is {format!r}: a {type(source).__name__} is a table.")
        return _some(_module("table").find(source, choices), "The table", "table")
    path = Path(source).expanduser()
    if not path.exists():
        raise UsageError(f"There is no {path} to import.")
    name = format or _guess(path)
    found: Iterator[Elsewhere] = _module(name).find(path, choices)
    return _some(found, str(path), name)


def _guess(path: Path) -> str:
    if (path / ".aim").is_dir() or path.name == ".aim":
        raise UsageError(
            f"{path} is a repository of Aim, which only Aim itself can read: write its runs as a "
            "table with it, and import that."
        )
    for name in FORMATS:
        if _module(name).is_here(path):
            return name
    raise UsageError(
        f"{path} is none of what can be imported ({', '.join(FORMATS)}): name the format, or a "
        "folder that has such runs."
    )


def _module(name: str) -> Any:
    return import_module(f"tracker.exchange.sources.{FORMATS[name]}")


def _some(found: Iterator[Elsewhere], what: str, name: str) -> Iterator[Elsewhere]:
    empty = True
    for each in found:
        empty = False
        yield each
    if empty:
        raise UsageError(f"{what} has no runs of the format {name}.")
