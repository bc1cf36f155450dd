"""Registries: projects for collections of versions that are linked there, to be searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from tracker.artifacts.artifact import Artifact
from tracker.artifacts.collection import ArtifactCollection, collections
from tracker.artifacts.home import Home
from tracker.errors import NotFoundError, UsageError
from tracker.moment import Moment
from tracker.records import CollectionRecord
from tracker.store.reading import version_reads
from tracker.store.reading.described_filters import matching
from tracker.store.writing import documents

PREFIX = "wandb-registry-"
OLD_REGISTRY = "model-registry"  # where link_model links to
REGISTRY = "registry"
_ORDERS = ("name", "created_at", "updated_at")

Item = TypeVar("Item")


class Versions(list[Artifact]):
    """Versions, the newest of each collection first."""


class Collections(list[ArtifactCollection]):
    """Collections, with the versions of all of them."""

    def __init__(self, home: Home, found: Iterable[ArtifactCollection]) -> None:
        super().__init__(found)
        self._home = home

    def versions(
        self,
        filter: Mapping[str, Any] | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """Return the versions in these collections.

        Parameters
        ----------
        filter : mapping, optional
            Conditions on ``tag``, ``alias``, ``created_at``, ``updated_at`` and
            ``metadata.KEY``, in W&B's Mongo style.
        per_page, start
            Accepted for W&B's sake.

        Raises
        ------
        QueryError
            If a field or an operator does not exist.
        """
        found = [version for each in self for version in each.artifacts()]
        fields = ("tag", "alias", "created_at", "updated_at", "metadata.")
        return Versions(_filtered(self._home, found, _said_of_version, filter, fields))


class Registry:
    """A registry: a project whose name begins with ``wandb-registry-``.

    ``description`` may be changed; :meth:`save` stores it.

    Attributes
    ----------
    name : str
        Without the prefix.
    full_name : str
        The project.
    description : str
    """

    def __init__(self, home: Home, full_name: str) -> None:
        self._home = home
        self.full_name = full_name
        self.name = full_name.removeprefix(PREFIX)
        self.load()

    def load(self) -> None:
        """Read anew what the store knows of it."""
        with self._home.store.reading() as db:
            self._records = version_reads.collections(db, self.full_name)
            found = documents.get(db, REGISTRY, self.full_name, "")
        self.description = "" if found is None else str(found.content.get("description") or "")

    def save(self) -> None:
        """Store its description."""
        said = {"description": str(self.description)}
        documents.put(self._home.store, REGISTRY, self.full_name, "", said)

    @property
    def entity(self) -> str:
        """W&B's account name; empty here."""
        return ""

    @property
    def organization(self) -> str:
        """W&B's organization; empty here."""
        return ""

    @property
    def visibility(self) -> str:
        """Who may see it: here everybody who may read the store."""
        return "organization"

    @property
    def allow_all_artifact_types(self) -> bool:
        """Whether versions of any type may be linked there; here always."""
        return True

    @property
    def artifact_types(self) -> list[str]:
        """The types of what is linked there."""
        return sorted({record.type for record in self._records})

    @property
    def created_at(self) -> Moment:
        """When the first version was linked there."""
        return Moment(min(record.created_at for record in self._records))

    @property
    def updated_at(self) -> Moment:
        """When the last version was linked there."""
        return Moment(max(record.updated_at for record in self._records))

    def collections(
        self,
        filter: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Collections:
        """Return its collections; see :meth:`Registries.collections`."""
        return Registries(self._home, [self]).collections(filter, order)

    def versions(
        self,
        filter: Mapping[str, Any] | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """Return the versions in its collections; see :meth:`Collections.versions`."""
        return self.collections().versions(filter)

    def said(self) -> dict[str, Any]:
        """Return what filters of registries ask for."""
        return {
            "name": [self.name, self.full_name],
            "description": self.description,
            "created_at": min(record.created_at for record in self._records),
            "updated_at": max(record.updated_at for record in self._records),
        }

    def __repr__(self) -> str:
        return f"<Registry {self.name} ({len(self._records)} collections)>"


class Registries(list[Registry]):
    """Registries, with the collections and versions of all of them."""

    def __init__(self, home: Home, found: Iterable[Registry]) -> None:
        super().__init__(found)
        self._home = home

    def collections(
        self,
        filter: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Collections:
        """Return the collections of these registries.

        Parameters
        ----------
        filter : mapping, optional
            Conditions on ``name``, ``tag``, ``description``, ``created_at`` and
            ``updated_at``, in W&B's Mongo style.
        order : str, optional
            ``"name"``, ``"created_at"`` or ``"updated_at"``, with ``-`` before it the other
            way round. Default by registry and name.
        per_page, start
            Accepted for W&B's sake.

        Raises
        ------
        QueryError
            If a field or an operator does not exist.
        UsageError
            If `order` is another word.
        """
        found = [
            collection for each in self for collection in collections(self._home, each.full_name)
        ]
        fields = ("name", "tag", "description", "created_at", "updated_at")
        chosen = _filtered(self._home, found, _said_of_collection, filter, fields)
        return Collections(self._home, _ordered(chosen, order))

    def versions(
        self,
        filter: Mapping[str, Any] | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """Return the versions in these registries; see :meth:`Collections.versions`."""
        return self.collections().versions(filter)


def registries(
    home: Home, filter: Mapping[str, Any] | None = None, order: str | None = None
) -> Registries:
    """Return the registries of a store, by name.

    Raises
    ------
    QueryError
        If a field or an operator of the filter does not exist.
    UsageError
        If `order` is no order.
    """
    with home.store.reading() as db:
        known = version_reads.collections(db)
    names = sorted({record.project for record in known if _is_registry(record)})
    fields = ("name", "description", "created_at", "updated_at")
    found = [Registry(home, name) for name in names]
    chosen = _filtered(home, found, Registry.said, filter, fields)
    return Registries(home, _ordered(chosen, order))


def registry(home: Home, name: str) -> Registry:
    """Return one registry, by its name with or without the prefix.

    Raises
    ------
    NotFoundError
        If nothing is linked to a registry of that name.
    """
    found = registries(home)
    for each in found:
        if name in (each.name, each.full_name):
            return each
    have = ", ".join(each.name for each in found) or "none"
    raise NotFoundError(f"There is no registry {name!r}: the store has {have}.")


def _is_registry(record: CollectionRecord) -> bool:
    return record.project.startswith(PREFIX) or (
        record.project == OLD_REGISTRY and record.is_linked
    )


def _said_of_collection(collection: ArtifactCollection) -> dict[str, Any]:
    record = collection.record
    return {
        "name": collection.name,
        "tag": collection.tags,
        "description": collection.description,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _said_of_version(version: Artifact) -> dict[str, Any]:
    record = version.record
    return {
        "tag": list(record.tags),
        "alias": [f"v{record.version}", *record.aliases],
        "metadata": dict(record.metadata),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def _filtered(
    home: Home,
    found: list[Item],
    describe: Callable[[Item], Mapping[str, Any]],
    filter: Mapping[str, Any] | None,
    fields: tuple[str, ...],
) -> list[Item]:
    if filter is None:
        return found
    with home.store.reading() as db:
        return matching(db, found, describe, filter, fields)


def _ordered(found: Iterable[Item], order: str | None) -> list[Item]:
    if order is None:
        return list(found)
    name = order.lstrip("+-")
    if name not in _ORDERS:
        raise UsageError(f"order is {order!r}: expected {', '.join(_ORDERS)}, or '-' before it.")
    return sorted(found, key=lambda each: getattr(each, name), reverse=order.startswith("-"))
