"""Changes of stored runs, through journals of their own so that they outlast a rebuild."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Any

import msgspec

from tracker.errors import NotFoundError, StoreDamagedError, StoreLockedError, UsageError
from tracker.store.database.database import Database
from tracker.store.database.rows import first_row
from tracker.store.files import lock
from tracker.store.files.scratch import temporary_folder
from tracker.store.journal import archive, facts
from tracker.store.journal.frames import SegmentReader
from tracker.store.journal.journal import ARCHIVE, JournalWriter
from tracker.store.writing import sessions
from tracker.store.writing.feed import Feed, take_in


def edit(store: Database, project: str, run_id: str, changes: dict[str, Any]) -> None:
    """Change fields of a stored run.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    amend(store, project, run_id, [facts.Change(time.time_ns() // 1000, changes)])


def delete(store: Database, project: str, run_id: str) -> None:
    """Delete a run: its rows, and the kept journals that could bring it back.

    Journals that a fork of the run needs are kept; the run stays deleted.

    Raises
    ------
    NotFoundError
        If there is no such run.
    UsageError
        If a living process is still writing it.
    """
    run_key = _find(store, project, run_id)
    names, has_forks = _journals(store, run_key, project, run_id)
    if any(lock.is_held(store.journal_dir / name) for name in names):
        raise UsageError(
            f"Run {run_id} is still running: finish it before you delete it, or wait a moment "
            "if its process has just ended."
        )
    # The artifacts stay: a rebuild must find them, with the numbers that they have.
    if logged := _versions(store, names):
        _write(store, "", "", sessions.COPY, logged)
    amend(store, project, run_id, [facts.Delete(time.time_ns() // 1000)])
    if has_forks:
        return
    for name in names:
        (store.journal_dir / ARCHIVE / f"{name}.zst").unlink(missing_ok=True)
        (store.root / "damaged" / "journal" / name).unlink(missing_ok=True)


def amend(store: Database, project: str, run_id: str, changes: list[facts.Fact]) -> None:
    """Add facts to a stored run, alive or not, through a journal of their own.

    Raises
    ------
    NotFoundError
        If there is no such run.
    StoreError
        If the store cannot be written now: where it was locked, nothing has been changed.
    """
    _find(store, project, run_id)
    _write(store, project, run_id, "edit", changes)


def change_artifacts(store: Database, changes: list[facts.Fact]) -> None:
    """Say something of artifacts outside any run; see :class:`facts.VersionChange`.

    Raises
    ------
    StoreError
        If the store cannot be written now: where it was locked, nothing has been changed.
    """
    _write(store, "", "", "artifacts", changes)


def _write(
    store: Database, project: str, run_id: str, kind: str, changes: list[facts.Fact]
) -> None:
    writer = JournalWriter(store.journal_dir)
    now = time.time_ns() // 1000
    begin = facts.Begin(
        project, run_id, now, resume=kind, host=socket.gethostname(), pid=os.getpid()
    )
    writer.open_segment(begin)
    segments = list(writer.segments)
    feed = Feed(writer.stem, segments)
    try:
        writer.append_many(list(changes))
        with store.steady():
            while take_in(store, [feed]):
                pass
            for path in segments:
                archive.keep(path)
    except StoreLockedError:
        for path in segments:
            path.unlink()  # what is reported as failed must not happen later
        raise
    finally:
        feed.close()
        writer.close()
    for path in segments:
        path.unlink(missing_ok=True)


def _find(store: Database, project: str, run_id: str) -> int:
    with store.reading() as db:
        found = first_row(
            db, "SELECT run_key FROM run WHERE project = ? AND run_id = ?", [project, run_id]
        )
    if found is None:
        raise NotFoundError(f"There is no run {run_id!r} in project {project!r}.")
    return int(found[0])


def _journals(store: Database, run_key: int, project: str, run_id: str) -> tuple[list[str], bool]:
    with store.reading() as db:
        names = db.execute("SELECT name FROM journal WHERE run_key = ?", [run_key]).fetchall()
        forks = first_row(
            db,
            "SELECT count(*) FROM run WHERE project = ? AND (parent ->> '$.run_id') = ?",
            [project, run_id],
        )
    return [name for (name,) in names], bool(forks and forks[0])


def _versions(store: Database, names: list[str]) -> list[facts.Fact]:
    """Return what the kept journals say of artifacts that the run logged."""
    found: list[facts.Fact] = []
    decoder = msgspec.msgpack.Decoder(facts.Fact)
    with temporary_folder() as folder:
        for name in sorted(names):
            packed = store.journal_dir / ARCHIVE / f"{name}.zst"
            if not packed.exists():
                continue
            with contextlib.suppress(StoreDamagedError):
                archive.unpack(packed, folder)
            reader = SegmentReader(folder / name)
            for payload in reader.payloads(reader.size, is_final=True):
                with contextlib.suppress(msgspec.MsgspecError):
                    fact = decoder.decode(payload)
                    if isinstance(fact, facts.VersionChange) or (
                        isinstance(fact, facts.Version) and fact.direction != "input"
                    ):
                        found.append(fact)
            reader.close()
    return found
