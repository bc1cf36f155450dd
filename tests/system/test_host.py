import math
import os
import shutil
import socket
import time
from pathlib import Path

import psutil
import pytest

from tracker.system.cgroup import read_limits
from tracker.system.host import HostReader

MIB, GIB = 2**20, 2**30


def spin(wall_s):
    """Keep one core as busy as the machine allows."""
    end_s = time.monotonic() + wall_s
    while time.monotonic() < end_s:
        pass


@pytest.fixture
def make_limits(tmp_path):
    """A container's limits, from files as the kernel shows them."""

    def make(**files):
        mountinfo = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        texts = {"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountinfo}
        for name, text in files.items():
            texts[f"sys/fs/cgroup/{name.replace('_', '.')}"] = text
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return read_limits(tmp_path)

    return make


def test_names_and_values():
    host = HostReader(os.getpid())
    spin(0.15)

    readings = host.read()

    expected = {
        "cpu",
        "cpu.total",
        "proc.cpu.percent",
        "proc.cpu.threads",
        "proc.memory.rssMB",
        "proc.memory.percent",
        "proc.memory.availableMB",
        "memory_percent",
        "disk./.usagePercent",
        "disk./.usageGB",
        "network.sent",
        "network.recv",
    }
    assert expected <= readings.keys()
    assert all(type(value) is float and math.isfinite(value) for value in readings.values())
    for name in ("cpu.total", "memory_percent", "proc.memory.percent", "disk./.usagePercent"):
        assert 0.0 <= readings[name] <= 100.0
    assert ("swap" in readings) == (psutil.swap_memory().total > 0)


def test_memory_agrees_with_the_system(make_limits):
    readings = HostReader(os.getpid(), limits=make_limits()).read()
    memory = psutil.virtual_memory()
    own = psutil.Process().memory_info().rss

    assert readings["memory_percent"] == pytest.approx(memory.percent, abs=5)
    assert readings["proc.memory.availableMB"] == pytest.approx(memory.available / MIB, rel=0.1)
    assert readings["proc.memory.rssMB"] >= 0.8 * own / MIB
    share = 100 * readings["proc.memory.rssMB"] * MIB / memory.total
    assert readings["proc.memory.percent"] == pytest.approx(share)


def test_disk_agrees_with_the_system(tmp_path):
    readings = HostReader(os.getpid(), [str(tmp_path)]).read()
    usage = shutil.disk_usage(tmp_path)

    assert readings[f"disk.{tmp_path}.usageGB"] == pytest.approx(usage.used / GIB, abs=0.5)
    share = 100 * usage.used / (usage.used + usage.free)
    assert readings[f"disk.{tmp_path}.usagePercent"] == pytest.approx(share, abs=2)


def test_a_disk_path_that_is_not_there_is_left_out():
    host = HostReader(os.getpid(), ["/", "/no/such/path"])

    readings = host.read()

    assert "disk./.usageGB" in readings
    assert not [name for name in readings if "/no/such/path" in name]


@pytest.mark.skipif(
    not hasattr(os, "major") or os.major(Path("/").stat().st_dev) == 0,
    reason="the root file system is on no device",
)
def test_disk_traffic(tmp_path):
    host = HostReader(os.getpid(), [str(tmp_path)])
    path = tmp_path / "block"
    # The kernel may count a write a little after fsync has returned.
    for _ in range(20):
        with path.open("wb") as file:
            file.write(os.urandom(8 * MIB))
            file.flush()
            os.fsync(file.fileno())
        written = [mb for name, mb in host.read().items() if name.endswith(".out")]
        if max(written, default=0) >= 8:
            break

    assert max(written) >= 8


def test_network_traffic():
    host = HostReader(os.getpid())
    before = host.read()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as accepted,
    ):
        for _ in range(64):
            client.sendall(b"x" * 32_768)
            assert accepted.recv(32_768, socket.MSG_WAITALL)
    after = host.read()

    assert after["network.sent"] - before["network.sent"] >= 2 * MIB
    assert after["network.recv"] - before["network.recv"] >= 2 * MIB


def test_our_own_work_shows():
    marks = [(time.monotonic(), time.process_time())]
    host = HostReader(os.getpid(), per_core=True)
    marks.append((time.monotonic(), time.process_time()))
    spin(0.5)
    marks.append((time.monotonic(), time.process_time()))
    readings = host.read()
    marks.append((time.monotonic(), time.process_time()))

    # It looked somewhere between the first two marks, and again between the last two. The
    # kernel counts in hundredths of a second.
    wall_s, cpu_s = zip(*marks, strict=True)
    least = 100 * (cpu_s[2] - cpu_s[1] - 0.03) / (wall_s[3] - wall_s[0])
    most = 100 * (cpu_s[3] - cpu_s[0] + 0.03) / (wall_s[2] - wall_s[1])
    assert least <= readings["proc.cpu.percent"] <= most
    assert readings["cpu.total"] > 0
    assert max(value for name, value in readings.items() if "cpu_percent" in name) > 10


def test_cpu_of_too_short_a_time_is_left_out():
    host = HostReader(os.getpid())
    assert "cpu.total" not in host.read()
    spin(0.15)

    assert "cpu.total" in host.read()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no CPU affinity here")
def test_only_the_cores_that_the_process_may_use():
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    os.sched_setaffinity(0, {core})
    try:
        host = HostReader(os.getpid(), per_core=True)
        spin(0.3)
        readings = host.read()
    finally:
        os.sched_setaffinity(0, allowed)

    assert [name for name in readings if name.endswith("cpu_percent")] == [
        f"cpu.{core}.cpu_percent"
    ]
    assert readings["cpu.total"] == readings[f"cpu.{core}.cpu_percent"]
    assert readings["cpu"] == pytest.approx(readings["proc.cpu.percent"], abs=15)


def test_cores_are_left_out_on_demand():
    host = HostReader(os.getpid(), per_core=False)
    spin(0.15)

    assert not [name for name in host.read() if name.endswith("cpu_percent")]


def test_a_containers_memory_limit_is_the_whole(make_limits):
    limits = make_limits(memory_max=f"{GIB}", memory_current=f"{GIB // 4}")

    readings = HostReader(os.getpid(), limits=limits).read()

    assert readings["memory_percent"] == 25.0
    assert readings["proc.memory.availableMB"] <= 768.0
    share = 100 * readings["proc.memory.rssMB"] / 1024
    assert readings["proc.memory.percent"] == pytest.approx(share)


def test_a_limit_above_the_machines_memory_does_not_count(make_limits):
    limits = make_limits(memory_max=f"{2**59}", memory_current="1")

    readings = HostReader(os.getpid(), limits=limits).read()

    assert readings["memory_percent"] == pytest.approx(psutil.virtual_memory().percent, abs=5)


def test_a_containers_cpu_quota_is_the_whole(make_limits, tmp_path):
    limits = make_limits(cpu_max="50000 100000", cpu_stat="usage_usec 1000000\n")
    marks_s = [time.monotonic()]
    host = HostReader(os.getpid(), limits=limits)
    marks_s.append(time.monotonic())
    spin(0.4)
    (tmp_path / "sys/fs/cgroup/cpu.stat").write_text("usage_usec 1100000\n")
    marks_s.append(time.monotonic())
    readings = host.read()
    marks_s.append(time.monotonic())

    # 0.1 s of the half core that the container has.
    least, most = marks_s[2] - marks_s[1], marks_s[3] - marks_s[0]
    assert 100 * 0.1 / (0.5 * most) <= readings["cpu.total"] <= 100 * 0.1 / (0.5 * least)
    assert readings["cpu"] >= 1.9 * readings["proc.cpu.percent"]


def test_another_process_that_ends():
    host = HostReader(2**22 + 1)
    spin(0.15)

    readings = host.read()

    assert host.pids == frozenset()
    assert not [name for name in readings if name.startswith("proc.cpu") or "rss" in name]
    assert "cpu.total" in readings


@pytest.mark.parametrize(
    ("function", "error", "lost"),
    [
        ("virtual_memory", OSError(24, "Too many open files"), "memory_percent"),
        ("net_io_counters", RuntimeError("no counters"), "network.sent"),
        ("cpu_times", psutil.AccessDenied(1), "cpu.total"),
    ],
)
def test_a_passing_fault_of_the_system_costs_one_reading(monkeypatch, function, error, lost):
    host = HostReader(os.getpid())

    def fail(*_args, **_kwargs):
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(psutil, function, fail)
        spin(0.15)
        during = host.read()
    spin(0.15)
    after = host.read()

    assert lost not in during
    assert "disk./.usageGB" in during
    assert lost in after


def test_what_the_system_does_not_have_is_asked_once(monkeypatch):
    calls = []

    def absent(*_args, **_kwargs):
        calls.append(1)

    monkeypatch.setattr(psutil, "net_io_counters", absent)
    host = HostReader(os.getpid())

    assert not [name for name in host.read() if name.startswith("network")]
    assert len(calls) == 1


def test_counters_that_start_again_are_not_negative(monkeypatch):
    host = HostReader(os.getpid())
    real = psutil.net_io_counters(nowrap=False)

    monkeypatch.setattr(
        psutil, "net_io_counters", lambda **_: real._replace(bytes_sent=0, bytes_recv=0)
    )

    assert host.read()["network.sent"] == 0.0
