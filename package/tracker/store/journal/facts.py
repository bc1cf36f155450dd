"""What a journal can say: one small struct a kind of frame, encoded as a MessagePack array."""

from __future__ import annotations

from typing import Any

import msgspec


class Begin(msgspec.Struct, tag=0, array_like=True, gc=False):
    """A process opened a run: the first frame of every segment of its journal."""

    project: str
    run_id: str
    time_us: int
    segment: int = 0
    fields: dict[str, Any] = {}  # name, group, job_type, tags, notes, sweep_id, metadata
    config: dict[str, Any] = {}
    resume: str = "never"
    fork_from: str | None = None
    fork_step: int | None = None
    rewind_to: int | None = None
    host: str = ""
    pid: int = 0


class Keys(msgspec.Struct, tag=1, array_like=True, gc=False):
    """The keys that rows with this number have, in order."""

    number: int
    stream: str
    keys: list[str]


class Row(msgspec.Struct, tag=2, array_like=True, gc=False):
    """What one call of ``log`` was given. `values` are as plain as MessagePack's.

    `merges` says that it belongs to the row before it, whose values of equal keys it replaces.
    """

    keys: int
    step: int
    time_us: int
    values: list[Any]
    merges: bool = False


class Change(msgspec.Struct, tag=3, array_like=True, gc=False):
    """New values of fields of the run: config whole, metadata and config_changed in part."""

    time_us: int
    fields: dict[str, Any]


class SummaryChange(msgspec.Struct, tag=4, array_like=True, gc=False):
    """Summary values that the user set or deleted; set values may be nested."""

    changed: dict[str, Any] = {}
    deleted: list[str] = []


class Metric(msgspec.Struct, tag=5, array_like=True, gc=False):
    """A rule made by ``define_metric``."""

    name: str
    step_metric: str | None = None
    step_sync: bool = False
    summary: list[str] = []
    goal: str | None = None
    hidden: bool = False


class Line(msgspec.Struct, tag=6, array_like=True, gc=False):
    """A printed line; a later one with the same number replaces it."""

    number: int
    stream: str
    time_us: int
    text: str


class Cell(msgspec.Struct, tag=7, array_like=True, gc=False):
    """A notebook cell; a later one with the same number replaces it."""

    number: int
    execution_count: int | None
    source: str
    started_us: int | None
    duration_s: float | None
    status: str
    error: str | None
    cell_id: str | None


class Event(msgspec.Struct, tag=8, array_like=True, gc=False):
    """Something that happened to the run."""

    kind: str
    time_us: int
    payload: dict[str, Any]


class File(msgspec.Struct, array_like=True, gc=False):
    """A file of an artifact: kept by its SHA-256, or somewhere else and then with a checksum."""

    path: str
    sha256: str
    size_bytes: int
    reference: str | None = None
    checksum: str | None = None
    extra: dict[str, Any] = {}


class Version(msgspec.Struct, tag=9, array_like=True, gc=False):
    """An artifact version that the run logged or used.

    `direction` is output or input; part for a share of a version that several processes
    make; link for a place in another collection. `is_known` says that the store had a
    version with this digest, and `files` are left out. `version` is the number that was
    expected; it gets another one where that was taken meanwhile.
    """

    direction: str
    project: str
    name: str
    artifact_type: str
    digest: str
    time_us: int
    description: str | None = None
    metadata: dict[str, Any] = {}
    aliases: list[str] = []
    tags: list[str] = []
    files: list[File] = []
    version: int | None = None
    is_known: bool = False
    step: int | None = None
    ttl_s: int | None = None
    distributed_id: str | None = None
    source: tuple[str, str, str] | None = None  # project, name and digest of a link's


class VersionChange(msgspec.Struct, tag=12, array_like=True, gc=False):
    """A version was edited or deleted, or got its number.

    Its digest names it, for a name has one version of a digest, besides deleted ones. `fields`
    are new values of description, metadata, ttl_s, name, type, version, is_deleted, and
    aliases_added, aliases_removed, tags_added, tags_removed.
    """

    project: str
    name: str
    digest: str
    time_us: int
    fields: dict[str, Any]


class Finish(msgspec.Struct, tag=10, array_like=True, gc=False):
    """The run ended, and how."""

    state: str
    exit_code: int
    time_us: int


class Delete(msgspec.Struct, tag=11, array_like=True, gc=False):
    """The run was deleted by its user."""

    time_us: int


Fact = (
    Begin
    | Keys
    | Row
    | Change
    | SummaryChange
    | Metric
    | Line
    | Cell
    | Event
    | Version
    | VersionChange
    | Finish
    | Delete
)
