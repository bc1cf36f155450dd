"""Making the database anew from the kept journals."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec

from tracker.errors import StoreDamagedError, StoreError, UsageError
from tracker.store.database.database import REBUILD_LOCK_FILE, Database, wal_of
from tracker.store.files import lock
from tracker.store.journal import archive, facts, journal
from tracker.store.journal.frames import SegmentReader
from tracker.store.writing import documents, sessions, trial_table
from tracker.store.writing.feed import Feed
from tracker.store.writing.versions import Saying, put_version, read_numbers

# What one transaction takes in: to open the database costs more than most journals.
GROUP_BYTES = 4 * 1024 * 1024
GROUP_JOURNALS = 200

Journal = tuple[str, list[Path]]  # stem, compressed segments in order
Versions = list[tuple[int | None, Saying]]


def rebuild(store: Database) -> tuple[Path | None, list[str]]:
    """Make the database anew from the kept journals, unless runs would be lost by it.

    Returns
    -------
    aside : Path or None
        Where the old database file is now, if there was one.
    sentences : list of str
        What there is to say about journals that could not be read whole.

    Raises
    ------
    UsageError
        If the database is sound and has runs whose journals were not kept.
    """
    with lock.locked(store.root / REBUILD_LOCK_FILE):
        _refuse_loss(store)
        return make_anew(store)


def make_anew(store: Database) -> tuple[Path | None, list[str]]:
    """Put a database made from the kept journals in the place of the old one.

    The caller holds the rebuild lock, so that no journal is put away meanwhile. What is not
    put away yet, that of living runs among it, is taken in afterwards by whoever has it.

    Returns
    -------
    aside : Path or None
        Where the old database file is now, if there was one.
    sentences : list of str
        What there is to say about journals that could not be read whole.
    """
    fresh = Database(store.root / "rebuilt")
    shutil.rmtree(fresh.root, ignore_errors=True)
    with fresh.writing():
        fresh.journal_dir.mkdir()
    living = journal.stems(store.journal_dir).keys()
    versions: Versions = []
    sentences: list[str] = []
    journals = archive.archived(store.journal_dir)
    for group in journal.in_groups(journals, GROUP_BYTES, GROUP_JOURNALS):
        versions += _take_group(fresh, list(group.items()), living, sentences)
    # What living runs said of artifacts too: later changes are about it.
    versions += [(None, said) for said in _said_by_living(store)]
    _put_versions(fresh, versions)
    with lock.locked(store.lock_file):
        with fresh.writing() as db:
            sentences += documents.restore(db, store.root)
            sentences += trial_table.restore(db, store.root)
        if wal_of(fresh.database).exists():
            raise StoreError(f"{fresh.database} cannot be finished: is the disk full?")
        aside = store.set_aside()
        fresh.database.replace(store.database)
    shutil.rmtree(fresh.root, ignore_errors=True)
    store.damaged_file = None
    return aside, sentences


def _refuse_loss(store: Database) -> None:
    kept = {path.name for paths in journal.stems(store.journal_dir).values() for path in paths}
    for paths in archive.archived(store.journal_dir).values():
        kept |= {path.name.removesuffix(".zst") for path in paths}
    try:
        with store.reading() as db:
            rows = db.execute(
                "SELECT j.name, r.project || '/' || r.run_id FROM journal j "
                "JOIN run r USING (run_key)"
            ).fetchall()
    except StoreError:
        return
    lost = sorted({run for name, run in rows if name not in kept})
    if lost:
        raise UsageError(
            f"The database has {len(lost)} runs whose journals were not kept, such as {lost[0]}: "
            "one made from the journals would lack them. Nothing was changed."
        )


def _take_group(
    fresh: Database, group: list[Journal], living: object, sentences: list[str]
) -> Versions:
    versions: Versions = []
    found: list[str] = []
    try:
        with fresh.writing() as db:
            for stem, packed in group:
                is_living = stem in living  # type: ignore[operator]
                _replay(db, fresh.journal_dir, (stem, packed), is_living, versions, found)
    except (StoreError, OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - one journal must not keep the others out
        if len(group) == 1:
            sentences.append(f"The journal {group[0][0]} cannot be taken in: {error!r}.")
            return []
        return [v for one in group for v in _take_group(fresh, [one], living, sentences)]
    sentences += found
    return versions


def _replay(
    db: duckdb.DuckDBPyConnection,
    folder: Path,
    whose: Journal,
    is_living: bool,
    versions: Versions,
    sentences: list[str],
) -> None:
    stem, packed = whose
    segments = []
    for path in packed:
        try:
            archive.unpack(path, folder)
        except StoreDamagedError as error:
            sentences.append(f"{error} What can be read of it is in the store.")
        segments.append(folder / path.name.removesuffix(".zst"))
    feed = Feed(stem, segments, is_final=True)
    feed.held_versions = versions
    try:
        while feed.has_news:
            feed.put(db)
            feed.confirm()
            feed.read_ahead()
    finally:
        feed.close()
        for path in segments:
            path.unlink()
    if feed.run_key is not None and not feed.is_done and not is_living:
        sessions.mark_crashed(db, feed.run_key, stem, feed.intake)


def _said_by_living(store: Database) -> Iterator[Saying]:
    decoder = msgspec.msgpack.Decoder(facts.Fact)
    for paths in journal.stems(store.journal_dir).values():
        for path in paths:
            with contextlib.suppress(OSError), contextlib.closing(SegmentReader(path)) as reader:
                for payload in reader.payloads(reader.size):
                    if (said := _as_saying(decoder, payload)) is not None:
                        yield said


def _as_saying(decoder: msgspec.msgpack.Decoder[facts.Fact], payload: bytes) -> Saying | None:
    try:
        fact = decoder.decode(payload)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return fact if isinstance(fact, facts.Version | facts.VersionChange) else None


def _put_versions(fresh: Database, versions: Versions) -> None:
    """Tell what happened to artifact versions in the order in which it happened."""
    numbers = read_numbers(said for _, said in versions)
    with fresh.writing() as db:
        runs = {row[0] for row in db.execute("SELECT run_key FROM run").fetchall()}
        for run_key, said in sorted(versions, key=lambda item: item[1].time_us):
            put_version(db, run_key if run_key in runs else None, said, numbers)
