"""Filters and orders: what SQL finds is what plain Python finds in the same records."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.errors import QueryError
from tracker.store import read
from tracker.store.encode import dump_json
from tracker.store.filters import parse_filters

MISSING = object()

# --- the same in plain Python ---------------------------------------------------------------------


def _find(document: Any, parts: list[str]) -> Any:
    """The value at a dotted key: nested first, then with dots in its keys."""
    for size in range(1, len(parts) + 1):
        key = ".".join(parts[:size])
        if isinstance(document, dict) and key in document:
            rest = parts[size:]
            found = _find(document[key], rest) if rest else document[key]
            if found is not MISSING:
                return found
    return MISSING


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        if one != one or other != other:
            return one != one and other != other
        both_whole = isinstance(one, int) and isinstance(other, int)
        return one == other if both_whole else float(one) == float(other)
    if isinstance(one, list | dict) and isinstance(other, list | dict):
        return dump_json(one) == dump_json(other)
    return type(one) is type(other) and bool(one == other)


_SIGNS = {
    "$gt": lambda one, other: one > other,
    "$gte": lambda one, other: one >= other,
    "$lt": lambda one, other: one < other,
    "$lte": lambda one, other: one <= other,
}


def _compare(operator: str, one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        both_whole = isinstance(one, int) and isinstance(other, int)
        return _SIGNS[operator](*((one, other) if both_whole else (float(one), float(other))))
    is_alike = type(one) is type(other) and isinstance(one, str | bool)
    return is_alike and _SIGNS[operator](one, other)


def _operation(value: Any, operator: str, given: Any) -> bool:
    items = [] if value is MISSING else [value, *(value if isinstance(value, list) else [])]
    match operator:
        case "$eq":
            is_absent = given is None and value is MISSING
            return is_absent or any(_equal(item, given) for item in items)
        case "$ne":
            return not _operation(value, "$eq", given)
        case "$in":
            return any(_operation(value, "$eq", item) for item in given)
        case "$nin":
            return not _operation(value, "$in", given)
        case "$exists":
            return (value is not MISSING) is given
        case "$regex":
            return any(isinstance(item, str) and re.search(given, item) for item in items)
        case "$not":
            return not all(_operation(value, op, other) for op, other in given.items())
    return any(_compare(operator, item, given) for item in items)


def _fits(run: dict[str, Any], filters: dict[str, Any]) -> bool:
    return all(_entry(run, name, value) for name, value in filters.items())


def _entry(run: dict[str, Any], name: str, value: Any) -> bool:
    match name:
        case "$and":
            return all(_fits(run, item) for item in value)
        case "$or":
            return any(_fits(run, item) for item in value)
        case "$nor":
            return not any(_fits(run, item) for item in value)
        case "$not":
            return not _fits(run, value)
    found = _find(run, name.split("."))
    if isinstance(value, dict) and value:
        return all(_operation(found, op, given) for op, given in value.items())
    return _operation(found, "$eq", value)


# --- random runs and filters ----------------------------------------------------------------------

_keys = st.sampled_from(["a", "b", "a.b", "lr", "é", 'q"', "s/t", "x~", "$k", "*", "[0]", "c d", ""])
_numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 2**63, -(2**63), 2**70]),
    st.sampled_from([0.5, 1.0, -0.0, 1e300, math.nan, math.inf, -math.inf]),
    st.floats(),
)
_texts = st.sampled_from(["", "a", "ab", "B", "1", "true", "null", "it's", 'say "hi"', "ключ", "%"])
_scalars = st.one_of(st.none(), st.booleans(), _numbers, _texts)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)
_documents = st.dictionaries(_keys, _values, max_size=4)

_paths = st.lists(_keys, min_size=1, max_size=3).map(".".join)
_fields = st.builds(lambda head, path: f"{head}.{path}", st.sampled_from(["config", "summary"]), _paths)
_ordered = _scalars.filter(lambda value: value is not None)
_plain_operations = st.one_of(
    st.tuples(st.sampled_from(["$eq", "$ne"]), _values),
    st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), _ordered),
    st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(_scalars, max_size=4)),
    st.tuples(st.just("$exists"), st.booleans()),
    st.tuples(st.just("$regex"), st.sampled_from(["^a", "b$", "[A-Z]", "", "й|к", "(?i)b"])),
)
_operations = st.lists(_plain_operations, min_size=1, max_size=2).map(dict)
_conditions = st.one_of(
    _scalars,
    st.lists(_scalars, max_size=2),
    _operations,
    _operations.map(lambda operations: {"$not": operations}),
)
_filters = st.recursive(
    st.dictionaries(_fields, _conditions, min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.builds(
            lambda word, items: {word: items},
            st.sampled_from(["$and", "$or", "$nor"]),
            st.lists(inner, max_size=3),
        ),
        inner.map(lambda item: {"$not": item}),
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(documents=st.lists(st.tuples(_documents, _documents), min_size=1, max_size=4), filters=_filters)
def test_sql_finds_what_python_finds(
    shared_tables: Any, documents: list[tuple[Any, Any]], filters: dict[str, Any]
) -> None:
    shared_tables.clear()
    for config, summary in documents:
        shared_tables.add_run(config=config, summary=summary)
    found = read.runs(shared_tables.db, where=parse_filters(filters), order="")
    expected = [
        place
        for place, (config, summary) in enumerate(documents)
        if _fits({"config": config, "summary": summary}, filters)
    ]
    first = shared_tables.db.execute("SELECT min(run_key) FROM run").fetchall()[0][0]
    assert [run.run_key - first for run in found] == expected


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(values=st.lists(_scalars | st.just(MISSING), min_size=1, max_size=8), is_down=st.booleans())
def test_orders_put_numbers_first_and_what_is_missing_last(
    shared_tables: Any, values: list[Any], is_down: bool
) -> None:
    shared_tables.clear()
    for value in values:
        shared_tables.add_run(summary={} if value is MISSING else {"loss": value})
    order = "-summary_metrics.loss" if is_down else "summary.loss"
    found = [
        run.summary.get("loss", MISSING) for run in read.runs(shared_tables.db, order=order)
    ]

    def rank(value: Any) -> int:
        if _is_number(value):
            return 3 if math.isnan(value) else 0
        return 1 if isinstance(value, str) else 2 if isinstance(value, bool) else 3

    ranks = [rank(value) for value in found]
    assert ranks == sorted(ranks)
    for kind in range(3):
        alike = [float(v) if _is_number(v) else v for v in found if rank(v) == kind]
        assert alike == sorted(alike, reverse=is_down)


# --- single cases ---------------------------------------------------------------------------------


@pytest.fixture
def few(tables: Any) -> Any:
    tables.add_run(
        "one", name="misty-glade", state="finished", tags=["base", "v1"], group_name="g",
        job_type="train", notes="first try", runtime_s=10.0, sweep_id="s1", created_s=0,
        config={"lr": 0.1, "model": {"depth": 3, "name": "resnet"}, "opt.beta": 0.9,
                "seed": 2**60 + 1},
        summary={"loss": 0.5, "acc": {"max": 0.9}},
        metadata={"username": "ada", "hostname": "box"},
    )  # fmt: skip
    tables.add_run(
        "two", name="happy-sun", state="running", tags=["v2"], created_s=60, runtime_s=20.0,
        updated_at=datetime(2025, 3, 2, tzinfo=UTC).replace(tzinfo=None),
        config={"lr": 1e-3, "seed": 2**60}, summary={"loss": math.nan},
    )  # fmt: skip
    tables.add_run(
        "three", name="Sun", project="other", state="crashed", created_s=120,
        config={"lr": {"value": 5}}, summary={"loss": 0.25},
    )
    return tables


def _found(tables: Any, filters: Any, **given: Any) -> list[str]:
    return [run.run_id for run in read.runs(tables.db, where=parse_filters(filters), **given)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (None, ["one", "two", "three"]),
        ({}, ["one", "two", "three"]),
        ({"state": "finished"}, ["one"]),
        ({"state": {"$ne": "finished"}}, ["two", "three"]),
        ({"state": {"$in": ["running", "crashed"]}}, ["two", "three"]),
        ({"state": {"$nin": ("running", "crashed")}}, ["one"]),
        ({"name": "two"}, ["two"]),
        ({"displayName": {"$regex": "(?i)sun"}}, ["two", "three"]),
        ({"display_name": {"$regex": "^.*-glade$"}}, ["one"]),
        ({"tags": "v1"}, ["one"]),
        ({"tags": {"$in": ["v1", "v2"]}}, ["one", "two"]),
        ({"tags": {"$nin": ["v1"]}}, ["two", "three"]),
        ({"tags": {"$ne": "v2"}}, ["one", "three"]),
        ({"tags": {"$regex": "^v"}}, ["one", "two"]),
        ({"tags": ["base", "v1"]}, ["one"]),
        ({"tags": []}, ["three"]),
        ({"group": "g"}, ["one"]),
        ({"group": None}, ["two", "three"]),
        ({"group": {"$exists": True}}, ["one"]),
        ({"jobType": "train"}, ["one"]),
        ({"job_type": {"$exists": False}}, ["two", "three"]),
        ({"notes": {"$regex": "try"}}, ["one"]),
        ({"username": "ada"}, ["one"]),
        ({"host": "box"}, ["one"]),
        ({"sweep": "s1"}, ["one"]),
        ({"project": "other"}, ["three"]),
        ({"duration": {"$gt": 5, "$lt": 15}}, ["one"]),
        ({"createdAt": {"$gte": "2025-03-01T12:01:00"}}, ["two", "three"]),
        ({"created_at": {"$lt": "2025-03-01T12:01:00Z"}}, ["one"]),
        ({"created_at": {"$gt": "2025-03-01T13:01:00+01:00"}}, ["three"]),
        ({"created_at": datetime(2025, 3, 1, 12, tzinfo=UTC)}, ["one"]),
        ({"heartbeatAt": {"$gte": date(2025, 3, 2)}}, ["two"]),
        ({"created_at": {"$gt": datetime(2025, 3, 1, 12, tzinfo=UTC).timestamp() + 90}}, ["three"]),
        ({"endedAt": None}, ["one", "two", "three"]),
        ({"config.lr": 0.1}, ["one"]),
        ({"config.lr": {"$lt": 0.01}}, ["two"]),
        ({"config.lr": {"$gte": 0}}, ["one", "two"]),
        ({"config.lr.value": {"$gt": 0}}, ["one", "two", "three"]),
        ({"config.model.depth": 3}, ["one"]),
        ({"config.model.value.depth": 3}, ["one"]),
        ({"config.model": {"depth": 3, "name": "resnet"}}, ["one"]),
        ({"config.opt.beta": 0.9}, ["one"]),
        ({"config.seed": 2**60}, ["two"]),
        ({"config.seed": {"$gt": 2**60}}, ["one"]),
        ({"config.seed": {"$in": [2**60 + 1, "x", None]}}, ["one", "three"]),
        ({"summary_metrics.loss": {"$lte": 0.5}}, ["one", "three"]),
        ({"summary.loss": math.nan}, ["two"]),
        ({"summary.acc.max": {"$gt": 0.8}}, ["one"]),
        ({"summaryMetrics.acc": {"$exists": True}}, ["one"]),
        ({"config.lr": "0.1"}, []),
        ({"config.lr": True}, []),
        ({"$or": [{"config.lr": 0.1}, {"state": "running"}]}, ["one", "two"]),
        ({"$and": [{"config.lr": 0.1}, {"state": "running"}]}, []),
        ({"$nor": [{"config.lr": 0.1}, {"state": "running"}]}, ["three"]),
        ({"$not": {"state": "running"}}, ["one", "three"]),
        ({"config.lr": {"$not": {"$gt": 0.01}}}, ["two", "three"]),
        ({"$or": []}, []),
        ({"state": "finished'; DROP TABLE run; --"}, []),
    ],
    ids=repr,
)
def test_fields_and_operators(few: Any, filters: Any, expected: list[str]) -> None:
    assert _found(few, filters) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("+created_at", ["one", "two", "three"]),
        ("-created_at", ["three", "two", "one"]),
        ("created_at", ["one", "two", "three"]),
        ("+summary_metrics.loss", ["three", "one", "two"]),
        ("-summary_metrics.loss", ["one", "three", "two"]),
        ("-config.lr.value", ["three", "one", "two"]),
        ("+display_name", ["three", "two", "one"]),
        ("+job_type, -created_at", ["one", "three", "two"]),
        ("-duration", ["two", "one", "three"]),
        ("", ["one", "two", "three"]),
    ],
)
def test_orders(few: Any, order: str, expected: list[str]) -> None:
    assert _found(few, None, order=order) == expected


def test_a_project_a_limit_and_an_offset_narrow_what_is_found(few: Any) -> None:
    assert _found(few, None, project="digits") == ["one", "two"]
    assert _found(few, None, limit=1, offset=1) == ["two"]
    assert _found(few, {"config.lr": {"$exists": True}}, project="other", limit=5) == ["three"]


def test_a_key_of_many_dots_is_found_nested_and_flat(tables: Any) -> None:
    path = "a.b.c.d.e.f.g.h"
    nested: Any = 1
    for part in reversed(path.split(".")):
        nested = {part: nested}
    tables.add_run("nested", config=nested)
    tables.add_run("flat", config={path: 1})
    assert _found(tables, {f"config.{path}": 1}) == ["nested", "flat"]


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"stat": 1}, "There is no field 'stat'. Did you mean 'state'? Fields: config.KEY,"),
        ({"config": {"lr": 1}}, "There is no field 'config'."),
        ({"config.lr": {"$near": 1}}, "There is no operator '$near' here. Operators on a field:"),
        ({"$where": "1"}, "There is no operator '$where' here."),
        ({"$gt": 1}, "There is no operator '$gt' here."),
        ({"config.lr": {"$gt": None}}, "$gt is None: expected a number, text, a time or a boolean"),
        ({"config.lr": {"$lt": [1]}}, "$lt is [1]: expected a number"),
        ({"config.lr": {"$in": 1}}, "$in is 1: expected a list."),
        ({"config.lr": {"$gt": 1, "x": 2}}, "{'$gt': 1, 'x': 2} mixes operators with keys"),
        ({"config.lr": 10**400}, "A number in the filter is beyond the range of floats."),
        ({"$and": {"state": 1}}, "$and is {'state': 1}: expected a list."),
        ({"$or": ["state"]}, "A filter is 'state': expected a dict such as"),
        ({"createdAt": "yesterday"}, "A time is 'yesterday': expected a datetime, ISO 8601 text"),
        ({"createdAt": {"$gt": math.inf}}, "A time is inf: expected a datetime"),
        ({"createdAt": {"$regex": "2025"}}, "$regex is '2025': expected $gte and $lt for a time."),
        ({"state": {"$regex": 5}}, "$regex is 5: expected a regular expression as text."),
        ({"state": {"$regex": "["}}, "$regex is '[', which is not a regular expression as RE2"),
        (["state"], "A filter is ['state']: expected a dict such as"),
    ],
    ids=repr,
)
def test_what_cannot_be_understood_is_named(few: Any, filters: Any, sentence: str) -> None:
    with pytest.raises(QueryError, match=re.escape(sentence)):
        _found(few, filters)


def test_a_filter_nested_without_end_is_refused(few: Any) -> None:
    filters: dict[str, Any] = {"state": "finished"}
    for _ in range(100):
        filters = {"$not": filters}
    with pytest.raises(QueryError, match="nested more than 50 levels"):
        _found(few, filters)


def test_an_order_by_an_unknown_field_is_refused(few: Any) -> None:
    with pytest.raises(QueryError, match="There is no field 'loss'"):
        _found(few, None, order="+created_at,-loss")


def test_names_and_values_never_reach_the_sql_text(few: Any) -> None:
    hostile = "x' OR true; ATTACH 'f' AS f; --\"{e}$.*"
    where = parse_filters({f"config.{hostile}": {"$in": [hostile]}, "notes": {"$regex": "'"}})
    assert "ATTACH" not in where.sql + "".join(sql for _, sql, _ in where.fields)
    assert _found(few, {f"config.{hostile}": hostile}) == []
    few.add_run("bad", config={hostile: hostile})
    assert _found(few, {f"config.{hostile}": hostile}) == ["bad"]
    assert timedelta(0) == read.runs(few.db)[0].created_at.utcoffset()
