"""Reading and fetching what an artifact holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracker.artifacts import fetching, media_files
from tracker.artifacts.entry import Entry
from tracker.artifacts.saved import Saved
from tracker.errors import EntryNotFoundError, UsageError

FOLDER = "artifacts"


class Readable(Saved):
    """An artifact with its files."""

    # --- reading ------------------------------------------------------------------------------

    def get_entry(self, name: str | os.PathLike[str]) -> Entry:
        """Return the file of that path, or the one that stands for an object of that name.

        Raises
        ------
        EntryNotFoundError
            If there is none.
        """
        self._logged("get_entry")
        return self._entry_of(os.fspath(name))

    def _entry_of(self, name: str) -> Entry:
        for path in media_files.names(name):
            entry = self.manifest.get_entry_by_path(path)
            if entry is not None:
                return entry.in_artifact(self)
        have = sorted(self.manifest.entries)
        shown = ", ".join(have[:10]) + (f" and {len(have) - 10} more" if len(have) > 10 else "")
        raise EntryNotFoundError(
            f"Path not contained in artifact: {name!r}. {self.name} has {shown or 'no files'}."
        )

    def get_path(self, name: str | os.PathLike[str]) -> Entry:
        """Return the file of that path; W&B's old name of :meth:`get_entry`."""
        return self.get_entry(name)

    def object_path(self, entry: Entry | str) -> Path:
        """Return where a file's content is on this machine: read it there, never write it.

        From a remote home it is fetched first.

        Raises
        ------
        EntryNotFoundError
            If the artifact has no such file.
        NotFoundError
            If the store has lost it, or it is a reference.
        """
        home, _ = self._at_home("object_path")
        found = self._entry_of(entry) if isinstance(entry, str) else entry
        return home.path(found.sha256)

    def get(self, name: str) -> Any:
        """Return an object that was added by :meth:`add`, None if there is no such object."""
        home, _ = self._at_home("get")
        try:
            entry = self._entry_of(name)
        except EntryNotFoundError:
            return None
        if entry.ref is not None or not entry.path.endswith(".json"):
            return None
        return media_files.read(home.path(entry.sha256).read_bytes(), home.path)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def files(
        self, names: Sequence[str] | None = None, per_page: int = 50, start: str | None = None
    ) -> list[Entry]:
        """Return the files by path: all, or only those of the given paths.

        Parameters
        ----------
        names : sequence of str, optional
            Paths.
        per_page, start
            Accepted for W&B's sake.
        """
        self._logged("files")
        wanted = None if names is None else set(names)
        return [
            entry.in_artifact(self)
            for path, entry in sorted(self.manifest.entries.items())
            if wanted is None or path in wanted
        ]

    # --- fetching -----------------------------------------------------------------------------

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | os.PathLike[str] | None = None,
        multipart: bool | None = None,
        link: bool = False,
    ) -> str:
        """Write the files below a folder and return its path; what is there already stays.

        Parameters
        ----------
        root : path-like, optional
            Default ``./artifacts/<name>-<version>``.
        allow_missing_references : bool
            Warn of references that are gone instead of raising. Default False.
        path_prefix : str, optional
            Only the files whose paths begin so.
        link : bool
            Make hard links to the store's own files, which take no time and no room and must
            not be written to: they are read-only. Default False: copies, which share their
            blocks with the store where the file system can do that.
        skip_cache, multipart
            Accepted for W&B's sake.

        Raises
        ------
        ArtifactNotLoggedError
            If the artifact was not logged.
        NotFoundError, StoreError
            If the store has lost a file, or a reference has changed.
        UsageError
            If a path would leave the folder.
        """
        home, _ = self._at_home("download")
        folder = Path(root) if root is not None else self._default_root()
        prefix = "" if path_prefix is None else os.fspath(path_prefix)
        entries = [entry for entry in self.manifest if entry.path.startswith(prefix)]
        fetching.fetch_all(
            home, entries, folder, link=link, allow_missing_references=allow_missing_references
        )
        return str(folder)

    def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """Make a folder what the artifact is: other files in it are removed.

        Parameters
        ----------
        root : path-like, optional
            Default ``./artifacts/<name>``.

        Returns
        -------
        str
            The folder's path.
        """
        self._logged("checkout")
        folder = Path(root) if root is not None else Path(FOLDER) / self._name
        fetching.remove_others(self.manifest, folder)
        return self.download(folder)

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """See that every file is what was logged; references are not read.

        Parameters
        ----------
        root : path-like, optional
            A folder that must hold these files and no others. Default: the store's own files,
            and ``./artifacts/<name>-<version>`` if it is there.

        Raises
        ------
        StoreError, NotFoundError
            Naming the first file that is lost, too much, or of another content.
        """
        self._logged("verify")
        if root is None:
            self.verify_kept()
        folder = Path(root) if root is not None else self._default_root()
        if root is not None or folder.is_dir():
            fetching.verify_folder(self.manifest, folder, self.name)

    def verify_kept(self, sound: set[str] | None = None) -> None:
        """See that the store's own files, and those of its remote home, are what was logged.

        Parameters
        ----------
        sound : set of str, optional
            Contents that are not read again, by SHA-256; those that are found sound are added.
            Give one set for many versions, and what they share is read once.

        Raises
        ------
        StoreError, NotFoundError
            Naming the first file that is lost, or of another content.
        """
        home, _ = self._at_home("verify")
        fetching.verify_objects(home, self.manifest, self.name, set() if sound is None else sound)

    def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """Fetch the only file and return its path.

        Raises
        ------
        UsageError
            If the artifact has more than one file, or none.
        """
        self._logged("file")
        if len(self.manifest) != 1:
            raise UsageError(
                f"This artifact contains {len(self.manifest)} files and not one: call .download() "
                'to get all of them or .get_entry("filename").download().'
            )
        return next(iter(self.manifest)).in_artifact(self).download(root)

    def _default_root(self) -> Path:
        chosen = os.environ.get("TRACKER_ARTIFACT_DIR") or os.environ.get("WANDB_ARTIFACT_DIR")
        return Path(chosen or FOLDER) / self.source_name.replace(":", "-")
