"""Runs of TensorBoard: folders with event files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracker.exchange import wire
from tracker.exchange.choices import Choices
from tracker.exchange.elsewhere import Elsewhere, Item, Row
from tracker.exchange.tensorboard_events import Events, follow
from tracker.exchange.tfrecord import TfRecords
from tracker.exchange.words import as_project, made_id

FORMAT: Final = "tensorboard"
_PATTERN: Final = "*tfevents*"
_LATEST_S: Final = 1e11  # a later time is none


def is_here(source: Path) -> bool:
    """Say whether a path leads to event files."""
    if source.is_file():
        return "tfevents" in source.name
    return any(path.is_file() for path in source.rglob(_PATTERN))


def find(source: Path, choices: Choices) -> Iterator[Elsewhere]:
    """Yield a run for each folder that has event files, as TensorBoard does."""
    root = source.parent if source.is_file() else source
    paths = [source] if source.is_file() else sorted(source.rglob(_PATTERN))
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        if path.is_file():
            folders.setdefault(path.parent, []).append(path)
    for folder, files in folders.items():
        yield _run(root, folder, files, choices)


def _run(root: Path, folder: Path, files: list[Path], choices: Choices) -> Elsewhere:
    below = folder.relative_to(root).as_posix()
    home = root.resolve().name
    told = [path.stat() for path in files]

    def read(source: Elsewhere) -> Iterator[Item]:
        return _items(source, files)

    # Its name has the time, the machine and the process, so that it is found again anywhere.
    identity = files[0].name
    return Elsewhere(
        FORMAT,
        identity,
        "; ".join(f"{each.st_size}-{each.st_mtime_ns}" for each in told),
        as_project(choices.project or home),
        made_id(FORMAT, identity, below),
        choices.name or (home if below == "." else below),
        read,
        started_us=_first_us(files),
    )


def _first_us(files: list[Path]) -> int:
    for path in files:
        for record in TfRecords(path).records():
            try:
                time_us = _as_us(wire.double(wire.read(record).get(1, [b""])[-1]))
            except wire.WireError:
                continue
            if time_us:
                return time_us
    return int(min(path.stat().st_mtime for path in files) * 1e6)


def _items(source: Elsewhere, files: list[Path]) -> Iterator[Item]:
    events = Events(source.lost)
    for path in files:
        log = TfRecords(path)
        for event in follow(log.records(), events):
            source.config.update(event.hparams)
            yield Row(event.step, _as_us(event.time_s) or source.started_us, event.values)
        if log.damaged:
            source.lost["damaged records of event files"] += log.damaged
        if log.is_torn:
            source.remarks[f"{path.name} ends within a record."] = None
    source.state = events.state or source.state


def _as_us(time_s: float) -> int:
    return int(time_s * 1e6) if 0 < time_s < _LATEST_S else 0
