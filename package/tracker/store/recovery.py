"""What happens to journals whose writer is gone, and making the database anew from them."""

from __future__ import annotations

import os
import shutil
import socket
import time
import warnings
from pathlib import Path
from typing import Any

from tracker.errors import NotFoundError, TrackerWarning, UsageError
from tracker.store import facts, journal, lock
from tracker.store.feed import Feed, take_in
from tracker.store.rows import first_row
from tracker.store.store import Store

STALE_S = 60.0


def recover(store: Store) -> list[str]:
    """Take in every journal whose writer is dead, and mark its run crashed.

    Any number of processes may do this at once.

    Returns
    -------
    list of str
        The names of the journals that were taken in.
    """
    recovered = []
    for stem, segments in journal.stems(store.journal_dir).items():
        holder = _seize(segments[-1])
        if holder is None:
            continue
        try:
            _replay(store, stem, segments)
            recovered.append(stem)
        finally:
            os.close(holder)
    _sweep_unborn(store.journal_dir)
    return recovered


def _seize(path: Path) -> int | None:
    """Lock a dead writer's journal; None where it is alive or somebody was faster."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    if lock.acquire(descriptor, block=False) and path.exists():
        return descriptor
    os.close(descriptor)
    return None


def _replay(store: Store, stem: str, segments: list[Path]) -> None:
    feed = Feed(stem, segments, is_final=True)
    try:
        while take_in(store, [feed]):
            pass
        _mark_crashed(store, feed)
    finally:
        feed.close()
    if feed.intake.damaged:
        _keep_damaged(store, segments, feed.intake.damaged)
    for path in segments:
        journal.archive(path)


def _mark_crashed(store: Store, feed: Feed) -> None:
    if feed.run_key is None or feed.is_done:
        return
    with store.writing() as db:
        # A run that another process has resumed since is alive.
        db.execute(
            "UPDATE run SET state = 'crashed', ended_at = updated_at WHERE run_key = $run AND "
            "state = 'running' AND (SELECT max_by(journal, started_at) FROM session "
            "WHERE run_key = $run) = $stem",
            {"run": feed.run_key, "stem": feed.stem},
        )


def _keep_damaged(store: Store, segments: list[Path], sentences: list[str]) -> None:
    kept = store.root / "damaged" / "journal"
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in segments:
        shutil.copy2(path, kept / path.name)
    warnings.warn(
        f"A journal was damaged: {' '.join(sentences[:3])} Everything else in it is in the "
        f"store, and the file is kept in {kept}.",
        TrackerWarning,
        stacklevel=2,
    )


def _sweep_unborn(directory: Path) -> None:
    """Remove what a writer left that died before its journal's first frame."""
    if not directory.is_dir():
        return
    for path in directory.glob("*.new"):
        try:
            is_old = time.time() - path.stat().st_mtime > STALE_S
        except FileNotFoundError:
            continue
        if is_old and lock.is_free(path):
            path.unlink(missing_ok=True)


def rebuild(store: Store) -> Path | None:
    """Make the database anew from the kept journals; the old file is set aside.

    Returns
    -------
    Path or None
        Where the old database file is now, if there was one.
    """
    fresh = Store(store.root / "rebuilt")
    shutil.rmtree(fresh.root, ignore_errors=True)
    with fresh.writing():
        pass
    _replay_archive(store.journal_dir / "archive", fresh)
    aside = store.root / "damaged" / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    with lock.locked(store.root / "tracker.lock"):
        moved = None
        for suffix in ("", ".wal"):
            old = store.database.with_name(store.database.name + suffix)
            if old.exists():
                aside.mkdir(parents=True, exist_ok=True, mode=0o700)
                moved = old.replace(aside / old.name) if not suffix else moved
                if suffix:
                    old.replace(aside / old.name)
        fresh.database.replace(store.database)
    shutil.rmtree(fresh.root, ignore_errors=True)
    recover(store)
    return moved


def _replay_archive(archive: Path, fresh: Store) -> None:
    import zstandard

    fresh.journal_dir.mkdir(parents=True, exist_ok=True)
    for packed in sorted(archive.glob("*.zst")) if archive.is_dir() else ():
        target = fresh.journal_dir / packed.name.removesuffix(".zst")
        with packed.open("rb") as source, target.open("wb") as sink:
            zstandard.ZstdDecompressor().copy_stream(source, sink)
    for stem, segments in journal.stems(fresh.journal_dir).items():
        feed = Feed(stem, segments, is_final=True)
        while take_in(fresh, [feed]):
            pass
        _mark_crashed(fresh, feed)
        feed.close()


def repair(store: Store, reason: Exception) -> None:
    """Rebuild a damaged database if its journals were kept, and say so.

    Raises
    ------
    StoreDamagedError
        The `reason`, if there are no journals to rebuild from.
    """
    archive = store.journal_dir / "archive"
    if not archive.is_dir() or not any(archive.iterdir()):
        raise reason
    with lock.locked(store.root / "rebuild.lock"):
        try:
            with store.reading_raw():
                return  # another process has rebuilt it
        except type(reason):
            aside = rebuild(store)
    warnings.warn(
        f"The database was damaged and has been rebuilt from the journals. The damaged file is "
        f"kept as {aside}. ({reason})",
        TrackerWarning,
        stacklevel=2,
    )


def edit(store: Store, project: str, run_id: str, changes: dict[str, Any]) -> None:
    """Change fields of a stored run, through a journal of its own so that they last.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    now = time.time_ns() // 1000
    _append_once(store, project, run_id, [facts.Change(now, changes)])


def delete(store: Store, project: str, run_id: str) -> None:
    """Delete a run: its rows, and the kept journals that could bring it back.

    Raises
    ------
    NotFoundError
        If there is no such run.
    UsageError
        If a living process is still writing it.
    """
    with store.reading() as db:
        journals = {
            row[0]
            for row in db.execute(
                "SELECT s.journal FROM session s JOIN run r USING (run_key) "
                "WHERE r.project = ? AND r.run_id = ?",
                [project, run_id],
            ).fetchall()
        }
    if journals & journal.stems(store.journal_dir).keys():
        raise UsageError(
            f"Run {run_id} is still running: finish it before you delete it, or wait a moment "
            "if its process has just ended."
        )
    _append_once(store, project, run_id, [facts.Delete(time.time_ns() // 1000)])
    for stem in journals:
        for path in (store.journal_dir / "archive").glob(f"{stem}.*"):
            path.unlink()


def _append_once(store: Store, project: str, run_id: str, changes: list[facts.Fact]) -> None:
    with store.reading() as db:
        found = first_row(
            db, "SELECT 1 FROM run WHERE project = ? AND run_id = ?", [project, run_id]
        )
    if not found:
        raise NotFoundError(f"There is no run {run_id!r} in project {project!r}.")
    writer = journal.JournalWriter(store.journal_dir)
    now = time.time_ns() // 1000
    writer.open_segment(
        facts.Begin(project, run_id, now, resume="edit", host=socket.gethostname(), pid=os.getpid())
    )
    writer.append_many(list(changes))
    feed = Feed(writer.stem, writer.segments)
    try:
        while take_in(store, [feed]):
            pass
    finally:
        feed.close()
        segments = list(writer.segments)
        writer.close()
    for path in segments:
        journal.archive(path)
