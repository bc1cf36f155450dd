"""What of an artifact may be changed after it was logged."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any

from tracker.artifacts.described import Described
from tracker.artifacts.home import Home
from tracker.artifacts.upstairs import UPSTAIRS
from tracker.artifacts.words import check_aliases, check_metadata, check_tag, listed
from tracker.errors import ConflictError, UsageError
from tracker.records import VersionRecord
from tracker.store.journal import facts
from tracker.store.writing import documents, edits
from tracker.store.writing.versions import LATEST

COLLECTION = "collection"  # kind of the documents that say what a collection is


class ArtifactTTL(Enum):
    """What ``artifact.ttl`` may be set to besides a time and None."""

    INHERIT = 0


class Saved(Described):
    """An artifact whose words may be changed, logged or not."""

    # --- what may be changed ------------------------------------------------------------------

    @property
    def description(self) -> str | None:
        """For people; changes of a logged artifact wait for :meth:`save`."""
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        self._description = None if description is None else str(description)

    @property
    def metadata(self) -> dict[str, Any]:
        """At most 100 keys; changes of a logged artifact wait for :meth:`save`."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Mapping[str, Any]) -> None:
        self._metadata = check_metadata(metadata)

    @property
    def aliases(self) -> list[str]:
        """Names for this version; changes wait for :meth:`save`, and take them from others."""
        return self._aliases

    @aliases.setter
    def aliases(self, aliases: Sequence[str]) -> None:
        self._logged("aliases")
        self._aliases = check_aliases(aliases)

    @property
    def tags(self) -> list[str]:
        """Labels of this version; changes wait for :meth:`save`."""
        return self._tags

    @tags.setter
    def tags(self, tags: Sequence[str]) -> None:
        self._logged("tags")
        self._tags = list(dict.fromkeys(check_tag(tag) for tag in listed(tags)))

    @property
    def ttl(self) -> timedelta | None:
        """How long it is kept from its making: then a clean-up removes it. None for ever."""
        return None if self._ttl_s is None else timedelta(seconds=self._ttl_s)

    @ttl.setter
    def ttl(self, ttl: timedelta | ArtifactTTL | None) -> None:
        if self.is_link:
            raise UsageError(
                "Cannot set TTL for link artifact. Unlink the artifact first, or set the TTL of "
                "its source."
            )
        if ttl is None or ttl is ArtifactTTL.INHERIT:
            self._ttl_s = None  # nothing to inherit: there are no teams
        elif not isinstance(ttl, timedelta) or ttl.total_seconds() < 1:
            raise UsageError(f"ttl is {ttl!r}: expected a timedelta of at least a second, or None.")
        else:
            self._ttl_s = int(ttl.total_seconds())

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Store the changes of a logged artifact; log one that is not.

        Parameters
        ----------
        project : str, optional
            Where to log it if there is no current run: a run is begun for it.
        settings
            Of that run.

        Raises
        ------
        UsageError
            If an alias or a tag cannot be used, or an alias is protected.
        """
        if self._record is None:
            if UPSTAIRS.log is None:
                raise UsageError(f"There is no run to log {self._name} with: tracker.init() first.")
            UPSTAIRS.log(self, project, settings)
            return
        home, record = self._at_home("save")
        own, shared = self._changes(record)
        _refuse_protected(home, record, own)
        said: list[facts.Fact] = []
        now = time.time_ns() // 1000
        if own:
            said.append(_change(record.project, record.name, record.digest, now, own))
        if shared:
            place = _source(record)
            said.append(_change(*place, now, shared))
        if said:
            edits.change_artifacts(home.store, said)
        self._reload()

    def _changes(self, record: VersionRecord) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what changed of the version itself, and of what links share with their source."""
        aliases = check_aliases(self._aliases)
        tags = [check_tag(tag) for tag in dict.fromkeys(listed(self._tags))]
        if LATEST in record.aliases and LATEST not in aliases:
            aliases.append(LATEST)  # it moves by itself
        own = _difference("aliases", record.aliases, aliases)
        shared = _difference("tags", record.tags, tags)
        was = {
            "description": record.description,
            "metadata": record.metadata,
            "ttl_s": record.ttl_s,
        }
        now = {
            "description": self._description,
            "metadata": check_metadata(self._metadata),
            "ttl_s": self._ttl_s,
        }
        # By their text, in which NaN equals NaN, and 1, 1.0 and True differ.
        return own, shared | {k: v for k, v in now.items() if repr(v) != repr(was[k])}


def _source(record: VersionRecord) -> tuple[str, str, str]:
    if record.source is None:
        return record.project, record.name, record.digest
    return record.source[0], record.source[1], record.digest


def _change(
    project: str, name: str, digest: str, now_us: int, fields: dict[str, Any]
) -> facts.VersionChange:
    return facts.VersionChange(project, name, digest, now_us, fields)


def _difference(what: str, before: Sequence[str], now: Sequence[str]) -> dict[str, list[str]]:
    found = {
        f"{what}_added": [word for word in now if word not in before],
        f"{what}_removed": [word for word in before if word not in now],
    }
    return {key: words for key, words in found.items() if words}


def _refuse_protected(home: Home, record: VersionRecord, changes: dict[str, Any]) -> None:
    touched = {*changes.get("aliases_added", ()), *changes.get("aliases_removed", ())}
    if touched:
        refuse_protected(home, record.project, record.name, touched)


def refuse_protected(home: Home, project: str, name: str, aliases: set[str]) -> None:
    """Refuse to move aliases that a collection protects.

    Raises
    ------
    ConflictError
        Naming one.
    """
    with home.store.reading() as db:
        found = documents.get(db, COLLECTION, project, name)
    taken = sorted(aliases & set(found.content.get("protected_aliases") or ())) if found else []
    if taken:
        raise ConflictError(
            f"The alias {taken[0]!r} of {project}/{name} is protected: take it out of the "
            "collection's protected_aliases first."
        )
