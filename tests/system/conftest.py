"""A small NVML in Python: the C functions that pynvml calls, called as pynvml calls them."""

from __future__ import annotations

import ctypes
import functools
import queue
from collections import Counter
from ctypes import c_int, c_uint, c_ulonglong, c_void_p
from dataclasses import dataclass, field

import pynvml
import pytest

FIRST_HANDLE = 0x1000


class RefusedError(Exception):
    """An NVML return code other than success."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass
class FakeGpu:
    """One card. None stands for a sensor that the card lacks."""

    name: str = "NVIDIA Fake 100"
    uuid: str = "GPU-00000000-0000-0000-0000-000000000000"
    architecture: int = pynvml.NVML_DEVICE_ARCH_AMPERE
    cores: int = 6912
    memory_total: int = 40 * 2**30
    memory_used: int = 10 * 2**30
    utilization: tuple[int, int] | None = (75, 30)
    temperature: int | None = 61
    power_mw: int | None = 200_500
    power_limit_mw: int | None = 401_000
    clocks: dict[int, int] = field(
        default_factory=lambda: {
            pynvml.NVML_CLOCK_GRAPHICS: 1410,
            pynvml.NVML_CLOCK_SM: 1400,
            pynvml.NVML_CLOCK_MEM: 1215,
        }
    )
    fan: int | None = 40
    encoder: int | None = 5
    decoder: int | None = 6
    corrected: int | None = 3
    uncorrected: int | None = 1
    link: tuple[int, int] | None = (4, 16)
    reasons: int | None = 0
    compute: dict[int, int | None] = field(default_factory=dict)
    graphics: dict[int, int | None] = field(default_factory=dict)
    # (pid, SM %, memory %); None where the card cannot tell, [] where nothing ran lately.
    use: list[tuple[int, int, int]] | None = field(default_factory=list)
    failure: int = pynvml.NVML_SUCCESS


def _value(sensor):
    if sensor is None:
        raise RefusedError(pynvml.NVML_ERROR_NOT_SUPPORTED)
    return sensor


def _write(address, kind, value):
    kind.from_address(address).value = value


def _write_text(address, text, room):
    data = text.encode()[: room - 1] + b"\0"
    ctypes.memmove(address, data, len(data))


class FakeNvml:
    """Stands where pynvml keeps the loaded library.

    Parameters
    ----------
    *gpus : FakeGpu
        The cards.
    missing : set of str
        C functions that this driver's library does not export.
    """

    def __init__(self, *gpus, missing=frozenset()):
        self.gpus = list(gpus)
        self.references = 0
        self.init_result = pynvml.NVML_SUCCESS
        self.calls = Counter()
        for name, (body, kinds) in self._functions().items():
            if name not in missing:
                called = functools.partial(self._call, name, body)
                setattr(self, name, ctypes.CFUNCTYPE(c_int, *kinds)(called))

    def calls_on(self, function, index):
        return self.calls[function, FIRST_HANDLE + index]

    def _call(self, name, body, *arguments):
        self.calls[name, *arguments[:1]] += 1
        if self.references == 0 and name != "nvmlInitWithFlags":
            return pynvml.NVML_ERROR_UNINITIALIZED
        try:
            body(*arguments)
        except RefusedError as refused:
            return refused.code
        return pynvml.NVML_SUCCESS

    def _functions(self):
        one, two = (c_void_p, c_void_p), (c_void_p, c_void_p, c_void_p)
        text = (c_void_p, c_void_p, c_uint)
        chosen = (c_void_p, c_uint, c_void_p)
        return {
            "nvmlInitWithFlags": (self._init, (c_uint,)),
            "nvmlShutdown": (self._shutdown, ()),
            "nvmlSystemGetDriverVersion": (
                lambda out, room: _write_text(out, "570.00.01", room),
                (c_void_p, c_uint),
            ),
            "nvmlSystemGetCudaDriverVersion_v2": (
                lambda out: _write(out, c_int, 12080),
                (c_void_p,),
            ),
            "nvmlDeviceGetCount_v2": (
                lambda out: _write(out, c_uint, len(self.gpus)),
                (c_void_p,),
            ),
            "nvmlDeviceGetHandleByIndex_v2": (self._handle, (c_uint, c_void_p)),
            "nvmlDeviceGetName": (self._text("name"), text),
            "nvmlDeviceGetUUID": (self._text("uuid"), text),
            "nvmlDeviceGetArchitecture": (self._number("architecture"), one),
            "nvmlDeviceGetNumGpuCores": (self._number("cores"), one),
            "nvmlDeviceGetMemoryInfo": (self._memory, one),
            "nvmlDeviceGetUtilizationRates": (self._pair_struct("utilization"), one),
            "nvmlDeviceGetTemperature": (
                lambda handle, _sensor, out: self._number("temperature")(handle, out),
                chosen,
            ),
            "nvmlDeviceGetTemperatureV": (self._temperature_v, one),
            "nvmlDeviceGetPowerUsage": (self._number("power_mw"), one),
            "nvmlDeviceGetEnforcedPowerLimit": (self._number("power_limit_mw"), one),
            "nvmlDeviceGetClockInfo": (self._clock, chosen),
            "nvmlDeviceGetFanSpeed": (self._number("fan"), one),
            "nvmlDeviceGetEncoderUtilization": (self._with_period("encoder"), two),
            "nvmlDeviceGetDecoderUtilization": (self._with_period("decoder"), two),
            "nvmlDeviceGetTotalEccErrors": (
                self._ecc_errors,
                (c_void_p, c_uint, c_uint, c_void_p),
            ),
            "nvmlDeviceGetCurrPcieLinkGeneration": (self._link(0), one),
            "nvmlDeviceGetCurrPcieLinkWidth": (self._link(1), one),
            "nvmlDeviceGetCurrentClocksEventReasons": (
                self._number("reasons", c_ulonglong),
                one,
            ),
            "nvmlDeviceGetCurrentClocksThrottleReasons": (
                self._number("reasons", c_ulonglong),
                one,
            ),
            **{
                f"nvmlDeviceGet{kind}RunningProcesses_{version}": (
                    self._processes(kind.lower()),
                    two,
                )
                for kind in ("Compute", "Graphics")
                for version in ("v2", "v3")
            },
            "nvmlDeviceGetProcessUtilization": (
                self._process_use,
                (c_void_p, c_void_p, c_void_p, c_ulonglong),
            ),
        }

    def _gpu(self, handle):
        gpu = self.gpus[handle - FIRST_HANDLE]
        if gpu.failure:
            raise RefusedError(gpu.failure)
        return gpu

    def _init(self, _flags):
        if self.init_result:
            raise RefusedError(self.init_result)
        self.references += 1

    def _shutdown(self):
        self.references -= 1

    def _handle(self, index, out):
        self._gpu(FIRST_HANDLE + index)
        _write(out, c_void_p, FIRST_HANDLE + index)

    def _text(self, sensor):
        return lambda handle, out, room: _write_text(out, getattr(self._gpu(handle), sensor), room)

    def _number(self, sensor, kind=c_uint):
        return lambda handle, out: _write(out, kind, _value(getattr(self._gpu(handle), sensor)))

    def _pair_struct(self, sensor):
        def body(handle, out):
            first, second = _value(getattr(self._gpu(handle), sensor))
            _write(out, c_uint, first)
            _write(out + 4, c_uint, second)

        return body

    def _with_period(self, sensor):
        def body(handle, out, period):
            self._number(sensor)(handle, out)
            _write(period, c_uint, 167_000)

        return body

    def _link(self, place):
        return lambda handle, out: _write(out, c_uint, _value(self._gpu(handle).link)[place])

    def _memory(self, handle, out):
        gpu = self._gpu(handle)
        _value(gpu.memory_total)
        memory = pynvml.c_nvmlMemory_t.from_address(out)
        memory.total, memory.used = gpu.memory_total, gpu.memory_used
        memory.free = gpu.memory_total - gpu.memory_used

    def _temperature_v(self, handle, out):
        temperature = pynvml.c_nvmlTemperature_v1_t.from_address(out)
        temperature.temperature = _value(self._gpu(handle).temperature)

    def _clock(self, handle, kind, out):
        _write(out, c_uint, _value(self._gpu(handle).clocks.get(kind)))

    def _ecc_errors(self, handle, kind, counter, out):
        assert counter == pynvml.NVML_VOLATILE_ECC
        gpu = self._gpu(handle)
        is_corrected = kind == pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED
        _write(out, c_ulonglong, _value(gpu.corrected if is_corrected else gpu.uncorrected))

    def _processes(self, kind):
        def body(handle, count, out):
            processes = _value(getattr(self._gpu(handle), kind))
            room = c_uint.from_address(count).value
            _write(count, c_uint, len(processes))
            if len(processes) > (room if out else 0):
                raise RefusedError(pynvml.NVML_ERROR_INSUFFICIENT_SIZE)
            if out:
                array = (pynvml.c_nvmlProcessInfo_v3_t * len(processes)).from_address(out)
                for info, (pid, size) in zip(array, processes.items(), strict=True):
                    info.pid = pid
                    unknown = pynvml.NVML_VALUE_NOT_AVAILABLE_ulonglong.value
                    info.usedGpuMemory = unknown if size is None else size

        return body

    def _process_use(self, handle, out, count, _since_us):
        use = _value(self._gpu(handle).use)
        if not use:
            raise RefusedError(pynvml.NVML_ERROR_NOT_FOUND)
        _write(count, c_uint, len(use))
        if not out:
            raise RefusedError(pynvml.NVML_ERROR_INSUFFICIENT_SIZE)
        array = (pynvml.c_nvmlProcessUtilizationSample_t * len(use)).from_address(out)
        for sample, (pid, gpu, memory) in zip(array, use, strict=True):
            sample.pid, sample.smUtil, sample.memUtil = pid, gpu, memory


@pytest.fixture
def install_nvml(monkeypatch):
    """Put a fake driver with some cards where pynvml looks for the real one."""

    def install(*gpus, missing=frozenset()):
        fake = FakeNvml(*gpus, missing=missing)
        monkeypatch.setattr(pynvml, "nvmlLib", fake)
        monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        monkeypatch.setattr(pynvml, "_nvmlLib_refcount", 0)
        return fake

    return install


@pytest.fixture
def new_gpu():
    return FakeGpu


@pytest.fixture
def no_driver(monkeypatch):
    """Make this a machine on which the driver's library cannot be loaded."""

    def refuse(name):
        message = f"{name}: cannot open shared object file"
        raise OSError(message)

    monkeypatch.setattr(pynvml, "nvmlLib", None)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    monkeypatch.setattr(pynvml, "CDLL", refuse)


class Samples:
    """Receives samples and lets a test wait for them."""

    def __init__(self):
        self.received = []
        self._queue = queue.Queue()

    def __call__(self, readings, time_s):
        self.received.append((readings, time_s))
        self._queue.put(readings)

    def wait(self, accept=lambda readings: True, timeout_s=20.0):
        """Wait for the next sample that a predicate accepts."""
        while True:
            readings = self._queue.get(timeout=timeout_s)
            if accept(readings):
                return readings


@pytest.fixture
def samples():
    return Samples()
