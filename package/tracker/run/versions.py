"""The artifact versions that a run makes and uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import UsageError
from tracker.run.lifetime import Lifetime

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact

REGISTRY = "model-registry"


class Versions(Lifetime):
    """A run, with the artifacts that it makes and uses."""

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | Path,
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Keep a version of an artifact as an output of this run.

        Parameters
        ----------
        artifact_or_path : Artifact or path
            The artifact, or a file or folder to make one of.
        name : str, optional
            Default ``run-<id>-<file name>`` for a path.
        type : str, optional
            Default ``"unspecified"`` for a path.
        aliases : sequence of str, optional
            Names for this version besides ``latest``.
        tags : sequence of str, optional
            Labels of this version.

        Raises
        ------
        UsageError
            If a name or a path cannot be used.
        """
        self._check_alive("log_artifact")
        from tracker.artifacts import logging as artifact_logging

        artifact = artifact_logging.as_artifact(artifact_or_path, self.id, name, type)
        if self.disabled:
            return artifact
        return artifact_logging.log_artifact(self._recorder, artifact, aliases, tags)

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """Say that this run uses a version, by ``name:alias`` or ``name:v3``, and return it.

        Parameters
        ----------
        artifact_or_name : Artifact or str
            A version, perhaps of another project (``project/name:alias``). An artifact that
            was not logged before is logged.
        type : str, optional
            The type that it must have.
        aliases : sequence of str, optional
            Names for a version that is logged by this call.
        use_as : str, optional
            Accepted for W&B's sake.

        Raises
        ------
        NotFoundError
            If there is no such version.
        UsageError
            If it is of another type, or the run is disabled.
        """
        self._check_usable("use_artifact")
        from tracker.artifacts import logging as artifact_logging

        return artifact_logging.use_artifact(self._recorder, artifact_or_name, type, aliases)

    def upsert_artifact(
        self,
        artifact_or_path: Artifact | str | Path,
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Add files to a version that several processes make together.

        It becomes a version when one of them calls :meth:`finish_artifact`.

        Parameters
        ----------
        artifact_or_path, name, type, aliases
            As of :meth:`log_artifact`.
        distributed_id : str, optional
            What the processes have in common. Default the run's group.

        Raises
        ------
        UsageError
            If there is neither a group nor a `distributed_id`; else as
            :meth:`log_artifact`.
        """
        shared = self._shared_id("upsert", distributed_id)
        from tracker.artifacts import logging as artifact_logging

        artifact = artifact_logging.as_artifact(
            artifact_or_path, self.id, name, type, "upsert_artifact"
        )
        if self.disabled:
            return artifact
        return artifact_logging.upsert_artifact(self._recorder, artifact, aliases, shared)

    def finish_artifact(
        self,
        artifact_or_path: Artifact | str | Path,
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Make a version of what :meth:`upsert_artifact` has added in all processes.

        The parameters and errors are those of :meth:`upsert_artifact`.
        """
        shared = self._shared_id("finish", distributed_id)
        from tracker.artifacts import logging as artifact_logging

        artifact = artifact_logging.as_artifact(
            artifact_or_path, self.id, name, type, "finish_artifact"
        )
        if self.disabled:
            return artifact
        return artifact_logging.log_artifact(
            self._recorder, artifact, aliases, None, distributed_id=shared
        )

    def _shared_id(self, action: str, distributed_id: str | None) -> str:
        self._check_alive(f"{action}_artifact")
        shared = distributed_id or self.group
        if not shared:
            raise UsageError(
                f"Cannot {action} artifact unless run is in a group or distributed_id is provided."
            )
        return str(shared)

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
    ) -> Artifact:
        """Put a version into a collection; see :meth:`tracker.Artifact.link`.

        An artifact that was not logged is logged first.
        """
        self._check_alive("link_artifact")
        if artifact.is_draft():
            artifact = self.log_artifact(artifact)
        if artifact.is_draft():
            return artifact  # the run is disabled, or the disk is full
        target = target_path if "/" in target_path else f"{self.project}/{target_path}"
        return artifact.link(target, aliases)

    def log_model(
        self,
        path: str | Path,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact:
        """Keep a file or a folder as a version of the type ``model``.

        Parameters
        ----------
        path : path-like
            The file or the folder.
        name : str, optional
            Default ``run-<id>-<file name>``.
        aliases : sequence of str, optional
            Names for this version besides ``latest``.

        Raises
        ------
        UsageError
            If a name or a path cannot be used.
        """
        return self.log_artifact(path, name, "model", aliases)

    def use_model(self, name: str) -> str:
        """Fetch the files of a model, and return the path of its file, or of its folder.

        Parameters
        ----------
        name : str
            ``name:alias`` or ``project/name:alias``.

        Raises
        ------
        UsageError
            If the artifact's type has no ``model`` in it.
        NotFoundError
            If there is no such version.
        """
        from tracker.artifacts import logging as artifact_logging

        self._check_usable("use_model")
        artifact = artifact_logging.find(self._recorder, name)
        _check_model(artifact)
        path = Path(self.use_artifact(artifact).download())
        inside = list(artifact.entries)
        return str(path / inside[0]) if len(inside) == 1 else str(path)

    def link_model(
        self,
        path: str | Path,
        registered_model_name: str,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact | None:
        """Keep a model, and put it into the collection of that name in ``model-registry``.

        Parameters
        ----------
        path : path-like
            The file or the folder.
        registered_model_name : str
            The collection's name, without a project.
        name : str, optional
            The artifact's name. Default ``run-<id>-<file name>``.
        aliases : sequence of str, optional
            Names for the version in the collection besides ``latest``.

        Raises
        ------
        UsageError
            If a name or a path cannot be used.
        """
        self._check_alive("link_model")
        if "/" in registered_model_name:
            raise UsageError(
                "Please provide only the name of the registered model, and no project: it is "
                f"{registered_model_name!r}."
            )
        artifact = self.log_model(path, name)
        return self.link_artifact(artifact, f"{REGISTRY}/{registered_model_name}", aliases)

    def logged_artifacts(self) -> list[Artifact]:
        """Return the versions that this run has made, in that order."""
        return self._artifacts("output")

    def used_artifacts(self) -> list[Artifact]:
        """Return the versions that this run has used, in that order."""
        return self._artifacts("input")

    def _artifacts(self, direction: str) -> list[Artifact]:
        if self.disabled:
            return []
        from tracker.artifacts import logging as artifact_logging

        if self.is_alive:
            self.flush()
        return artifact_logging.of_run(self._recorder.store, self.project, self.id, direction)

    def _check_usable(self, action: str) -> None:
        self._check_alive(action)
        if self.disabled:
            raise UsageError("This run is disabled and has no artifacts: use mode='offline'.")


def _check_model(artifact: Artifact) -> None:
    if "model" not in artifact.type.lower():
        raise UsageError(
            f"{artifact.name} is of the type {artifact.type!r}: expected an artifact whose type "
            "contains the word 'model'."
        )
