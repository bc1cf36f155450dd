"""Takes journals into the store: one transaction for all the runs of a process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from tracker.store import commit
from tracker.store.intake import BATCH_BYTES, Batch, Intake
from tracker.store.rows import first_row
from tracker.store.store import Store


class Feed:
    """A journal on its way into the store.

    Parameters
    ----------
    stem : str
        The journal's name.
    segments : sequence of Path
        Its segments, oldest first.
    is_final : bool
        Its writer is dead: what is no frame at the end is damage.

    Attributes
    ----------
    is_done : bool
        Whether the run's end has been taken in.
    """

    def __init__(self, stem: str, segments: Sequence[Path], *, is_final: bool = False) -> None:
        self.stem = stem
        self.segments = list(segments)
        self.lock = threading.Lock()
        self.is_done = False
        self.intake = Intake(is_final=is_final)
        self._is_final = is_final
        self._generation: object = None
        self._pending: list[Batch] = []

    @property
    def run_key(self) -> int | None:
        """The run's number in the tables, once it has one."""
        return self.intake.run_key

    @property
    def has_news(self) -> bool:
        """Whether there is anything that the tables lack."""
        return self._generation is None or bool(self._pending)

    def add_segment(self, path: Path) -> None:
        """Follow a further segment."""
        with self.lock:
            self.segments.append(path)
            self.intake.follow(path)

    def read_ahead(self) -> None:
        """Read what the journal holds by now, so that the summary is up to date."""
        with self.lock:
            self._read()

    def _read(self) -> None:
        if self._generation is None or len(self._pending) > 2:
            return  # not begun yet, or far enough ahead of the database
        batch = self.intake.read(BATCH_BYTES)
        if not batch.is_empty:
            self._pending.append(batch)

    def put(self, db: duckdb.DuckDBPyConnection, generation: object) -> set[str]:
        """Put everything read so far into the tables; return the keys that have news."""
        with self.lock:
            keys: set[str] = set()
            if self._generation != generation:
                self._start(db)
                self._generation = generation
                self._read()
            for batch in self._pending:
                commit.put(db, self.stem, self.intake, batch)
                self.is_done = self.is_done or batch.finish is not None or batch.is_deleted
                keys |= batch.keys
            self._pending.clear()
            return keys

    def forget(self) -> None:
        """Read again from the tables' watermark: the last transaction failed."""
        with self.lock:
            self._generation = None

    def taken_in(self) -> list[Path]:
        """Return the segments, but the last, that have been taken in whole."""
        with self.lock:
            sizes = {path: path.stat().st_size for path in self.segments[:-1]}
            return [p for p, size in sizes.items() if self.intake.positions.get(p.name) == size]

    def drop_segment(self, path: Path) -> None:
        """Stop following a segment that has been taken in whole."""
        with self.lock:
            self.segments.remove(path)
            self.intake.unfollow(path)

    def close(self) -> None:
        """Close the journal's files."""
        with self.lock:
            self.intake.close()

    def _start(self, db: duckdb.DuckDBPyConnection) -> None:
        self.intake.close()
        damaged = self.intake.damaged
        self.intake = Intake(is_final=self._is_final)
        self.intake.damaged = damaged
        self._pending.clear()
        names = [path.name for path in self.segments]
        known = dict(
            db.execute(
                "SELECT name, position FROM journal WHERE list_contains(?, name)", [names]
            ).fetchall()
        )
        for path in self.segments:
            self.intake.follow(path, known.get(path.name, 0))
        if not known:
            # The first frame alone: a resumed or forked run's summary comes from the tables.
            commit.put(db, self.stem, self.intake, self.intake.read(1))
        commit.attach(db, self.intake)
        commit.load_fold(db, self.intake)


def take_in(store: Store, feeds: Iterable[Feed]) -> dict[Feed, set[str]]:
    """Put the news of several journals into the store in one transaction.

    Returns
    -------
    dict of Feed to set of str
        The keys of each run that have new values.

    Raises
    ------
    StoreError
        If the store cannot be written; the journals keep everything for the next time.
    """
    feeds = list(feeds)
    for feed in feeds:
        feed.read_ahead()
    busy = [feed for feed in feeds if feed.has_news]
    if not busy:
        return {}
    try:
        with store.writing() as db:
            row = first_row(db, "SELECT min(applied_at) FROM schema_version")
            generation = row[0] if row else None
            return {feed: feed.put(db, generation) for feed in busy}
    except BaseException:
        for feed in busy:
            feed.forget()
        raise
