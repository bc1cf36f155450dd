"""CPU, memory, disk and network readings of this machine or container."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

import psutil

from tracker.system.cgroup import Limits, read_limits
from tracker.system.processes import ProcessTree, Usage

# Below this the clock ticks of the kernel (10 ms) make a percentage mere noise.
_MIN_CPU_WINDOW_S = 0.1
_MAX_CORES_BY_DEFAULT = 64
_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_UNREAL_DISKS = ("loop", "ram", "zram", "sr", "fd")
_Source = Callable[[], dict[str, float]]


class HostReader:
    """Reads everything but GPUs, under the names that W&B uses.

    Percentages mean "of what this process may use": CPU affinity, CPU quota and memory limit
    of a container count, where they are tighter than the machine. Counters (disk, network)
    begin at zero when the reader is made.

    Parameters
    ----------
    pid : int
        The process whose use is read.
    disk_paths : sequence of str
        Paths whose file systems are watched.
    follow_children : bool
        Count the process's descendants too.
    per_core : bool or None
        Readings of every core; None means where there are at most 64.
    limits : Limits or None
        Limits of the container; None reads them from the system.
    """

    def __init__(
        self,
        pid: int,
        disk_paths: Sequence[str] = ("/",),
        *,
        follow_children: bool = True,
        per_core: bool | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._limits = read_limits() if limits is None else limits
        self._tree = ProcessTree(pid, follow_children=follow_children)
        self._usage: Usage | None = None
        self._cpu = _CpuMeter(pid, self._limits, per_core=per_core)
        self._memory_total_bytes = 0
        self._disk = _DiskMeter(disk_paths)
        self._network_began: tuple[int, int] | None = None
        self._sources: list[_Source] = [
            self._read_memory,
            self._read_swap,
            self._read_processes,
            self._disk.read_traffic,
            self._read_network,
            *self._disk.usage_sources(),
        ]
        self.read()

    @property
    def pids(self) -> frozenset[int]:
        """The watched process and its descendants, as of the last reading."""
        return frozenset() if self._usage is None else self._usage.pids

    def read(self) -> dict[str, float]:
        """Read everything once; what the system does not have is left out."""
        readings: dict[str, float] = {}
        for source in tuple(self._sources):
            try:
                readings.update(source())
            except (NotImplementedError, AttributeError, FileNotFoundError):
                self._sources.remove(source)
            except (psutil.Error, OSError, RuntimeError, RuntimeWarning, ValueError):
                continue
        return readings

    def _read_processes(self) -> dict[str, float]:
        self._usage = self._tree.read()
        readings = self._cpu.read(self._usage)
        if self._usage is not None:
            readings["proc.cpu.threads"] = float(self._usage.threads)
            readings["proc.memory.rssMB"] = self._usage.rss_bytes / _MIB
            if self._memory_total_bytes > 0:
                share = self._usage.rss_bytes / self._memory_total_bytes
                readings["proc.memory.percent"] = 100.0 * share
        return readings

    def _read_memory(self) -> dict[str, float]:
        memory = psutil.virtual_memory()
        total, available = memory.total, memory.available
        limit = self._limits.memory_bytes
        if limit is not None and limit < total:
            used = self._limits.memory_used_bytes()
            if used is not None:
                total, available = limit, min(available, max(0, limit - used))
        self._memory_total_bytes = total
        readings = {"proc.memory.availableMB": available / _MIB}
        if total > 0:
            readings["memory_percent"] = 100.0 * (total - available) / total
        return readings

    def _read_swap(self) -> dict[str, float]:
        total, free = _swap_bytes()
        if total == 0:
            message = "this machine has no swap"
            raise NotImplementedError(message)
        return {"swap": 100.0 * (total - free) / total}

    def _read_network(self) -> dict[str, float]:
        # None without any network interface, whatever its type says: then it is dropped.
        counters = psutil.net_io_counters(nowrap=False)
        now = (counters.bytes_sent, counters.bytes_recv)
        began = self._network_began = self._network_began or now
        return {
            "network.sent": float(max(0, now[0] - began[0])),
            "network.recv": float(max(0, now[1] - began[1])),
        }


class _CpuMeter:
    """Turns counted CPU seconds into percentages of the time since the last reading."""

    def __init__(self, pid: int, limits: Limits, *, per_core: bool | None) -> None:
        self._limits = limits
        self._cores = allowed_cores(pid)
        self._cpus = usable_cpus(pid, limits)
        self._has_quota = limits.cpus is not None and limits.cpus < len(self._cores)
        many = len(self._cores) > _MAX_CORES_BY_DEFAULT
        self._per_core = not many if per_core is None else per_core
        self._then_s = 0.0
        self._group_s: float | None = None
        self._core_times: dict[int, tuple[float, float]] = {}
        self._root_s: float | None = None
        self._tree_s = 0.0

    def read(self, usage: Usage | None) -> dict[str, float]:
        elapsed_s = time.monotonic() - self._then_s
        if self._core_times and elapsed_s < _MIN_CPU_WINDOW_S:
            return {}
        self._then_s += elapsed_s
        readings = self._read_cores()
        readings |= self._read_group(elapsed_s)
        readings |= self._read_usage(usage, elapsed_s)
        return readings

    def _read_cores(self) -> dict[str, float]:
        times = psutil.cpu_times(percpu=True)
        # A core that is switched off is not listed, so numbers and places may differ.
        cores = self._cores if self._cores[-1] < len(times) else range(len(times))
        then, self._core_times = self._core_times, {i: _busy_and_all(times[i]) for i in cores}
        spans = {
            i: (max(0.0, busy - then[i][0]), whole - then[i][1])
            for i, (busy, whole) in self._core_times.items()
            if i in then
        }
        readings = {}
        if (whole := sum(span[1] for span in spans.values())) > 0:
            busy = sum(span[0] for span in spans.values())
            readings["cpu.total"] = min(100.0, 100.0 * busy / whole)
        if self._per_core:
            for i, (busy, whole) in spans.items():
                if whole > 0:
                    readings[f"cpu.{i}.cpu_percent"] = min(100.0, 100.0 * busy / whole)
        return readings

    def _read_group(self, elapsed_s: float) -> dict[str, float]:
        if not self._has_quota:
            return {}
        then_s, self._group_s = self._group_s, self._limits.cpu_used_s()
        if then_s is None or self._group_s is None:
            return {}
        return {"cpu.total": 100.0 * max(0.0, self._group_s - then_s) / (elapsed_s * self._cpus)}

    def _read_usage(self, usage: Usage | None, elapsed_s: float) -> dict[str, float]:
        if usage is None:
            return {}
        then_s, self._root_s = self._root_s, usage.root_cpu_s
        tree_then_s, self._tree_s = self._tree_s, usage.tree_cpu_s
        if then_s is None:
            return {}
        tree = 100.0 * (usage.tree_cpu_s - tree_then_s) / elapsed_s
        return {
            "cpu": tree / self._cpus,
            "proc.cpu.percent": 100.0 * max(0.0, usage.root_cpu_s - then_s) / elapsed_s,
        }


class _DiskMeter:
    """Space of some paths, and traffic of the devices behind them."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(paths)
        self._began: dict[str, tuple[int, int]] | None = None

    def usage_sources(self) -> list[_Source]:
        """One source a path, so that a path that is gone is dropped alone."""

        def source(path: str) -> _Source:
            def read() -> dict[str, float]:
                usage = psutil.disk_usage(path)
                return {
                    f"disk.{path}.usagePercent": float(usage.percent),
                    f"disk.{path}.usageGB": usage.used / _GIB,
                }

            return read

        return [source(path) for path in self._paths]

    def read_traffic(self) -> dict[str, float]:
        # nowrap=True would take a lock inside psutil, which a forked child might inherit held.
        counters = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
        now = {name: (count.read_bytes, count.write_bytes) for name, count in counters.items()}
        if self._began is None:
            self._began = {name: now[name] for name in _devices_behind(self._paths, set(now))}
        readings = {}
        for name, (read_began, written_began) in self._began.items():
            if name in now:
                readings[f"disk.{name}.in"] = max(0, now[name][0] - read_began) / _MIB
                readings[f"disk.{name}.out"] = max(0, now[name][1] - written_began) / _MIB
        return readings


def allowed_cores(pid: int) -> tuple[int, ...]:
    """Numbers of the cores that a process may run on."""
    if hasattr(os, "sched_getaffinity"):
        try:
            return tuple(sorted(os.sched_getaffinity(pid)))
        except OSError:
            pass
    return tuple(range(psutil.cpu_count() or 1))


def usable_cpus(pid: int, limits: Limits) -> float:
    """Cores' worth of CPU time that a process may use: affinity and quota together."""
    cores = float(len(allowed_cores(pid)))
    return cores if limits.cpus is None else min(cores, limits.cpus)


def _busy_and_all(times: tuple[float, ...]) -> tuple[float, float]:
    # Linux counts a guest's time in "user" already.
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    idle = getattr(times, "idle", 0.0) + getattr(times, "iowait", 0.0)
    whole = sum(times) - guest
    return whole - idle, whole


def _swap_bytes() -> tuple[int, int]:
    # psutil reads paging counters too and warns on the screen in sandboxes that hide them.
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        swap = psutil.swap_memory()
        return swap.total, swap.free
    lines = (line.split() for line in meminfo.read_text().splitlines())
    sizes = {words[0]: int(words[1]) * 1024 for words in lines if words[0].startswith("Swap")}
    return sizes.get("SwapTotal:", 0), sizes.get("SwapFree:", 0)


def _devices_behind(paths: Sequence[str], known: set[str]) -> set[str]:
    """Names of the devices that hold some paths; all real disks where that cannot be told."""
    mounts = [
        (PurePath(part.mountpoint), PurePath(os.path.realpath(part.device)).name)
        for part in psutil.disk_partitions()
    ]
    found = set()
    for path in paths:
        real = PurePath(os.path.realpath(path))
        holding = [mount for mount in mounts if real.is_relative_to(mount[0])]
        if holding:
            found.add(max(holding, key=lambda mount: len(mount[0].parts))[1])
    return (found & known) or {name for name in known if _is_real_disk(name)}


def _is_real_disk(name: str) -> bool:
    if name.startswith(_UNREAL_DISKS):
        return False
    # A partition's traffic is its disk's too; only Linux lists both side by side.
    disks = Path("/sys/block")
    return not disks.is_dir() or (disks / name).exists()
