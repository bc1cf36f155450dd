import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.system.cgroup import read_limits

GIB = 2**30
V1_NO_LIMIT = "9223372036854771712"


@pytest.fixture
def write(tmp_path):
    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def v2_mount(root="/"):
    return f"31 23 0:28 {root} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def v1_mount(controllers, root="/"):
    point = f"/sys/fs/cgroup/{controllers}"
    return f"32 31 0:29 {root} {point} rw,relatime shared:9 - cgroup cgroup rw,{controllers}\n"


def test_version_2_in_a_container(write):
    root = write(
        {
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo": v2_mount(),
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/cpu.stat": "usage_usec 2500000\nuser_usec 2000000\n",
            "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
            "sys/fs/cgroup/memory.current": f"{GIB}\n",
            "sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 1000\nactive_file 5\n",
        }
    )

    limits = read_limits(root)

    assert limits.cpus == 1.5
    assert limits.memory_bytes == 2 * GIB
    assert limits.cpu_used_s() == 2.5
    assert limits.memory_used_bytes() == GIB - 1000


def test_version_2_without_limits(write):
    root = write(
        {
            "proc/self/cgroup": "0::/user.slice\n",
            "proc/self/mountinfo": v2_mount(),
            "sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
            "sys/fs/cgroup/user.slice/memory.max": "max\n",
        }
    )

    limits = read_limits(root)

    assert limits.cpus is None
    assert limits.memory_bytes is None
    assert limits.cpu_used_s() is None
    assert limits.memory_used_bytes() is None


def test_the_tightest_of_nested_groups_counts(write):
    job = "sys/fs/cgroup/slurm/job 7"
    root = write(
        {
            "proc/self/cgroup": "0::/slurm/job 7/step\n",
            "proc/self/mountinfo": v2_mount(),
            f"{job}/step/memory.max": "max",
            f"{job}/step/cpu.max": "400000 100000",
            f"{job}/memory.max": f"{4 * GIB}",
            f"{job}/memory.current": "77",
            f"{job}/cpu.max": "max 100000",
            "sys/fs/cgroup/slurm/memory.max": f"{64 * GIB}",
            "sys/fs/cgroup/slurm/cpu.max": "200000 100000",
            "sys/fs/cgroup/slurm/cpu.stat": "usage_usec 1000000",
        }
    )

    limits = read_limits(root)

    assert limits.memory_bytes == 4 * GIB
    assert limits.memory_used_bytes() == 77
    assert limits.cpus == 2.0
    assert limits.cpu_used_s() == 1.0


def test_version_1_in_a_container_that_shows_the_hosts_path(write):
    # Docker without a cgroup namespace: the path is the host's, the mount shows only its end.
    group = "/docker/0a1b"
    root = write(
        {
            "proc/self/cgroup": f"5:cpu,cpuacct:{group}\n4:memory:{group}\n1:name=systemd:/x\n",
            "proc/self/mountinfo": v1_mount("cpu,cpuacct", group) + v1_mount("memory", group),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "3000000000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "5000\n",
            "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 2000\n",
        }
    )

    limits = read_limits(root)

    assert limits.cpus == 0.5
    assert limits.cpu_used_s() == 3.0
    assert limits.memory_bytes == GIB
    assert limits.memory_used_bytes() == 3000


def test_version_1_with_cpu_and_cpuacct_apart(write):
    root = write(
        {
            "proc/self/cgroup": "2:cpuacct:/b\n1:cpu:/a\n0::/\n",
            "proc/self/mountinfo": v2_mount() + v1_mount("cpu") + v1_mount("cpuacct"),
            "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "100000",
            "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
            # Version 1 has a file of this name too, which counts something else.
            "sys/fs/cgroup/cpu/a/cpu.stat": "nr_periods 5\nnr_throttled 0\nthrottled_time 0",
            "sys/fs/cgroup/cpuacct/b/cpuacct.usage": "1500000000",
        }
    )

    limits = read_limits(root)

    assert limits.cpus == 1.0
    assert limits.cpu_used_s() == 1.5


def test_version_1_without_limits(write):
    root = write(
        {
            "proc/self/cgroup": "2:memory:/\n1:cpu:/\n",
            "proc/self/mountinfo": v1_mount("memory") + v1_mount("cpu"),
            "sys/fs/cgroup/memory/memory.limit_in_bytes": V1_NO_LIMIT,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        }
    )

    limits = read_limits(root)

    assert limits.cpus is None
    assert limits.memory_bytes is None


def test_a_mount_point_with_a_space(write):
    root = write(
        {
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo": "1 2 0:3 / /my\\040groups rw - cgroup2 none rw\n",
            "my groups/memory.max": "4096",
        }
    )

    assert read_limits(root).memory_bytes == 4096


def test_no_control_groups(tmp_path):
    limits = read_limits(tmp_path)

    assert limits.cpus is None
    assert limits.memory_bytes is None


def test_counts_that_vanish_are_not_given(write):
    root = write(
        {
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo": v2_mount(),
            "sys/fs/cgroup/memory.max": "4096",
            "sys/fs/cgroup/memory.current": "1024",
            "sys/fs/cgroup/cpu.max": "100000 100000",
            "sys/fs/cgroup/cpu.stat": "usage_usec 5",
        }
    )
    limits = read_limits(root)

    (root / "sys/fs/cgroup/memory.current").unlink()
    (root / "sys/fs/cgroup/cpu.stat").unlink()

    assert limits.memory_used_bytes() is None
    assert limits.cpu_used_s() is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    cgroup=st.text(max_size=60),
    group=st.text(max_size=20),
    point=st.text(max_size=20),
    kind=st.sampled_from(["cgroup", "cgroup2"]),
    number=st.text(st.sampled_from("-0123456789max \n²"), max_size=30),
)
def test_nonsense_is_no_limit_or_a_positive_one(write, cgroup, group, point, kind, number):
    root = write(
        {
            "proc/self/cgroup": f"{cgroup}\n3:memory:{group}\n0::{group}\n0::/\n",
            "proc/self/mountinfo": (
                f"{cgroup}\n1 2 0:3 {group} {point} rw - {kind} x memory\n{v2_mount()}"
            ),
            "sys/fs/cgroup/cpu.max": number,
            "sys/fs/cgroup/memory.max": number,
            "sys/fs/cgroup/memory.current": number,
        }
    )

    limits = read_limits(root)

    assert limits.cpus is None or limits.cpus > 0
    assert limits.memory_bytes is None or limits.memory_bytes > 0
    assert (limits.memory_used_bytes() or 0) >= 0
