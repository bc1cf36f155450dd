"""A set of named files that is logged as one version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tracker.artifacts import links
from tracker.artifacts.entry import Entry
from tracker.artifacts.html import artifact_html
from tracker.artifacts.reading import Readable
from tracker.artifacts.saved import ArtifactTTL
from tracker.artifacts.upstairs import UPSTAIRS
from tracker.errors import UsageError
from tracker.records import Lineage
from tracker.store.reading import version_reads
from tracker.store.reading.lineage import lineage

__all__ = ["Artifact", "ArtifactTTL"]


class Artifact(Readable):
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
    incremental : bool
        Begin with the files of the latest version when it is logged. Default False.
    use_as
        Accepted for W&B's sake.

    Raises
    ------
    UsageError
        If a name cannot be used.
    """

    # --- further versions ---------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> Artifact:
        """Return at once: when ``log_artifact`` returns, the version is in the store."""
        return self

    def new_draft(self) -> Artifact:
        """Return an artifact of the same name with the same files, to be changed and logged."""
        home, _ = self._at_home("new_draft")
        draft = Artifact(self.source_name.partition(":")[0], self.type)
        draft.metadata, draft.description = self.metadata, self.description
        draft._project, draft._home = self.source_project, home
        draft.take(self.manifest)
        return draft

    def take(self, entries: Iterable[Entry]) -> None:
        """Add copies of the entries of another artifact whose paths are free here."""
        for entry in entries:
            if self.manifest.get_entry_by_path(entry.path) is None:
                copy = Entry(
                    entry.path, entry.known, entry.size, entry.ref, entry.checksum,
                    dict(entry.extra), entry.local_path, entry.signature, self,
                )  # fmt: skip
                self.manifest.add_entry(copy)

    def delete(self, delete_aliases: bool = False) -> None:
        """Delete this version: its number is not given again, its files go at the next clean-up.

        Of a link only the link is deleted.

        Parameters
        ----------
        delete_aliases : bool
            Delete it though it has aliases. Default False.

        Raises
        ------
        UsageError
            If it has aliases.
        ConflictError
            If one of them is protected.
        """
        home, record = self._at_home("delete")
        if self.is_link:
            self.unlink()
            return
        aliases = list(record.aliases)
        if aliases and not delete_aliases:
            raise UsageError(
                f"{self.name} has the aliases {', '.join(aliases)}: move them to another version "
                "first, or use delete_aliases=True."
            )
        links.delete(home, record)
        self._reload()

    # --- collections --------------------------------------------------------------------------

    def link(self, target_path: str, aliases: Iterable[str] | str | None = None) -> Artifact:
        """Put this version into a collection, such as ``"wandb-registry-model/digits"``.

        Parameters
        ----------
        target_path : str
            ``"collection"`` or ``"project/collection"``; a registry is a project of its own.
        aliases : iterable of str, optional
            Names for it there besides ``latest``.

        Returns
        -------
        Artifact
            The version in the collection.

        Raises
        ------
        UsageError
            If a name cannot be used.
        ConflictError
            If an alias is protected there.
        """
        if self.is_draft():
            self.save()
        home, record = self._at_home("link")
        return Artifact.of_record(home, links.link(home, record, target_path, aliases))

    def unlink(self) -> None:
        """Take this version out of the collection that it is linked to.

        Raises
        ------
        UsageError
            If it is not a link.
        """
        home, record = self._at_home("unlink")
        if not self.is_link:
            raise UsageError(
                f"Artifact {self.qualified_name!r} is not a linked artifact and cannot be "
                "unlinked. To delete it, use 'delete' instead."
            )
        links.delete(home, record)
        self._reload()

    @property
    def collection(self) -> Any:
        """The :class:`~tracker.artifacts.collection.ArtifactCollection` that it stands in."""
        from tracker.artifacts.collection import ArtifactCollection

        home, record = self._at_home("collection")
        return ArtifactCollection.find(home, record.project, record.name)

    @property
    def source_collection(self) -> Any:
        """The collection that it was logged to."""
        from tracker.artifacts.collection import ArtifactCollection

        home, _ = self._at_home("source_collection")
        name = self.source_name.partition(":")[0]
        return ArtifactCollection.find(home, self.source_project, name)

    @property
    def linked_artifacts(self) -> list[Artifact]:
        """The links to this version; of a link none."""
        home, record = self._at_home("linked_artifacts")
        with home.store.reading() as db:
            found = version_reads.links(db, record.version_key)
        return [Artifact.of_record(home, each) for each in found]

    @property
    def source_artifact(self) -> Artifact:
        """The version that a link leads to; else itself."""
        home, record = self._at_home("source_artifact")
        if record.source is None:
            return self
        with home.store.reading() as db:
            found = version_reads.find(
                db, record.source[0], record.source[1], alias=f"v{record.source[2]}"
            )
        assert found is not None
        return Artifact.of_record(home, found)

    # --- lineage ------------------------------------------------------------------------------

    def logged_by(self) -> Any:
        """Return the run that made this version, None if it was deleted."""
        _, record = self._at_home("logged_by")
        return None if record.run is None else self._open(record.run)

    def used_by(self) -> list[Any]:
        """Return the runs that have used this version, or a link to it."""
        home, record = self._at_home("used_by")
        with home.store.reading() as db:
            found = version_reads.runs_of(db, record.version_key, "input")
        return [self._open(run) for run in found]

    def lineage(self) -> Lineage:
        """Return everything that led to this version and that came of it, to any depth.

        :func:`tracker.figures.lineage.lineage_figure` draws it.
        """
        home, _ = self._at_home("lineage")
        with home.store.reading() as db:
            return lineage(db, version_keys=[self._node_key(db)])

    def upstream(self, type: str | None = None) -> list[Artifact]:
        """Return the versions that led to this one, the nearest first.

        Parameters
        ----------
        type : str, optional
            Only these: ``model.upstream(type="dataset")`` is the data that made a model.
        """
        return self._along("before", type)

    def downstream(self, type: str | None = None) -> list[Artifact]:
        """Return the versions that came of this one, the nearest first; see :meth:`upstream`."""
        return self._along("after", type)

    def _along(self, way: str, type: str | None) -> list[Artifact]:
        home, _ = self._at_home("lineage")
        with home.store.reading() as db:
            found = lineage(db, version_keys=[self._node_key(db)])
            nodes = getattr(found, way)(found.starts[0])
            keys = [
                node.key
                for node in nodes
                if node.kind == "version" and (type is None or node.type == type)
            ]
            records = {each.version_key: each for each in version_reads.by_key(db, keys)}
        return [Artifact.of_record(home, records[key]) for key in keys]

    def _node_key(self, db: Any) -> int:
        record = self._logged("lineage")
        if record.source is None:
            return record.version_key
        found = version_reads.find(
            db, record.source[0], record.source[1], alias=f"v{record.source[2]}"
        )
        return record.version_key if found is None else found.version_key

    def _open(self, run: tuple[str, str]) -> Any:
        home, _ = self._at_home("logged_by")
        assert UPSTAIRS.open_run is not None
        return UPSTAIRS.open_run(home.store, *run)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.manifest)

    def _repr_html_(self) -> str:
        return artifact_html(self)

    def __repr__(self) -> str:
        files = "file" if self.file_count == 1 else "files"
        return f"<tracker.Artifact {self.name} ({self.type}, {self.file_count:,} {files})>"
