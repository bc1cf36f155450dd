"""A run as a source of another program tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tracker.records import MetricRule

# Stands for a value that cannot be kept, and has been counted.
LOST: Final = object()


def all_made(values: dict[str, Any]) -> dict[str, Any]:
    """Return values; a callable makes one only now, when it is needed."""
    made = {
        key: value() if callable(value) and not hasattr(value, "to_reference") else value
        for key, value in values.items()
    }
    return {key: value for key, value in made.items() if value is not LOST}


@dataclass(slots=True)
class Row:
    """Values of one step; a value may be a media object, or a callable that makes one."""

    step: int
    time_us: int
    values: dict[str, Any]
    merges: bool = False


@dataclass(slots=True)
class Readings:
    """What the machine was doing, by keys without ``system/``."""

    time_us: int
    values: dict[str, float]


@dataclass(slots=True)
class Line:
    """A line that the run printed."""

    time_us: int
    text: str
    stream: str = "stdout"


@dataclass(slots=True)
class Event:
    """Something that happened to the run, such as an alert."""

    time_us: int
    kind: str
    payload: dict[str, Any]


@dataclass(slots=True)
class Version:
    """An artifact that the run logged: the files that are there, by their path in it."""

    time_us: int
    name: str
    type: str
    files: dict[str, Path] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    step: int | None = None


Item = Row | Readings | Line | Event | Version | MetricRule


@dataclass
class Elsewhere:
    """One run of another program, or what one of its processes wrote of it.

    Attributes
    ----------
    format : str
        Which program, such as ``"wandb"``.
    part : str
        What this is called there, wherever it has been copied to: a folder's name, an id.
    fingerprint : str
        Something that is different when the source has changed.
    project, run_id, name : str
        What it is called here.
    read : callable
        Yields what the source says, each time in the same order, and sets the fields that are
        known only then.
    started_us, ended_us : int or None
        Microseconds since the epoch.
    state : str
        How the run ended, once it has been read.
    config, summary, metadata : dict
        As :class:`~tracker.records.RunRecord` has them.
    files : dict of str to Path
        Files that are kept beside the run, by the name that they get.
    artifacts : list of Version
        Artifacts that are no items, because they may change while the run grows.
    is_timeless : bool
        The source does not say when anything was: when it is imported again, the times are those
        of the first import.
    lost : Counter of str
        What could not be kept, in words that follow a number: ``"values of an unknown type"``.
    remarks : dict with sentences as keys
        What else there is to say.
    """

    format: str
    part: str
    fingerprint: str
    project: str
    run_id: str
    name: str
    read: Callable[[Elsewhere], Iterator[Item]]
    started_us: int = 0
    ended_us: int | None = None
    state: str = "finished"
    exit_code: int = 0
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    artifacts: list[Version] = field(default_factory=list)
    is_timeless: bool = False
    lost: Counter[str] = field(default_factory=Counter)
    remarks: dict[str, None] = field(default_factory=dict)
