"""Logs an artifact as an output of a run, and finds the versions that a run uses."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tracker.artifacts import finding, links
from tracker.artifacts.artifact import Artifact
from tracker.artifacts.described import entry_of
from tracker.artifacts.entry import Entry
from tracker.artifacts.home import Home
from tracker.artifacts.keeping import keep_all, keeping
from tracker.artifacts.saved import refuse_protected
from tracker.artifacts.words import NAME_LIMIT, check_aliases, check_tag, listed
from tracker.errors import StoreError, UsageError, warn
from tracker.records import VersionRecord
from tracker.store.journal import facts
from tracker.store.reading import version_reads
from tracker.store.store import Store
from tracker.store.writing.versions import LATEST, part_digest

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
    def step(self) -> int:
        """The step of the next row."""

    def plain(self, value: Any) -> Any:
        """Return a value as plain data."""

    def append(self, fact: Any) -> None:
        """Write a fact down."""

    def flush(self) -> None:
        """Bring everything written so far into the store."""


def as_artifact(
    given: Artifact | str | os.PathLike[str],
    run_id: str,
    name: str | None,
    type: str | None,
    action: str = "log_artifact",
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
            f"{action}() was given a {given.__class__.__name__}: expected an Artifact, or the "
            "path of a file or folder."
        )
    path = Path(str(given).removeprefix("file://"))
    default = _as_name(f"run-{run_id}-{path.absolute().name}")
    artifact = Artifact((name or default).partition(":")[0], type or "unspecified")
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
    *,
    distributed_id: str | None = None,
) -> Artifact:
    """Keep the files, then say in the journal that the run made this version.

    Parameters
    ----------
    journal : Journal
        The run's.
    artifact : Artifact
    aliases, tags : sequence of str or None
        Names and labels for this version.
    distributed_id : str, optional
        Take in what several processes have added to the version of this id.

    Raises
    ------
    UsageError
        If an alias or a tag cannot be used, or a file has changed since it was added.
    ConflictError
        If an alias is protected.
    """
    names = check_aliases(aliases)
    labels = [check_tag(tag) for tag in listed(tags)]
    home = Home(journal.store)
    if artifact.is_draft() and (artifact.incremental or distributed_id is not None):
        try:
            names += _complete(home, journal.project, artifact, distributed_id)
        except StoreError as error:
            warn(
                f"Artifact {artifact.name} is not logged, because the files that it begins with "
                f"cannot be read now: {error}"
            )
            return artifact
    if names:
        _refuse_protected(home, journal.project, artifact, set(names))
    fact = _put(home, journal, artifact, "output", names, labels, distributed_id)
    if fact is not None:
        record = _taken_in(home, journal, artifact, fact)
        if record is not None:
            artifact.settle(home, record)
    return artifact


def upsert_artifact(
    journal: Journal,
    artifact: Artifact,
    aliases: Sequence[str] | None,
    distributed_id: str,
) -> Artifact:
    """Add files to a version that several processes make; :func:`log_artifact` completes it.

    Raises
    ------
    UsageError
        If an alias cannot be used, or a file has changed since it was added.
    """
    names = check_aliases(aliases)
    artifact.distributed_id = distributed_id
    home = Home(journal.store)
    if _put(home, journal, artifact, "part", names, [], distributed_id) is not None:
        _flush(journal, artifact)
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
    if isinstance(given, Artifact):
        artifact = given if given.is_logged else log_artifact(journal, given, aliases, None)
        if type is not None and artifact.type != type:
            raise UsageError(f"Artifact {artifact.name!r} is a {artifact.type!r}, not a {type!r}.")
    else:
        artifact = finding.find(Home(journal.store), given, journal.project, type)
    journal.append(
        facts.Version(
            "input", artifact.project or journal.project, artifact.collection_name, artifact.type,
            artifact.digest, time.time_ns() // 1000,
        )
    )  # fmt: skip
    return artifact


def find(journal: Journal, name: str) -> Artifact:
    """Return the version that a name means for this run; see finding."""
    return finding.find(Home(journal.store), name, journal.project)


def of_run(store: Store, project: str, run_id: str, direction: str) -> list[Artifact]:
    """Return the versions that a run logged (``output``) or used (``input``)."""
    with store.reading() as db:
        found = version_reads.of_run(db, project, run_id, direction)
    return [Artifact.of_record(Home(store), record) for record in found]


def _complete(
    home: Home, project: str, artifact: Artifact, distributed_id: str | None
) -> list[str]:
    """Give a draft the files that others have added to it; return the aliases they gave."""
    name = artifact.collection_name
    aliases: list[str] = []
    with home.store.reading() as db:
        if distributed_id is not None:
            files, aliases = version_reads.parts(db, project, name, part_digest(distributed_id))
            artifact.take(entry_of(file) for file in files)
        if artifact.incremental:
            base = version_reads.find(db, project, name, alias=LATEST)
            files = version_reads.files(db, base.version_key) if base else []
            artifact.take(entry_of(file) for file in files)
    return aliases


def _put(
    home: Home,
    journal: Journal,
    artifact: Artifact,
    direction: str,
    names: list[str],
    labels: list[str],
    distributed_id: str | None,
) -> facts.Version | None:
    """Keep the files and write the version down; None, with a warning, where the disk fails."""
    try:
        with keeping(home):
            keep_all(home, artifact.manifest)
            fact = facts.Version(
                direction, journal.project, artifact.collection_name, artifact.type,
                artifact.digest, time.time_ns() // 1000, artifact.description,
                journal.plain(artifact.metadata), names, labels,
                step=max(journal.step - 1, 0) if journal.step else None,
                ttl_s=None if artifact.ttl is None else int(artifact.ttl.total_seconds()),
                distributed_id=distributed_id,
            )  # fmt: skip
            if direction == "part":
                fact.digest = part_digest(distributed_id or "")
            else:
                fact.is_known, fact.version = _look_up(home, fact)
            if not fact.is_known:
                fact.files = [_file(entry) for entry in artifact.manifest]
            journal.append(fact)
    except (OSError, StoreError) as error:
        warn(f"Artifact {artifact.name} is not kept: its files cannot be copied ({error}).")
        return None
    artifact.finalize()
    return fact


def _look_up(home: Home, fact: facts.Version) -> tuple[bool, int | None]:
    """Return whether the store has this version, and the number to expect if not."""
    try:
        with home.store.reading() as db:
            found = version_reads.find(db, fact.project, fact.name, digest=fact.digest)
            if found is not None:
                return True, found.version
            return False, version_reads.next_number(db, fact.project, fact.name)
    except StoreError:
        return False, None  # it gets the next one when the journal is taken in


def _taken_in(
    home: Home, journal: Journal, artifact: Artifact, fact: facts.Version
) -> VersionRecord | None:
    if not _flush(journal, artifact):
        return None
    record = _stored(home, fact)
    if record is None and fact.is_known:
        # It was deleted since it was looked up: it is a new version then.
        fact.is_known, fact.version, fact.time_us = False, None, time.time_ns() // 1000
        fact.files = [_file(entry) for entry in artifact.manifest]
        journal.append(fact)
        record = _stored(home, fact) if _flush(journal, artifact) else None
    if record is not None and record.created_us == fact.time_us:
        journal.append(links.number_fact(record))
    return record


def _flush(journal: Journal, artifact: Artifact) -> bool:
    try:
        journal.flush()
    except StoreError as error:
        warn(
            f"Artifact {artifact.name} is kept, but has no version yet, because the store cannot "
            f"be written now: {error}"
        )
        return False
    return True


def _stored(home: Home, fact: facts.Version) -> VersionRecord | None:
    try:
        with home.store.reading() as db:
            return version_reads.find(db, fact.project, fact.name, digest=fact.digest)
    except StoreError as error:
        warn(f"Artifact {fact.name} is kept, but its version cannot be read now: {error}")
        return None


def _refuse_protected(home: Home, project: str, artifact: Artifact, names: set[str]) -> None:
    # A store that cannot be read now refuses nothing: the training goes on.
    with contextlib.suppress(StoreError):
        refuse_protected(home, project, artifact.collection_name, names)


def _file(entry: Entry) -> facts.File:
    return facts.File(
        entry.path, "" if entry.ref is not None else entry.sha256, entry.size, entry.ref,
        entry.checksum, entry.extra,
    )  # fmt: skip
