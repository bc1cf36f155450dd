"""Nothing that ``log`` returned from is lost by kill -9, whenever it comes."""

from __future__ import annotations

import os
import random
import select
import shutil
import struct
import subprocess
import time
import warnings
from pathlib import Path

import pytest

from tracker.errors import StoreError, TrackerWarning
from tracker.store import recovery
from tracker.store.journal import journal
from tracker.store.store import Store

from .logbook import curve, everything, keys_are_unique, launch, mend, query, run_row

FINISHED = 0xFFFFFFFF


def read_acknowledged(child: subprocess.Popen[bytes], seconds: float) -> int:
    """Kill a child that logs after `seconds` of logging; return the last row it told of."""
    assert child.stdout is not None
    pipe = child.stdout.fileno()
    told = bytearray(os.read(pipe, 1 << 16))  # its first row
    kill_at = time.monotonic() + seconds
    while (left_s := kill_at - time.monotonic()) > 0:
        if select.select([pipe], [], [], left_s)[0]:
            data = os.read(pipe, 1 << 16)
            if not data:
                break
            told += data
    child.kill()
    while data := os.read(pipe, 1 << 16):
        told += data
    child.wait(30)
    child.stdout.close()
    whole = len(told) // 4 * 4
    return int(struct.unpack_from("<I", told, whole - 4)[0])


def log_until_killed(
    store: Store, chance: random.Random, *, longest_s: float = 0.6, rows: int = 0
) -> int:
    interval_s = chance.choice([0.01, 0.05, 30.0])
    segment_bytes = chance.choice([5_000, 100_000, 1 << 26])
    child = launch("log_rows", store.root, interval_s, segment_bytes, rows, stdout=-1)
    return read_acknowledged(child, chance.uniform(0.0, longest_s))


def check(store: Store, acknowledged: int, state: str = "crashed", sessions: int = 1) -> None:
    """Everything that was acknowledged is there, once and in order; one row more may be."""
    steps = [step for step, _ in curve(store, "x")]
    assert steps == list(range(len(steps)))
    assert len(steps) - 1 in (acknowledged, acknowledged + 1)
    last = len(steps) - 1
    assert [value for _, value in curve(store, "x")] == [step - 5 for step in steps]
    assert curve(store, "half") == [(step, step / 2) for step in steps]
    texts = query(store, "SELECT step, value FROM history_values ORDER BY step")
    assert texts == [(step, f'"row {step}"') for step in steps]
    row = run_row(store)
    assert row["state"] == state
    assert row["last_step"] == last
    summary = row["summary"]
    assert summary["x"] == {"min": -5, "max": last - 5, "first": -5}
    assert summary["half"] == last / 2
    # What is written after a row is never written of a row that was the last before a kill.
    lost = sessions - 1
    tens = last // 10 * 10
    assert summary.get("set", 0) in (tens, (last - 1) // 10 * 10, tens - 10 * bool(lost))
    lines = query(store, "SELECT count(*), count(DISTINCT number) FROM console")
    assert lines[0][0] == lines[0][1] >= acknowledged // 7 - lost
    assert keys_are_unique(store)
    assert query(store, "SELECT count(*) FROM session") == [(sessions,)]


def leftovers(store: Store) -> list[str]:
    return [path.name for path in store.journal_dir.iterdir() if path.is_file()]


@pytest.mark.parametrize("trials", [10, pytest.param(110, marks=pytest.mark.slow)])
def test_every_acknowledged_row_survives_kill_9(tmp_path: Path, trials: int) -> None:
    chance = random.Random(trials)
    for number in range(trials):
        store = Store(tmp_path / "store")
        acknowledged = log_until_killed(store, chance)
        mend(store)
        check(store, acknowledged)
        assert leftovers(store) == []
        if number % 5 == 0:
            before = everything(store)
            store.rebuild()
            assert everything(store) == before
        shutil.rmtree(store.root)


@pytest.mark.parametrize("times", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_and_resumed_again_and_again_is_whole(
    tmp_path: Path, times: int
) -> None:
    chance = random.Random(times)
    store = Store(tmp_path / "store")
    for number in range(times):
        acknowledged = log_until_killed(store, chance, longest_s=0.3)
        if number % 3 == 0:
            mend(store)
            check(store, acknowledged, sessions=number + 1)
    mend(store)
    check(store, acknowledged, sessions=times)
    before = everything(store)
    store.rebuild()
    assert everything(store) == before


@pytest.mark.parametrize("trials", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_kill_9_at_the_end_of_a_run_loses_nothing(tmp_path: Path, trials: int) -> None:
    """While finish takes in, archives and puts away."""
    chance = random.Random(trials)
    for _ in range(trials):
        store = Store(tmp_path / "store")
        acknowledged = log_until_killed(store, chance, rows=300, longest_s=0.3)
        mend(store)
        is_over = acknowledged in (299, FINISHED)
        state = run_row(store)["state"]
        assert state == "finished" or acknowledged != FINISHED
        check(store, 299 if is_over else acknowledged, state)
        assert leftovers(store) == []
        shutil.rmtree(store.root)


@pytest.mark.parametrize("trials", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_kill_9_of_the_recovery_and_of_the_next_loses_nothing(tmp_path: Path, trials: int) -> None:
    chance = random.Random(trials)
    for _ in range(trials):
        store = Store(tmp_path / "store")
        acknowledged = log_until_killed(store, chance, longest_s=0.3)
        for _ in range(3):
            child = launch("recover_slowly", store.root, stdout=-1)
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.15))
            child.kill()
            child.wait(30)
            child.stdout.close()
        mend(store)
        check(store, acknowledged)
        assert not [name for name in leftovers(store) if name.endswith(journal.SUFFIX)]
        shutil.rmtree(store.root)


@pytest.mark.parametrize("trials", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_kill_9_of_a_rebuild_loses_nothing(tmp_path: Path, trials: int) -> None:
    chance = random.Random(trials)
    original = Store(tmp_path / "original")
    acknowledged = log_until_killed(original, chance)
    mend(original)
    before = everything(original)
    for _ in range(trials):
        store = Store(tmp_path / "store")
        shutil.copytree(original.root, store.root)
        child = launch("rebuild_slowly", store.root, stdout=-1)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.25))
        child.kill()
        child.wait(30)
        child.stdout.close()
        try:
            store.recover()
            held = everything(store)
        except StoreError as error:  # it was killed between taking one away and putting one there
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", TrackerWarning)
                recovery.repair(store, error)
            held = everything(store)
        assert held == before
        check(store, acknowledged)
        shutil.rmtree(store.root)


def test_kill_9_while_the_store_is_being_made_leaves_one_that_can_be_used(tmp_path: Path) -> None:
    chance = random.Random(1)
    for number in range(5):
        store = Store(tmp_path / str(number))
        child = launch("recover_slowly", store.root, "new", stdout=-1)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.12))
        child.kill()
        child.wait(30)
        child.stdout.close()
        mend(store)
        assert query(store, "SELECT count(*) FROM runs") in ([(0,)], [(1,)])
