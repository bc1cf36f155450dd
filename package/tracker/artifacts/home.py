"""Where logged artifacts live: a store with its objects."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.artifacts.known_files import KnownFiles
from tracker.store.objects import Objects
from tracker.store.store import Store


@dataclass(frozen=True, slots=True)
class Home:
    """A store as artifacts use it."""

    store: Store

    @property
    def objects(self) -> Objects:
        """The contents of files."""
        return Objects(self.store.objects_dir)

    @property
    def known(self) -> KnownFiles:
        """The digests of files that were read before."""
        return KnownFiles(self.store.root)
