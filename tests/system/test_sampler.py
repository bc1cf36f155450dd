import math
import os
import subprocess
import sys
import threading
import time

import pytest

from tracker.errors import TrackerWarning, UsageError
from tracker.system import Sampler
from tracker.system.cgroup import read_limits
from tracker.system.host import usable_cpus


@pytest.fixture
def start(monkeypatch):
    """Start samplers that are stopped at the end of the test, however busy the machine is."""
    monkeypatch.setattr("tracker.system.sampler._STOP_PATIENCE_S", 60)
    samplers = []

    def start_one(on_sample, **options):
        sampler = Sampler(on_sample, **options)
        samplers.append(sampler)
        sampler.start()
        return sampler

    yield start_one
    for sampler in samplers:
        sampler.stop()


def sampler_threads():
    return [thread for thread in threading.enumerate() if thread.name == "tracker-system"]


@pytest.mark.usefixtures("no_driver")
def test_first_and_last_sample(samples, start):
    began_s = time.time()
    sampler = start(samples, interval_s=3600)
    samples.wait()

    sampler.stop()

    assert len(samples.received) == 2
    times = [time_s for _, time_s in samples.received]
    assert began_s <= times[0] <= times[1] <= time.time()
    assert not sampler_threads()


def test_stopping_again_does_nothing(samples, start):
    sampler = start(samples)
    sampler.stop()
    count = len(samples.received)

    sampler.stop()

    assert len(samples.received) == count
    Sampler(samples).stop()
    assert len(samples.received) == count


def test_starting_again(samples, start):
    sampler = start(samples, interval_s=3600)
    sampler.start()
    assert len(sampler_threads()) == 1
    sampler.stop()
    count = len(samples.received)

    sampler.start()
    sampler.stop()

    assert len(samples.received) >= count + 2


def test_the_interval_is_kept(samples, start):
    began_s = time.time()
    sampler = start(samples, interval_s=0.1)
    for _ in range(11):
        samples.wait()
    sampler.stop()
    times = [time_s for _, time_s in samples.received]

    # Ten intervals: they are not shorter, and a loaded machine may stretch them.
    assert times[10] - began_s > 0.99


def test_readings_have_bare_names_and_finite_values(samples, start):
    start(samples, interval_s=0.15)

    readings = samples.wait(lambda readings: "cpu" in readings)

    assert "proc.memory.rssMB" in readings
    assert not [name for name in readings if name.startswith("system/")]
    assert all(type(value) is float and math.isfinite(value) for value in readings.values())


def test_a_busy_child_shows_in_the_tree_only(samples, start):
    cpus = usable_cpus(os.getpid(), read_limits())

    def shows(readings):
        """Say whether the tree used a twentieth of a core more than the process alone."""
        return readings.get("cpu", 0) * cpus > readings.get("proc.cpu.percent", 0) + 5

    start(samples, interval_s=0.3)
    alone = samples.wait(lambda readings: "cpu" in readings)
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        samples.wait(shows)
    finally:
        child.kill()
        child.wait()

    assert not shows(alone)


def test_the_tree_is_left_out_on_demand(samples, start):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        start(samples, track_process_tree=False)
        alone = samples.wait()
        start(samples, pid=child.pid)
        other = samples.wait()
        child.communicate(b"\n")

    assert alone["proc.memory.rssMB"] > other["proc.memory.rssMB"] > 1


def test_gpus(samples, start, install_nvml, new_gpu):
    fake = install_nvml(new_gpu(compute={os.getpid(): 2**30}), new_gpu(fan=None))
    sampler = start(samples, interval_s=3600)

    readings = samples.wait(lambda readings: "gpu.0.gpu" in readings)
    sampler.stop()
    last = samples.received[-1][0]

    assert readings["gpu.process.0.memoryAllocatedBytes"] == float(2**30)
    assert "gpu.process.1.memoryAllocatedBytes" not in readings
    assert "gpu.1.fanSpeed" not in readings
    assert "gpu.1.temp" in last
    assert "memory_percent" in last
    assert fake.references == 0


def test_chosen_gpus(samples, start, install_nvml, new_gpu):
    install_nvml(new_gpu(), new_gpu())
    start(samples, gpu_ids=[1])

    readings = samples.wait(lambda readings: "gpu.1.gpu" in readings)

    assert "gpu.0.gpu" not in readings


def test_a_driver_that_is_slow_does_not_hold_up_the_first_sample(
    samples, start, install_nvml, new_gpu, monkeypatch
):
    fake = install_nvml(new_gpu())
    init, may_answer = fake.nvmlInitWithFlags, threading.Event()
    monkeypatch.setattr(
        fake, "nvmlInitWithFlags", lambda flags: init(flags) if may_answer.wait(20) else 9
    )

    start(samples, interval_s=3600)
    assert "memory_percent" in samples.wait()
    may_answer.set()

    assert samples.wait()["gpu.0.gpu"] == 75.0


def test_several_samplers_at_once(start, install_nvml, new_gpu):
    fake = install_nvml(new_gpu())
    seen = [threading.Event() for _ in range(3)]

    def note(event):
        return lambda readings, _time_s: event.set() if "gpu.0.gpu" in readings else None

    samplers = [start(note(event), interval_s=0.05) for event in seen]
    assert all(event.wait(20) for event in seen)
    samplers[0].stop()
    seen[1].clear()

    assert seen[1].wait(20)
    for sampler in samplers:
        sampler.stop()
    assert fake.references == 0


def test_a_callback_that_raises_gets_one_warning_and_the_next_sample(start):
    calls, third = [], threading.Event()

    def fail(_readings, _time_s):
        calls.append(1)
        if len(calls) == 3:
            third.set()
        raise ValueError("disk is full")

    with pytest.warns(TrackerWarning, match="disk is full") as warned:
        sampler = start(fail, interval_s=0.05)
        assert third.wait(20)
        sampler.stop()

    assert len(warned) == 1


def test_a_callback_may_stop_its_sampler(start):
    is_done = threading.Event()

    def stop_at_once(_readings, _time_s):
        sampler.stop()
        is_done.set()

    sampler = Sampler(stop_at_once, interval_s=0.05)
    sampler.start()

    assert is_done.wait(20)
    for thread in sampler_threads():
        thread.join(20)
    assert not sampler_threads()


def test_a_system_that_hangs_does_not_hold_up_the_end(samples, start, monkeypatch):
    monkeypatch.setattr("tracker.system.sampler._STOP_PATIENCE_S", 0.1)
    is_over, is_called, calls = threading.Event(), threading.Event(), []

    def hang(_readings, _time_s):
        calls.append(1)
        is_called.set()
        is_over.wait(60)

    sampler = start(hang)
    assert is_called.wait(20)
    sampler.stop()
    assert len(sampler_threads()) == 1  # it hangs on, and nobody waited for it
    is_over.set()
    for thread in sampler_threads():
        thread.join(20)

    assert len(calls) == 1


@pytest.mark.parametrize("interval_s", [0, -1, math.nan, math.inf])
def test_an_interval_that_is_none(interval_s):
    with pytest.raises(UsageError, match="interval_s="):
        Sampler(print, interval_s=interval_s)


def test_one_disk_path_instead_of_a_list():
    with pytest.raises(UsageError, match=r"give a list, as \['/data'\]"):
        Sampler(print, disk_paths="/data")


def test_without_psutil_there_is_one_warning(samples, monkeypatch):
    monkeypatch.delitem(sys.modules, "tracker.system.host", raising=False)
    monkeypatch.delitem(sys.modules, "tracker.system.processes", raising=False)
    monkeypatch.setitem(sys.modules, "psutil", None)
    sampler = Sampler(samples)

    with pytest.warns(TrackerWarning, match="psutil"):
        sampler.start()

    sampler.stop()
    assert samples.received == []


def run_script(code):
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.split()


def test_psutil_is_imported_when_a_sampler_starts():
    code = """
import sys
from tracker.system import Sampler, read_hardware
sampler = Sampler(lambda readings, time_s: None)
print("psutil" in sys.modules, "pynvml" in sys.modules)
sampler.start()
print("psutil" in sys.modules)
sampler.stop()
"""
    assert run_script(code) == ["False", "False", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child():
    code = """
import os, threading
from tracker.system import Sampler
calls = []
sampler = Sampler(lambda readings, time_s: calls.append(os.getpid()), interval_s=0.001)
sampler.start()
failed = 0
for _ in range(20):
    child = os.fork()
    if child == 0:
        calls.clear()
        sampler.stop()
        silent = not calls and threading.active_count() == 1
        sampler.start()
        sampler.stop()
        os._exit(0 if silent and set(calls) == {os.getpid()} else 1)
    failed += os.waitpid(child, 0)[1] != 0
sampler.stop()
print(failed, set(calls) == {os.getpid()})
"""
    assert run_script(code) == ["0", "True"]


def test_a_script_that_forgets_to_stop_ends():
    code = """
from tracker.system import Sampler
Sampler(lambda readings, time_s: None, interval_s=0.01).start()
print("end")
"""
    assert run_script(code) == ["end"]
