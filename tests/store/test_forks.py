"""A forked child neither hangs, nor writes for its parent, nor keeps anything of it locked."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from tracker.store.database.forks import ForkGate
from tracker.store.store import Store

from .logbook import begin, curve, finish, keys_are_unique, launch, leave, query, rows

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")


@pytest.mark.parametrize("forks", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_children_forked_at_any_moment_log_runs_of_their_own(tmp_path: Path, forks: int) -> None:
    store = Store(tmp_path / "store")
    parent = launch("fork_storm", store.root, forks, stdout=-1)
    out, _ = parent.communicate(timeout=300)
    sleeper, failed = map(int, out.split())
    try:
        assert (parent.returncode, failed) == (0, 0)
        # The sleeper lives, and holds no lock: others can read and write.
        os.kill(sleeper, 0)
        leave(store, begin("after"), *rows(["a"], [[1]]), finish())
        assert len(store.recover()) == 1
        assert curve(store, "a", "parent") == [(step, step) for step in range(forks * 50)]
        assert query(store, "SELECT count(*), count(DISTINCT state) FROM runs") == [(forks + 2, 1)]
        for number in range(forks):
            assert len(curve(store, "a", f"child{number}")) == 20
        assert keys_are_unique(store)
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_a_fork_waits_until_nobody_is_inside() -> None:
    gate = ForkGate()
    inside, leave_it, forked = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with gate.passing():
            inside.set()
            leave_it.wait(30)

    def fork() -> None:
        gate.close()
        forked.set()
        gate.open()

    worker = threading.Thread(target=work)
    worker.start()
    assert inside.wait(30)
    forker = threading.Thread(target=fork)
    forker.start()
    assert not forked.wait(0.1)
    leave_it.set()
    assert forked.wait(30)
    worker.join(30)
    forker.join(30)
    with gate.passing():
        pass


def test_a_fork_from_inside_does_not_wait_for_itself() -> None:
    gate = ForkGate()
    with gate.passing(), gate.passing():
        gate.close()
        gate.open()
    with gate.passing():
        gate.close()
        gate.reset()  # we are the child now, still in the block
    with gate.passing():
        pass
