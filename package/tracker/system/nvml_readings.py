"""Which readings an NVIDIA GPU is asked for, and how each is asked in NVML's words.

A reading may have several ways: older drivers lack the newer call, newer ones drop the older.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any, NamedTuple

Fields = dict[str, float]
Way = Callable[[ModuleType, Any], Fields]

MEMORY_TOTAL = "memoryTotalBytes"

# Bits of NVML's clocks event reasons. The others (idle, application clocks, sync boost,
# display) say that the clock is low because somebody wants it so.
_SW_POWER_CAP = 0x04
_HW_SLOWDOWN = 0x08
_SW_THERMAL = 0x20
_HW_THERMAL = 0x40
_HW_POWER_BRAKE = 0x80
_POWER = _SW_POWER_CAP | _HW_POWER_BRAKE
_THERMAL = _SW_THERMAL | _HW_THERMAL


class Reading(NamedTuple):
    """One question to a GPU and the ways to put it, newest first where they differ."""

    name: str
    ways: tuple[Way, ...]


def _utilization(nvml: ModuleType, handle: Any) -> Fields:
    rates = nvml.nvmlDeviceGetUtilizationRates(handle)
    return {"gpu": float(rates.gpu), "memory": float(rates.memory)}


def _memory(nvml: ModuleType, handle: Any) -> Fields:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    if memory.total <= 0:
        return {}
    return {
        "memoryAllocated": 100.0 * memory.used / memory.total,
        "memoryAllocatedBytes": float(memory.used),
        MEMORY_TOTAL: float(memory.total),
    }


def _temperature(nvml: ModuleType, handle: Any) -> Fields:
    return {"temp": float(nvml.nvmlDeviceGetTemperatureV(handle, nvml.NVML_TEMPERATURE_GPU))}


def _temperature_before_cuda_13(nvml: ModuleType, handle: Any) -> Fields:
    return {"temp": float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))}


def _power(nvml: ModuleType, handle: Any) -> Fields:
    return {"powerWatts": nvml.nvmlDeviceGetPowerUsage(handle) / 1000.0}


def _power_limit(nvml: ModuleType, handle: Any) -> Fields:
    return {"enforcedPowerLimitWatts": nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000.0}


def _clock(name: str, nvml_name: str) -> Way:
    def read(nvml: ModuleType, handle: Any) -> Fields:
        return {name: float(nvml.nvmlDeviceGetClockInfo(handle, getattr(nvml, nvml_name)))}

    return read


def _fan(nvml: ModuleType, handle: Any) -> Fields:
    return {"fanSpeed": float(nvml.nvmlDeviceGetFanSpeed(handle))}


def _encoder(nvml: ModuleType, handle: Any) -> Fields:
    return {"encoderUtilization": float(nvml.nvmlDeviceGetEncoderUtilization(handle)[0])}


def _decoder(nvml: ModuleType, handle: Any) -> Fields:
    return {"decoderUtilization": float(nvml.nvmlDeviceGetDecoderUtilization(handle)[0])}


def _memory_errors(name: str, nvml_name: str) -> Way:
    def read(nvml: ModuleType, handle: Any) -> Fields:
        # The aggregate count never falls again, even after the memory was repaired.
        counter = nvml.NVML_VOLATILE_ECC
        kind = getattr(nvml, nvml_name)
        return {name: float(nvml.nvmlDeviceGetTotalEccErrors(handle, kind, counter))}

    return read


def _link_generation(nvml: ModuleType, handle: Any) -> Fields:
    return {"pcieLinkGen": float(nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle))}


def _link_width(nvml: ModuleType, handle: Any) -> Fields:
    return {"pcieLinkWidth": float(nvml.nvmlDeviceGetCurrPcieLinkWidth(handle))}


def _event_reasons(nvml: ModuleType, handle: Any) -> Fields:
    return _throttling(nvml.nvmlDeviceGetCurrentClocksEventReasons(handle))


def _throttle_reasons(nvml: ModuleType, handle: Any) -> Fields:
    return _throttling(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))


def _throttling(reasons: int) -> Fields:
    return {
        "throttleReasons": float(reasons),
        "throttled": float(bool(reasons & (_POWER | _THERMAL | _HW_SLOWDOWN))),
        "throttledPower": float(bool(reasons & _POWER)),
        "throttledThermal": float(bool(reasons & _THERMAL)),
    }


READINGS = (
    Reading("utilization", (_utilization,)),
    Reading("memory", (_memory,)),
    Reading("temperature", (_temperature, _temperature_before_cuda_13)),
    Reading("power", (_power,)),
    Reading("power limit", (_power_limit,)),
    Reading("SM clock", (_clock("smClock", "NVML_CLOCK_SM"),)),
    Reading("memory clock", (_clock("memoryClock", "NVML_CLOCK_MEM"),)),
    Reading("graphics clock", (_clock("graphicsClock", "NVML_CLOCK_GRAPHICS"),)),
    Reading("fan", (_fan,)),
    Reading("encoder", (_encoder,)),
    Reading("decoder", (_decoder,)),
    Reading(
        "corrected errors",
        (_memory_errors("correctedMemoryErrors", "NVML_MEMORY_ERROR_TYPE_CORRECTED"),),
    ),
    Reading(
        "uncorrected errors",
        (_memory_errors("uncorrectedMemoryErrors", "NVML_MEMORY_ERROR_TYPE_UNCORRECTED"),),
    ),
    Reading("link generation", (_link_generation,)),
    Reading("link width", (_link_width,)),
    Reading("throttling", (_event_reasons, _throttle_reasons)),
)


def memory_of_processes(
    kind: str,
) -> tuple[Callable[[ModuleType, Any], dict[int, int | None]], ...]:
    """Ways to ask how many bytes each process holds; None where the driver does not say.

    Parameters
    ----------
    kind : {"Compute", "Graphics"}
        Which of NVML's two lists of processes to ask for.
    """

    def way(version: str) -> Callable[[ModuleType, Any], dict[int, int | None]]:
        def read(nvml: ModuleType, handle: Any) -> dict[int, int | None]:
            ask = getattr(nvml, f"nvmlDeviceGet{kind}RunningProcesses_{version}")
            return {process.pid: process.usedGpuMemory for process in ask(handle)}

        return read

    return way("v3"), way("v2")


def use_by_processes(pids: Collection[int], since_us: int) -> Way:
    """Ask how busy some processes kept the GPU since a moment, in percent.

    Parameters
    ----------
    pids : collection of int
        The processes; their shares are added up.
    since_us : int
        Microseconds since the epoch.
    """

    def read(nvml: ModuleType, handle: Any) -> Fields:
        samples = [
            sample
            for sample in nvml.nvmlDeviceGetProcessUtilization(handle, since_us)
            # A driver may hand back more room than it filled.
            if sample.pid in pids and sample.smUtil <= 100 and sample.memUtil <= 100
        ]
        gpu = memory = 0.0
        for pid in {sample.pid for sample in samples}:
            own = [sample for sample in samples if sample.pid == pid]
            gpu += sum(sample.smUtil for sample in own) / len(own)
            memory += sum(sample.memUtil for sample in own) / len(own)
        return {"gpu": min(100.0, gpu), "memory": min(100.0, memory)}

    return read
