"""Filters and orders: what SQL finds is what plain Python finds in the same records."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.store.reading import read
from tracker.store.reading.filters import parse_filters

from .filter_oracle import MISSING, fits, is_number

# --- random runs and filters ----------------------------------------------------------------------

_keys = st.sampled_from(["a", "b", "a.b", 'é"$', "s/t", "x~1", ""])
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
_documents = st.dictionaries(_keys, st.one_of(_scalars, _values), min_size=2, max_size=5)

_paths = st.one_of(_keys, st.lists(_keys, min_size=1, max_size=3).map(".".join))
_fields = st.builds(
    lambda head, path: f"{head}.{path}", st.sampled_from(["config", "summary"]), _paths
)
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
@given(
    documents=st.lists(st.tuples(_documents, _documents), min_size=1, max_size=4), filters=_filters
)
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
        if fits({"config": config, "summary": summary}, filters)
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
    found = [run.summary.get("loss", MISSING) for run in read.runs(shared_tables.db, order=order)]

    def rank(value: Any) -> int:
        if is_number(value):
            return 3 if math.isnan(value) else 0
        return 1 if isinstance(value, str) else 2 if isinstance(value, bool) else 3

    ranks = [rank(value) for value in found]
    assert ranks == sorted(ranks)
    for kind in range(3):
        alike = [float(v) if is_number(v) else v for v in found if rank(v) == kind]
        assert alike == sorted(alike, reverse=is_down)
