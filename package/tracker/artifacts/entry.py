"""A file of an artifact, or a reference to one that is kept elsewhere."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from tracker.errors import UsageError
from tracker.store.files.objects import copy_hashed

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact

SCHEME = "wandb-artifact"
RACY_NS = 2_000_000_000  # how coarse some file systems' times are


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells without reading it whether a file is still what it was."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Signature:
        """Return the signature of what `os.stat` said."""
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)

    def is_racy(self, now_ns: int) -> bool:
        """Say whether the file may change within the tick of the clock that it shows."""
        return max(self.mtime_ns, self.ctime_ns) > now_ns - RACY_NS


@dataclass(slots=True, eq=False)
class Entry:
    """A file of an artifact.

    Attributes
    ----------
    path : str
        Where it is in the artifact.
    size : int
        In bytes; 0 for a reference whose size is not known.
    ref : str or None
        The address of a reference.
    checksum : str or None
        What is known of a reference's content, such as ``etag:…``, ``sha256:…``.
    extra : dict
        What else is known, such as a version id in a bucket.
    local_path : Path or None
        The file that was added.
    """

    path: str
    known: str = ""
    size: int = 0
    ref: str | None = None
    checksum: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    local_path: Path | None = None
    signature: Signature | None = None
    artifact: Artifact | None = None

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content; read from the added file at the first use.

        Raises
        ------
        UsageError
            If the file has changed since it was added, or cannot be read.
        """
        if not self.known and self.local_path is not None:
            self.known = self._read_digest(self.local_path)
        return self.known

    @property
    def digest(self) -> str:
        """The SHA-256 of a file, the checksum of a reference."""
        return self.sha256 if self.ref is None else self.checksum or self.ref

    @property
    def name(self) -> str:
        """W&B's other word for `path`."""
        return self.path

    def line(self) -> str:
        """Return what this file contributes to the artifact's digest."""
        if self.ref is None:
            return f"{self.path}:{self.sha256}\n"
        return f"{self.path}:{self.ref} {self.checksum or ''}\n"

    def is_same(self, other: Entry) -> bool:
        """Say whether two entries of one path have the same content."""
        if self.ref is not None or other.ref is not None:
            return self.line() == other.line()
        if self.local_path == other.local_path and self.signature == other.signature:
            return self.local_path is not None or self.known == other.known
        return self.size == other.size and self.sha256 == other.sha256

    def in_artifact(self, artifact: object) -> Entry:
        """Return this entry as one of `artifact`, which is an Artifact."""
        self.artifact = cast("Artifact", artifact)
        return self

    def parent_artifact(self) -> Artifact:
        """Return the artifact that this is a file of.

        Raises
        ------
        UsageError
            If it is in none.
        """
        if self.artifact is None:
            raise UsageError(f"{self.path!r} is in no artifact: add it to one first.")
        return self.artifact

    def download(
        self, root: str | os.PathLike[str] | None = None, skip_cache: bool | None = None
    ) -> str:
        """Write this file below `root`, by default the artifact's own folder; return its path.

        Parameters
        ----------
        root : path-like, optional
            The folder. Default ``./artifacts/<name>-<version>``.
        skip_cache
            Accepted for W&B's sake.
        """
        artifact = self.parent_artifact()
        folder = Path(artifact.download(root, path_prefix=self.path))
        return str(folder / self.path)

    def __fspath__(self) -> str:
        """Return where the content can be read: in the store, or where it was added from."""
        if self.local_path is not None:
            return str(self.local_path)
        return str(self.parent_artifact().object_path(self))

    def ref_target(self) -> str:
        """Return the address of a reference.

        Raises
        ------
        UsageError
            If it is a file and no reference.
        """
        if self.ref is None:
            raise UsageError(f"{self.path!r} is a file and no reference.")
        return self.ref

    def ref_url(self) -> str:
        """Return an address by which this entry is named elsewhere."""
        artifact = self.parent_artifact()
        return f"{SCHEME}://{artifact.project}/{artifact.name}/{self.path}"

    def md5(self) -> str:
        """Return the MD5 of the content in base64, as W&B's manifests have it; reads the file."""
        if self.ref is not None:
            return self.digest
        with Path(self).open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        return base64.b64encode(digest.digest()).decode()

    def check_unchanged(self) -> None:
        """Refuse an added file that has changed since.

        Raises
        ------
        UsageError
            If it has changed, or is gone.
        """
        if self.local_path is None:
            return
        try:
            now = Signature.of(self.local_path.stat())
        except FileNotFoundError as error:
            raise gone(self.local_path) from error
        if now != self.signature:
            raise changed(self.local_path)

    def _read_digest(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                if Signature.of(os.fstat(file.fileno())) != self.signature:
                    raise changed(path)
                digest, _ = copy_hashed(file, None)
                return self._confirmed(file, digest, path)
        except FileNotFoundError as error:
            raise gone(path) from error
        except OSError as error:
            raise UsageError(f"add_file() cannot read {str(path)!r}: {error.strerror}.") from error

    def _confirmed(self, file: BinaryIO, digest: str, path: Path) -> str:
        if Signature.of(os.fstat(file.fileno())) != self.signature:
            raise changed(path)
        return digest

    def __repr__(self) -> str:
        where = f" → {self.ref}" if self.ref is not None else ""
        return f"<Entry {self.path}{where} ({self.size:,} bytes)>"


def changed(path: Path) -> UsageError:
    """Return the error of a file that is not what it was when it was added."""
    return UsageError(
        f"{path} has changed since add_file(): add it again, or finish writing it before."
    )


def gone(path: Path) -> UsageError:
    """Return the error of a file that is no longer there."""
    return UsageError(
        f"{path} is gone since add_file(): log the artifact before you delete its files."
    )
