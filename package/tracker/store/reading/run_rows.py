"""Reads all runs of a project again and again, as a table of runs does, at a low price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from tracker.records import RunRecord, Series, rule_for
from tracker.store.reading.filters import Order, Where
from tracker.store.reading.read import check_patterns, metrics
from tracker.store.reading.run_record import PLAIN, mapping, run_record

_COLUMNS = f"{PLAIN}, config, summary"


@dataclass(frozen=True, slots=True)
class Metrics:
    """The keys of the numbers that the runs of a project logged.

    Attributes
    ----------
    keys : tuple of str
        In order of appearance.
    hidden : frozenset of str
        Those that ``define_metric`` hid: they are shown where somebody asks for them.
    goals : frozenset of str
        Those that a sweep is about, or that ``define_metric`` gave a goal.
    """

    keys: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    goals: frozenset[str] = frozenset()

    @property
    def shown(self) -> list[str]:
        """Those that are shown by themselves."""
        return [key for key in self.keys if key not in self.hidden]


class RunRows:
    """The runs of one project, without their metadata.

    What has not changed since the last reading is the same object as then.

    Parameters
    ----------
    project : str
    """

    def __init__(self, project: str) -> None:
        self.project = project
        self._known: dict[int, tuple[tuple[Any, ...], RunRecord]] = {}

    def read(self, db: duckdb.DuckDBPyConnection) -> list[RunRecord]:
        """Return all runs, the oldest first."""
        rows = db.execute(
            f"SELECT {_COLUMNS} FROM run WHERE project = ? ORDER BY created_at, run_key",
            [self.project],
        ).fetchall()
        known, self._known = self._known, {}
        found = []
        for row in rows:
            before = known.get(row[0])
            if before is None or before[0] != row:
                before = (row, self._record(row, before))
            self._known[row[0]] = before
            found.append(before[1])
        return found

    def _record(
        self, row: tuple[Any, ...], before: tuple[tuple[Any, ...], RunRecord] | None
    ) -> RunRecord:
        *plain, config, summary = row
        is_configured = before is not None and before[0][-2] == config
        return run_record(
            plain,
            before[1].config if before is not None and is_configured else mapping(config),
            mapping(summary),
        )


def run_keys(db: duckdb.DuckDBPyConnection, project: str, where: Where, order: Order) -> list[int]:
    """Return the keys of the runs of a project that meet a condition, in an order.

    Raises
    ------
    QueryError
        If a pattern of the condition is not a regular expression.
    """
    check_patterns(db, where)
    fields = [*where.fields, *order.fields]
    computed = "".join(f", {sql} AS {alias}" for alias, sql, _ in fields)
    rows = db.execute(
        f"SELECT run_key FROM (SELECT *{computed} FROM run WHERE project = ?) "
        f"WHERE {where.sql} ORDER BY {order.sql}",
        [*(value for _, _, values in fields for value in values), project, *where.parameters],
    ).fetchall()
    return [key for (key,) in rows]


def project_metrics(db: duckdb.DuckDBPyConnection, project: str) -> Metrics:
    """Return the keys of all numbers that runs of a project logged.

    Those that begin with an underscore are left out.
    """
    rows = db.execute(
        "SELECT key, max(run_key) FROM series "
        "SEMI JOIN (SELECT run_key FROM run WHERE project = $project) USING (run_key) "
        "WHERE stream = 'default' AND kind != 'json' AND NOT starts_with(key, '_') "
        "GROUP BY key ORDER BY min(series_key)",
        {"project": project},
    ).fetchall()
    newest = dict(rows)
    return Metrics(tuple(newest), hidden_keys(db, newest), _goal_keys(db, project))


def hidden_keys(db: duckdb.DuckDBPyConnection, newest: Mapping[str, int]) -> frozenset[str]:
    """Return those of some keys that ``define_metric`` hid.

    Parameters
    ----------
    db : connection
        An open store.
    newest : mapping of str to int
        With each key the newest run that logged it: its word holds.
    """
    rules = metrics(db, list(set(newest.values()))) if newest else {}
    found = {key: rule_for(key, rules[run]) for key, run in newest.items()}
    return frozenset(key for key, rule in found.items() if rule is not None and rule.hidden)


def _goal_keys(db: duckdb.DuckDBPyConnection, project: str) -> frozenset[str]:
    """Return the keys that sweeps of a project are about or that ``define_metric`` gave a goal."""
    rows = db.execute(
        "SELECT DISTINCT name FROM metric SEMI JOIN (SELECT run_key FROM run WHERE "
        "project = $project) USING (run_key) WHERE goal <> '' UNION SELECT DISTINCT "
        "content->>'$.config.metric.name' FROM document WHERE kind = 'sweep' "
        "AND project = $project UNION SELECT DISTINCT "
        "unnest(content->>'$.config.metrics[*].name') FROM document WHERE kind = 'sweep' "
        "AND project = $project",
        {"project": project},
    ).fetchall()
    return frozenset(key for (key,) in rows if key)


def series_of(
    db: duckdb.DuckDBPyConnection, runs: Sequence[int], keys: Sequence[str]
) -> dict[str, list[Series]]:
    """Return the series of numbers that some runs logged under some keys, by key."""
    rows = db.execute(
        "SELECT series_key, run_key, stream, key, kind FROM series WHERE stream = 'default' "
        "AND kind != 'json' AND run_key IN (SELECT unnest($runs)) "
        "AND key IN (SELECT unnest($keys)) ORDER BY series_key",
        {"runs": list(runs), "keys": list(keys)},
    ).fetchall()
    found: dict[str, list[Series]] = {key: [] for key in keys}
    for row in rows:
        series = Series(*row)
        found[series.key].append(series)
    return found
