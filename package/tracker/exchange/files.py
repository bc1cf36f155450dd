"""Files from elsewhere: names that may leave their folder, and links, are not trusted."""

from __future__ import annotations

import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tracker.artifacts.artifact import Artifact
from tracker.artifacts.home import Home
from tracker.artifacts.keeping import keep_all
from tracker.artifacts.words import check_alias, check_inside, check_tag
from tracker.errors import TrackerError
from tracker.exchange.elsewhere import Elsewhere, Version
from tracker.run.run_files import copy_file
from tracker.store.journal import facts


def inside(folder: Path, name: object) -> Path | None:
    """Return the regular file of a name below a folder.

    None if there is none, or if the name, or a link on the way, leads out of the folder.
    """
    try:
        path = folder.joinpath(*check_inside(name).split("/"))
        told = path.stat()
        is_below = path.resolve().is_relative_to(folder.resolve())
    except (TrackerError, OSError, ValueError):
        return None
    return path if is_below and stat.S_ISREG(told.st_mode) else None


def files_below(folder: Path) -> dict[str, Path]:
    """Return every file below a folder by its path there, links included, in order."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def keep_files(source: Elsewhere, folder: Path) -> None:
    """Copy the files that are kept beside a run into its folder."""
    for name, path in source.files.items():
        try:
            copy_file(path, folder.joinpath(*check_inside(name).split("/")))
        except (OSError, TrackerError):
            source.lost["files that cannot be read"] += 1


def version_fact(home: Home, source: Elsewhere, given: Version) -> facts.Version:
    """Keep the files of an artifact, and return what the journal says of it."""
    artifact = Artifact(given.name, given.type, metadata=given.metadata)
    for name, path in given.files.items():
        try:
            artifact.add_file(path, check_inside(name))
        except (TrackerError, OSError):
            source.lost["files of artifacts that cannot be kept"] += 1
    for name, address in given.references.items():
        try:
            artifact.add_reference(address, name, checksum=False)
        except (TrackerError, OSError):
            source.lost["references of artifacts that cannot be kept"] += 1
    keep_all(home, artifact.manifest)
    return facts.Version(
        "output", source.project, artifact.collection_name, artifact.type, artifact.digest,
        given.time_us, given.description, artifact.metadata, _fit(check_alias, given.aliases),
        _fit(check_tag, given.tags),
        [
            facts.File(
                entry.path, "" if entry.ref is not None else entry.sha256, entry.size, entry.ref,
                entry.checksum, entry.extra,
            )
            for entry in artifact.manifest
        ],
        step=given.step,
    )  # fmt: skip


def _fit(check: Callable[[object], str], words: list[str]) -> list[str]:
    """Return the words that may be used here."""
    fit = []
    for word in words:
        with suppress(TrackerError):
            fit.append(check(word))
    return fit
