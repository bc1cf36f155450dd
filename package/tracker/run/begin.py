"""Makes the run: its first frame in a journal, and the face that its user gets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tracker.errors import StoreDamagedError, StoreError, StoreLockedError
from tracker.run.config import Config
from tracker.run.config_keeper import is_artifact
from tracker.run.disabled import NullRecorder
from tracker.run.origin import Origin
from tracker.run.recorder import Recorder, now_us
from tracker.run.run import Run
from tracker.settings import STORE_FOLDER, Settings
from tracker.store import recovery
from tracker.store.journal import facts
from tracker.store.reading import read
from tracker.store.store import Store
from tracker.store.writing.sessions import SHARED

Result = TypeVar("Result")
INHERITED = ("group", "job_type", "notes", "tags", "sweep_id")


@dataclass(frozen=True)
class Wish:
    """What ``init`` was given for a run.

    Attributes
    ----------
    project : str
    fields : dict
        name, group, job_type, notes, tags and sweep_id, None where not given.
    config : dict
        The values that the user gave.
    defaults : dict
        Values of ``config-defaults.yaml``.
    is_free : bool
        Whether config values may change.
    """

    project: str
    fields: dict[str, Any]
    config: dict[str, Any]
    defaults: dict[str, Any]
    is_free: bool


def begin(settings: Settings, store: Store, wish: Wish, origin: Origin) -> Run:
    """Begin a run that is recorded.

    Raises
    ------
    StoreError
        If its journal cannot be written, or the remote home of artifacts cannot be reached.
    UsageError
        If the remote home of artifacts cannot be used.
    TypeError
        If a config value is media.
    """
    if settings.artifact_home:
        from tracker.artifacts.home import settle_home

        settle_home(store.root, settings.artifact_home)
    previous = origin.previous
    inherited = {name: getattr(previous, name) for name in INHERITED} if previous else {}
    given = {name: value for name, value in wish.fields.items() if value is not None}
    fields = {"tags": [], **inherited, **given, "name": origin.name}
    values = {name: value for name, value in wish.config.items() if not is_artifact(value)}
    chosen, plain = _plain(wish.defaults), _plain(values)
    config = {**chosen, **(previous.config if previous else {}), **plain}
    # Of a shared run only what is given here: others may be changing the rest now.
    is_shared = origin.resume in SHARED
    told = {**given, "name": origin.name} if is_shared else fields
    first = facts.Begin(
        wish.project, origin.run_id, now_us(),
        fields={**told, "tags": list(told["tags"])} if "tags" in told else told,
        config={**chosen, **plain} if is_shared else config, resume=origin.resume,
        fork_from=origin.fork_from, fork_step=origin.fork_step, rewind_to=origin.rewind_to,
    )  # fmt: skip
    try:
        recorder = Recorder(settings, store, first, origin.first_step)
    except OSError as error:
        raise StoreError(
            f"The journal of a run cannot be written in {store.journal_dir}: {error.strerror}. "
            "Make space there, or choose another place with TRACKER_DIR or tracker.init(dir=…)."
        ) from error
    _hide_from_git(store)
    if previous is not None:
        recorder.go_on(origin.rules, previous.summary)
    if previous is not None or origin.is_named:
        # So that its summary is that of before, and nobody else begins a run of that id.
        with contextlib.suppress(StoreError):
            recorder.flush()
    run = Run(
        recorder, config, fields, allow_val_change=wish.is_free, resumed=origin.is_resumed,
        offset_s=_runtime_before_s(store, wish.project, origin),
        first_line=origin.first_line,
    )  # fmt: skip
    artifacts = {name: value for name, value in wish.config.items() if is_artifact(value)}
    run.config.update(artifacts, allow_val_change=True)
    return run


def _runtime_before_s(store: Store, project: str, origin: Origin) -> float:
    """Return how long a run had run that is gone on with, at the step where that begins."""
    if origin.previous is None:
        return 0.0
    if origin.fork_from is None and origin.rewind_to is None:
        return origin.previous.runtime_s if origin.is_resumed else 0.0
    with contextlib.suppress(StoreError), store.reading() as db:
        if (record := read.run(db, project, origin.run_id)) is not None:
            return record.runtime_s
    return 0.0


def begin_disabled(settings: Settings, wish: Wish, run_id: str) -> Run:
    """Begin a run that records nothing."""
    first = facts.Begin(wish.project, run_id, now_us(), fields=wish.fields)
    values = {name: value for name, value in wish.config.items() if not is_artifact(value)}
    config = {**_plain(wish.defaults), **_plain(values)}
    recorder: Any = NullRecorder(settings, first)
    return Run(recorder, config, wish.fields, allow_val_change=True)


def with_store(store: Store, action: Callable[[], Result]) -> Result:
    """Take in what dead processes left, then do something; a damaged database is mended first.

    Raises
    ------
    StoreError
        If the store cannot be used, or be mended.
    """
    try:
        try:
            _recover(store)
            return action()
        except StoreDamagedError as error:
            recovery.repair(store, error)
            _recover(store)
            return action()
    except OSError as error:
        raise StoreError(
            f"The store {store.root} cannot be used: {error.strerror}. Choose another place with "
            "TRACKER_DIR or tracker.init(dir=…)."
        ) from error


def _recover(store: Store) -> None:
    # A new run needs the journal alone.
    with contextlib.suppress(StoreLockedError):
        store.recover()


def _hide_from_git(store: Store) -> None:
    """Keep the store out of the work tree that it is in."""
    place = store.root / ".gitignore"
    if store.root.name == STORE_FOLDER and not place.exists():
        with contextlib.suppress(OSError):
            place.write_text("*\n", encoding="utf-8")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    config = Config()
    config.update(values)
    return config.as_dict()
