"""Lineage to any depth in one query."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.records import LineageNode
from tracker.store.journal import facts
from tracker.store.reading.lineage import lineage
from tracker.store.store import Store

from .logbook import BEGAN_US, begin, finish, leave

DEPTH = 25


def said(direction: str, digest: str, after_us: int) -> facts.Version:
    return facts.Version(
        direction, "digits", "set", "dataset", digest, BEGAN_US + after_us, is_known=False
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A chain of runs: each uses what the one before it made; one more uses the first."""
    made = Store(tmp_path / "store")
    leave(made, begin("0"), said("output", "d0", 1), finish())
    for number in range(1, DEPTH):
        leave(
            made, begin(str(number)), said("input", f"d{number - 1}", 10 * number),
            said("output", f"d{number}", 10 * number + 1), finish(),
        )  # fmt: skip
    leave(made, begin("aside"), said("input", "d0", 5), finish())
    made.recover()
    return made


def key(store: Store, version: int) -> int:
    with store.reading() as db:
        return int(
            db.execute(
                "SELECT version_key FROM artifact_version WHERE version = ?", [version]
            ).fetchall()[0][0]
        )


def names(nodes: list[LineageNode]) -> list[str]:
    return [node.name if node.kind == "version" else node.run_id for node in nodes]


def test_a_long_chain_both_ways(store: Store) -> None:
    middle = key(store, 10)
    with store.reading() as db:
        found = lineage(db, version_keys=[middle])
        up = lineage(db, version_keys=[middle], down=False)
        down = lineage(db, version_keys=[middle], up=False)
    (start,) = found.starts
    assert names(found.before(start))[:3] == ["10", "set:v9", "9"]
    assert names(found.before(start))[-1] == "0"
    assert len(found.before(start)) == 21
    assert names(found.after(start))[-1] == f"set:v{DEPTH - 1}"
    assert len(found.after(start)) == 2 * (DEPTH - 11)
    assert "aside" not in names(list(found.nodes.values()))  # no ancestor, no descendant
    assert len(up.nodes) == 22
    assert len(down.nodes) == 2 * (DEPTH - 11) + 1


def test_of_a_run(store: Store) -> None:
    with store.reading() as db:
        run_key = db.execute("SELECT run_key FROM run WHERE run_id = 'aside'").fetchall()[0][0]
        found = lineage(db, run_keys=[run_key])
    assert names(list(found.nodes.values())) == ["0", "set:v0", "aside"]
    assert found.starts == (f"run:{run_key}",)


def test_a_circle_ends(store: Store) -> None:
    leave(store, begin("round"), said("input", "d3", 900), said("output", "d3", 901), finish())
    store.recover()
    start = key(store, 3)
    with store.reading() as db:
        found = lineage(db, version_keys=[start])
    assert "round" in names(found.before(f"version:{start}"))
    assert "round" in names(found.after(f"version:{start}"))


def test_what_has_no_edges_is_there_all_the_same(store: Store) -> None:
    leave(store, begin("lonely"), finish())
    store.recover()
    with store.reading() as db:
        run_key = db.execute("SELECT run_key FROM run WHERE run_id = 'lonely'").fetchall()[0][0]
        found = lineage(db, run_keys=[run_key], version_keys=[10**6])
    assert names(list(found.nodes.values())) == ["lonely"]
    assert found.edges == ()
    assert found.starts == (f"run:{run_key}",)
