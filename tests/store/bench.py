"""A journal that grows, and the tables in memory that it is taken into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from tracker.store.database.encode import load_json
from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter
from tracker.store.writing.feed import Feed

from .logbook import BEGAN_US, begin
from .oracle import Oracle


class Bench:
    """A journal that grows, and the tables that it is taken into."""

    def __init__(self, folder: Path, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db
        for (table,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            if table != "schema_version":
                db.execute(f"DELETE FROM {table}")
        self.writer = JournalWriter(folder)
        self.writer.open_segment(begin())
        self.oracle = Oracle()
        self.feed = Feed(self.writer.stem, self.writer.segments)
        self._keysets: dict[tuple[str, tuple[str, ...]], int] = {}
        self._now_us = BEGAN_US

    def row(self, step: int, row: dict[str, Any], *, merges: bool = False) -> None:
        self._now_us += 1
        self.writer.append(
            facts.Row(self._keyset(row), step, self._now_us, list(row.values()), merges)
        )
        self.oracle.row(step, row, merges=merges)

    def system(self, row: dict[str, float]) -> None:
        number = self._keyset(row, "system")
        self.writer.append(facts.Row(number, 7, BEGAN_US, list(row.values())))

    def say(self, fact: Any) -> None:
        self.writer.append(fact)
        self.oracle.say(fact)

    def _keyset(self, row: dict[str, Any], stream: str = "default") -> int:
        name = (stream, tuple(row))
        if name not in self._keysets:
            self._keysets[name] = len(self._keysets) + 1
            self.writer.append(facts.Keys(self._keysets[name], stream, list(row)))
        return self._keysets[name]

    def rotate(self) -> None:
        self.writer.open_segment(begin(segment=1, time_us=BEGAN_US))
        self._keysets.clear()
        self.feed.add_segment(self.writer.segments[-1])

    def flush(self) -> set[str]:
        keys: set[str] = set()
        self.feed.read_ahead()
        while self.feed.has_news:
            keys |= self.feed.put(self.db)
            self.feed.confirm()
            self.feed.read_ahead()
        return keys

    def restart(self) -> None:
        """Go on as another process would, from the tables alone."""
        self.feed.close()
        self.feed = Feed(self.writer.stem, self.writer.segments)

    def archive_full(self) -> None:
        for path in self.feed.taken_in():
            self.feed.drop_segment(path)
            self.writer.release(path)

    @property
    def history(self) -> dict[str, list[tuple[int, Any]]]:
        """Steps and values of each key, numbers first, as they are in the tables."""
        found: dict[str, list[tuple[int, Any]]] = {}
        for table in ("point", "value"):
            for key, kind, step, value in self.db.execute(
                f"SELECT s.key, s.kind, t.step, t.value FROM {table} t JOIN series s "
                "USING (series_key) WHERE s.stream = 'default' ORDER BY t.rowid"
            ).fetchall():
                found.setdefault(key, []).append(
                    (step, load_json(value) if kind == "json" else value)
                )
        return found

    @property
    def kinds(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, kind in self.db.execute("SELECT key, kind FROM series").fetchall():
            found.setdefault(key, set()).add(kind)
        return found

    @property
    def summary(self) -> dict[str, Any]:
        (row,) = self.db.execute("SELECT summary FROM run").fetchall()
        return dict(load_json(row[0]))

    def close(self) -> None:
        self.feed.close()
        self.writer.close()
