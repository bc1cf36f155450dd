"""Contents of artifacts kept at an address, such as a bucket: each content once, by its SHA-256."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from tracker.artifacts.file_systems import open_system, said
from tracker.artifacts.threads import THREADS, WAITING_THREADS
from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.store.files.objects import INCOMING, copy_hashed

MARKER = "tracker-store.json"
# There an object appears whole or not at all. Elsewhere it is written under another name first.
_WHOLE = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "memory"}
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")
_BATCH = 1000
_OBJECT = re.compile(r"(?:^|/)([0-9a-f]{2})/([0-9a-f]{62})$")


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """An object as a listing shows it.

    Attributes
    ----------
    digest : str
        Empty for a file that was being written.
    path : str
        In its file system.
    size : int
        In bytes.
    time_s : float or None
        When it was written, in seconds since 1970; None where that is not told.
    """

    digest: str
    path: str
    size: int
    time_s: float | None


class RemoteObjects:
    """Objects at an address that fsspec reads and writes.

    Parameters
    ----------
    url : str
        Such as ``s3://bucket/prefix``.

    Raises
    ------
    UsageError
        When it is used first, if its driver is not installed.
    StoreError
        From all methods: if the address cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._is_seen = False

    @property
    def threads(self) -> int:
        """How many may use it at once: one, where it may be a single connection."""
        if self._is_whole:
            return WAITING_THREADS
        return THREADS if self._scheme in ("file", "local") else 1

    def claim(self, store_id: str) -> None:
        """Mark the address as that of one store, which alone may remove what is there.

        Raises
        ------
        UsageError
            If it is that of another store.
        """
        content = json.dumps({"store": store_id}).encode()
        with self._reaching("written"):
            self._make_folders(self._folder)
            with suppress(FileExistsError):
                self._system.pipe_file(f"{self._folder}/{MARKER}", content, mode="create")
            found = self._system.cat_file(f"{self._folder}/{MARKER}")
        if found != content:
            raise UsageError(
                f"artifact_home is {self.url!r}: another store keeps its artifacts there. Give "
                f"this one an address of its own, such as {self.url}-2."
            )

    def size(self, digest: str) -> int | None:
        """Return how large an object is, in bytes; None if it is not there."""
        with self._reaching("read"):
            try:
                return int(self._system.info(self._path(digest))["size"])
            except FileNotFoundError:
                return None

    def put(self, source: Path, digest: str) -> None:
        """Send a file; its object is there whole when this returns, and never in part."""
        path, size = self._path(digest), source.stat().st_size
        with self._reaching("written"):
            if not self._is_seen:
                self._see_marker()
            if self._is_whole:
                self._system.put_file(str(source), path)
            else:
                partial = f"{self._folder}/{INCOMING}/{token_hex(8)}"
                self._make_folders(f"{self._folder}/{INCOMING}")
                self._make_folders(path.rpartition("/")[0])
                self._system.put_file(str(source), partial)
                self._system.mv(partial, path)
        if (arrived := self.size(digest)) != size:
            raise StoreError(
                f"The artifact home {self.url} has {arrived} bytes of the object {digest}, and "
                f"{size} were sent."
            )

    def get(self, digest: str, target: Path) -> None:
        """Fetch an object into a file; whether it is unharmed is for others to see.

        Raises
        ------
        NotFoundError
            If it is not there.
        """
        with self._reading(digest):
            self._system.get_file(self._path(digest), str(target))

    def digest(self, digest: str) -> str:
        """Read an object whole and return its SHA-256, which is `digest` if it is unharmed.

        Raises
        ------
        NotFoundError
            If it is not there.
        """
        with self._reading(digest), self._system.open(self._path(digest), "rb") as reader:
            return copy_hashed(reader, None)[0]

    def all(self) -> list[RemoteObject]:
        """Return every object, and files that were being written."""
        with self._reaching("listed"):
            self._see_marker()
            found = self._system.find(self._folder, detail=True)
        return list(self._objects(found))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files by their paths."""
        wanted = list(paths)
        with self._reaching("written"):
            for start in range(0, len(wanted), _BATCH):
                self._system.rm(wanted[start : start + _BATCH])

    # --- within

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        system, path = open_system(self.url, "The artifact home")
        return system, path.rstrip("/")

    @property
    def _system(self) -> Any:
        return self._opened[0]

    @property
    def _folder(self) -> str:
        return self._opened[1]

    @property
    def _is_whole(self) -> bool:
        return self._scheme in _WHOLE

    @property
    def _scheme(self) -> str:
        return urlsplit(self.url).scheme.lower()

    def _see_marker(self) -> None:
        """See that this is the place that was claimed, and no empty folder without its disk."""
        self._system.info(f"{self._folder}/{MARKER}")
        self._is_seen = True

    def _path(self, digest: str) -> str:
        return f"{self._folder}/{digest[:2]}/{digest[2:]}"

    def _make_folders(self, path: str) -> None:
        if not self._is_whole:  # object stores have none, and a bucket is for its owner to make
            self._system.makedirs(path, exist_ok=True)

    def _objects(self, found: dict[str, dict[str, Any]]) -> Iterator[RemoteObject]:
        for path, info in found.items():
            named = _OBJECT.search(path[len(self._folder) :])
            if named or f"/{INCOMING}/" in path[len(self._folder) :]:
                digest = "".join(named.groups()) if named else ""
                yield RemoteObject(digest, path, int(info.get("size") or 0), _time_s(info))

    @contextmanager
    def _reading(self, digest: str) -> Iterator[None]:
        with self._reaching("read"):
            try:
                yield
            except FileNotFoundError as error:
                raise NotFoundError(f"There is no object {digest!r} in {self.url}.") from error

    @contextmanager
    def _reaching(self, done: str) -> Iterator[None]:
        try:
            yield
        except (NotFoundError, UsageError, StoreError):
            raise
        except Exception as error:  # every file system has errors of its own
            raise StoreError(
                f"The artifact home {self.url} cannot be {done}: {said(error)}."
            ) from error


def _time_s(info: dict[str, Any]) -> float | None:
    told = next((info[key] for key in _TIMES if info.get(key)), None)
    if isinstance(told, str):
        try:
            told = datetime.fromisoformat(told)
        except ValueError:
            return None
    if isinstance(told, datetime):
        return told.timestamp()
    return float(told) if isinstance(told, int | float) else None
