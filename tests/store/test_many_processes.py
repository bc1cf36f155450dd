"""Many processes begin at once, log into one store, and are watched meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.store.store import Store

from .logbook import keys_are_unique, launch, query


@pytest.mark.parametrize(
    ("writers", "rows", "pace_s"),
    [(16, 300, 0.002), pytest.param(32, 1500, 0.005, marks=pytest.mark.slow)],
)
def test_nothing_is_lost_or_doubled(tmp_path: Path, writers: int, rows: int, pace_s: float) -> None:
    store = Store(tmp_path / "store")
    pipes = {"stdin": -1, "stdout": -1, "stderr": -1}
    loggers = [
        launch("log_many", store.root, number, rows, pace_s, **pipes) for number in range(writers)
    ]
    readers = [launch("watch", store.root, **pipes) for _ in range(2)]
    for child in (*loggers, *readers):
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    for child in (*loggers, *readers):  # a cold start: there is no store yet
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in loggers:
        out, err = child.communicate(timeout=300)
        assert (child.returncode, err) == (0, b""), err.decode()
        assert float(out) > 0
    for child in readers:
        out, err = child.communicate(b"stop\n", timeout=60)
        assert (child.returncode, err) == (0, b""), err.decode()
        assert int(out.split()[0]) > 0
    assert query(store, "SELECT count(*), count(DISTINCT run_id) FROM runs") == [(writers, writers)]
    assert query(store, "SELECT DISTINCT state FROM runs") == [("finished",)]
    counts = query(
        store,
        "SELECT run_id, key, count(*), count(DISTINCT step), min(step), max(step) FROM history "
        "GROUP BY ALL",
    )
    assert len(counts) == writers * 3
    assert {row[2:] for row in counts} == {(rows, rows, 0, rows - 1)}
    wrong = "SELECT count(*) FROM history WHERE key = 'own' AND 'run' || value::INTEGER <> run_id"
    assert query(store, wrong) == [(0,)]
    assert query(store, "SELECT count(*) FROM system") == [(writers * ((rows + 99) // 100),)]
    assert keys_are_unique(store)
    assert list(store.journal_dir.glob("*.journal")) == []
    store.rebuild()
    assert query(store, "SELECT count(*) FROM history") == [(writers * 3 * rows,)]
