"""Logs an artifact as an output of a run, and finds the versions that a run uses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from tracker.artifacts.artifact import Artifact, Entry, check_artifact_name
from tracker.errors import NotFoundError, UsageError
from tracker.store import facts, versions
from tracker.store.objects import Objects
from tracker.store.store import Store


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


def log_artifact(
    journal: Journal,
    given: Artifact | str | Path,
    name: str | None,
    type: str | None,
    aliases: Sequence[str] | None,
    tags: Sequence[str] | None,
) -> Artifact:
    """Keep the files, then say in the journal that the run made this version."""
    artifact = (
        given if isinstance(given, Artifact) else _from_path(journal, Path(given), name, type)
    )
    labels = [
        _check_alias(alias) for alias in ([aliases] if isinstance(aliases, str) else aliases or ())
    ]
    kept = [_keep(journal.objects, entry) for entry in artifact.entries.values()]
    journal.append(
        facts.Version(
            "output", journal.project, artifact.name, artifact.type, artifact.digest,
            time.time_ns() // 1000, artifact.description, journal.plain(artifact.metadata), labels,
            list(tags or ()), [(entry.path, entry.sha256, entry.size_bytes) for entry in kept],
        )
    )  # fmt: skip
    journal.flush()
    found = _find(journal, artifact.name, digest=artifact.digest)
    if found is not None:
        artifact.settle(journal.objects, found.version, found.aliases, kept)
    return artifact


def use_artifact(
    journal: Journal,
    given: Artifact | str,
    type: str | None,
) -> Artifact:
    """Find a version by ``name:alias``, and say in the journal that the run uses it."""
    if isinstance(given, Artifact):
        artifact = log_artifact(journal, given, None, None, None, None)
    else:
        artifact = _named(journal, given)
    if type is not None and artifact.type != type:
        raise UsageError(f"Artifact {given!r} is a {artifact.type!r}, not a {type!r}.")
    journal.append(
        facts.Version(
            "input", journal.project, artifact.name, artifact.type, artifact.digest, time.time_ns() // 1000
        )
    )
    return artifact


def _named(journal: Journal, text: str) -> Artifact:
    path, _, alias = str(text).rpartition("/")[2].partition(":")
    name = check_artifact_name(path)
    found = _find(journal, name, alias=alias or "latest")
    if found is None:
        raise NotFoundError(
            f"There is no artifact {name!r} with the alias {alias or 'latest'!r} in project "
            f"{journal.project!r}."
        )
    artifact = Artifact(name, found.artifact_type, found.description, found.metadata)
    artifact.settle(
        journal.objects, found.version, found.aliases, [Entry(*file) for file in found.files]
    )
    return artifact


def _find(
    journal: Journal, name: str, *, alias: str | None = None, digest: str | None = None
) -> versions.Found | None:
    with journal.store.reading() as db:
        return versions.find(db, journal.project, name, alias=alias, digest=digest)


def _from_path(
    journal: Journal,
    path: Path,
    name: str | None,
    type: str | None,
) -> Artifact:
    artifact = Artifact(name or f"run-{journal.run_id}-{path.name}", type or "unspecified")
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not file.is_symlink():
                artifact.add_file(file, name=file.relative_to(path).as_posix())
    else:
        artifact.add_file(path)
    return artifact


def _keep(objects: Objects, entry: Entry) -> Entry:
    if entry.source is None:
        return entry
    try:
        sha256, size = objects.put_file(entry.source)
    except FileNotFoundError:
        # The file is gone since add_file; the same content may be kept already.
        objects.path(entry.sha256)
        return entry
    if sha256 != entry.sha256:
        raise UsageError(
            f"{entry.source} has changed since add_file(): add it again, or finish writing it "
            "before."
        )
    return Entry(entry.path, sha256, size)


def _check_alias(alias: object) -> str:
    if not isinstance(alias, str) or not alias or any(sign in alias for sign in "/:"):
        raise UsageError(f"Alias {alias!r} cannot be used: expected a word without '/' and ':'.")
    return alias
