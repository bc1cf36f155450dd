"""Finds versions by the names that people give."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tracker.artifacts.artifact import Artifact
from tracker.artifacts.home import Home
from tracker.artifacts.words import split_path
from tracker.errors import NotFoundError, UsageError
from tracker.records import VersionRecord
from tracker.store.reading import version_reads
from tracker.store.writing.versions import LATEST


def find(home: Home, text: object, project: str | None, type: str | None = None) -> Artifact:
    """Return the version that ``project/name:alias`` names.

    Parameters
    ----------
    home : Home
        Where to look.
    text : str
        ``name`` is ``name:latest``.
    project : str or None
        Where names without a project are looked up; None where any project will do.
    type : str, optional
        The type that it must have.

    Raises
    ------
    NotFoundError
        If there is none; the message has names that are close.
    UsageError
        If it is of another type, or the name cannot be used.
    """
    given, name, alias = split_path(text)
    where = given or project
    if where is None:
        where = _only_project(home, name)
    with home.store.reading() as db:
        found = version_reads.find(db, where, name, alias=alias or LATEST)
    if found is None:
        raise _missing(home, where, name, alias or LATEST)
    if type is not None and found.type != type:
        raise UsageError(f"Artifact {found.name!r} is a {found.type!r}, not a {type!r}.")
    return Artifact.of_record(home, found)


def _only_project(home: Home, name: str) -> str:
    with home.store.reading() as db:
        known = version_reads.collections(db)
    places = sorted({each.project for each in known if each.name == name})
    if len(places) == 1:
        return places[0]
    if not places:
        close = _close(name, {each.name for each in known})
        raise NotFoundError(f"There is no artifact {name!r} in {home.store.root}.{close}")
    raise UsageError(
        f"There are artifacts {name!r} in several projects: give {places[0]}/{name} or "
        f"{places[1]}/{name}."
    )


def _missing(home: Home, project: str, name: str, alias: str) -> NotFoundError:
    with home.store.reading() as db:
        gone = version_reads.deleted(db, project, name, alias)
        known = version_reads.collections(db, project)
        versions = version_reads.versions(db, project, name)
    if gone is not None:
        return NotFoundError(
            f"Artifact {name}:{alias} of project {project!r} was deleted at "
            f"{gone.updated_at:%Y-%m-%d %H:%M} UTC: its number is not given again."
        )
    sentence = f"There is no artifact {name!r} with the alias {alias!r} in project {project!r}."
    if versions:
        return NotFoundError(f"{sentence} It has {_have(versions)}.")
    return NotFoundError(sentence + _close(name, {each.name for each in known}))


def _have(versions: list[VersionRecord]) -> str:
    aliases = sorted({alias for version in versions for alias in version.aliases})
    numbers = [f"v{version.version}" for version in reversed(versions)]
    shown = numbers if len(numbers) < 4 else [numbers[0], "…", numbers[-1]]
    return ", ".join([*shown, *aliases])


def _close(text: str, known: Iterable[str]) -> str:
    names = difflib.get_close_matches(text, sorted(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(map(repr, names))}?" if names else ""
