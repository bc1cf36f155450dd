"""The filters of runs, for other things: each of them described by a JSON object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import duckdb

from tracker.errors import QueryError
from tracker.store.database.encode import dump_json
from tracker.store.reading.filters import Locate, parse_filters, pointers
from tracker.store.reading.read import check_patterns

Thing = TypeVar("Thing")


def matching(
    db: duckdb.DuckDBPyConnection,
    things: Sequence[Thing],
    describe: Callable[[Thing], Mapping[str, Any]],
    filters: Mapping[str, Any] | None,
    fields: Sequence[str],
) -> list[Thing]:
    """Return the things that a filter in W&B's Mongo style holds for, in their order.

    Parameters
    ----------
    db : connection
        Any; no table is read.
    things : sequence
        What to choose from.
    describe : callable
        Gives the fields of a thing: what JSON can say, and datetimes.
    filters : mapping, optional
        As of :func:`tracker.store.reading.filters.parse_filters`. Default: all things.
    fields : sequence of str
        The fields that there are; those that end in ``_at`` are times, and of those that end
        in ``.`` everything within can be asked for.

    Raises
    ------
    QueryError
        If a field or an operator does not exist, or an operator's value does not fit it.
    """
    where = parse_filters(filters, _locator(fields))
    check_patterns(db, where)
    columns = "".join(f", {sql} AS {alias}" for alias, sql, _ in where.fields)
    rows = db.execute(
        f"SELECT place FROM (SELECT place{columns} FROM (SELECT unnest(range(?)) AS place, "
        f"unnest(?::JSON[]) AS said)) WHERE {where.sql} ORDER BY place",
        [
            *(value for _, _, values in where.fields for value in values),
            len(things),
            [_described(describe(thing)) for thing in things],
            *where.parameters,
        ],
    ).fetchall()
    return [things[place] for (place,) in rows]


def _described(said: Mapping[str, Any]) -> str:
    plain = {
        key: round(value.timestamp() * 1_000_000) if isinstance(value, datetime) else value
        for key, value in said.items()
    }
    return dump_json(plain)


def _locator(fields: Sequence[str]) -> Locate:
    def locate(name: str) -> tuple[str, list[Any], bool]:
        head, dot, _ = name.partition(".")
        if name not in fields and head + dot not in fields:
            raise QueryError(f"There is no field {name!r}. Fields: {', '.join(_shown(fields))}.")
        places = list(pointers(name.split(".")))
        found = ", ".join("json_extract(said, ?)" for _ in places)
        return f"coalesce({found}, NULL)", places, name.endswith("_at") and not dot

    return locate


def _shown(fields: Sequence[str]) -> Iterable[str]:
    return (f"{name}KEY" if name.endswith(".") else name for name in fields)
