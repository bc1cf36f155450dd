"""Addresses of files in artifacts: ``wandb-artifact://project/name:version/path``."""

from __future__ import annotations

import re
from typing import Any

from tracker.artifacts.entry import SCHEME, Entry
from tracker.artifacts.upstairs import UPSTAIRS
from tracker.artifacts.words import split_path
from tracker.errors import EntryNotFoundError, UsageError

_ADDRESS = re.compile(rf"{SCHEME}://(?P<name>[^:]+:[^:/]+)(?:/(?P<path>.*))?", re.IGNORECASE)


def is_of_artifact(uri: str) -> bool:
    """Say whether an address is that of a file in an artifact."""
    return uri.lower().startswith(f"{SCHEME}:")


def entries_at(uri: str, inside: str | None) -> list[tuple[Entry, str]]:
    """Return the entries that an address names, and their paths in the artifact to come.

    Parameters
    ----------
    uri : str
        Without a path, or with that of a folder, it stands for everything below it.
    inside : str or None
        The path of the file, or the folder of the files. Default: as in the other artifact.

    Raises
    ------
    UsageError
        If it is no such address.
    NotFoundError
        If there is no such artifact, or no such file in it.
    """
    parts = _ADDRESS.fullmatch(uri)
    if parts is None:
        raise UsageError(
            f"add_reference() was given {uri!r}: expected {SCHEME}://project/name:version/path."
        )
    split_path(parts["name"])  # first of all it must be a name
    assert UPSTAIRS.find is not None
    version = UPSTAIRS.find(parts["name"])
    path = (parts["path"] or "").strip("/")
    entry = version.manifest.get_entry_by_path(path)
    if entry is not None:
        return [(entry, inside or path)]
    return _below(version, path, inside)


def _below(version: Any, path: str, inside: str | None) -> list[tuple[Entry, str]]:
    above = f"{path}/" if path else ""
    found = [entry for entry in version.manifest if entry.path.startswith(above)]
    if not found:
        raise EntryNotFoundError(f"There is no {path!r} in {version.qualified_name}.")
    return [
        (entry, f"{inside}/{entry.path.removeprefix(above)}" if inside else entry.path)
        for entry in found
    ]
