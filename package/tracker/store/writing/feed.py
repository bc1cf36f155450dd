"""Takes journals into the store: one transaction for all the runs of a process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tracker.store.database.database import Database
from tracker.store.database.rows import first_row
from tracker.store.journal import facts
from tracker.store.writing import commit, sessions
from tracker.store.writing.batch import Batch, OpenStep
from tracker.store.writing.intake import BATCH_BYTES, Intake
from tracker.store.writing.versions import Saying

LOST_PROJECT = "recovered"
MAX_AHEAD = 3


class Feed:
    """A journal on its way into the store.

    Each time that it puts something into the tables it compares its own watermark with
    theirs, in the same transaction. Where they differ, because a transaction failed or the
    database has been rebuilt, it goes on from theirs.

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
    is_orphan : bool
        Whether the run has been deleted or replaced by somebody else.
    is_behind : bool
        Whether the journal holds more than one batch took.
    held_versions : list or None
        Where to put artifact versions, with their run, instead of into the tables.
    """

    def __init__(self, stem: str, segments: Sequence[Path], *, is_final: bool = False) -> None:
        self.stem = stem
        self.segments = list(segments)
        self.lock = threading.Lock()
        self.intake = Intake(is_final=is_final)
        self.is_done = False
        self.is_orphan = False
        self.is_behind = False
        self.held_versions: list[tuple[int | None, Saying]] | None = None
        self._is_final = is_final
        self._is_started = False
        self._is_following = False
        self._is_closed = False
        self._stored: dict[str, int] | None = None
        self._pending: list[Batch] = []
        self._put: list[Batch] = []

    @property
    def run_key(self) -> int | None:
        """The run's number in the tables, once it has one."""
        return self.intake.run_key

    @property
    def has_news(self) -> bool:
        """Whether there is anything that the tables lack."""
        is_unread = self._is_shared and self.intake.is_behind
        return self._stored is None or bool(self._pending) or is_unread

    def add_segment(self, path: Path) -> None:
        """Follow a further segment."""
        with self.lock:
            self.segments.append(path)
            if self._is_following:
                self.intake.follow(path)

    def read_ahead(self) -> None:
        """Read what the journal holds by now, so that the summary is up to date.

        Not of a shared run: what the others have stored comes before it.
        """
        with self.lock, contextlib.suppress(OSError):
            if not self._is_shared:
                self._read()

    @property
    def _is_shared(self) -> bool:
        return sessions.is_shared(self.intake)

    def _read(self) -> None:
        if self._is_closed:
            return
        if len(self._pending) >= MAX_AHEAD:
            self.is_behind = True
            return  # far enough ahead of the database
        if self._is_started and self._stored is None:
            return  # to be read again from the tables' watermark
        try:
            if not self._is_following:
                self._follow({})
            batch = self.intake.read(BATCH_BYTES)
        except BaseException:
            self._doubt()
            raise
        self.is_behind = batch.has_more
        if not batch.is_empty:
            self._pending.append(batch)

    def _follow(self, positions: dict[str, int]) -> None:
        self._is_following = True
        for path in self.segments:
            self.intake.follow(path, positions.get(path.name, 0))

    def put(self, db: duckdb.DuckDBPyConnection) -> set[str]:
        """Put everything read so far into the tables; return the keys that have news.

        Nothing counts as put before :meth:`confirm`, and :meth:`doubt` takes it back.
        """
        with self.lock:
            mark = _read_mark(db, self.stem)
            if self._stored is None or mark.positions != self._stored:
                self._start(db, mark)
                self._read()
            elif mark.run_key is None and self.intake.run_key is not None:
                self.intake.run_key = None
            elif self._is_shared and not self._pending:
                sessions.attach(db, self.intake, mark.run_key)
                sessions.load_fold(db, self.intake)
                self._read()
            self.intake.is_late = sessions.is_late(db, self.intake, self.stem)
            self.is_orphan = bool(mark.positions) and self.intake.run_key is None
            for batch in self._pending:
                if self.held_versions is not None:
                    self.held_versions += [(self.intake.run_key, v) for v in batch.versions]
                if self.held_versions is not None or sessions.is_copy(self.intake):
                    batch.versions = []
                commit.put(db, self.stem, self.intake, batch)
            self._put += self._pending
            news = {key for batch in self._put for key in batch.keys}
            if news and self._is_shared:  # and what the others have logged
                news |= {key for stream, key, _ in self.intake.series if stream == "default"}
            return news

    def confirm(self) -> None:
        """Take note that the transaction of :meth:`put` has been committed."""
        with self.lock:
            self._stored = {**(self._stored or {})}
            for batch in self._put:
                self._stored.update(batch.positions)
                self.is_done = self.is_done or batch.is_end
            self._pending = [batch for batch in self._pending if batch not in self._put]
            self._put = []

    def doubt(self) -> None:
        """Read again from the tables' watermark: the transaction failed."""
        with self.lock:
            self._doubt()

    def _doubt(self) -> None:
        self._is_started, self._stored, self._put = True, None, []

    def taken_in(self) -> list[Path]:
        """Return the segments, but the last, that have been taken in whole."""
        with self.lock:
            stored = self._stored or {}
            return [p for p in self.segments[:-1] if stored.get(p.name) == p.stat().st_size]

    def drop_segment(self, path: Path) -> None:
        """Stop following a segment that has been taken in whole."""
        with self.lock:
            self.segments.remove(path)
            self.intake.unfollow(path)

    def close(self) -> None:
        """Close the journal's files."""
        with self.lock:
            self._is_closed = True
            self.intake.close()

    def disown(self) -> None:
        """In a forked child: leave everything to the parent."""
        self.lock = threading.Lock()
        self.close()

    def _start(self, db: duckdb.DuckDBPyConnection, mark: _Mark) -> None:
        damaged = self.intake.damaged
        self.intake.close()
        self.intake = Intake(is_final=self._is_final)
        self.intake.damaged = damaged
        self._pending, self._put = [], []
        self._is_started, self._stored = True, dict(mark.positions)
        self._follow(mark.positions)
        self.is_done = self.is_done or self.intake.is_ended
        if mark.positions:
            self.intake.open_step = mark.open_step
            if mark.run_key is not None:
                sessions.attach(db, self.intake, mark.run_key)
        else:
            # The first frame alone: a resumed or forked run's summary comes from the tables.
            batch = self.intake.read(1)
            while not (batch.is_empty or batch.count):
                batch = self.intake.read(1)  # before it there was damage
            if self.intake.first is None and batch.count:
                batch.begins.append(self._lost_begin())
            commit.put(db, self.stem, self.intake, batch)
            self._put.append(batch)
        sessions.load_fold(db, self.intake)

    def _lost_begin(self) -> facts.Begin:
        """Return what stands for a first frame that is damaged: no row is given up for it."""
        stamp, _, token = self.stem.partition("-")
        time_us = int(stamp) // 1000 if stamp.isdecimal() else 0
        return facts.Begin(LOST_PROJECT, token or self.stem, time_us)


@dataclass(frozen=True, slots=True)
class _Mark:
    """How far the tables say that a journal has been taken in; `run_key` if the run is there."""

    positions: dict[str, int]
    run_key: int | None = None
    open_step: OpenStep | None = None


def _read_mark(db: duckdb.DuckDBPyConnection, stem: str) -> _Mark:
    rows = db.execute(
        "SELECT name, position, run_key, open_step, open_us FROM journal "
        "WHERE starts_with(name, ?) ORDER BY name",
        [stem + "."],
    ).fetchall()
    if not rows:
        return _Mark({})
    *_, run_key, step, since_us = rows[-1]
    if not first_row(db, "SELECT 1 FROM run WHERE run_key = ?", [run_key]):
        run_key = None
    open_step = None if step is None else OpenStep(step, since_us)
    return _Mark({row[0]: row[1] for row in rows}, run_key, open_step)


def take_in(store: Database, feeds: Iterable[Feed]) -> dict[Feed, set[str]]:
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
    begun: list[Feed] = []
    try:
        with store.writing() as db:
            news: dict[Feed, set[str]] = {}
            for feed in busy:
                begun.append(feed)
                news[feed] = feed.put(db)
    except BaseException:
        for feed in begun:
            feed.doubt()
        raise
    for feed in busy:
        feed.confirm()
    return news
