"""How long a run had been running at a moment: its sessions, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import duckdb

BEGINNING_US = -(2**62)
END_US = 2**62


@dataclass(frozen=True, slots=True)
class Span:
    """From `since_us` until before `until_us` the runtime is the time less `shift_us`."""

    since_us: int
    until_us: int
    shift_us: int


@dataclass(frozen=True, slots=True)
class _Origin:
    run_key: int
    created_us: int
    parent_key: int | None


def read_spans(db: duckdb.DuckDBPyConnection, run_keys: Iterable[int]) -> dict[int, list[Span]]:
    """Return the spans of each run: disjoint, in order, covering all time.

    A time belongs to the session that was open then. What a fork has from before its own
    first session belongs to its parent's sessions, whose history it is.
    """
    wanted = list(dict.fromkeys(run_keys))
    origins = _read_origins(db, wanted)
    sessions = _read_sessions(db, origins)
    return {key: _spans_of(key, origins, sessions) for key in wanted if key in origins}


def _read_origins(db: duckdb.DuckDBPyConnection, run_keys: list[int]) -> dict[int, _Origin]:
    """Return where the runs began, and where their ancestors did."""
    origins: dict[int, _Origin] = {}
    missing = run_keys
    while missing:
        rows = db.execute(
            "SELECT r.run_key, epoch_us(r.created_at), p.run_key FROM run r LEFT JOIN run p "
            "ON p.project = r.project AND p.run_id = (r.parent ->> '$.run_id') "
            "WHERE r.run_key IN (SELECT unnest($keys))",
            {"keys": missing},
        ).fetchall()
        origins |= {key: _Origin(key, created or 0, parent) for key, created, parent in rows}
        parents = {origin.parent_key for origin in origins.values()}
        missing = [key for key in parents if key is not None and key not in origins]
    return origins


def _read_sessions(
    db: duckdb.DuckDBPyConnection, run_keys: Iterable[int]
) -> dict[int, list[tuple[int, int]]]:
    """Return for each run the sessions' starts and shifts, in microseconds."""
    found: dict[int, list[tuple[int, int]]] = {}
    for key, started_us, before_s in db.execute(
        "SELECT run_key, epoch_us(started_at), coalesce(runtime_before_s, 0) FROM session "
        "WHERE run_key IN (SELECT unnest($keys)) AND started_at IS NOT NULL ORDER BY started_at",
        {"keys": list(run_keys)},
    ).fetchall():
        found.setdefault(key, []).append((started_us, started_us - round(before_s * 1e6)))
    return found


def _spans_of(
    run_key: int,
    origins: Mapping[int, _Origin],
    sessions: Mapping[int, list[tuple[int, int]]],
) -> list[Span]:
    line: list[Span] = []
    before_us = END_US
    seen: set[int] = set()
    key: int | None = run_key
    while key is not None and key not in seen:
        seen.add(key)
        origin = origins[key]
        own = sessions.get(key) or [(origin.created_us, origin.created_us)]
        starts = [*(start for start, _ in own), END_US]
        line = [
            Span(since, min(until, before_us), shift)
            for (since, until), (_, shift) in zip(pairwise(starts), own, strict=True)
            if since < min(until, before_us)
        ] + line
        before_us = min(before_us, own[0][0])
        key = origin.parent_key
    if not line:
        return []
    first = line[0]
    return [Span(BEGINNING_US, first.until_us, first.shift_us), *line[1:]]
