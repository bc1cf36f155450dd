"""A workspace: what the panel of a project shows and how, as a document that can be saved.

::

    {"version": 1,
     "runset": {"filter": "config.lr > 0.1", "search": "", "order": [["created_at", "desc"]],
                "group_by": ["config.lr"], "first": 10 or "all", "hidden": [ids], "shown": [ids],
                "only": [ids], "baseline": id, "columns": [names], "pinned": [names],
                "widths": {name: pixels}},
     "curves": {"x": "step", "smoothing": {"kind": "time-weighted", "amount": 0.5}, …},
     "sections": [{"name": "train", "open": true, "panels": [panel, …]}, …],
     "removed": [ids of panels that are not shown]}

Every field may be missing; unknown ones are kept. A panel is ``{"id", "kind", "title", "width",
"height", …}``. Metrics that no section holds are shown all the same, in the section of their
prefix, unless they are among the removed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from tracker.errors import NotFoundError, UsageError
from tracker.store.database.connection import Connection
from tracker.store.store import Store
from tracker.store.writing import documents

KIND: Final = "workspace"
DEFAULT: Final = "default"
VERSION: Final = 1


class Workspace:
    """The workspace that a panel has open. Its methods may be called from any thread.

    Parameters
    ----------
    project : str
    name : str
        Opened if the project has one of this name. Default ``"default"``.

    Attributes
    ----------
    content : dict
        The document; replaced and never changed in place.
    version : int
        The saved version that it began with; 0 if it was never saved.
    is_changed : bool
        Whether it differs from what is saved.
    newer : int or None
        A version that somebody else has saved since, while this one was changed.
    """

    def __init__(self, project: str, name: str = DEFAULT) -> None:
        self.project = project
        self.name = name
        self.content: dict[str, Any] = {}
        self.version = 0
        self.is_changed = False
        self.newer: int | None = None
        self._names: list[str] = []
        self._guard = threading.RLock()

    def part(self, name: str) -> dict[str, Any]:
        """Return a part of the document, empty if it is missing or no object."""
        found = self.content.get(name)
        return found if isinstance(found, dict) else {}

    def refresh(self, db: Connection) -> None:
        """Take over what was saved elsewhere, unless there are changes here that it would undo."""
        saved = {found.name: found for found in documents.find(db, KIND, self.project)}
        with self._guard:
            self._names = sorted(saved)
            found = saved.get(self.name)
            if found is None:
                if self.version and not self.is_changed:
                    self._take(DEFAULT, {}, 0)
                self.newer = None
            elif found.version == self.version:
                self.newer = None
            elif self.is_changed:
                self.newer = found.version
            else:
                self._take(found.name, found.content, found.version)

    def patch(self, patch: Mapping[str, Any]) -> None:
        """Change the document by a merge patch (RFC 7396): null takes a field away."""
        with self._guard:
            content = merged(self.content, patch)
            self.is_changed = self.is_changed or content != self.content
            self.content = content

    def hold(self, content: dict[str, Any]) -> None:
        """Show a document, as if it had been arranged here."""
        with self._guard:
            self.content, self.is_changed = content, True

    def reset(self) -> None:
        """Go back to what is shown where nothing was ever arranged."""
        with self._guard:
            self.is_changed = bool(self.version) or bool(self.is_changed and self.version)
            self.content = {}

    def save(self, store: Store, name: str | None = None, *, replace: bool = False) -> None:
        """Save it, under another name if one is given.

        Raises
        ------
        ConflictError
            If somebody else has saved another version since, unless it may be replaced.
        UsageError
            If the name is empty.
        """
        with self._guard:
            name = self._checked(self.name if name is None else name)
            expected = self.version if name == self.name else 0
            content = {**self.content, "version": VERSION}
            saved = documents.put(
                store, KIND, self.project, name, content, expected=None if replace else expected
            )
            self._take(name, saved.content, saved.version)

    def load(self, store: Store, name: str) -> None:
        """Open a saved workspace; changes that were not saved are given up.

        Raises
        ------
        NotFoundError
            If there is none of this name.
        """
        with store.reading() as db:
            found = documents.get(db, KIND, self.project, name)
        if found is None:
            raise NotFoundError(
                f"There is no workspace {name!r} in project {self.project!r}: "
                "it may have been deleted or renamed."
            )
        with self._guard:
            self._take(name, found.content, found.version)

    def rename(self, store: Store, name: str) -> None:
        """Give the saved workspace another name.

        Raises
        ------
        ConflictError
            If there is one of that name, or somebody else has saved this one since.
        UsageError
            If the name is empty.
        """
        with self._guard:
            before = self.name
            if self._checked(name) == before:
                return
            self.save(store, name)
            documents.delete(store, KIND, self.project, before)

    def delete(self, store: Store, name: str) -> None:
        """Delete a saved workspace; if it is the open one, what it shows is kept, unsaved."""
        with self._guard:
            documents.delete(store, KIND, self.project, name)
            if name == self.name:
                self.name, self.version, self.newer = DEFAULT, 0, None
                self.is_changed = bool(self.content)

    def as_message(self) -> dict[str, Any]:
        """Return what a page knows of it."""
        with self._guard:
            return {
                "name": self.name,
                "names": self._names,
                "content": self.content,
                "is_saved": self.version > 0,
                "is_changed": self.is_changed,
                "is_newer_elsewhere": self.newer is not None,
            }

    def _take(self, name: str, content: dict[str, Any], version: int) -> None:
        self.name, self.content, self.version = name, content, version
        self.is_changed, self.newer = False, None

    def _checked(self, name: str) -> str:
        name = name.strip()
        if not name or len(name) > 100:
            raise UsageError(f"A workspace's name is {name!r}: expected 1 to 100 characters.")
        return name


def merged(target: Any, patch: Any) -> Any:
    """Return a JSON value changed by a merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    found = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found
