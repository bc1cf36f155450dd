import os
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from tracker.system.processes import ProcessTree

MIB = 2**20
# Uses about this much CPU time, however slow or loaded the machine is.
BURN = "import time\nwhile time.process_time() < {cpu_s}: pass\n"
# Says that it is ready, then waits to be told to end.
WAIT = "print('ready', flush=True); input()"


@pytest.fixture(params=["linux", "other"], autouse=True)
def platform(request, monkeypatch):
    """Both ways to read processes; the one for other systems works on Linux too."""
    if request.param == "linux" and sys.platform != "linux":
        pytest.skip("reads /proc")
    monkeypatch.setattr(sys, "platform", request.param)


@contextmanager
def waiting_process(code=WAIT):
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        try:
            assert child.stdout.readline() == b"ready\n"
            yield child
        finally:
            child.communicate(b"\n")


def test_memory_that_we_take_is_counted():
    tree = ProcessTree(os.getpid())
    before = tree.read()

    block = b"x" * (50 * MIB)
    after = tree.read()

    assert len(block) == 50 * MIB
    assert 45 * MIB < after.rss_bytes - before.rss_bytes < 70 * MIB


def test_descendants_are_counted():
    grandchild = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAIT!r}])"
    tree = ProcessTree(os.getpid())
    alone = tree.read()
    with waiting_process(grandchild):
        # A tree that is dear to walk is not walked at each reading, so ask a new one.
        whole = ProcessTree(os.getpid()).read()

    assert os.getpid() in alone.pids
    assert len(whole.pids) == len(alone.pids) + 2
    assert whole.threads >= alone.threads + 2
    assert whole.rss_bytes > alone.rss_bytes


def test_descendants_of_other_threads_are_counted():
    pids = set()
    is_read, is_started = threading.Event(), threading.Event()

    def start_one():
        with waiting_process() as child:
            pids.add(child.pid)
            is_started.set()
            is_read.wait(20)

    thread = threading.Thread(target=start_one)
    thread.start()
    assert is_started.wait(20)
    usage = ProcessTree(os.getpid()).read()
    is_read.set()
    thread.join()

    assert pids < usage.pids


def test_descendants_are_left_out_on_demand():
    with waiting_process():
        usage = ProcessTree(os.getpid(), follow_children=False).read()

    assert usage.pids == {os.getpid()}


def test_threads_are_counted():
    start_five = (
        "import threading; end = threading.Event()\n"
        "threads = [threading.Thread(target=end.wait) for _ in range(5)]\n"
        "for thread in threads: thread.start()\n"
    )
    with waiting_process(f"{start_five}{WAIT}; end.set()") as child:
        usage = ProcessTree(child.pid).read()

    assert usage.threads == 6


@pytest.mark.parametrize("follow", [True, False])
def test_cpu_time_of_a_child_that_came_and_went(follow):
    tree = ProcessTree(os.getpid(), follow_children=follow)
    tree.read()

    subprocess.run([sys.executable, "-c", BURN.format(cpu_s=0.5)], check=True)
    usage = tree.read()

    assert usage.root_cpu_s < 0.4
    if follow:
        assert 0.45 < usage.tree_cpu_s < 2.0
    else:
        assert usage.tree_cpu_s == pytest.approx(usage.root_cpu_s, abs=0.05)


def test_cpu_time_of_a_child_is_counted_once():
    tree = ProcessTree(os.getpid())
    tree.read()
    code = BURN.format(cpu_s=0.5) + WAIT
    with waiting_process(code):
        alive = tree.read()
    ended = tree.read()

    # A tree that is dear to walk may miss the child while it lives: then it counts at its end.
    assert 0.4 < ended.tree_cpu_s < 1.5
    assert alive.tree_cpu_s <= ended.tree_cpu_s


def test_cpu_time_of_the_process_itself():
    tree = ProcessTree(os.getpid())
    tree.read()
    began_s = sum(os.times()[:2])
    while sum(os.times()[:2]) - began_s < 0.3:
        pass
    usage = tree.read()

    assert 0.25 < usage.root_cpu_s < 0.6
    assert usage.tree_cpu_s >= usage.root_cpu_s - 0.02


@pytest.mark.skipif(sys.platform != "linux", reason="names a process through /proc")
@pytest.mark.parametrize("name", ["a) S 1 (b", "(((", "x y) 2 3"])
def test_a_process_with_a_strange_name(name):
    code = f"open('/proc/self/comm', 'w').write({name!r}); {WAIT}"
    with waiting_process(code) as child:
        usage = ProcessTree(child.pid).read()

    assert usage.threads == 1
    assert MIB < usage.rss_bytes < 200 * MIB


def test_a_process_that_ended_is_gone():
    with waiting_process() as child:
        tree = ProcessTree(child.pid)
        assert tree.read().pids == {child.pid}

    assert tree.read() is None


def test_a_process_that_never_was():
    assert ProcessTree(2**22 + 1).read() is None
