"""Readings of NVIDIA GPUs through NVML, the library that comes with the driver."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

from tracker.system.nvml_readings import (
    MEMORY_TOTAL,
    READINGS,
    Fields,
    memory_of_processes,
    use_by_processes,
)

# Answers that will not change while this process lives. INVALID_ARGUMENT is what some drivers
# say for a sensor that a card lacks.
_UNSUPPORTED = (
    "NVML_ERROR_NOT_SUPPORTED",
    "NVML_ERROR_FUNCTION_NOT_FOUND",
    "NVML_ERROR_NO_PERMISSION",
    "NVML_ERROR_INVALID_ARGUMENT",
    "NVML_ERROR_ARGUMENT_VERSION_MISMATCH",
    "NVML_ERROR_DEPRECATED",
)
_LOST = ("NVML_ERROR_GPU_IS_LOST", "NVML_ERROR_RESET_REQUIRED", "NVML_ERROR_GPU_NOT_FOUND")

_T = TypeVar("_T")
_lock_made_in_pid = os.getpid()


class _GpuLostError(Exception):
    """The GPU fell off the bus: nothing more will come from it."""


class _NvmlClosedError(Exception):
    """Another library's surplus shutdown closed NVML for everybody."""


@dataclass(slots=True)
class _Device:
    index: int
    handle: Any
    unsupported: set[str] = field(default_factory=set)
    use_read_us: int = 0


class GpuReader:
    """Reads every NVIDIA GPU, or the chosen ones, under the names that W&B uses.

    A machine without GPU, driver or NVML has no readings and raises nothing. A reading that a
    card does not support is asked for once. A GPU that is lost is dropped alone.

    Parameters
    ----------
    gpu_ids : sequence of int or None
        NVML's numbers of the GPUs to read; None reads all.
    """

    def __init__(self, gpu_ids: Sequence[int] | None = None) -> None:
        self._ids = None if gpu_ids is None else frozenset(gpu_ids)
        self._nvml: ModuleType | None = None
        self._devices: list[_Device] = []

    def open(self) -> bool:
        """Start NVML and find the GPUs; False where there is nothing to read."""
        nvml = start_nvml()
        if nvml is None:
            return False
        self._nvml = nvml
        self._devices = _find_devices(nvml, self._ids)
        if not self._devices:
            self.close()
        return bool(self._devices)

    def close(self) -> None:
        """Give NVML back; other readers in this process keep theirs. May be called twice."""
        nvml, self._nvml = self._nvml, None
        self._devices = []
        if nvml is not None:
            stop_nvml(nvml)

    def read(self, pids: Collection[int] = ()) -> dict[str, float]:
        """Read all GPUs once.

        Parameters
        ----------
        pids : collection of int
            Processes whose share is given as ``gpu.process.{i}.*``.

        Returns
        -------
        dict of str to float
            Empty where there is nothing to read.
        """
        readings: dict[str, float] = {}
        for device in tuple(self._devices):
            try:
                readings |= self._read_device(device, pids)
            except _GpuLostError:
                self._devices.remove(device)
            except _NvmlClosedError:
                self._reopen()
                break
        return readings

    def _reopen(self) -> None:
        known = {device.index: device.unsupported for device in self._devices}
        self._nvml, self._devices = None, []
        if self.open():
            self._devices = [device for device in self._devices if device.index in known]
            for device in self._devices:
                device.unsupported |= known[device.index]

    def _read_device(self, device: _Device, pids: Collection[int]) -> dict[str, float]:
        fields: Fields = {}
        for reading in READINGS:
            fields |= self._ask(device, reading.name, reading.ways) or {}
        if fields.get("enforcedPowerLimitWatts", 0.0) > 0.0 and "powerWatts" in fields:
            share = fields["powerWatts"] / fields["enforcedPowerLimitWatts"]
            fields["powerPercent"] = 100.0 * share
        total_bytes = fields.pop(MEMORY_TOTAL, 0.0)
        of_process = self._read_processes(device, pids, total_bytes)
        readings = {f"gpu.{device.index}.{name}": value for name, value in fields.items()}
        for name, value in of_process.items():
            readings[f"gpu.process.{device.index}.{name}"] = value
        return readings

    def _read_processes(self, device: _Device, pids: Collection[int], total_bytes: float) -> Fields:
        held: dict[int, int | None] = {}
        # A process that computes and draws is in both lists, with all its memory in each.
        for kind in ("Graphics", "Compute"):
            held |= self._ask(device, f"{kind} processes", memory_of_processes(kind)) or {}
        ours = {pid: size for pid, size in held.items() if pid in pids}
        if not ours:
            return {}
        fields: Fields = {}
        sizes = [size for size in ours.values() if size is not None]
        if len(sizes) == len(ours):
            fields["memoryAllocatedBytes"] = float(sum(sizes))
            if total_bytes > 0.0:
                fields["memoryAllocated"] = 100.0 * sum(sizes) / total_bytes
        since_us, device.use_read_us = device.use_read_us, time.time_ns() // 1000
        if since_us:
            way = use_by_processes(frozenset(ours), since_us)
            fields |= self._ask(device, "process use", (way,)) or {}
        return fields

    def _ask(
        self, device: _Device, name: str, ways: Iterable[Callable[[ModuleType, Any], _T]]
    ) -> _T | None:
        """Ask in the first way that the driver knows; learn what it does not support."""
        nvml = self._nvml
        if nvml is None or name in device.unsupported:
            return None
        for way in ways:
            try:
                return way(nvml, device.handle)
            except AttributeError:
                continue
            except nvml.NVMLError as error:
                if not _is_one_of(nvml, error, _UNSUPPORTED):
                    _raise_if_final(nvml, error)
                    return None
        device.unsupported.add(name)
        return None


def load_nvml() -> ModuleType | None:
    """Import pynvml where there is a driver; None elsewhere."""
    # Importing pynvml takes 30 ms, which a machine without the driver need not spend.
    if "pynvml" not in sys.modules and not _has_library():
        return None
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


def start_nvml() -> ModuleType | None:
    """Initialise NVML; None where that cannot be, for whatever reason.

    Every success is to be paired with one :func:`stop_nvml`: NVML counts.
    """
    nvml = load_nvml()
    if nvml is None:
        return None
    _renew_lock_after_fork(nvml)
    try:
        nvml.nvmlInit()
    except (nvml.NVMLError, OSError):
        return None
    return nvml


def stop_nvml(nvml: ModuleType) -> None:
    """Undo one :func:`start_nvml`."""
    with contextlib.suppress(nvml.NVMLError):
        nvml.nvmlShutdown()


def read_gpus() -> list[dict[str, Any]]:
    """Describe every NVIDIA GPU; what a card does not tell is left out.

    Returns
    -------
    list of dict
        Of each GPU ``name``, ``memory_bytes``, ``uuid``, ``architecture``, ``cuda_cores``,
        ``driver`` and ``cuda_version`` (the newest that the driver can run). Empty without GPU.
    """
    nvml = start_nvml()
    if nvml is None:
        return []
    try:
        return [_describe(nvml, device.handle) for device in _find_devices(nvml, None)]
    finally:
        stop_nvml(nvml)


def _describe(nvml: ModuleType, handle: Any) -> dict[str, Any]:
    questions: dict[str, Callable[[], Any]] = {
        "name": lambda: nvml.nvmlDeviceGetName(handle),
        "memory_bytes": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).total,
        "uuid": lambda: nvml.nvmlDeviceGetUUID(handle),
        "architecture": lambda: _architecture(nvml, handle),
        "cuda_cores": lambda: nvml.nvmlDeviceGetNumGpuCores(handle),
        "driver": nvml.nvmlSystemGetDriverVersion,
        "cuda_version": lambda: _cuda_version(nvml),
    }
    facts: dict[str, Any] = {}
    for name, ask in questions.items():
        with contextlib.suppress(nvml.NVMLError, AttributeError):
            facts[name] = ask()
    return facts


def _architecture(nvml: ModuleType, handle: Any) -> str:
    number = nvml.nvmlDeviceGetArchitecture(handle)
    prefix = "NVML_DEVICE_ARCH_"
    names = (name for name in vars(nvml) if name.startswith(prefix))
    found = next((name for name in names if getattr(nvml, name) == number), f"{prefix}{number}")
    return found.removeprefix(prefix).title()


def _cuda_version(nvml: ModuleType) -> str:
    number = nvml.nvmlSystemGetCudaDriverVersion_v2()
    return f"{number // 1000}.{number % 1000 // 10}"


def _find_devices(nvml: ModuleType, ids: frozenset[int] | None) -> list[_Device]:
    devices: list[_Device] = []
    with contextlib.suppress(nvml.NVMLError):
        for index in range(nvml.nvmlDeviceGetCount()):
            if ids is None or index in ids:
                # One card that is out of order does not hide the others.
                with contextlib.suppress(nvml.NVMLError):
                    devices.append(_Device(index, nvml.nvmlDeviceGetHandleByIndex(index)))
    return devices


def _has_library() -> bool:
    if sys.platform != "linux":
        return sys.platform == "win32"
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


def _renew_lock_after_fork(nvml: ModuleType) -> None:
    """Replace pynvml's own lock in a forked child: nobody is left who would release it."""
    global _lock_made_in_pid
    if _lock_made_in_pid != os.getpid():
        _lock_made_in_pid = os.getpid()
        nvml.libLoadLock = threading.Lock()  # type: ignore[attr-defined]


def _is_one_of(nvml: ModuleType, error: Any, names: Iterable[str]) -> bool:
    return any(error.value == getattr(nvml, name, None) for name in names)


def _raise_if_final(nvml: ModuleType, error: Any) -> None:
    if _is_one_of(nvml, error, _LOST):
        raise _GpuLostError from error
    if _is_one_of(nvml, error, ("NVML_ERROR_UNINITIALIZED",)):
        raise _NvmlClosedError from error
