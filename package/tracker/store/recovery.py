"""What happens to journals whose writer is gone."""

from __future__ import annotations

import shutil
import time
import warnings
from contextlib import ExitStack
from pathlib import Path

from tracker.errors import StoreError, TrackerWarning
from tracker.store import rebuild
from tracker.store.database.database import REBUILD_LOCK_FILE, Database, file_number
from tracker.store.files import lock
from tracker.store.journal import archive, journal
from tracker.store.journal.frames import is_unborn
from tracker.store.writing import sessions
from tracker.store.writing.feed import Feed, take_in

STALE_S = 60.0


def recover(store: Database) -> list[str]:
    """Take in every journal whose writer is dead, and mark its run crashed.

    Any number of processes may do this at once. A journal that cannot be taken in is moved
    to ``damaged/journal``, with a warning, and holds nobody up.

    Returns
    -------
    list of str
        The names of the journals that were taken in.

    Raises
    ------
    StoreError
        If the database cannot be written; the journals stay as they are.
    """
    sentences: list[str] = []
    stems = journal.stems(store.journal_dir)
    recovered = [stem for stem in stems if _recover_one(store, stem, sentences)]
    _sweep_partial(store.journal_dir)
    for sentence in sentences:
        warnings.warn(sentence, TrackerWarning, stacklevel=2)
    return recovered


def repair(store: Database, reason: Exception) -> None:
    """Rebuild a damaged database if there are journals to rebuild it from, and say so.

    Raises
    ------
    StoreDamagedError
        The `reason`, if there are none.
    """
    with lock.locked(store.root / REBUILD_LOCK_FILE):
        if store.damaged_file is not None and file_number(store.database) != store.damaged_file:
            return  # another process has rebuilt it
        if not store.has_copies() and not journal.stems(store.journal_dir):
            raise reason
        aside, sentences = rebuild.make_anew(store)
    recover(store)
    kept = f" The damaged file is kept as {aside}." if aside else ""
    sentences.insert(
        0, f"The database was damaged and has been rebuilt from the journals.{kept} ({reason})"
    )
    for sentence in sentences:
        warnings.warn(sentence, TrackerWarning, stacklevel=2)


def _recover_one(store: Database, stem: str, sentences: list[str]) -> bool:
    with ExitStack() as held:
        segments = _seize(store, stem, held)
        if not segments:
            return False
        if all(map(is_unborn, segments)):
            for path in filter(_is_old, segments):
                path.unlink(missing_ok=True)
            return False
        try:
            with store.steady():
                sentences += _replay(store, stem, segments)
                for path in segments:
                    archive.keep(path)
                for path in store.journal_dir.glob(f"{stem}.*{archive.PARTIAL}"):
                    path.unlink(missing_ok=True)
        except (StoreError, MemoryError):
            raise
        except OSError as error:
            sentences.append(f"The journal {stem} cannot be put away now, and stays: {error}.")
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, it would come every time
            sentences.append(_quarantine(store, stem, segments, error))
            return False
    # The files are closed by now: some systems do not remove an open one.
    for path in segments:
        path.unlink(missing_ok=True)
    return True


def _seize(store: Database, stem: str, held: ExitStack) -> list[Path]:
    """Lock all segments of a dead writer's journal; none if it is alive or somebody was faster.

    All of them: of a living writer one may be new, and not locked yet.
    """
    segments = journal.stems(store.journal_dir).get(stem, [])
    for path in segments:
        descriptor = lock.seize(path)
        if descriptor is None:
            return []
        held.callback(lock.close, descriptor)
    return segments if journal.stems(store.journal_dir).get(stem, []) == segments else []


def _replay(store: Database, stem: str, segments: list[Path]) -> list[str]:
    feed = Feed(stem, segments, is_final=True)
    try:
        while take_in(store, [feed]):
            pass
        if feed.run_key is not None and not feed.is_done:
            with store.writing() as db:
                sessions.mark_crashed(db, feed.run_key, stem, feed.intake)
    finally:
        feed.close()
    return keep_damaged(store, feed.intake.damaged)


def keep_damaged(store: Database, damaged: dict[Path, dict[str, None]]) -> list[str]:
    """Keep damaged segments as they are; return what there is to say about them."""
    kept = store.root / "damaged" / "journal"
    sentences = []
    for path, found in damaged.items():
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy2(path, kept / path.name)
        sentences.append(
            f"A journal was damaged: {' '.join(list(found)[:3])} Everything else in it is in the "
            f"store, and the file is kept in {kept}."
        )
    return sentences


def _quarantine(store: Database, stem: str, segments: list[Path], error: Exception) -> str:
    kept = store.root / "damaged" / "journal"
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in segments:
        shutil.copy2(path, kept / path.name)
        path.unlink()
    return f"The journal {stem} cannot be taken in and is kept in {kept}: {error!r}."


def _sweep_partial(directory: Path) -> None:
    """Remove half-written copies whose writer died."""
    for path in directory.glob(f"*{archive.PARTIAL}") if directory.is_dir() else ():
        if _is_old(path):
            path.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        age_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    return not -STALE_S < age_s < STALE_S  # or from the future: the clock was set back
