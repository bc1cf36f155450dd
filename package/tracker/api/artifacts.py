"""The artifacts of a store, by project, type and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracker.api.opening import open_run
from tracker.api.reader import Reader
from tracker.artifacts.upstairs import UPSTAIRS
from tracker.errors import NotFoundError, UsageError
from tracker.records import Lineage
from tracker.store.reading import version_reads

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact
    from tracker.artifacts.collection import ArtifactCollection, ArtifactType
    from tracker.artifacts.gc import Collected
    from tracker.artifacts.home import Home
    from tracker.artifacts.registries import Registries, Registry


class ArtifactsApi:
    """The part of :class:`tracker.Api` that is about artifacts."""

    _reader: Reader

    def artifact(self, name: str, type: str | None = None) -> Artifact:
        """Return one version.

        Parameters
        ----------
        name : str
            ``"project/name:alias"``, ``"project/name:v3"``; without an alias the latest,
            without a project the only artifact of that name.
        type : str, optional
            The type that it must have.

        Raises
        ------
        NotFoundError
            If there is none; the message says what there is.
        UsageError
            If it is of another type, or several projects have that name.
        """
        from tracker.artifacts.finding import find

        return find(self._home(), name, None, type)

    def artifacts(
        self,
        type_name: str | None = None,
        name: str | None = None,
        order: str | None = None,
        per_page: int = 50,
        tags: list[str] | str | None = None,
        start: str | None = None,
    ) -> list[Artifact]:
        """Return the versions of a name, the newest first.

        Parameters
        ----------
        type_name : str, optional
            Only of this type. Default all.
        name : str, optional
            ``"project/name"``, or a name alone for all projects. Default all names.
        order : {"-created_at", "+created_at"}, optional
            Default the newest first.
        tags : list of str, optional
            Only versions that have all of them.
        per_page, start
            Accepted for W&B's sake.

        Raises
        ------
        UsageError
            If `order` is another word.
        """
        from tracker.artifacts.artifact import Artifact

        if order not in (None, "-created_at", "+created_at", "created_at"):
            raise UsageError(f"order is {order!r}: expected '+created_at' or '-created_at'.")
        project, last = _split(name)
        wanted = {tags} if isinstance(tags, str) else set(tags or ())
        home = self._home()
        with home.store.reading() as db:
            found = version_reads.versions(db, project, last, type_name)
        found = [record for record in found if wanted.issubset(record.tags)]
        if order in ("+created_at", "created_at"):
            found.reverse()
        return [Artifact.of_record(home, record) for record in found]

    def artifact_versions(self, type_name: str, name: str, per_page: int = 50) -> list[Artifact]:
        """Return the versions of a name; W&B's old name of :meth:`artifacts`."""
        return self.artifacts(type_name, name)

    def artifact_types(
        self, project: str | None = None, start: str | None = None
    ) -> list[ArtifactType]:
        """Return the types of artifacts that a project has; without one, of all projects."""
        from tracker.artifacts.collection import types

        home = self._home()
        named = _last(project)
        projects = [named] if named else self._projects()
        return [found for each in projects for found in types(home, each)]

    def artifact_type(self, type_name: str, project: str | None = None) -> ArtifactType:
        """Return one type of a project.

        Raises
        ------
        NotFoundError
            If the project has no artifact of that type.
        """
        for found in self.artifact_types(project):
            if found.name == type_name:
                return found
        raise NotFoundError(f"There is no artifact of the type {type_name!r} in {project!r}.")

    def artifact_collections(
        self,
        project_name: str,
        type_name: str | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> list[ArtifactCollection]:
        """Return the names that have versions in a project, with what is known of each.

        Parameters
        ----------
        project_name : str
        type_name : str, optional
            Only of this type. Default all.
        order, per_page, start
            Accepted for W&B's sake.
        """
        from tracker.artifacts.collection import collections

        return collections(self._home(), _last(project_name) or "", type_name)

    def artifact_collection(self, type_name: str, name: str) -> ArtifactCollection:
        """Return what is known of ``"project/name"``.

        Raises
        ------
        NotFoundError
            If there is none of that name and type.
        """
        project, last = _split(name)
        if project is None or last is None:
            raise UsageError(f"name is {name!r}: expected 'project/name'.")
        return self.artifact_type(type_name, project).collection(last)

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Say whether there is a version of that name, as :meth:`artifact` takes it."""
        try:
            self.artifact(name, type)
        except (NotFoundError, UsageError):
            return False
        return True

    def artifact_collection_exists(self, name: str, type: str) -> bool:
        """Say whether there is a version of ``"project/name"`` of that type."""
        try:
            self.artifact_collection(type, name)
        except (NotFoundError, UsageError):
            return False
        return True

    def registries(
        self,
        organization: str | None = None,
        filter: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Registries:
        """Return the registries: ``.collections(filter)`` and ``.versions(filter)`` go on.

        Parameters
        ----------
        filter : mapping, optional
            Conditions on ``name``, ``description``, ``created_at`` and ``updated_at``, in W&B's
            Mongo style, such as ``{"name": {"$regex": "model"}}``.
        order : str, optional
            ``"name"``, ``"created_at"`` or ``"updated_at"``, with ``-`` before it the other
            way round. Default by name.
        organization, per_page, start
            Accepted for W&B's sake.

        Raises
        ------
        QueryError
            If a field or an operator of the filter does not exist.
        UsageError
            If `order` is another word.
        """
        from tracker.artifacts.registries import registries

        return registries(self._home(), filter, order)

    def registry(self, name: str, organization: str | None = None) -> Registry:
        """Return one registry by its name, with or without ``wandb-registry-``.

        Raises
        ------
        NotFoundError
            If nothing is linked to a registry of that name.
        """
        from tracker.artifacts.registries import registry

        return registry(self._home(), name)

    def lineage(self, name: str) -> Lineage:
        """Return what led to a version and what came of it; `name` as of :meth:`artifact`."""
        return self.artifact(name).lineage()

    def gc(self, dry_run: bool = True, grace_s: float = 3600.0) -> Collected:
        """Remove what no version, run, report or alias holds, or say what would be removed.

        Parameters
        ----------
        dry_run : bool
            Only say it. Default True.
        grace_s : float
            What was put in place within this time stays, in seconds. Default an hour.

        Raises
        ------
        ConflictError
            If an artifact is being logged right now.
        StoreError
            If the database cannot be read: then nothing is removed.
        """
        from tracker.artifacts.gc import collect

        return collect(self._home(), dry_run=dry_run, grace_s=grace_s)

    def _home(self) -> Home:
        from tracker.artifacts.home import Home

        self._reader.recover()
        return Home(self._reader.store)

    def _projects(self) -> list[str]:
        with self._reader.open() as db:
            return sorted({record.project for record in version_reads.collections(db)})


def _split(name: str | None) -> tuple[str | None, str | None]:
    if name is None:
        return None, None
    *around, last = name.split("/")
    return (around[-1] if around else None), last or None


def _last(path: str | None) -> str | None:
    return path.strip("/").rpartition("/")[2] if path else None


UPSTAIRS.open_run = open_run
