from __future__ import annotations

import numpy as np

from tracker.figures.system import in_unit, system_figure, system_groups
from tracker.records import Curve

KEYS = [
    "system/cpu",
    "system/cpu.total",
    "system/cpu.2.cpu_percent",
    "system/cpu.10.cpu_percent",
    "system/memory_percent",
    "system/proc.memory.percent",
    "system/proc.memory.rssMB",
    "system/gpu.0.gpu",
    "system/gpu.1.gpu",
    "system/gpu.0.memoryAllocated",
    "system/disk./.usagePercent",
    "system/disk.nvme0n1.in",
    "system/disk.nvme0n1.out",
    "system/network.sent",
    "system/network.recv",
    "system/something.new",
]


def curve(key: str, xs: list[float], ys: list[float]) -> Curve:
    return Curve(1, 1, key, np.array(xs), np.array(ys), len(xs), is_exact=True)


def test_keys_are_grouped_for_people() -> None:
    groups = {group.name: group for group in system_groups(KEYS)}
    labels = {name: [line.label for line in group.lines] for name, group in groups.items()}
    assert labels["cpu"] == ["this run", "machine"]
    assert labels["cpu.cores"] == ["core 2", "core 10"]
    assert labels["gpu"] == ["GPU 0", "GPU 1"]
    assert labels["disk.io"] == ["read nvme0n1", "write nvme0n1"]
    assert groups["network"].unit == "MB/s"
    assert list(labels)[:2] == ["cpu", "gpu"]
    assert list(labels)[-1] == "something.new"
    assert sum(len(group.lines) for group in groups.values()) == len(KEYS)


def test_a_machine_without_gpu_has_no_gpu_charts() -> None:
    keys = [key for key in KEYS if "gpu" not in key]
    assert not [group for group in system_groups(keys) if "gpu" in group.name]


def test_counters_become_rates_and_a_restart_a_gap() -> None:
    (group,) = system_groups(["system/network.recv"])
    mib = 1024 * 1024
    counted = curve("system/network.recv", [0, 2, 4, 6, 6, 8], [0, 4 * mib, 4 * mib, 0, 0, mib])
    rates = in_unit(group.lines[0], counted)
    np.testing.assert_allclose(rates.x, [2, 4, 6, 8])
    np.testing.assert_allclose(rates.y, [2, 0, np.nan, 0.5])


def test_percentages_have_a_fixed_axis_and_unknown_keys_none() -> None:
    cpu, odd = system_groups(["system/cpu", "system/odd"])
    curves = {key: curve(key, [0, 2], [10, 20]) for key in ("system/cpu", "system/odd")}
    figure = system_figure(cpu, curves)
    assert figure.layout.yaxis.range == (0, 100)
    assert figure.layout.yaxis.title.text == "%"
    assert system_figure(odd, curves).layout.yaxis.range is None
    assert [trace.name for trace in figure.data if trace.meta["role"] == "line"] == ["this run"]


def test_a_key_without_readings_is_left_out() -> None:
    (group,) = system_groups(["system/cpu", "system/cpu.total"])
    figure = system_figure(group, {"system/cpu": curve("system/cpu", [0, 2], [10, 20])})
    assert {trace.name for trace in figure.data} == {"this run"}
