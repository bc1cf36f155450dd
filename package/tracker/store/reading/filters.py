"""Filters in W&B's Mongo style, and orders, as SQL over the table ``run``.

Every field is read as JSON, so that all of them compare alike: numbers with numbers (an
integer with an integer exactly), text with text, booleans with booleans, and nothing else
with anything. A comparison with a list holds when it holds for one of its items. A run
that lacks the field matches no comparison, and so matches its negation. NaN equals NaN and
is neither more nor less than anything.

Names and values go to DuckDB as bound parameters only, keys as RFC 6901 JSON pointers.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from tracker.errors import QueryError
from tracker.store.reading import predicates
from tracker.store.reading.predicates import COMPARISONS, Predicate

# alias, SQL of type JSON, its parameters
Field = tuple[str, str, list[Any]]
# Gives for the name of a field its SQL of type JSON, its parameters, and whether it is a time.
Locate = Callable[[str], tuple[str, list[Any], bool]]

MAX_DEPTH = 50
MAX_SPLITS = 5

_COLUMNS = {
    "name": "run_id", "id": "run_id", "run_id": "run_id",
    "displayName": "name", "display_name": "name",
    "project": "project", "state": "state", "notes": "notes",
    "group": "group_name", "jobType": "job_type", "job_type": "job_type",
    "sweep": "sweep_id", "sweep_id": "sweep_id", "sweepName": "sweep_id",
    "tags": "tags", "duration": "runtime_s", "step": "last_step",
    "username": "metadata ->> '$.username'", "user": "metadata ->> '$.username'",
    "host": "metadata ->> '$.hostname'", "hostname": "metadata ->> '$.hostname'",
}  # fmt: skip
_TIMES = {
    "createdAt": "created_at", "created_at": "created_at",
    "heartbeatAt": "updated_at", "heartbeat_at": "updated_at",
    "updatedAt": "updated_at", "updated_at": "updated_at",
    "endedAt": "ended_at", "ended_at": "ended_at",
}  # fmt: skip
_DOCUMENTS = {
    "config": "config", "summary": "summary", "summary_metrics": "summary",
    "summaryMetrics": "summary",
}  # fmt: skip
_FIELD_OPERATORS = (
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex", "$not",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on runs.

    Attributes
    ----------
    sql : str
        True or false for each run, in terms of the aliases of `fields`.
    parameters : list
        What `sql` needs bound, in order.
    fields : list of (alias, SQL, parameters)
        Columns to compute first.
    patterns : list of str
        Regular expressions that DuckDB has yet to check.
    """

    sql: str = "true"
    parameters: list[Any] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Order:
    """An order of runs: `sql` for ORDER BY in terms of the aliases of `fields`."""

    sql: str
    fields: list[Field]


def parse_filters(filters: Mapping[str, Any] | None, locate: Locate | None = None) -> Where:
    """Turn a filter in W&B's Mongo style into a condition.

    Parameters
    ----------
    filters : mapping, optional
        As in ``{"config.lr": {"$gt": 0.1}, "$or": [{"state": "finished"}, {"tags": "x"}]}``.
        Fields: ``config.KEY`` and ``summary_metrics.KEY`` (nested keys joined by dots),
        ``created_at``, ``display_name``, ``name`` (the run's id), ``duration`` (seconds),
        ``group``, ``host``, ``job_type``, ``state``, ``tags``, ``username``,
        ``heartbeat_at``, ``notes``, ``sweep``, ``project``; also in W&B's other spellings.
        Times are datetimes, ISO 8601 text or seconds since the epoch.
    locate : callable, optional
        Finds other fields than those of runs.

    Raises
    ------
    QueryError
        If a field or an operator does not exist, or an operator's value does not fit it.
    """
    if filters is None:
        return Where()
    parser = _Parser(locate or _locate)
    condition = parser.read(filters, depth=0)
    return Where(condition.sql, condition.parameters, parser.fields, parser.patterns)


def parse_order(order: str) -> Order:
    """Turn ``"-summary_metrics.loss, +created_at"`` into an order; missing and NaN come last.

    Raises
    ------
    QueryError
        If a field does not exist.
    """
    items = filter(None, (part.strip() for part in order.split(",")))
    return order_by((item.lstrip("+-").strip(), item.startswith("-")) for item in items)


def order_by(by: Iterable[tuple[str, bool]]) -> Order:
    """Make an order of fields, each with whether it is descending; missing and NaN come last.

    Raises
    ------
    QueryError
        If a field does not exist.
    """
    fields: list[Field] = []
    terms = []
    direction = ""
    for name, is_descending in by:
        way = "DESC" if is_descending else "ASC"
        direction = direction or way
        sql, parameters, _ = _locate(name)
        alias = f"by_{len(fields)}"
        fields.append((alias, sql, parameters))
        terms += [f"{term} {way} NULLS LAST" for term in _sort_terms(alias)]
    terms.append(f"run_key {direction or 'ASC'}")
    return Order(", ".join(terms), fields)


def _sort_terms(alias: str) -> list[str]:
    number = predicates.number(alias)
    truth = predicates.truth(alias)
    return [
        f"CASE WHEN isnan({number}) THEN NULL ELSE {number} END",
        f"CASE WHEN {number} IS NULL AND {truth} IS NULL AND json_type({alias}) != 'NULL' "
        f"THEN {alias} ->> '$' END",
        truth,
    ]


class _Parser:
    """Reads one filter; collects the fields and the patterns that it meets."""

    def __init__(self, locate: Locate) -> None:
        self._locate = locate
        self.fields: list[Field] = []
        self.patterns: list[str] = []
        self._known: dict[str, tuple[str, bool]] = {}

    def read(self, filters: Any, depth: int) -> Predicate:
        """Return the condition that every entry of `filters` holds."""
        if not isinstance(filters, Mapping):
            raise QueryError(
                f"A filter is {filters!r}: expected a dict such as "
                '{"config.lr": {"$gt": 0.1}, "state": "finished"}.'
            )
        if depth > MAX_DEPTH:
            raise QueryError(f"A filter is nested more than {MAX_DEPTH} levels deep.")
        return _join("AND", [self._entry(str(k), v, depth) for k, v in filters.items()])

    def _entry(self, name: str, value: Any, depth: int) -> Predicate:
        match name:
            case "$and" | "$or" | "$nor":
                parts = [self.read(item, depth + 1) for item in _as_list(name, value)]
                joined = _join("AND" if name == "$and" else "OR", parts)
                return _negated(joined) if name == "$nor" else joined
            case "$not":
                return _negated(self.read(value, depth + 1))
        if name.startswith("$"):
            raise _unknown_operator(name)
        alias, is_time = self._field(name)
        return self._conditions(alias, is_time, value, depth)

    def _field(self, name: str) -> tuple[str, bool]:
        if name not in self._known:
            sql, parameters, is_time = self._locate(name)
            alias = f"field_{len(self.fields)}"
            self.fields.append((alias, sql, parameters))
            self._known[name] = (alias, is_time)
        return self._known[name]

    def _conditions(self, alias: str, is_time: bool, value: Any, depth: int) -> Predicate:
        if depth > MAX_DEPTH:
            raise QueryError(f"A filter is nested more than {MAX_DEPTH} levels deep.")
        signs = (
            {str(key).startswith("$") for key in value} if isinstance(value, Mapping) else {False}
        )
        if len(signs) == 2:
            raise QueryError(f"{value!r} mixes operators with keys: write either or.")
        if signs != {True}:
            return _equals(alias, is_time, [value])
        return _join(
            "AND",
            [self._operation(alias, is_time, str(op), given, depth) for op, given in value.items()],
        )

    def _operation(
        self, alias: str, is_time: bool, operator: str, value: Any, depth: int
    ) -> Predicate:
        match operator:
            case "$eq":
                return _equals(alias, is_time, [value])
            case "$ne":
                return _negated(_equals(alias, is_time, [value]))
            case "$in":
                return _equals(alias, is_time, _as_list(operator, value))
            case "$nin":
                return _negated(_equals(alias, is_time, _as_list(operator, value)))
            case "$not":
                return _negated(self._conditions(alias, is_time, value, depth + 1))
            case "$exists":
                return Predicate(f"{alias} IS {'NOT ' if value else ''}NULL")
            case "$regex":
                return self._regex(alias, is_time, value)
        if operator not in COMPARISONS:
            raise _unknown_operator(operator)
        given = _microseconds(value) if is_time else value
        return _any_item(alias, predicates.compares(operator, given))

    def _regex(self, alias: str, is_time: bool, pattern: Any) -> Predicate:
        if is_time or not isinstance(pattern, str):
            wanted = "$gte and $lt for a time" if is_time else "a regular expression as text"
            raise QueryError(f"$regex is {pattern!r}: expected {wanted}.")
        self.patterns.append(pattern)
        return _any_item(alias, predicates.fits_pattern(pattern))


def _join(word: str, parts: Sequence[Predicate]) -> Predicate:
    if not parts:
        return Predicate("true" if word == "AND" else "false")
    sql = f" {word} ".join(f"({part.sql})" for part in parts)
    return Predicate(sql, [value for part in parts for value in part.parameters])


def _negated(part: Predicate) -> Predicate:
    return Predicate(f"NOT ({part.sql})", part.parameters)


def _equals(alias: str, is_time: bool, values: Iterable[Any]) -> Predicate:
    given = [_microseconds(value) if is_time else value for value in values]
    found = _any_item(alias, predicates.equals_any(given))
    if any(value is None for value in given):
        return Predicate(f"({alias} IS NULL OR {found.sql})", found.parameters)
    return found


def _any_item(alias: str, condition: Predicate) -> Predicate:
    """Return that the field, or an item of it where it is a list, meets the condition."""
    items = (
        f"CASE WHEN json_type({alias}) = 'ARRAY' "
        f"THEN list_prepend({alias}, json_extract({alias}, '$[*]')) ELSE [{alias}] END"
    )
    # Where the field is missing the condition is NULL, which list_filter takes for false.
    found = f"len(list_filter({items}, lambda e: {condition.sql.format(e='e')})) > 0"
    return Predicate(found, condition.parameters)


def _as_list(operator: str, value: Any) -> list[Any]:
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    raise QueryError(f"{operator} is {value!r}: expected a list.")


def _locate(name: str) -> tuple[str, list[Any], bool]:
    """Return the SQL of a field, as JSON, its parameters, and whether it is a time."""
    if name in _TIMES:
        return f"to_json(epoch_us({_TIMES[name]}))", [], True
    if name in _COLUMNS:
        return f"to_json({_COLUMNS[name]})", [], False
    head, dot, path = name.partition(".")
    if dot and head in _DOCUMENTS:
        places = list(pointers(path.split("."), is_config=head == "config"))
        column = _DOCUMENTS[head]
        found = ", ".join(f"json_extract({column}, ?)" for _ in places)
        return f"coalesce({found}, NULL)", places, False
    fields = sorted([*_COLUMNS, *_TIMES])
    close = difflib.get_close_matches(name, [*fields, *_DOCUMENTS], n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise QueryError(
        f"There is no field {name!r}.{hint} Fields: config.KEY, summary_metrics.KEY, "
        f"{', '.join(fields)}."
    )


def pointers(parts: list[str], *, is_config: bool = False) -> dict[str, None]:
    """Return where a dotted key may be: nested, or with dots in its keys.

    W&B keeps config values under ``value``, so ``config.lr.value`` is ``config.lr`` too.
    """
    found = dict.fromkeys(_splits(parts))
    if is_config and len(parts) > 1 and parts[-1] == "value":
        found |= dict.fromkeys(_splits(parts[:-1]))
    if is_config and len(parts) > 2 and parts[1] == "value":
        found |= dict.fromkeys(_splits([parts[0], *parts[2:]]))
    return found


def _splits(parts: list[str]) -> Iterable[str]:
    gaps = len(parts) - 1
    joins = product("/.", repeat=gaps) if gaps <= MAX_SPLITS else (("/",) * gaps, (".",) * gaps)
    escaped = [part.replace("~", "~0").replace("/", "~1") for part in parts]
    for join in joins:
        yield "/" + "".join(
            f"{part}{mark}" for part, mark in zip(escaped, (*join, ""), strict=True)
        )


def _microseconds(value: Any) -> int | None:
    """Return a time given as datetime, date, ISO 8601 text or epoch seconds."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return (aware - _EPOCH) // timedelta(microseconds=1)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return round(value * 1_000_000)
    except ValueError:
        pass
    raise QueryError(
        f"A time is {value!r}: expected a datetime, ISO 8601 text such as "
        "'2025-01-31T12:00:00' (UTC unless it says otherwise), or seconds since the epoch."
    )


def _unknown_operator(name: str) -> QueryError:
    return QueryError(
        f"There is no operator {name!r} here. Operators on a field: "
        f"{', '.join(_FIELD_OPERATORS)}. Around filters: $and, $or, $nor, $not."
    )
