"""What a page may change: the workspace, and names, tags and notes of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tracker.errors import NotFoundError, UsageError
from tracker.panels.page.source import Tell
from tracker.panels.workspace.workspace import Workspace
from tracker.store.reading import read
from tracker.store.store import Store

Action = Callable[[Store, Workspace, Mapping[str, Any], Tell], None]
# What changes the store, and not only what is shown of it.
WRITING: Final = frozenset({"save", "rename", "forget", "edit", "delete"})


def act(store: Store, workspace: Workspace, message: Mapping[str, Any], tell: Tell) -> None:
    """Do what a page asks for; unknown kinds of messages are passed over.

    Raises
    ------
    TrackerError
        If it cannot be done.
    """
    action = _ACTIONS.get(str(message.get("type")))
    if action is not None:
        action(store, workspace, message, tell)


def edit(store: Store, workspace: Workspace, message: Mapping[str, Any], tell: Tell) -> None:
    """Change name, tags or notes of runs; ``add_tags`` and ``remove_tags`` leave the others."""
    changes = message.get("changes")
    if not isinstance(changes, Mapping) or not changes:
        raise UsageError(f"Changes of runs are {changes!r}: expected name, tags or notes.")
    unknown = set(changes) - {"name", "tags", "notes", "add_tags", "remove_tags"}
    if unknown:
        raise UsageError(f"{min(unknown)!r} of a run cannot be changed here.")

    def change(run_id: str) -> None:
        store.edit(workspace.project, run_id, _changes(store, workspace.project, run_id, changes))

    _each(message, change, "Changing", tell)


def delete(store: Store, workspace: Workspace, message: Mapping[str, Any], tell: Tell) -> None:
    """Delete runs with all that they logged."""
    _each(message, lambda name: store.delete_run(workspace.project, name), "Deleting", tell)


def _each(message: Mapping[str, Any], work: Callable[[str], None], verb: str, tell: Tell) -> None:
    """Do something to each run; one that cannot be done does not stop the others."""
    runs = _runs(message)
    failed = ""
    for number, run_id in enumerate(runs):
        if len(runs) > 1:
            tell({"type": "progress", "text": f"{verb} run {number + 1} of {len(runs)} …"})
        try:
            work(run_id)
        except (NotFoundError, UsageError) as error:
            failed = failed or str(error)
    if len(runs) > 1:
        tell({"type": "progress", "text": ""})
    if failed:
        raise UsageError(failed)


def _runs(message: Mapping[str, Any]) -> Sequence[str]:
    runs = message.get("runs")
    if not isinstance(runs, list):
        raise UsageError(f"Runs are {runs!r}: expected a list of ids.")
    return [str(run) for run in runs]


def _changes(store: Store, project: str, run_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in changes:
        found["name"] = str(changes["name"]).strip()
        if not found["name"]:
            raise UsageError("A run's name is empty: expected at least one character.")
    if "notes" in changes:
        found["notes"] = str(changes["notes"])
    if "tags" in changes:
        found["tags"] = _tags(changes["tags"])
    added, removed = _tags(changes.get("add_tags", ())), _tags(changes.get("remove_tags", ()))
    if added or removed:
        with store.reading() as db:
            record = read.run(db, project, run_id)
        before = found.get("tags", list(record.tags) if record else [])
        found["tags"] = [tag for tag in dict.fromkeys([*before, *added]) if tag not in removed]
    return found


def _tags(given: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(text for tag in given if (text := str(tag).strip())))


def _save(store: Store, workspace: Workspace, message: Mapping[str, Any], _: Tell) -> None:
    name = message.get("name")
    replace = message.get("replace") is True
    workspace.save(store, None if name is None else str(name), replace=replace)


_ACTIONS: dict[str, Action] = {
    "workspace": lambda _s, workspace, message, _t: workspace.patch(message.get("patch") or {}),
    "save": _save,
    "load": lambda store, workspace, said, _: workspace.load(store, str(said.get("name"))),
    "rename": lambda store, workspace, said, _: workspace.rename(store, str(said.get("name"))),
    "forget": lambda store, workspace, said, _: workspace.delete(store, str(said.get("name"))),
    "reset": lambda _s, workspace, _m, _t: workspace.reset(),
    "edit": edit,
    "delete": delete,
}
