"""A set of named files that is logged as one version."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.artifacts.words import check_artifact_name, check_inside
from tracker.errors import NotFoundError, UsageError
from tracker.store.objects import Objects

METADATA_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of an artifact: where it is inside, and its content."""

    path: str
    sha256: str
    size_bytes: int
    source: Path | None = None


class Artifact:
    """A named set of files, to be logged by :meth:`tracker.Run.log_artifact`.

    Parameters
    ----------
    name : str
        1 to 128 letters, digits, ``_``, ``-`` and ``.``.
    type : str
        Such as ``"model"`` or ``"dataset"``.
    description : str, optional
        For people.
    metadata : mapping, optional
        At most 100 keys.
    incremental, use_as
        Accepted for W&B's sake.

    Raises
    ------
    UsageError
        If a name cannot be used.
    """

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
    ) -> None:
        self.name = check_artifact_name(name)
        if not isinstance(type, str) or not type.strip():
            raise UsageError(f"The artifact's type is {type!r}: expected a word such as 'model'.")
        if metadata is not None and not isinstance(metadata, Mapping):
            raise UsageError(f"metadata is {metadata!r}: expected a dict.")
        if metadata is not None and len(metadata) > METADATA_LIMIT:
            raise UsageError(f"metadata has {len(metadata)} keys: at most {METADATA_LIMIT}.")
        self.type = type
        self.description = description
        self.metadata = dict(metadata or {})
        self.aliases: list[str] = []
        self.tags: list[str] = []
        self._entries: dict[str, Entry] = {}
        self._objects: Objects | None = None
        self._version: int | None = None

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        overwrite: bool = False,
    ) -> Entry:
        """Add a file, under its own name or `name`.

        The content at the time of this call is what counts: logging refuses a file that
        has changed since, or is gone.

        Parameters
        ----------
        local_path : path-like
            The file.
        name : str, optional
            Its path inside the artifact, with ``/``.
        is_tmp, skip_cache, policy
            Accepted for W&B's sake.
        overwrite : bool
            Take the place of a file of that name. Default False.

        Raises
        ------
        UsageError
            If there is no such file, the name leaves the artifact, or it is taken by
            another content.
        """
        if self._version is not None:
            raise UsageError(f"Artifact {self.name} is logged: make a new one to add files.")
        path = Path(local_path)
        if not path.is_file():
            raise UsageError(f"add_file() was given {str(local_path)!r}: there is no such file.")
        inside = check_inside(name if name is not None else path.name)
        entry = Entry(inside, *_digest(path), source=path.absolute())
        known = self._entries.get(inside)
        if known is not None and known.sha256 != entry.sha256 and not overwrite:
            raise UsageError(
                f"{inside!r} is in the artifact with another content already: give another name, "
                "or overwrite=True."
            )
        self._entries[inside] = entry
        return entry

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        merge: bool = False,
    ) -> None:
        """Add all files of a folder and the folders in it.

        Parameters
        ----------
        local_path : path-like
            The folder. Links to files are followed, links to folders are not.
        name : str, optional
            The folder inside the artifact that they go to; by default its root.
        skip_cache, policy
            Accepted for W&B's sake.
        merge : bool
            Take the place of files of the same names. Default False.

        Raises
        ------
        UsageError
            If there is no such folder; else as :meth:`add_file`.
        """
        folder = Path(local_path)
        if not folder.is_dir():
            raise UsageError(f"add_dir() was given {str(local_path)!r}: there is no such folder.")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                inside = path.relative_to(folder).as_posix()
                self.add_file(path, f"{name}/{inside}" if name else inside, overwrite=merge)

    @property
    def entries(self) -> dict[str, Entry]:
        """The files by path."""
        return dict(self._entries)

    @property
    def is_logged(self) -> bool:
        """Whether the artifact is a version in a store."""
        return self._version is not None

    @property
    def full_name(self) -> str:
        """Name and version, such as ``digits:v0``; the name alone before it is logged."""
        return self.name if self._version is None else f"{self.name}:v{self._version}"

    @property
    def file_count(self) -> int:
        """How many files it has."""
        return len(self._entries)

    @property
    def size(self) -> int:
        """All files together, in bytes."""
        return sum(entry.size_bytes for entry in self._entries.values())

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted paths and contents: the same files have the same digest."""
        lines = sorted(f"{entry.path}:{entry.sha256}\n" for entry in self._entries.values())
        return hashlib.sha256(b"tracker-artifact-v1\n" + "".join(lines).encode()).hexdigest()

    @property
    def version(self) -> str:
        """The version, such as ``v0``.

        Raises
        ------
        UsageError
            Before the artifact is logged.
        """
        if self._version is None:
            raise UsageError(f"Artifact {self.name} has no version: log it first.")
        return f"v{self._version}"

    def wait(self, timeout: float | None = None) -> Artifact:
        """Return at once: when ``log_artifact`` returns, the version is in the store."""
        return self

    def download(self, root: str | os.PathLike[str] | None = None) -> str:
        """Copy the files to a folder and return its path.

        Parameters
        ----------
        root : path-like, optional
            Default ``./artifacts/<name>-<version>``.

        Raises
        ------
        UsageError
            If the artifact was not logged.
        NotFoundError
            If the store has lost a file.
        """
        if self._objects is None:
            raise UsageError(f"Artifact {self.name} is not in a store: log it first.")
        folder = (
            Path(root) if root is not None else Path("artifacts") / f"{self.name}-{self.version}"
        )
        for entry in self._entries.values():
            target = folder / check_inside(entry.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Not through a link that stands there.
            target.unlink(missing_ok=True)
            shutil.copyfile(self._objects.path(entry.sha256), target)
        return str(folder)

    def get_path(self, name: str) -> Path:
        """Return where a file's content is in the store; read it, never write it.

        Raises
        ------
        NotFoundError
            If the artifact has no such file.
        """
        entry = self._entries.get(name)
        if entry is None or self._objects is None:
            have = ", ".join(sorted(self._entries)) or "none"
            raise NotFoundError(f"Artifact {self.name} has no file {name!r}; it has {have}.")
        return self._objects.path(entry.sha256)

    def settle(
        self, objects: Objects, version: int, aliases: Sequence[str], entries: Sequence[Entry]
    ) -> None:
        """Take on what the store knows of this version."""
        self._objects, self._version = objects, version
        self.aliases = list(aliases)
        self._entries = {entry.path: entry for entry in entries}

    def __repr__(self) -> str:
        return f"<tracker.Artifact {self.full_name} ({self.type}, {self.file_count} files)>"


def _digest(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return digest, file.tell()
    except OSError as error:
        raise UsageError(f"add_file() cannot read {str(path)!r}: {error.strerror}.") from error
