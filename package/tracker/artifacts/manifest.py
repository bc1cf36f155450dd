"""Which files an artifact has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from tracker.artifacts.entry import Entry
from tracker.artifacts.words import check_inside
from tracker.errors import NotFoundError, UsageError


class Manifest:
    """The files of an artifact, by path.

    Attributes
    ----------
    entries : dict of str to Entry
        In the order in which they were added.
    """

    manifest_version = 1

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = {entry.path: entry for entry in entries}
        self._folders: set[str] | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self.entries.values()))

    def add_entry(self, entry: Entry, overwrite: bool = False) -> None:
        """Add a file.

        Raises
        ------
        UsageError
            If its path leaves the artifact, or is taken.
        """
        entry.path = check_inside(entry.path)
        known = self.entries.get(entry.path)
        if known is not None and not overwrite and not known.is_same(entry):
            raise UsageError(
                f"{entry.path!r} is in the artifact with another content already: give another "
                "name, or overwrite=True."
            )
        if known is None:
            self._note_folders(entry.path)
        self.entries[entry.path] = entry

    def remove_entry(self, entry: Entry) -> None:
        """Take a file out.

        Raises
        ------
        NotFoundError
            If it is not in the artifact.
        """
        if self.entries.pop(entry.path, None) is None:
            raise NotFoundError(f"There is no {entry.path!r} in the artifact, nothing to remove.")
        self._folders = None

    def get_entry_by_path(self, path: str) -> Entry | None:
        """Return the file of that path, None if there is none."""
        return self.entries.get(path)

    def get_entries_in_directory(self, directory: str) -> list[Entry]:
        """Return the files below a folder."""
        return [entry for path, entry in self.entries.items() if path.startswith(f"{directory}/")]

    def size(self) -> int:
        """Return how large all files are together, in bytes."""
        return sum(entry.size for entry in self.entries.values())

    def digest(self) -> str:
        """Return the SHA-256 over sorted paths and contents: the same files, the same digest."""
        lines = sorted(entry.line() for entry in self.entries.values())
        return hashlib.sha256(b"tracker-artifact-v1\n" + "".join(lines).encode()).hexdigest()

    def wandb_digest(self) -> str:
        """Return the digest that W&B gives to the same files; reads all of them."""
        digest = hashlib.md5(b"wandb-artifact-manifest-v1\n", usedforsecurity=False)
        for path, entry in sorted(self.entries.items()):
            digest.update(f"{path}:{entry.md5()}\n".encode())
        return digest.hexdigest()

    def to_manifest_json(self) -> dict[str, Any]:
        """Return the manifest in W&B's form, with its MD5 digests; reads all files."""
        contents: dict[str, dict[str, Any]] = {}
        for path, entry in sorted(self.entries.items()):
            contents[path] = {"digest": entry.md5(), "size": entry.size}
            if entry.ref is not None:
                contents[path]["ref"] = entry.ref
            if entry.extra:
                contents[path]["extra"] = entry.extra
        return {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": contents,
        }

    def _note_folders(self, path: str) -> None:
        """Refuse a file that is where another one has its folder."""
        if self._folders is None:
            self._folders = {folder for known in self.entries for folder in _folders(known)}
        above = _folders(path)
        in_the_way = next((folder for folder in above if folder in self.entries), None)
        if in_the_way is not None or path in self._folders:
            raise UsageError(
                f"{in_the_way or path!r} cannot be a file and a folder in one artifact: give "
                "another name."
            )
        self._folders.update(above)

    def __repr__(self) -> str:
        return f"<Manifest of {len(self)} files, {self.size():,} bytes>"


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
