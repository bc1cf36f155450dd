"""Whatever is logged, in whatever batches: the tables say what a simple model says."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.store.database import migrate
from tracker.store.journal import facts
from tracker.store.journal.journal import JournalWriter
from tracker.store.writing.feed import Feed

from .bench import Bench
from .logbook import BEGAN_US, begin
from .oracle import is_same

KEYS = ("loss", "acc", "train/x")


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    migrate.begin(connection, "memory")
    connection.execute("COMMIT")
    yield connection
    connection.close()


numbers = st.one_of(
    st.floats(width=32), st.booleans(), st.integers(-5, 5),
    st.sampled_from([2**53, 2**53 + 1, -(2**60), 2**64 - 1]),
)  # fmt: skip
values = st.one_of(numbers, numbers, st.none(), st.sampled_from(["text", [1, 2]]))
some_rows = st.dictionaries(st.sampled_from(KEYS), values, max_size=3)
operations = st.sampled_from(["min", "max", "mean", "first", "best", "last", "none"])
rules = st.builds(
    facts.Metric,
    st.sampled_from([*KEYS, "train/*", "*"]),
    summary=st.lists(operations, max_size=3, unique=True),
    goal=st.sampled_from([None, "maximize"]),
)
changes = st.builds(
    facts.SummaryChange,
    st.dictionaries(st.sampled_from(KEYS), st.integers(100, 110), max_size=2),
    st.lists(st.sampled_from(KEYS), max_size=1),
)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("next"), some_rows),
        st.tuples(st.just("next"), some_rows),
        st.tuples(st.just("merge"), some_rows),
        st.tuples(st.just("late"), some_rows),
        st.tuples(st.just("say"), st.one_of(rules, changes)),
        st.tuples(st.sampled_from(["flush", "restart", "rotate", "archive"]), st.none()),
    ),
    max_size=25,
)


def act(bench: Bench, deed: str, given_value: Any, step: int) -> int:
    """Do one thing to a bench; return the open step."""
    if deed == "next":
        bench.row(step + 1, given_value)
        return step + 1
    if deed == "merge":
        bench.row(step, given_value, merges=True)
    elif deed == "late":
        bench.row(step - 2, given_value)
    elif deed == "say":
        bench.say(given_value)
    else:
        bench.flush()
        {"restart": bench.restart, "rotate": bench.rotate, "archive": bench.archive_full}.get(
            deed, lambda: None
        )()
    return step


@given(deeds, st.sampled_from([1, 40, 150, 1 << 20]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tables_and_summary_are_what_a_simple_model_says(
    tmp_path_factory: pytest.TempPathFactory,
    db: duckdb.DuckDBPyConnection,
    done: list[tuple[str, Any]],
    limit: int,
) -> None:
    bench = Bench(tmp_path_factory.mktemp("j"), db)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tracker.store.writing.feed.BATCH_BYTES", limit)
        step = 0
        for deed, given_value in done:
            step = act(bench, deed, given_value, step)
        bench.flush()
    bench.close()
    assert bench.feed.intake.damaged == {}
    assert is_same(bench.history, bench.oracle.history)
    assert is_same(bench.summary, bench.oracle.summary)
    for key, kinds in bench.kinds.items():
        assert bench.oracle.kinds(key) <= kinds, key
    assert is_same(bench.feed.intake.fold.values, bench.oracle.summary)


@given(deeds)
@settings(deadline=None, max_examples=40)
def test_a_fold_made_anew_from_the_history_says_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    db: duckdb.DuckDBPyConnection,
    done: list[tuple[str, Any]],
) -> None:
    """What a rewind to the last step computes from the tables is what was there before."""
    bench = Bench(tmp_path_factory.mktemp("j"), db)
    for rule in (facts.Metric(key, summary=["min", "max", "mean", "first"]) for key in KEYS[:2]):
        bench.say(rule)
    step = 0
    for deed, given_value in done:
        if deed != "say":
            step = act(bench, deed, given_value, step)
    bench.flush()
    before = bench.summary
    bench.close()
    again = begin(resume="resume", rewind_to=10**6, time_us=BEGAN_US + 10**9)
    writer = JournalWriter(bench.writer.segments[0].parent)
    writer.open_segment(again)
    feed = Feed(writer.stem, writer.segments)
    feed.put(db)
    feed.confirm()
    after = bench.summary
    for key in itertools.chain(before, after):
        assert is_same(after.get(key), before.get(key)), key
    writer.append(facts.Keys(1, "default", ["loss"]))
    writer.append(facts.Row(1, step + 5, BEGAN_US + 2 * 10**9, [-1000.5]))
    feed.read_ahead()
    feed.put(db)
    feed.close()
    writer.close()
    seen = [v for _, v in bench.oracle.history.get("loss", []) if isinstance(v, int | float)]
    seen = [v for v in seen if not math.isnan(v)]
    shown = bench.summary["loss"]
    assert shown["min"] == min([*seen, -1000.5])
    assert is_same(shown["mean"], math.fsum([*seen, -1000.5]) / (len(seen) + 1)) or math.isinf(
        math.fsum(abs(v) for v in seen)
    )
