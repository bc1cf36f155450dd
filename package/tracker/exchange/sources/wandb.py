"""Runs of W&B: the folders that it keeps for each, offline or synced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracker.errors import UsageError
from tracker.exchange import wire
from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere, Item
from tracker.exchange.sources.wandb_log import WandbLog
from tracker.exchange.sources.wandb_records import RUN, WandbRecords
from tracker.exchange.words import as_project, as_run_id

FORMAT: Final = "wandb"
_OFFLINE: Final = "offline-"
# The record that describes a run is among the first.
_PATIENCE: Final = 1000


def is_here(source: Path) -> bool:
    """Say whether a path leads to runs of W&B."""
    return any(True for _ in _logs(source))


def find(source: Path, choices: Choices) -> Iterator[Elsewhere]:
    """Yield the runs of a log, of a run's folder, of a ``wandb`` folder, or of what has one.

    Raises
    ------
    UsageError
        If a log cannot be read.
    """
    logs = sorted(_logs(source), key=lambda path: (path.parent.name.removeprefix(_OFFLINE), path))
    for path in logs:
        yield _run(path, choices)


def _logs(source: Path) -> Iterator[Path]:
    if source.is_file():
        if source.suffix == ".wandb":
            yield source
        return
    for pattern in ("*.wandb", "*run-*/*.wandb", "wandb/*run-*/*.wandb"):
        # latest-run is a link to a folder that is found by its own name.
        found = [
            path
            for path in source.glob(pattern)
            if path.is_file() and (path.parent == source or not path.parent.is_symlink())
        ]
        if found:
            yield from found
            return


def _run(path: Path, choices: Choices) -> Elsewhere:
    head = _head(path)
    run_id = wire.text(head, 1)
    if not run_id:
        raise UsageError(f"{path} does not say which run it is of.")
    told = path.stat()

    def read(source: Elsewhere) -> Iterator[Item]:
        return WandbRecords(source, path, choices).items()

    # A log that was copied alone has no folder of its own to be called by.
    folder = path.parent.name.removeprefix(_OFFLINE)
    return Elsewhere(
        FORMAT,
        folder if run_id in folder else path.stem,
        f"{told.st_size}-{told.st_mtime_ns}",
        as_project(choices.project or wire.text(head, 3)),
        as_run_id(run_id),
        choices.name or wire.text(head, 8) or run_id,
        read,
        started_us=wire.time_us(head, 17) or int(os.path.getmtime(path) * 1e6),  # noqa: PTH204
    )


def _head(path: Path) -> wire.Fields:
    for number, record in enumerate(WandbLog(path).records()):
        try:
            found = wire.read(record)
            if RUN in found:
                return wire.message(found, RUN)
        except wire.WireError:
            continue
        if number > _PATIENCE:
            break
    return {}
