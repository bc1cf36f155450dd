"""Filters as text: each form, mistakes and their places, random filters against plain Python."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.errors import FilterSyntaxError, QueryError
from tracker.store.reading import read
from tracker.store.reading.filter_text import conditions, parse_text, write_text
from tracker.store.reading.filters import parse_filters

from .filter_oracle import fits


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("", {}),
        ("  ", {}),
        ("state = finished", {"state": {"$eq": "finished"}}),
        ("state == 'it\\'s'", {"state": {"$eq": "it's"}}),
        ('name ~ "res.*"', {"display_name": {"$regex": "res.*"}}),
        ("id !~ 'a|b'", {"name": {"$not": {"$regex": "a|b"}}}),
        ("config.lr > 0.1", {"config.lr": {"$gt": 0.1}}),
        ("config.lr>.1", {"config.lr": {"$gt": 0.1}}),
        ("config.n <= -3", {"config.n": {"$lte": -3}}),
        ("config.n >= 1e-3", {"config.n": {"$gte": 0.001}}),
        ("config.a != null", {"config.a": {"$ne": None}}),
        ("config.a = TRUE", {"config.a": {"$eq": True}}),
        ("summary.loss < inf", {"summary_metrics.loss": {"$lt": math.inf}}),
        ("summary.loss > -inf", {"summary_metrics.loss": {"$gt": -math.inf}}),
        ("summary.train/loss < 1", {"summary_metrics.train/loss": {"$lt": 1}}),
        ("summary.`top 5` < 1", {"summary_metrics.top 5": {"$lt": 1}}),
        ("config.layers[0].size = 3", {"config.layers[0].size": {"$eq": 3}}),
        ("tags in [a, 'b c', 3]", {"tags": {"$in": ["a", "b c", 3]}}),
        ("tags not in []", {"tags": {"$nin": []}}),
        ("config.lr exists", {"config.lr": {"$exists": True}}),
        ("config.lr NOT EXISTS", {"config.lr": {"$exists": False}}),
        ("created_at > 2026-01-31T12:00", {"created_at": {"$gt": "2026-01-31T12:00"}}),
        ("not state = failed", {"$not": {"state": {"$eq": "failed"}}}),
        (
            "state = a or state = b and step > 3",
            {
                "$or": [
                    {"state": {"$eq": "a"}},
                    {"$and": [{"state": {"$eq": "b"}}, {"step": {"$gt": 3}}]},
                ]
            },
        ),
        (
            "(state = a OR state = b)\nAND step > 3",
            {
                "$and": [
                    {"$or": [{"state": {"$eq": "a"}}, {"state": {"$eq": "b"}}]},
                    {"step": {"$gt": 3}},
                ]
            },
        ),
    ],
)
def test_forms(text: str, filters: dict[str, Any]) -> None:
    assert parse_text(text) == filters
    parse_filters(filters)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("config.lr >", (11, 11), "the end stands where a value is expected"),
        ("config.lr", (9, 9), "the end stands where one of ="),
        ("staet = a", (0, 5), "Did you mean 'state'?"),
        ("lr > 3", (0, 2), "Fields are config.KEY, summary.KEY"),
        ("state = a state = b", (10, 15), "write 'and' or 'or' before it"),
        ("(state = a", (10, 10), "where a ')' is expected"),
        ("state = 'a", (8, 9), "has no end"),
        ("state = a & step > 1", (10, 11), "'&' means nothing here"),
        ("state in a", (9, 10), "a list such as [1, 2] is expected"),
        ("state in [a b]", (12, 13), "',' or ']' is expected"),
        ("state not = a", (10, 11), "'in' or 'exists' is expected after 'not'"),
        ("name ~ 3", (7, 8), "~ needs a regular expression as text"),
        ("and", (0, 3), "where a field such as state"),
        ("(" * 26 + "state = a" + ")" * 26, (25, 26), "nested more than 25 levels"),
    ],
)
def test_mistakes_are_said_with_their_place(text: str, place: tuple[int, int], reason: str) -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_text(text)
    assert caught.value.place == place
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f"At character {place[0] + 1} of the filter: ")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("state = a", [("state", "=", "a")]),
        ("state = a and step > 1", [("state", "=", "a"), ("step", ">", 1)]),
        ("tags not in [a] and id !~ b", [("tags", "not in", ["a"]), ("id", "!~", "b")]),
        ("config.a exists", [("config.a", "exists", None)]),
        ("config.a not exists", [("config.a", "not exists", None)]),
        ("state = a or step > 1", None),
        ("not state = a", None),
        ("state = a and (step > 1 or step < 0)", None),
    ],
)
def test_simple_filters_are_rows(text: str, rows: list[Any] | None) -> None:
    assert conditions(parse_text(text)) == rows


@pytest.mark.parametrize(
    "filters",
    [
        {"$nor": [{"state": "a"}]},
        {"state": "a"},
        {"config.`": {"$eq": 1}},
        {"a": {"$gt": 1, "$lt": 2}},
    ],
)
def test_what_the_text_cannot_say_is_refused(filters: dict[str, Any]) -> None:
    with pytest.raises(QueryError, match="cannot be said in a filter's text"):
        write_text(filters)


# --- random filters -------------------------------------------------------------------------------

_keys = st.sampled_from(["a", "b", "a.b", 'é"$', "s/t", "x~1", "t 5", "and", "1", "n[0]"])
_numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**63, 0.5, 1.0, -0.0, 1e300, 5e-324, math.nan, math.inf, -math.inf]),
)
_texts = st.sampled_from(
    ["", "a", "ab", "B", "1", "-1e3", "true", "null", "it's", 'say "hi"', "к", "\\", "\n", "and"]
)
_scalars = st.one_of(st.none(), st.booleans(), _numbers, _texts)
_ordered = _scalars.filter(lambda value: value is not None)
_fields = st.builds(
    lambda head, key: f"{head}.{key}", st.sampled_from(["config", "summary"]), _keys
)
_tests = st.one_of(
    st.tuples(st.sampled_from(["=", "!="]), _scalars),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), _ordered),
    st.tuples(st.sampled_from(["in", "not in"]), st.lists(_scalars, max_size=3)),
    st.tuples(st.sampled_from(["exists", "not exists"]), st.none()),
    st.tuples(st.sampled_from(["~", "!~"]), st.sampled_from(["^a", "b$", "[A-Z]", "", "к|i"])),
)
# ("is", field, sign, value), ("not", tree), ("and" or "or", [tree, tree, …])
_trees = st.recursive(
    st.builds(lambda field, test: ("is", field, *test), _fields, _tests),
    lambda inner: st.one_of(
        inner.map(lambda tree: ("not", tree)),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=5,
)
_spaces = st.sampled_from([" ", "  ", "\n"])
_MONGO = {"=": "$eq", "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte",
          "in": "$in", "not in": "$nin", "~": "$regex"}  # fmt: skip


def mongo(tree: Any) -> dict[str, Any]:
    """The filter that a tree means."""
    match tree:
        case ("not", inner):
            return {"$not": mongo(inner)}
        case ("and" | "or" as word, trees):
            return {f"${word}": [mongo(inner) for inner in trees]}
    _, field, sign, value = tree
    field = field.replace("summary.", "summary_metrics.")
    if sign.endswith("exists"):
        return {field: {"$exists": sign == "exists"}}
    if sign == "!~":
        return {field: {"$not": {"$regex": value}}}
    return {field: {_MONGO[sign]: value}}


def written(tree: Any, draw: Any) -> str:
    """A text that a person might write for a tree."""
    space = draw(_spaces)
    match tree:
        case ("not", inner):
            return f"{draw(st.sampled_from(['not', 'NOT']))}{space}({written(inner, draw)})"
        case ("and" | "or" as word, trees):
            return f"{space}{word}{space}".join(f"({written(inner, draw)})" for inner in trees)
    _, field, sign, value = tree
    head, _, key = field.partition(".")
    name = f"{head}.`{key}`" if draw(st.booleans()) or not key.isalnum() else field
    if sign.endswith("exists"):
        return f"{name}{space}{sign}"
    if sign.endswith("in"):
        return f"{name}{space}{sign} [{f'{space},'.join(literal(item, draw) for item in value)}]"
    return f"{name}{space}{sign}{space}{literal(value, draw)}"


def literal(value: Any, draw: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower() if value is not None else draw(st.sampled_from(["null", "None"]))
    if isinstance(value, str):
        mark = draw(st.sampled_from("\"'"))
        return mark + value.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark
    return repr(value)


@settings(deadline=None, max_examples=300)
@given(tree=_trees, data=st.data())
def test_a_text_means_what_was_written(tree: Any, data: Any) -> None:
    text = written(tree, data.draw)
    assert repr(parse_text(text)) == repr(mongo(tree))


@settings(deadline=None, max_examples=300)
@given(tree=_trees)
def test_a_filter_goes_to_text_and_back(tree: Any) -> None:
    filters = mongo(tree)
    assert repr(parse_text(write_text(filters))) == repr(filters)


_documents = st.dictionaries(_keys, st.one_of(_scalars, st.lists(_scalars, max_size=2)), max_size=6)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    documents=st.lists(st.tuples(_documents, _documents), min_size=1, max_size=4),
    tree=_trees,
    data=st.data(),
)
def test_a_text_finds_what_python_finds(
    shared_tables: Any, documents: list[tuple[Any, Any]], tree: Any, data: Any
) -> None:
    shared_tables.clear()
    for config, summary in documents:
        shared_tables.add_run(config=config, summary=summary)
    where = parse_filters(parse_text(written(tree, data.draw)))
    found = read.runs(shared_tables.db, where=where, order="")
    expected = [
        place
        for place, (config, summary) in enumerate(documents)
        if fits({"config": config, "summary_metrics": summary}, mongo(tree))
    ]
    first = shared_tables.db.execute("SELECT min(run_key) FROM run").fetchall()[0][0]
    assert [run.run_key - first for run in found] == expected
