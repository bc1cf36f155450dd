"""What happens to journals whose writer is gone."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Mapping, Sequence
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
# What one transaction takes in: to open the database costs more than most journals do, and
# those that write meanwhile wait, about a second on a busy machine.
GROUP_BYTES = 1024 * 1024
GROUP_JOURNALS = 32


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
    recovered: list[str] = []
    journals = journal.stems(store.journal_dir)
    for group in journal.in_groups(journals, GROUP_BYTES, GROUP_JOURNALS):
        recovered += _recover(store, list(group), sentences)
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


def _recover(store: Database, stems: Sequence[str], sentences: list[str]) -> list[str]:
    """Take in those of some journals whose writer is dead, together if that is possible."""
    with ExitStack() as held:
        seized = {stem: _seize(store, stem, held) for stem in stems}
        dead = {stem: segments for stem, segments in seized.items() if segments}
        if not dead:
            return []
        try:
            with store.steady():
                said = _replay(store, dead)
                away = [stem for stem in dead if _put_away(store, stem, dead[stem], said)]
            sentences += said
            is_done = True
        except (StoreError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it would come every time
            away, is_done = [], len(dead) == 1
            if is_done:
                ((stem, segments),) = dead.items()
                sentences.append(_give_up(store, stem, segments, error))
    if not is_done:  # one of them is not as it should be: it must not take the others with it
        return [each for stem in dead for each in _recover(store, [stem], sentences)]
    # The files are closed by now: some systems do not remove an open one.
    for stem in away:
        for path in dead[stem]:
            path.unlink(missing_ok=True)
    return away


def _put_away(store: Database, stem: str, segments: list[Path], sentences: list[str]) -> bool:
    """Keep compressed copies of a journal; say so and return False where that is not possible."""
    try:
        for path in segments:
            archive.keep(path)
    except OSError as error:
        sentences.append(_cannot_put_away(stem, error))
        return False
    for path in store.journal_dir.glob(f"{stem}.*{archive.PARTIAL}"):
        path.unlink(missing_ok=True)
    return True


def _give_up(store: Database, stem: str, segments: list[Path], error: Exception) -> str:
    if isinstance(error, OSError):
        return _cannot_put_away(stem, error)
    return _quarantine(store, stem, segments, error)


def _cannot_put_away(stem: str, error: OSError) -> str:
    return f"The journal {stem} cannot be put away now, and stays: {error}."


def _seize(store: Database, stem: str, held: ExitStack) -> list[Path]:
    """Lock all segments of a dead writer's journal; none if it is alive or somebody was faster.

    All of them: of a living writer one may be new, and not locked yet. One that never began is
    removed when it is old.
    """
    segments = journal.stems(store.journal_dir).get(stem, [])
    with ExitStack() as own:
        for path in segments:
            descriptor = lock.seize(path)
            if descriptor is None:
                return []
            own.callback(lock.close, descriptor)
        if journal.stems(store.journal_dir).get(stem, []) != segments:
            return []
        if all(map(is_unborn, segments)):
            for path in filter(_is_old, segments):
                path.unlink(missing_ok=True)
            return []
        held.enter_context(own.pop_all())
    return segments


def _replay(store: Database, dead: Mapping[str, list[Path]]) -> list[str]:
    feeds = [Feed(stem, segments, is_final=True) for stem, segments in dead.items()]
    try:
        while take_in(store, feeds):
            pass
        crashed = [(f, f.run_key) for f in feeds if f.run_key is not None and not f.is_done]
        if crashed:
            with store.writing() as db:
                for feed, run_key in crashed:
                    sessions.mark_crashed(db, run_key, feed.stem, feed.intake)
    finally:
        for feed in feeds:
            feed.close()
    return [said for feed in feeds for said in keep_damaged(store, feed.intake.damaged)]


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
