"""Logs an artifact as an output of a run, and finds the versions that a run uses."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tracker.artifacts.artifact import Artifact, Entry
from tracker.artifacts.words import NAME_LIMIT, check_alias, check_artifact_name, check_tag
from tracker.errors import NotFoundError, StoreError, UsageError, warn
from tracker.store import facts, versions
from tracker.store.objects import Objects
from tracker.store.store import Store

_FOREIGN = re.compile(r"[^A-Za-z0-9_.\-]")


class Journal(Protocol):
    """What this module needs of a run's recorder, which lives a floor above."""

    @property
    def project(self) -> str:
        """The run's project."""

    @property
    def run_id(self) -> str:
        """The run's id."""

    @property
    def store(self) -> Store:
        """The store that the journal goes to."""

    @property
    def objects(self) -> Objects:
        """The store's files."""

    def plain(self, value: Any) -> Any:
        """Return a value as plain data."""

    def append(self, fact: Any) -> None:
        """Write a fact down."""

    def flush(self) -> None:
        """Bring everything written so far into the store."""


def as_artifact(
    given: Artifact | str | os.PathLike[str], run_id: str, name: str | None, type: str | None
) -> Artifact:
    """Return `given`, or an artifact of the file or the folder that it names.

    Raises
    ------
    UsageError
        If there is no such file, or a name cannot be used.
    """
    if isinstance(given, Artifact):
        return given
    if not isinstance(given, str | os.PathLike):
        raise UsageError(
            f"log_artifact() was given a {given.__class__.__name__}: expected an Artifact, or the "
            "path of a file or folder."
        )
    path = Path(given)
    default = _as_name(f"run-{run_id}-{path.absolute().name}")
    artifact = Artifact(default if name is None else name, type or "unspecified")
    if path.is_dir():
        artifact.add_dir(path)
    else:
        artifact.add_file(path)
    return artifact


def of_code(name: str | None, project: str, folder: Path, files: Iterable[Path]) -> Artifact:
    """Return an artifact of source files, with their paths below a folder.

    Raises
    ------
    UsageError
        If the name cannot be used.
    """
    artifact = Artifact(_as_name(f"source-{project}") if name is None else name, "code")
    for file in files:
        artifact.add_file(file, file.relative_to(folder).as_posix())
    return artifact


def _as_name(text: str) -> str:
    return _FOREIGN.sub("_", text)[:NAME_LIMIT]


def log_artifact(
    journal: Journal,
    artifact: Artifact,
    aliases: Sequence[str] | None,
    tags: Sequence[str] | None,
) -> Artifact:
    """Keep the files, then say in the journal that the run made this version.

    Raises
    ------
    UsageError
        If an alias or a tag cannot be used, or a file has changed since it was added.
    """
    names = [check_alias(alias) for alias in _listed(aliases)]
    labels = [check_tag(tag) for tag in _listed(tags)]
    try:
        kept = [_keep(journal.objects, entry) for entry in artifact.entries.values()]
    except OSError as error:
        warn(f"Artifact {artifact.name} is not kept: its files cannot be copied ({error}).")
        return artifact
    journal.append(
        facts.Version(
            "output", journal.project, artifact.name, artifact.type, artifact.digest,
            time.time_ns() // 1000, artifact.description, journal.plain(artifact.metadata), names,
            labels, [(entry.path, entry.sha256, entry.size_bytes) for entry in kept],
        )
    )  # fmt: skip
    found = None
    try:
        journal.flush()
        found = _find(journal, journal.project, artifact.name, digest=artifact.digest)
    except StoreError as error:
        warn(
            f"Artifact {artifact.name} is kept, but has no version yet, because the store cannot "
            f"be written now: {error}"
        )
    if found is not None:
        artifact.settle(journal.objects, found.version, found.aliases, kept)
        artifact.tags = list(labels)
    return artifact


def use_artifact(
    journal: Journal,
    given: Artifact | str,
    type: str | None,
    aliases: Sequence[str] | None,
) -> Artifact:
    """Find a version by ``name:alias``, and say in the journal that the run uses it.

    Raises
    ------
    NotFoundError
        If there is no such version.
    UsageError
        If it is of another type.
    """
    project = journal.project
    if isinstance(given, Artifact):
        artifact = given if given.is_logged else log_artifact(journal, given, aliases, None)
    else:
        project, artifact = _named(journal, given)
    if type is not None and artifact.type != type:
        raise UsageError(f"Artifact {artifact.name!r} is a {artifact.type!r}, not a {type!r}.")
    journal.append(
        facts.Version(
            "input", project, artifact.name, artifact.type, artifact.digest, time.time_ns() // 1000
        )
    )
    return artifact


def _named(journal: Journal, text: object) -> tuple[str, Artifact]:
    *around, last = str(text).split("/")
    name, _, alias = last.partition(":")
    name, alias = check_artifact_name(name), alias or "latest"
    project = around[-1] if around else journal.project
    found = _find(journal, project, name, alias=alias)
    if found is None:
        raise NotFoundError(
            f"There is no artifact {name!r} with the alias {alias!r} in project {project!r}."
        )
    artifact = Artifact(name, found.artifact_type, found.description, found.metadata)
    artifact.settle(
        journal.objects, found.version, found.aliases, [Entry(*file) for file in found.files]
    )
    return project, artifact


def _listed(given: Sequence[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _find(
    journal: Journal,
    project: str,
    name: str,
    *,
    alias: str | None = None,
    digest: str | None = None,
) -> versions.Found | None:
    with journal.store.reading() as db:
        return versions.find(db, project, name, alias=alias, digest=digest)


def _keep(objects: Objects, entry: Entry) -> Entry:
    if entry.source is None:
        objects.path(entry.sha256)
        return entry
    try:
        sha256, size = objects.put_file(entry.source)
    except FileNotFoundError as error:
        raise UsageError(
            f"{entry.source} is gone since add_file(): log the artifact before you delete its "
            "files."
        ) from error
    if sha256 != entry.sha256:
        raise UsageError(
            f"{entry.source} has changed since add_file(): add it again, or finish writing it "
            "before."
        )
    return Entry(entry.path, sha256, size)
