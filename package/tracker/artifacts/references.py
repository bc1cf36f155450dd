"""Files that stay where they are: looked at when they are added, verified when fetched."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from tracker.artifacts.entry import Entry
from tracker.artifacts.file_systems import is_s3, open_system
from tracker.artifacts.folders import walk
from tracker.artifacts.words import check_inside
from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.store.files.objects import copy_hashed

TIMEOUT_S = 30.0
# What file systems of fsspec say of a file that changes with its content, best first.
_MARKS = ("ETag", "etag", "md5Hash", "content_md5", "checksum", "VersionId", "version_id")
_TIMES = ("LastModified", "last_modified", "mtime", "updated")


def look_up(uri: str, name: str | None, checksum: bool, most: int) -> list[Entry]:
    """Return the entries that an address stands for.

    Raises
    ------
    UsageError
        If it is no address, cannot be reached, or has too many files.
    """
    scheme = urlsplit(uri).scheme.lower()
    if len(scheme) < 2:
        raise UsageError(
            f"add_reference() was given {uri!r}: references must be URIs. To reference a local "
            "file, use file://"
        )
    default = name or check_inside(unquote(uri.split("#")[0].split("?")[0]).rstrip("/")
                                   .rpartition("/")[2])  # fmt: skip
    if not checksum:
        return [Entry(default, ref=uri)]
    if scheme == "file":
        return _of_files(uri, name, default, most)
    if scheme in ("http", "https"):
        return [_of_page(uri, default)]
    return _of_fsspec(uri, name, default, most)


def fetch(entry: Entry, target: Path) -> None:
    """Write what a reference stands for to `target`, and see that it is what was added.

    Raises
    ------
    NotFoundError
        If it is no longer there.
    StoreError
        If it has changed since it was added, or cannot be read.
    """
    assert entry.ref is not None
    try:
        with _opened(entry) as (source, found), target.open("wb") as sink:
            digest, size = copy_hashed(source, sink)
    except FileNotFoundError as error:
        raise NotFoundError(f"{entry.ref}, a reference of {entry.path!r}, is gone.") from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{entry.ref} cannot be fetched: {error}.") from error
    _compare(entry, digest, size, found)


def _compare(entry: Entry, digest: str, size: int, found: str | None) -> None:
    expected = entry.checksum
    if expected is not None and expected.startswith("sha256:"):
        found = f"sha256:{digest}"
    if None not in (found, expected) and found != expected:
        raise StoreError(
            f"{entry.ref} has changed since it was added: expected {expected} and found {found}. "
            "Add it again for a new version."
        )
    if entry.size and entry.size != size:
        raise StoreError(
            f"{entry.ref} has changed since it was added: expected {entry.size:,} bytes and found "
            f"{size:,}."
        )


# --- files of this machine


def _of_files(uri: str, name: str | None, default: str, most: int) -> list[Entry]:
    path = _local(uri)
    if path.is_file():
        return [_of_file(path, default, uri)]
    if not path.is_dir():
        raise UsageError(f"add_reference() was given {uri!r}: there is no such file.")
    made: list[Entry] = []
    for found, relative, _ in walk(path, "add_reference"):
        if len(made) >= most:
            raise _too_many(uri, most)
        inside = check_inside(f"{name}/{relative}" if name else relative)
        made.append(_of_file(found, inside, found.absolute().as_uri()))
    return made


def _of_file(path: Path, inside: str, uri: str) -> Entry:
    with path.open("rb") as file:
        digest, size = copy_hashed(file, None)
    return Entry(inside, size=size, ref=uri, checksum=f"sha256:{digest}")


def _local(uri: str) -> Path:
    parts = urlsplit(uri)
    host = f"//{parts.netloc}" if parts.netloc and parts.netloc != "localhost" else ""
    # Not urlsplit's path: a '?' or '#' belongs to a file's name.
    rest = uri.split(":", 1)[1].removeprefix(f"//{parts.netloc}")
    return Path(url2pathname(host + rest)) if os.name == "nt" else Path(unquote(host + rest))


# --- pages


def _of_page(uri: str, inside: str) -> Entry:
    try:
        with _request(uri, "HEAD") as answer:
            headers = answer.headers
    except urllib.error.HTTPError as error:
        if error.code not in (403, 405, 501):
            raise _unreachable(uri, error) from error
        try:
            with _request(uri, "GET") as answer:  # a server that knows no HEAD
                headers = answer.headers
        except OSError as again:
            raise _unreachable(uri, again) from again
    except (OSError, ValueError) as error:
        raise _unreachable(uri, error) from error
    size = headers.get("Content-Length", "")
    return Entry(
        inside, size=int(size) if size.isdecimal() else 0, ref=uri, checksum=_mark_of(headers)
    )


def _request(uri: str, method: str) -> Any:
    # Without compression: an etag and a length are those of what is sent.
    request = urllib.request.Request(uri, method=method, headers={"Accept-Encoding": "identity"})
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)


def _mark_of(headers: Any) -> str | None:
    for name, word in (("ETag", "etag"), ("Last-Modified", "modified")):
        if headers.get(name):
            return f"{word}:{headers[name]}"
    return None


# --- everything else


def _of_fsspec(uri: str, name: str | None, default: str, most: int) -> list[Entry]:
    system, path = open_system(uri, "The reference")
    try:
        if system.isfile(path):
            return [_of_object(default, uri, system.info(path))]
        found = system.find(path, detail=True)
    except Exception as error:  # every file system has errors of its own
        raise _unreachable(uri, error) from error
    if not found:
        raise UsageError(f"add_reference() was given {uri!r}: there is no such file.")
    if len(found) > most:
        raise _too_many(uri, most)
    made = []
    for place, info in found.items():
        relative = place[len(path) :].lstrip("/")
        inside = check_inside(f"{name}/{relative}" if name else relative)
        made.append(_of_object(inside, system.unstrip_protocol(place), info))
    return made


def _of_object(inside: str, uri: str, info: dict[str, Any]) -> Entry:
    version = info.get("VersionId") or info.get("version_id")
    extra = {"version_id": str(version)} if version else {}
    return Entry(inside, size=int(info.get("size") or 0), ref=uri, checksum=_mark(info),
                 extra=extra)  # fmt: skip


def _mark(info: dict[str, Any]) -> str | None:
    for key in (*_MARKS, *_TIMES):
        if info.get(key):
            return f"{'etag' if key in _MARKS[:2] else key}:{info[key]}"
    return None


@contextmanager
def _opened(entry: Entry) -> Iterator[tuple[BinaryIO, str | None]]:
    """Open what a reference stands for, and say what marks its content."""
    uri = entry.ref or ""
    scheme = urlsplit(uri).scheme.lower()
    if scheme == "file":
        with _local(uri).open("rb") as file:
            yield file, None
    elif scheme in ("http", "https"):
        try:
            answer = _request(uri, "GET")
        except urllib.error.HTTPError as error:
            if error.code in (404, 410):
                raise FileNotFoundError(uri) from error
            raise
        with answer:
            yield answer, _mark_of(answer.headers)
    else:
        # An old version of an object is still the one that was added.
        chosen = {"version_id": entry.extra["version_id"]} if _has_version(entry) else {}
        options = {"version_aware": True} if chosen else {}
        system, path = open_system(uri, "The reference", **options)
        with system.open(path, "rb", **chosen) as file:
            yield file, _mark(system.info(path, **chosen))


def _has_version(entry: Entry) -> bool:
    return entry.ref is not None and is_s3(entry.ref) and "version_id" in entry.extra


def _unreachable(uri: str, error: Exception) -> UsageError:
    return UsageError(
        f"add_reference() cannot look at {uri!r}: {error}. Use checksum=False to add it unseen."
    )


def _too_many(uri: str, most: int) -> UsageError:
    return UsageError(
        f"{uri!r} has more than {most:,} files: name a smaller part of it, or raise max_objects."
    )
