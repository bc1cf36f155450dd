"""All versions of one name."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tracker.artifacts import links
from tracker.artifacts.artifact import Artifact
from tracker.artifacts.home import Home
from tracker.artifacts.saved import COLLECTION
from tracker.artifacts.words import check_alias, check_artifact_name, check_tag, check_type
from tracker.errors import NotFoundError, UsageError
from tracker.moment import Moment
from tracker.records import CollectionRecord, VersionRecord
from tracker.store.journal import facts
from tracker.store.reading import version_reads
from tracker.store.writing import documents, edits


class ArtifactCollection:
    """All versions of one name, logged or linked there.

    ``name``, ``type``, ``description``, ``tags`` and ``protected_aliases`` may be changed;
    :meth:`save` stores the changes.

    Attributes
    ----------
    name, type : str
    description : str or None
        For people.
    tags : list of str
        Labels.
    protected_aliases : list of str
        Aliases that nobody can move or take away as long as they stand here.
    """

    name: str
    type: str
    description: str | None
    tags: list[str]
    protected_aliases: list[str]

    def __init__(self, home: Home, record: CollectionRecord) -> None:
        self._home = home
        self._take(record)

    def _take(self, record: CollectionRecord) -> None:
        self._record = record
        with self._home.store.reading() as db:
            found = documents.get(db, COLLECTION, record.project, record.name)
        said = {} if found is None else found.content
        self.name, self.type = record.name, record.type
        self.description = said.get("description")
        self.tags = list(said.get("tags") or ())
        self.protected_aliases = list(said.get("protected_aliases") or ())

    @classmethod
    def find(cls, home: Home, project: str, name: str) -> ArtifactCollection:
        """Return the collection of that name.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        return cls(home, _find(home, project, name))

    @property
    def record(self) -> CollectionRecord:
        """What the store knows of it."""
        return self._record

    @property
    def project(self) -> str:
        """The project that it is in."""
        return self._record.project

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def id(self) -> str:
        """Project and name."""
        return f"{self.project}/{self._record.name}"

    @property
    def created_at(self) -> Moment:
        """When its first version was made."""
        return Moment(self._record.created_at)

    @property
    def updated_at(self) -> Moment:
        """When its last version was made."""
        return Moment(self._record.updated_at)

    @property
    def aliases(self) -> list[str]:
        """The aliases of all its versions."""
        return sorted({alias for version in self._versions() for alias in version.aliases})

    def is_sequence(self) -> bool:
        """Say whether versions are logged here, and not linked from elsewhere."""
        return not self._record.is_linked

    def artifacts(self, per_page: int = 50, start: str | None = None) -> list[Artifact]:
        """Return the versions, the newest first. `per_page` and `start` are W&B's."""
        return [Artifact.of_record(self._home, record) for record in self._versions()]

    versions = artifacts

    def change_type(self, new_type: str) -> None:
        """Give all versions another type, and store it."""
        self.type = new_type
        self.save()

    def save(self) -> None:
        """Store what was changed.

        Raises
        ------
        UsageError
            If a name, a tag or an alias cannot be used, or the name is taken.
        """
        name, kind = check_artifact_name(self.name), check_type(self.type)
        content = {
            "description": None if self.description is None else str(self.description),
            "tags": [check_tag(tag) for tag in _listed(self.tags)],
            "protected_aliases": [check_alias(alias) for alias in _listed(self.protected_aliases)],
        }
        before = self._record
        fields = {"name": name} if name != before.name else {}
        if kind != before.type:
            fields["type"] = self._changed_type(kind)
        if "name" in fields:
            self._refuse_taken(name)
        self._change(fields)
        documents.put(self._home.store, COLLECTION, before.project, name, content)
        if "name" in fields:
            documents.delete(self._home.store, COLLECTION, before.project, before.name)
        self._take(_find(self._home, before.project, name))

    def delete(self) -> None:
        """Delete the collection with all its versions; of linked ones only the links.

        Raises
        ------
        ConflictError
            If an alias is protected.
        """
        for record in self._versions():
            links.delete(self._home, record)
        documents.delete(self._home.store, COLLECTION, self.project, self._record.name)

    def _changed_type(self, kind: str) -> str:
        if not self.is_sequence():
            raise UsageError(
                f"{self.id} has linked versions: change the type where they were logged."
            )
        return kind

    def _refuse_taken(self, name: str) -> None:
        with self._home.store.reading() as db:
            taken = version_reads.next_number(db, self.project, name) > 0
        if taken:
            raise UsageError(f"There are, or were, versions named {name!r}: choose another name.")

    def _change(self, fields: dict[str, str]) -> None:
        if not fields:
            return
        now = time.time_ns() // 1000
        said: list[facts.Fact] = [
            facts.VersionChange(record.project, record.name, record.digest, now, fields)
            for record in self._versions()
        ]
        edits.change_artifacts(self._home.store, said)

    def _versions(self) -> list[VersionRecord]:
        with self._home.store.reading() as db:
            return version_reads.versions(db, self.project, self._record.name)

    def __repr__(self) -> str:
        return (
            f"<ArtifactCollection {self.id} ({self.type}, {self._record.version_count} versions)>"
        )


def _find(home: Home, project: str, name: str) -> CollectionRecord:
    with home.store.reading() as db:
        known = version_reads.collections(db, project)
    for record in known:
        if record.name == name:
            return record
    raise NotFoundError(f"There is no artifact collection {name!r} in project {project!r}.")


class ArtifactType:
    """All collections of one type in a project.

    Attributes
    ----------
    name : str
        Such as ``"model"``.
    project : str
    """

    def __init__(self, home: Home, project: str, name: str) -> None:
        self._home = home
        self.project = project
        self.name = name

    @property
    def type(self) -> str:
        """The same as `name`."""
        return self.name

    def collections(self, per_page: int = 50) -> list[ArtifactCollection]:
        """Return the collections by name. `per_page` is W&B's."""
        return collections(self._home, self.project, self.name)

    def collection(self, name: str) -> ArtifactCollection:
        """Return one collection.

        Raises
        ------
        NotFoundError
            If there is none of that name and type.
        """
        for found in self.collections():
            if found.name == name:
                return found
        raise NotFoundError(
            f"There is no artifact collection {name!r} of the type {self.name!r} in project "
            f"{self.project!r}."
        )

    def __repr__(self) -> str:
        return f"<ArtifactType {self.name} of {self.project}>"


def collections(home: Home, project: str, kind: str | None = None) -> list[ArtifactCollection]:
    """Return the collections of a project, of one type or of all."""
    with home.store.reading() as db:
        found = version_reads.collections(db, project, kind)
    return [ArtifactCollection(home, record) for record in found]


def types(home: Home, project: str) -> list[ArtifactType]:
    """Return the types of artifacts that a project has."""
    with home.store.reading() as db:
        found = {record.type for record in version_reads.collections(db, project)}
    return [ArtifactType(home, project, name) for name in sorted(found)]


def _listed(given: Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)
