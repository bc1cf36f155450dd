"""Versions in collections that they were not logged to, and the end of versions."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tracker.artifacts.home import Home
from tracker.artifacts.saved import refuse_protected
from tracker.artifacts.words import check_aliases, split_path
from tracker.errors import ConflictError, UsageError
from tracker.records import VersionRecord
from tracker.store.journal import facts
from tracker.store.reading import version_reads
from tracker.store.writing import edits


def link(
    home: Home, record: VersionRecord, target_path: str, aliases: Iterable[str] | str | None
) -> VersionRecord:
    """Put a version into a collection; return the version there.

    Raises
    ------
    UsageError
        If a name cannot be used, or versions are logged to that name.
    ConflictError
        If an alias is protected there.
    """
    project, name, alias = split_path(target_path)
    if alias is not None:
        raise UsageError(f"link() was given {target_path!r}: expected 'project/collection'.")
    project = project or record.project
    names = check_aliases(aliases)
    source = record.source or (record.project, record.name, record.version)
    if (project, name) == source[:2]:
        raise UsageError(f"{name} is where {record.name} was logged: link it to another name.")
    refuse_protected(home, project, name, set(names))
    with home.store.reading() as db:
        number = version_reads.next_number(db, project, name)
        known = version_reads.collections(db, project)
    if any(each.name == name and not each.is_linked for each in known):
        raise UsageError(
            f"Versions are logged to {project}/{name}: link to a collection of another name."
        )
    now = time.time_ns() // 1000
    said = facts.Version(
        "link", project, name, record.type, record.digest, now, aliases=names, version=number,
        source=(source[0], source[1], record.digest),
    )  # fmt: skip
    edits.change_artifacts(home.store, [said])
    with home.store.reading() as db:
        linked = version_reads.find(db, project, name, digest=record.digest)
    if linked is None:
        raise ConflictError(f"{record.name} was deleted meanwhile: there is nothing to link.")
    if linked.created_us == now:
        edits.change_artifacts(home.store, [number_fact(linked)])
    return linked


def number_fact(record: VersionRecord) -> facts.VersionChange:
    """Return what says which number a version got."""
    return facts.VersionChange(
        record.project, record.name, record.digest, time.time_ns() // 1000,
        {"version": record.version},
    )  # fmt: skip


def delete(home: Home, record: VersionRecord) -> None:
    """Delete a version, or a link to one.

    Raises
    ------
    ConflictError
        If one of its aliases is protected.
    """
    refuse_protected(home, record.project, record.name, set(record.aliases))
    edits.change_artifacts(
        home.store,
        [
            facts.VersionChange(
                record.project, record.name, record.digest, time.time_ns() // 1000,
                {"is_deleted": True},
            )
        ],
    )  # fmt: skip
