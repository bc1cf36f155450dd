"""What a container may use: CPU quota and memory limit of our control group, v1 and v2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

# Version 1 writes "no limit" as the largest page-aligned 64-bit number, not as a word.
_NO_LIMIT_BYTES = 1 << 60
_UNIFIED = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that a control group sets, and where their use is counted.

    Attributes
    ----------
    cpus : float or None
        CPU quota in cores (1.5 means one and a half); None without a quota.
    memory_bytes : int or None
        Memory limit; None without one.
    """

    cpus: float | None = None
    memory_bytes: int | None = None
    _cpu_files: tuple[Path, ...] = ()
    _memory_dir: Path | None = None

    def cpu_used_s(self) -> float | None:
        """CPU seconds that the limited group has used so far; None where it is not counted."""
        for path in self._cpu_files:
            text = _read(path)
            if path.name == "cpuacct.usage" and (used_ns := _number(text)) is not None:
                return used_ns / 1e9
            used_us = _fields(text).get("usage_usec")
            if used_us is not None:
                return used_us / 1e6
        return None

    def memory_used_bytes(self) -> int | None:
        """Memory of the limited group that cannot be dropped at once; None if not counted.

        File pages that nobody touched lately are left out, as container tools do: the kernel
        gives them back before it refuses memory.
        """
        if self._memory_dir is None:
            return None
        stat = _fields(_read(self._memory_dir / "memory.stat"))
        for name, idle in (
            ("memory.current", "inactive_file"),
            ("memory.usage_in_bytes", "total_inactive_file"),
        ):
            used = _number(_read(self._memory_dir / name))
            if used is not None:
                return max(0, used - stat.get(idle, 0))
        return None


class _Mount(NamedTuple):
    point: PurePosixPath
    root: str
    controllers: frozenset[str]


def read_limits(root: Path = Path("/")) -> Limits:
    """Read the limits of the control group that this process lives in.

    Parameters
    ----------
    root : Path
        Directory that holds ``proc`` and the mounted control groups. Default ``/``.

    Returns
    -------
    Limits
        Without limits where there is no control group or it cannot be read. Of several nested
        groups the tightest limit counts.
    """
    groups = _own_groups(_read(root / "proc/self/cgroup"))
    mounts = _mounts(_read(root / "proc/self/mountinfo"))
    cpus, cpu_dir = _tightest_cpus(_dirs(root, mounts, groups, "cpu"))
    memory_bytes, memory_dir = _tightest_memory(_dirs(root, mounts, groups, "memory"))
    if cpu_dir is None:
        return Limits(None, memory_bytes, (), memory_dir)
    # Where version 1 mounts cpu and cpuacct apart, the count is in the other tree.
    counted_in = [cpu_dir, *_dirs(root, mounts, groups, "cpuacct")]
    files = [cpu_dir / "cpu.stat", *(path / "cpuacct.usage" for path in counted_in)]
    return Limits(cpus, memory_bytes, tuple(f for f in files if f.is_file()), memory_dir)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except (OSError, ValueError):
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _fields(text: str) -> dict[str, int]:
    pairs = (line.split() for line in text.splitlines())
    numbers = ((pair[0], _number(pair[1])) for pair in pairs if len(pair) == 2)
    return {name: number for name, number in numbers if number is not None}


def _own_groups(text: str) -> dict[str, str]:
    groups: dict[str, str] = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            groups[_UNIFIED] = group
        else:
            groups.update(dict.fromkeys(controllers.split(","), group))
    return groups


def _mounts(text: str) -> list[_Mount]:
    mounts = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        left_fields, right_fields = left.split(), right.split()
        if len(left_fields) < 5 or len(right_fields) < 3:
            continue
        point = PurePosixPath(_unescape(left_fields[4]))
        group_root = _unescape(left_fields[3])
        if right_fields[0] == "cgroup2":
            mounts.append(_Mount(point, group_root, frozenset([_UNIFIED])))
        elif right_fields[0] == "cgroup":
            mounts.append(_Mount(point, group_root, frozenset(right_fields[2].split(","))))
    return mounts


def _unescape(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field


def _dirs(
    root: Path, mounts: Iterable[_Mount], groups: dict[str, str], controller: str
) -> list[Path]:
    """Directories of our group for a controller and of the groups around it, innermost first."""
    found: list[Path] = []
    for mount in mounts:
        for name in (controller, _UNIFIED):
            if name not in mount.controllers or name not in groups:
                continue
            top = root.joinpath(*_plain_parts(mount.point))
            parts = _below(groups[name], mount.root)
            found.extend(top.joinpath(*parts[:n]) for n in range(len(parts), -1, -1))
    return found


def _below(group: str, mounted_root: str) -> tuple[str, ...]:
    path, top = PurePosixPath(group), PurePosixPath(mounted_root)
    if path.is_relative_to(top):
        path = path.relative_to(top)
    return _plain_parts(path)


def _plain_parts(path: PurePosixPath) -> tuple[str, ...]:
    return tuple(part for part in path.parts if part not in ("/", "//", ".."))


def _tightest_cpus(dirs: Iterable[Path]) -> tuple[float | None, Path | None]:
    limits = [(cpus, path) for path in dirs if (cpus := _quota(path)) is not None]
    return min(limits, key=lambda limit: limit[0], default=(None, None))


def _quota(path: Path) -> float | None:
    words = _read(path / "cpu.max").split()
    if not words:
        words = [_read(path / "cpu.cfs_quota_us"), _read(path / "cpu.cfs_period_us")]
    if len(words) != 2:
        return None
    quota_us, period_us = _number(words[0]), _number(words[1])
    return quota_us / period_us if quota_us and period_us else None


def _tightest_memory(dirs: Iterable[Path]) -> tuple[int | None, Path | None]:
    limits = [(limit, path) for path in dirs if (limit := _memory_limit(path)) is not None]
    return min(limits, key=lambda limit: limit[0], default=(None, None))


def _memory_limit(path: Path) -> int | None:
    text = _read(path / "memory.max") or _read(path / "memory.limit_in_bytes")
    limit = _number(text)
    return limit if limit and limit < _NO_LIMIT_BYTES else None
