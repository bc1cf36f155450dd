import json
import os
import shutil
import socket
import subprocess
import sys
import threading

import psutil
import pytest

from tracker.system import read_hardware


@pytest.mark.usefixtures("no_driver")
def test_the_machine():
    facts = read_hardware()

    assert facts["cpu_model"]
    assert facts["cpu_count_logical"] == psutil.cpu_count()
    assert 1 <= facts["cpu_count"] <= facts["cpu_count_logical"]
    assert 0 < facts["cpu_limit"] <= facts["cpu_count_logical"]
    assert facts["memory_bytes"] == psutil.virtual_memory().total
    assert facts["disk"]["/"]["total_bytes"] == shutil.disk_usage("/").total
    assert facts["gpu"] == []
    assert facts["gpu_count"] == 0


def test_it_is_plain_data_without_the_hosts_name():
    text = json.dumps(read_hardware())

    assert len(socket.gethostname()) < 4 or socket.gethostname() not in text


def test_gpus(install_nvml, new_gpu):
    install_nvml(new_gpu(), new_gpu(name="NVIDIA Other 2"))

    facts = read_hardware()

    assert facts["gpu_count"] == 2
    assert [gpu["name"] for gpu in facts["gpu"]] == ["NVIDIA Fake 100", "NVIDIA Other 2"]
    assert facts["gpu"][0]["architecture"] == "Ampere"


def test_chosen_disks(tmp_path):
    facts = read_hardware([str(tmp_path), "/no/such/path"])

    assert facts["disk"].keys() == {str(tmp_path)}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU affinity here")
def test_affinity_limits_the_cpus():
    code = (
        "import json, os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from tracker.system import read_hardware\n"
        "print(json.dumps(read_hardware()))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout

    assert json.loads(output)["cpu_limit"] <= 1.0


@pytest.mark.parametrize(
    ("function", "lost"), [("virtual_memory", "memory_bytes"), ("cpu_count", "cpu_count")]
)
def test_a_part_that_fails_does_not_take_the_rest(monkeypatch, function, lost):
    def fail(*_args, **_kwargs):
        raise OSError("no such file")

    monkeypatch.setattr(psutil, function, fail)

    facts = read_hardware()

    assert lost not in facts
    assert "/" in facts["disk"]


def test_a_driver_that_hangs_is_not_waited_for(install_nvml, new_gpu, monkeypatch):
    is_over = threading.Event()
    fake = install_nvml(new_gpu())
    monkeypatch.setattr(fake, "nvmlInitWithFlags", lambda _flags: is_over.wait(20) and 9)
    monkeypatch.setattr("tracker.system.hardware._GPU_PATIENCE_S", 0.1)

    facts = read_hardware()
    is_over.set()
    for thread in threading.enumerate():
        if thread.name == "tracker-hardware":
            thread.join(20)

    assert facts["gpu"] == []
    assert facts["memory_bytes"] > 0
