import os
import sys
from pathlib import Path

import pynvml
import pytest

from tracker.system.nvidia import GpuReader, read_gpus

HAS_REAL_GPU = Path("/proc/driver/nvidia/version").exists()
GIB = 2**30


@pytest.fixture
def open_reader():
    readers = []

    def open_(gpu_ids=None):
        reader = GpuReader(gpu_ids)
        readers.append(reader)
        assert reader.open()
        return reader

    yield open_
    for reader in readers:
        reader.close()


def of(readings, prefix):
    prefix += "."
    return {
        name.removeprefix(prefix): value
        for name, value in readings.items()
        if name.startswith(prefix)
    }


def test_every_reading_of_a_full_card(install_nvml, new_gpu, open_reader):
    install_nvml(new_gpu())

    readings = open_reader().read()

    assert readings == {
        "gpu.0.gpu": 75.0,
        "gpu.0.memory": 30.0,
        "gpu.0.memoryAllocated": 25.0,
        "gpu.0.memoryAllocatedBytes": 10.0 * GIB,
        "gpu.0.temp": 61.0,
        "gpu.0.powerWatts": 200.5,
        "gpu.0.enforcedPowerLimitWatts": 401.0,
        "gpu.0.powerPercent": 50.0,
        "gpu.0.smClock": 1400.0,
        "gpu.0.memoryClock": 1215.0,
        "gpu.0.graphicsClock": 1410.0,
        "gpu.0.fanSpeed": 40.0,
        "gpu.0.encoderUtilization": 5.0,
        "gpu.0.decoderUtilization": 6.0,
        "gpu.0.correctedMemoryErrors": 3.0,
        "gpu.0.uncorrectedMemoryErrors": 1.0,
        "gpu.0.pcieLinkGen": 4.0,
        "gpu.0.pcieLinkWidth": 16.0,
        "gpu.0.throttleReasons": 0.0,
        "gpu.0.throttled": 0.0,
        "gpu.0.throttledPower": 0.0,
        "gpu.0.throttledThermal": 0.0,
    }
    assert all(type(value) is float for value in readings.values())


def test_what_a_card_lacks_is_left_out_and_not_asked_again(install_nvml, new_gpu, open_reader):
    fake = install_nvml(new_gpu(), new_gpu(fan=None, power_mw=None, power_limit_mw=None))
    reader = open_reader()

    for _ in range(3):
        readings = reader.read()

    assert {"fanSpeed", "powerWatts", "powerPercent"} <= of(readings, "gpu.0").keys()
    missing = {"fanSpeed", "powerWatts", "enforcedPowerLimitWatts", "powerPercent"}
    assert of(readings, "gpu.1").keys() == of(readings, "gpu.0").keys() - missing
    assert fake.calls_on("nvmlDeviceGetFanSpeed", 0) == 3
    assert fake.calls_on("nvmlDeviceGetFanSpeed", 1) == 1
    assert fake.calls_on("nvmlDeviceGetPowerUsage", 1) == 1


def test_a_passing_fault_is_asked_again(install_nvml, new_gpu, open_reader):
    fake = install_nvml(new_gpu())
    reader = open_reader()
    fake.gpus[0].failure = pynvml.NVML_ERROR_TIMEOUT
    assert reader.read() == {}

    fake.gpus[0].failure = pynvml.NVML_SUCCESS

    assert reader.read()["gpu.0.temp"] == 61.0


@pytest.mark.parametrize(
    ("reasons", "throttled", "power", "thermal"),
    [
        (pynvml.nvmlClocksEventReasonGpuIdle, 0.0, 0.0, 0.0),
        (pynvml.nvmlClocksEventReasonApplicationsClocksSetting, 0.0, 0.0, 0.0),
        (pynvml.nvmlClocksEventReasonSwPowerCap, 1.0, 1.0, 0.0),
        (pynvml.nvmlClocksEventReasonHwPowerBrakeSlowdown, 1.0, 1.0, 0.0),
        (pynvml.nvmlClocksEventReasonSwThermalSlowdown, 1.0, 0.0, 1.0),
        (pynvml.nvmlClocksEventReasonHwThermalSlowdown, 1.0, 0.0, 1.0),
        (pynvml.nvmlClocksEventReasonHwSlowdown, 1.0, 0.0, 0.0),
    ],
)
def test_throttling(install_nvml, new_gpu, open_reader, reasons, throttled, power, thermal):
    install_nvml(new_gpu(reasons=reasons))

    readings = of(open_reader().read(), "gpu.0")

    assert readings["throttleReasons"] == float(reasons)
    assert readings["throttled"] == throttled
    assert readings["throttledPower"] == power
    assert readings["throttledThermal"] == thermal


@pytest.mark.parametrize(
    "missing",
    [
        # An older driver.
        {
            "nvmlDeviceGetTemperatureV",
            "nvmlDeviceGetCurrentClocksEventReasons",
            "nvmlDeviceGetComputeRunningProcesses_v3",
            "nvmlDeviceGetGraphicsRunningProcesses_v3",
        },
        # A driver that has dropped what is deprecated today.
        {
            "nvmlDeviceGetTemperature",
            "nvmlDeviceGetCurrentClocksThrottleReasons",
            "nvmlDeviceGetComputeRunningProcesses_v2",
            "nvmlDeviceGetGraphicsRunningProcesses_v2",
        },
    ],
)
def test_older_and_newer_drivers(install_nvml, new_gpu, open_reader, missing):
    install_nvml(new_gpu(compute={7: GIB}), missing=missing)

    readings = open_reader().read({7})

    assert readings["gpu.0.temp"] == 61.0
    assert readings["gpu.0.throttled"] == 0.0
    assert readings["gpu.process.0.memoryAllocatedBytes"] == GIB


def test_share_of_our_processes(install_nvml, new_gpu, open_reader):
    gpu = new_gpu(
        # 20 computes and draws: both lists hold all its memory.
        compute={10: 4 * GIB, 20: 2 * GIB, 99: 3 * GIB},
        graphics={20: 2 * GIB, 30: 2 * GIB},
        use=[(10, 40, 10), (10, 60, 20), (20, 25, 5), (99, 15, 1), (30, 4_000_000_000, 7)],
    )
    install_nvml(gpu, new_gpu(compute={99: GIB}))
    reader = open_reader()
    first = reader.read({10, 20, 30})

    readings = reader.read({10, 20, 30})

    assert of(readings, "gpu.process.0") == {
        "memoryAllocatedBytes": 8.0 * GIB,
        "memoryAllocated": 20.0,
        "gpu": 75.0,
        "memory": 20.0,
    }
    # Use is counted since the reading before, so the first one has none.
    assert of(first, "gpu.process.0").keys() == {"memoryAllocatedBytes", "memoryAllocated"}
    assert of(readings, "gpu.process.1") == {}


@pytest.mark.parametrize("use", [None, []])
def test_use_of_a_process_is_left_out_where_nvml_does_not_tell(
    install_nvml, new_gpu, open_reader, use
):
    install_nvml(new_gpu(compute={10: GIB}, use=use))
    reader = open_reader()

    readings = [reader.read({10}) for _ in range(2)][-1]

    assert of(readings, "gpu.process.0") == {
        "memoryAllocatedBytes": float(GIB),
        "memoryAllocated": 2.5,
    }


def test_memory_of_a_process_is_left_out_where_the_driver_hides_it(
    install_nvml, new_gpu, open_reader
):
    install_nvml(new_gpu(compute={10: None}))

    assert of(open_reader().read({10}), "gpu.process.0") == {}


def test_a_lost_gpu_is_dropped_alone(install_nvml, new_gpu, open_reader):
    fake = install_nvml(new_gpu(), new_gpu(temperature=44))
    reader = open_reader()
    assert len(reader.read()) == 2 * len(of(reader.read(), "gpu.0"))

    fake.gpus[0].failure = pynvml.NVML_ERROR_GPU_IS_LOST
    for _ in range(3):
        readings = reader.read()
    asked = sum(count for key, count in fake.calls.items() if key[1:] == (0x1000,))
    reader.read()

    assert of(readings, "gpu.0") == {}
    assert of(readings, "gpu.1")["temp"] == 44.0
    assert asked == sum(count for key, count in fake.calls.items() if key[1:] == (0x1000,))


def test_a_card_that_is_out_of_order_at_the_start_hides_no_other(
    install_nvml, new_gpu, open_reader
):
    install_nvml(new_gpu(failure=pynvml.NVML_ERROR_GPU_IS_LOST), new_gpu())

    readings = open_reader().read()

    assert of(readings, "gpu.0") == {}
    assert of(readings, "gpu.1")["gpu"] == 75.0


def test_only_the_chosen_gpus_are_read(install_nvml, new_gpu, open_reader):
    install_nvml(new_gpu(), new_gpu(), new_gpu())

    readings = open_reader([2, 0, 9]).read()

    assert {name.split(".")[1] for name in readings} == {"0", "2"}


def test_readers_keep_nvml_from_each_other(install_nvml, new_gpu, open_reader):
    fake = install_nvml(new_gpu())
    first, second = open_reader(), open_reader()

    first.close()
    first.close()

    assert first.read() == {}
    assert second.read()["gpu.0.gpu"] == 75.0
    second.close()
    assert fake.references == 0


def test_a_surplus_shutdown_by_another_library_is_survived(install_nvml, new_gpu, open_reader):
    fake = install_nvml(new_gpu(fan=None), new_gpu())
    reader = open_reader()
    reader.read()

    pynvml.nvmlShutdown()
    reader.read()

    assert of(reader.read(), "gpu.0")["gpu"] == 75.0
    assert of(reader.read(), "gpu.1")["gpu"] == 75.0
    assert fake.calls_on("nvmlDeviceGetFanSpeed", 0) == 1
    reader.close()
    assert fake.references == 0


@pytest.mark.parametrize(
    "code",
    [
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
        pynvml.NVML_ERROR_NO_PERMISSION,
    ],
)
def test_a_driver_that_does_not_answer_is_silent(install_nvml, new_gpu, code):
    fake = install_nvml(new_gpu())
    fake.init_result = code
    reader = GpuReader()

    assert not reader.open()
    assert reader.read({1}) == {}
    assert read_gpus() == []
    reader.close()
    assert fake.references == 0


def test_a_driver_without_cards_is_silent(install_nvml):
    fake = install_nvml()

    assert not GpuReader().open()
    assert fake.references == 0


@pytest.mark.usefixtures("no_driver")
def test_no_driver_is_silent():
    reader = GpuReader()

    assert not reader.open()
    assert reader.read() == {}
    assert read_gpus() == []


def test_no_pynvml_is_silent(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)

    assert not GpuReader().open()


def test_description_of_the_cards(install_nvml, new_gpu):
    fake = install_nvml(
        new_gpu(), new_gpu(name="NVIDIA Old 1", architecture=77, uuid="GPU-1", cores=None)
    )

    assert read_gpus() == [
        {
            "name": "NVIDIA Fake 100",
            "memory_bytes": 40 * GIB,
            "uuid": "GPU-00000000-0000-0000-0000-000000000000",
            "architecture": "Ampere",
            "cuda_cores": 6912,
            "driver": "570.00.01",
            "cuda_version": "12.8",
        },
        {
            "name": "NVIDIA Old 1",
            "memory_bytes": 40 * GIB,
            "uuid": "GPU-1",
            "architecture": "77",
            "driver": "570.00.01",
            "cuda_version": "12.8",
        },
    ]
    assert fake.references == 0


@pytest.mark.skipif(not HAS_REAL_GPU, reason="no NVIDIA GPU on this machine")
def test_a_real_gpu(open_reader):
    cards = read_gpus()
    readings = open_reader().read({os.getpid()})

    assert cards
    for index, card in enumerate(cards):
        assert 0.0 <= readings[f"gpu.{index}.memoryAllocatedBytes"] <= card["memory_bytes"]
        assert 0.0 <= readings[f"gpu.{index}.memoryAllocated"] <= 100.0
        assert card["name"]
        assert card["driver"]
