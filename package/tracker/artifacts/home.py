"""Where logged artifacts live: a store with its objects, and perhaps a remote home for them."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

from tracker.artifacts.known_files import KnownFiles
from tracker.artifacts.remote import RemoteObjects
from tracker.errors import NotFoundError, StoreError, UsageError
from tracker.store.files import lock
from tracker.store.files.objects import Objects
from tracker.store.files.whole_file import partial_file, settle
from tracker.store.store import Store

LOCK = "artifacts.lock"
HOME_FILE = "artifact_home.json"


class Home:
    """A store as artifacts use it.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @cached_property
    def objects(self) -> Objects:
        """The contents of files, as far as they are on this machine."""
        return Objects(self.store.objects_dir)

    @cached_property
    def known(self) -> KnownFiles:
        """The digests of files that were read before."""
        return KnownFiles(self.store.root)

    @cached_property
    def remote(self) -> RemoteObjects | None:
        """Where the contents of artifacts are kept for good, if that is not this store.

        Raises
        ------
        StoreError
            If the file that says it cannot be read.
        """
        found = _read(self.store.root)
        return None if found is None else RemoteObjects(found["url"])

    def refuse_copy(self) -> None:
        """See that this store is the one that its remote home was given to, and no copy of it.

        Raises
        ------
        UsageError
            If it is a copy, which does not know what the other store holds.
        """
        found = _read(self.store.root)
        if found is not None and found["folder"] != _number(self.store.root):
            raise UsageError(
                f"The store {self.store.root} is a copy of another, which may hold files in "
                f"{found['url']} that nothing holds here: clean up there. If the other store is "
                f'gone, write "folder": "{_number(self.store.root)}" into '
                f"{self.store.root / HOME_FILE}."
            )

    def path(self, digest: str) -> Path:
        """Return a file of this machine with a content; it is fetched if it is not here.

        Raises
        ------
        NotFoundError
            If the store has lost it.
        StoreError
            If it cannot be fetched, or is damaged there.
        """
        try:
            return self.objects.path(digest)
        except NotFoundError:
            remote = self.remote
            if remote is None:
                raise
        return self.objects.take(digest, lambda target: remote.get(digest, target), remote.url)


def settle_home(root: Path, url: str) -> None:
    """Make an address the home of a store's artifacts, once and for all its processes.

    Parameters
    ----------
    root : Path
        The store's directory.
    url : str
        Such as ``s3://bucket/prefix``.

    Raises
    ------
    UsageError
        If it is no address, its driver is not installed, or the store or the address has
        another already.
    StoreError
        If it cannot be reached.
    """
    url = _checked(url)
    if not _is_settled(root, url):
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with lock.locked(root / LOCK):
            if not _is_settled(root, url):
                found = {"url": url, "store": token_hex(16), "folder": _number(root)}
                RemoteObjects(url).claim(found["store"])
                partial = root / f"{HOME_FILE}.{token_hex(4)}.partial"
                with partial_file(partial) as writer:
                    writer.write(json.dumps(found).encode())
                    settle(writer, partial, root / HOME_FILE)


def _is_settled(root: Path, url: str) -> bool:
    found = _read(root)
    if found is not None and found["url"] != url:
        raise UsageError(
            f"artifact_home is {url!r}, but this store keeps its artifacts in {found['url']}. To "
            f"move them, copy everything there to the new address, and write that into "
            f"{root / HOME_FILE}."
        )
    return found is not None


def _read(root: Path) -> dict[str, str] | None:
    path = root / HOME_FILE
    try:
        found = json.loads(path.read_bytes())
        return {name: str(found[name]) for name in ("url", "store", "folder")}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}, which names the artifact home, cannot be read.") from error


def _number(root: Path) -> str:
    """Return what tells a store's folder from a copy of it, on every machine that shares it."""
    return str(root.stat().st_ino)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme or not (parts.netloc or parts.path.strip("/")) or "://" not in url:
        raise UsageError(
            f"artifact_home is {url!r}: expected an address such as s3://bucket/prefix or "
            "file:///mnt/share."
        )
    if parts.password is not None:
        raise UsageError(
            "artifact_home has a password in it, which everybody would read in the store: give it "
            "by the driver's own variables or files."
        )
    return url.rstrip("/")
