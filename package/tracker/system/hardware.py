"""A description of the machine, taken once for a run's metadata."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# A driver that hangs must not hold up the start of a training.
_GPU_PATIENCE_S = 5.0


def read_hardware(disk_paths: Sequence[str] = ("/",)) -> dict[str, Any]:
    """Describe CPU, memory, disks and GPUs of this machine.

    Takes 20 ms the first time, longer where an NVIDIA driver has to wake up; call it off the
    caller's path if that matters. What cannot be told is left out. Nothing names the machine.

    Parameters
    ----------
    disk_paths : sequence of str
        Paths whose file systems are described. Default ``("/",)``.

    Returns
    -------
    dict
        ``cpu_model``; ``cpu_count`` (physical cores), ``cpu_count_logical``, ``cpu_limit``
        (cores' worth that this process may use after affinity and container quota);
        ``memory_bytes``, ``memory_limit_bytes`` (only in a container with a tighter limit);
        ``disk`` ({path: {"total_bytes", "used_bytes"}}); ``gpu_count``, ``gpu`` (a list of
        {"name", "memory_bytes", "uuid", "architecture", "cuda_cores", "driver",
        "cuda_version"}). Never raises.
    """
    facts: dict[str, Any] = {}
    for part in (_cpu, _memory, lambda: _disk(disk_paths), _gpu):
        facts |= _or_nothing(part)
    return facts


def _or_nothing(part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return part()
    except Exception:  # noqa: BLE001 (metadata is never worth a training)
        return {}


def _cpu() -> dict[str, Any]:
    import psutil

    from tracker.system.cgroup import read_limits
    from tracker.system.host import usable_cpus

    facts = {
        "cpu_model": _cpu_model(),
        "cpu_count": psutil.cpu_count(logical=False),
        "cpu_count_logical": psutil.cpu_count(),
        "cpu_limit": usable_cpus(os.getpid(), read_limits()),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        # The first core's paragraph is enough; on a large machine the whole file is slow.
        with cpuinfo.open(encoding="utf-8", errors="replace") as file:
            for line in file.read(4096).splitlines():
                name, _, value = line.partition(":")
                if name.strip().lower() in ("model name", "cpu model", "hardware"):
                    return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> dict[str, Any]:
    import psutil

    from tracker.system.cgroup import read_limits

    total = psutil.virtual_memory().total
    limit = read_limits().memory_bytes
    if limit is None or limit >= total:
        return {"memory_bytes": total}
    return {"memory_bytes": total, "memory_limit_bytes": limit}


def _disk(paths: Sequence[str]) -> dict[str, Any]:
    import psutil

    disks = {}
    for path in paths:
        try:
            usage = psutil.disk_usage(path)
        except OSError:
            continue
        disks[path] = {"total_bytes": usage.total, "used_bytes": usage.used}
    return {"disk": disks}


def _gpu() -> dict[str, Any]:
    from tracker.system.nvidia import read_gpus

    found: list[dict[str, Any]] = []
    reader = threading.Thread(
        target=lambda: found.extend(_or_nothing(lambda: {"gpu": read_gpus()}).get("gpu", [])),
        name="tracker-hardware",
        daemon=True,
    )
    reader.start()
    reader.join(_GPU_PATIENCE_S)
    gpus = list(found)
    return {"gpu_count": len(gpus), "gpu": gpus}
