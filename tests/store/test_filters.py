"""Filters and orders: each field and operator, and what is said of mistakes."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tracker.errors import QueryError
from tracker.store.reading import read
from tracker.store.reading.filters import parse_filters


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
        "three",
        name="Sun",
        project="other",
        state="crashed",
        created_s=120,
        config={"lr": {"value": 5}},
        summary={"loss": 0.25},
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
        ({"summary_metrics.loss": {"$gt": 0.25}}, ["one"]),
        ({"summary_metrics.loss": {"$gte": 0}}, ["one", "three"]),
        ({"summary_metrics.loss": {"$gt": math.nan}}, []),
        ({"summary.loss": math.nan}, ["two"]),
        ({"summary.loss": {"$gt": "A"}}, []),
        ({"summary.loss": {"$regex": "N"}}, []),
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


@pytest.mark.parametrize(
    "key",
    ['"', "'", "a/b", "~", "~1", "~0", "a~1b", "[0]", "*", "$", "$.a", "a b", "é\0", "\\", "", "."],
)
def test_any_key_can_be_asked_for(tables: Any, key: str) -> None:
    tables.add_run("flat", config={key: 1})
    tables.add_run("deep", config={"in": {key: 1}})
    tables.add_run("near", config={f"{key}x": 1, "a": 1, "/": 1, "b": {"a": 1}})
    assert _found(tables, {f"config.{key}": 1}) == ["flat"]
    assert _found(tables, {f"config.in.{key}": 1}) == ["deep"]


def test_of_a_nested_and_a_flat_key_the_nested_one_counts(tables: Any) -> None:
    tables.add_run("both", config={"a.b.c": 3, "a.b": {"c": 2}, "a": {"b": {"c": 1}}})
    assert _found(tables, {"config.a.b.c": 1}) == ["both"]
    assert _found(tables, {"config.a.b.c": {"$gt": 1}}) == []


def test_a_comparison_with_a_list_holds_for_any_item(tables: Any) -> None:
    tables.add_run("one", config={"sizes": [1, 5.5, "x", True]})
    for value in ({"$gt": 5}, {"$lt": 2.0}, 5.5, "x", True, {"$gte": "x"}, {"$gte": True}):
        assert _found(tables, {"config.sizes": value}) == ["one"]
    for value in ({"$gt": 6}, 2, "y", False, {"$lt": True}, {"$in": [2, "1"]}):
        assert _found(tables, {"config.sizes": value}) == []


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
