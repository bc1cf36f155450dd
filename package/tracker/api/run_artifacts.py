"""The artifacts of a stored run, and its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tracker.api.reader import Reader
from tracker.errors import UsageError
from tracker.records import Lineage
from tracker.store.journal import facts
from tracker.store.reading.lineage import lineage
from tracker.store.writing import edits

if TYPE_CHECKING:
    from tracker.artifacts.artifact import Artifact
    from tracker.records import RunRecord


class RunArtifacts:
    """What a stored run made and used."""

    _reader: Reader
    _record: RunRecord

    def logged_artifacts(self, per_page: int = 100) -> list[Artifact]:
        """Return the versions that the run made, in that order. `per_page` is W&B's."""
        return self._artifacts("output")

    def used_artifacts(self, per_page: int = 100) -> list[Artifact]:
        """Return the versions that the run used, in that order. `per_page` is W&B's."""
        return self._artifacts("input")

    def lineage(self) -> Lineage:
        """Return everything that led to this run and that came of it, to any depth."""
        with self._reader.open() as db:
            return lineage(db, run_keys=[self._record.run_key])

    def use_artifact(self, artifact: Artifact, use_as: str | None = None) -> Artifact:
        """Say that this run used a version.

        Parameters
        ----------
        artifact : Artifact
            A logged one.
        use_as
            Accepted for W&B's sake.

        Raises
        ------
        UsageError
            If it was not logged.
        """
        return self._say("input", artifact)

    def log_artifact(
        self,
        artifact: Artifact,
        aliases: list[str] | None = None,
        tags: list[str] | None = None,
    ) -> Artifact:
        """Say that this run made a version that is logged already.

        Parameters
        ----------
        artifact : Artifact
            A logged one.
        aliases, tags : list of str, optional
            Further names and labels for it.

        Raises
        ------
        UsageError
            If it was not logged, or a name cannot be used.
        """
        self._say("output", artifact)
        if aliases or tags:
            artifact.aliases += [each for each in aliases or [] if each not in artifact.aliases]
            artifact.tags += [each for each in tags or [] if each not in artifact.tags]
            artifact.save()
        return artifact

    def delete(self, delete_artifacts: bool = False) -> None:
        """Delete the run and everything that it logged, for good.

        Parameters
        ----------
        delete_artifacts : bool
            The versions that it made too, with their aliases. Default False: they stay.

        Raises
        ------
        UsageError
            If a living process is still writing it.
        """
        made = self.logged_artifacts() if delete_artifacts else []
        self._reader.store.delete_run(self._record.project, self._record.run_id)
        for artifact in made:
            if artifact.state != "DELETED":
                artifact.delete(delete_aliases=True)

    def _say(self, direction: str, artifact: Artifact) -> Artifact:
        if artifact.is_draft():
            raise UsageError(
                f"Artifact {artifact.name} is not logged: log it in a run that is being recorded."
            )
        said = facts.Version(
            direction, artifact.project, artifact.collection_name, artifact.type, artifact.digest,
            time.time_ns() // 1000, is_known=True,
        )  # fmt: skip
        record = self._record
        edits.amend(self._reader.store, record.project, record.run_id, [said])
        return artifact

    def _artifacts(self, direction: str) -> list[Artifact]:
        from tracker.artifacts.logging import of_run

        self._reader.recover()
        record = self._record
        return of_run(self._reader.store, record.project, record.run_id, direction)
