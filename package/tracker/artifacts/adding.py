"""Filling an artifact: files, folders, references, objects."""

from __future__ import annotations

import json
import os
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tracker.artifacts.addresses import entries_at, is_of_artifact
from tracker.artifacts.entry import Entry, Signature
from tracker.artifacts.folders import walk
from tracker.artifacts.manifest import Manifest
from tracker.artifacts.words import check_inside
from tracker.errors import ArtifactFinalizedError, NotFoundError, UsageError
from tracker.store.files import scratch
from tracker.store.files.objects import Objects

POLICIES = ("mutable", "immutable")
MOST_OBJECTS = 10_000_000


class Adding:
    """An artifact as long as it can be filled."""

    _name: str

    def __init__(self) -> None:
        self._manifest: Manifest | None = Manifest()
        self._is_final = False
        self._folder: Path | None = None
        self._objects_added: dict[int, tuple[Any, Entry]] = {}

    @property
    def manifest(self) -> Manifest:
        """The files, by path."""
        assert self._manifest is not None
        return self._manifest

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
        is_tmp : bool
            Name it after its content instead. Default False.
        skip_cache, policy
            Accepted for W&B's sake.
        overwrite : bool
            Take the place of a file of that name. Default False.

        Raises
        ------
        UsageError
            If there is no such file, the name leaves the artifact, or it is taken by
            another content.
        """
        self._check_open("add_file")
        _check_policy(policy)
        path = Path(local_path).absolute()
        if not path.is_file():
            raise UsageError(f"add_file() was given {str(local_path)!r}: there is no such file.")
        entry = _entry(path, check_inside(name if name is not None else path.name))
        if is_tmp:
            above, _, last = entry.path.rpartition("/")
            ending = "".join(last.partition(".")[1:])
            entry.path = f"{above}/{entry.sha256[:20]}{ending}".lstrip("/")
        self.manifest.add_entry(entry, overwrite)
        return entry.in_artifact(self)

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
            The folder. Links to files and folders are followed.
        name : str, optional
            The folder inside the artifact that they go to; by default its root.
        skip_cache, policy
            Accepted for W&B's sake.
        merge : bool
            Take the place of files of the same names. Default False.

        Raises
        ------
        UsageError
            If there is no such folder, or a link in it leads nowhere; else as
            :meth:`add_file`.
        """
        self._check_open("add_dir")
        _check_policy(policy)
        folder = Path(local_path)
        if not folder.is_dir():
            raise UsageError(f"add_dir() was given {str(local_path)!r}: there is no such folder.")
        inside = f"{check_inside(name)}/" if name else ""
        for path, relative, stat in walk(folder.absolute(), "add_dir"):
            entry = _entry(path, inside + relative, stat)
            self.manifest.add_entry(entry, merge)
            entry.in_artifact(self)

    @contextmanager
    def new_file(
        self,
        name: str,
        mode: str = "x",
        encoding: str | None = None,
        policy: str | None = "mutable",
    ) -> Iterator[IO[Any]]:
        """Open a new file, which is added when the block ends.

        Parameters
        ----------
        name : str
            Its path inside the artifact.
        mode : {"x", "w", "xb", "wb", "a", "ab"}
            As of :func:`open`; with ``x`` the name must be free. Default ``"x"``.
        encoding : str, optional
            Of a text file. Default UTF-8.
        policy
            Accepted for W&B's sake.

        Raises
        ------
        UsageError
            If the name is taken, or leaves the artifact.
        """
        self._check_open("new_file")
        inside = check_inside(name)
        if not set(mode) & set("xwa"):
            raise UsageError(f"new_file() was given the mode {mode!r}: expected 'x', 'w' or 'a'.")
        if "x" in mode and self.manifest.get_entry_by_path(inside) is not None:
            raise UsageError(f"{inside!r} is in the artifact already: use mode='w' to replace it.")
        path = self._own_folder() / "files" / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        if "b" not in mode:
            encoding = encoding or "utf-8"
        with path.open(mode.replace("x", "w"), encoding=encoding) as file:
            yield file
        self.add_file(path, inside, overwrite=True)

    def add_reference(
        self,
        uri: Entry | str,
        name: str | os.PathLike[str] | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[Entry]:
        """Add what an address names without copying it; it is fetched by ``download``.

        Parameters
        ----------
        uri : str or Entry
            ``file://``, ``http://``, ``https://``, or ``s3://``, ``gs://`` and whatever else
            fsspec reads; a folder or a prefix stands for everything below it. Or a file of
            another artifact, which is kept once for both: its entry, or
            ``wandb-artifact://project/name:version/path``.
        name : str, optional
            Its path in the artifact. Default the last part of the address.
        checksum : bool
            Look at it now, and note its size and checksum or etag, so that ``download``
            notices a change. Default True.
        max_objects : int, optional
            At most so many files. Default 10,000,000.

        Returns
        -------
        list of Entry

        Raises
        ------
        UsageError
            If it is no address, cannot be reached, or has too many files.
        NotFoundError
            If there is no such artifact, or no such file in it.
        """
        self._check_open("add_reference")
        inside = None if name is None else check_inside(os.fspath(name))
        if isinstance(uri, Entry):
            made = [_same_content(uri, inside)]
        elif is_of_artifact(str(uri)):
            made = [_same_content(found, path) for found, path in entries_at(str(uri), inside)]
        else:
            from tracker.artifacts import references

            made = references.look_up(str(uri), inside, checksum, max_objects or MOST_OBJECTS)
        for entry in made:
            self.manifest.add_entry(entry)
            entry.in_artifact(self)
        return made

    def add(self, obj: Any, name: str | os.PathLike[str], overwrite: bool = False) -> Entry:
        """Add media or a table, to be read back by :meth:`get`.

        Parameters
        ----------
        obj : media
            A Table, Image, Audio, Video, Html, Object3D …, or what becomes one: a DataFrame,
            a figure.
        name : str
            Its path in the artifact; an ending such as ``.table.json`` is added.
        overwrite : bool
            Take the place of an object of that name; otherwise that one stays. Default False.

        Returns
        -------
        Entry
            Of the small file that says what the object is.

        Raises
        ------
        UsageError
            If it is no media.
        """
        from tracker.artifacts import media_files

        self._check_open("add")
        if id(obj) in self._objects_added:
            return self._objects_added[id(obj)][1]
        spool = Objects(self._own_folder() / "objects")
        reference = media_files.reference_of(obj, spool)
        inside = check_inside(media_files.with_suffix(os.fspath(name), reference["_type"]))
        known = self.manifest.get_entry_by_path(inside)
        if known is not None and not overwrite:
            return known
        for digest, place in media_files.files_of(reference, spool):
            self.add_file(spool.path(digest), place, overwrite=True)
        with self.new_file(inside, mode="w") as file:
            json.dump(reference, file, sort_keys=True)
        entry = self.manifest.entries[inside]
        self._objects_added[id(obj)] = (obj, entry)  # held, so that its id stays its own
        return entry

    def __setitem__(self, name: str, obj: Any) -> None:
        self.add(obj, name)

    def remove(self, item: str | os.PathLike[str] | Entry) -> None:
        """Take a file, or a folder with everything in it, out of the artifact.

        Parameters
        ----------
        item : path or Entry

        Raises
        ------
        NotFoundError
            If there is no such file or folder.
        """
        self._check_open("remove")
        path = item.path if isinstance(item, Entry) else os.fspath(item).strip("/")
        known = self.manifest.get_entry_by_path(path)
        found = [known] if known is not None else self.manifest.get_entries_in_directory(path)
        if not found:
            raise NotFoundError(f"No such file or directory: {path!r} is not in {self._name}.")
        for entry in found:
            self.manifest.remove_entry(entry)
            for key, (_, made) in list(self._objects_added.items()):
                if made is entry:
                    del self._objects_added[key]

    def get_added_local_path_name(self, local_path: str | os.PathLike[str]) -> str | None:
        """Return the path in the artifact of a file that was added, None if it was not."""
        path = Path(local_path).absolute()
        return next((e.path for e in self.manifest if e.local_path == path), None)

    def finalize(self) -> None:
        """Take no more files. Logging does this by itself."""
        self._is_final = True

    def _check_open(self, action: str) -> None:
        if self._is_final:
            raise ArtifactFinalizedError(
                f"'Artifact.{action}' used on logged artifact {self._name}. Can't modify "
                "finalized artifact: make a new one, or start from this one with new_draft()."
            )

    def _own_folder(self) -> Path:
        """Return a folder for files that have no other place; it goes with this object."""
        if self._folder is None:
            self._folder = scratch.new_folder()
            weakref.finalize(self, scratch.remove, self._folder)
        return self._folder


def _entry(path: Path, inside: str, stat: os.stat_result | None = None) -> Entry:
    now_ns = time.time_ns()
    try:
        signature = Signature.of(path.stat() if stat is None else stat)
    except OSError as error:
        raise UsageError(f"add_file() cannot read {str(path)!r}: {error.strerror}.") from error
    entry = Entry(inside, size=signature.size_bytes, local_path=path, signature=signature)
    if signature.is_racy(now_ns):
        entry.sha256  # noqa: B018 - read now: a change might not show in the file's times
    return entry


def _same_content(other: Entry, inside: str | None) -> Entry:
    other.parent_artifact()
    entry = Entry(
        inside or other.path, other.known, other.size, other.ref, other.checksum,
        dict(other.extra), other.local_path, other.signature,
    )  # fmt: skip
    entry.extra["from"] = other.ref_url()
    return entry


def _check_policy(policy: str | None) -> None:
    if policy is not None and policy not in POLICIES:
        raise UsageError(f"policy is {policy!r}: it may only be 'mutable' or 'immutable'.")
