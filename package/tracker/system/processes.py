"""What a process and its descendants use, read cheaply enough to do it every second."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import NamedTuple, Protocol

import psutil

# Looking for new descendants may take at most this share of one core; a tree that costs more
# to walk is walked less often, while the processes already known are read at every sample.
_SCAN_SHARE = 0.0025


class Usage(NamedTuple):
    """What a process tree uses now.

    Attributes
    ----------
    pids : frozenset of int
        The process itself and its descendants.
    root_cpu_s, tree_cpu_s : float
        CPU seconds since reading began, of the process alone and of the tree. The tree's
        includes children that lived and ended between two readings.
    threads : int
        Threads of the whole tree.
    rss_bytes : int
        Resident memory of the whole tree; pages shared between processes count in each.
    """

    pids: frozenset[int]
    root_cpu_s: float
    tree_cpu_s: float
    threads: int
    rss_bytes: int


class _Facts(NamedTuple):
    started: float
    own_cpu_s: float
    reaped_cpu_s: float
    threads: int
    rss_bytes: int


class _Source(Protocol):
    def facts(self, pid: int) -> _Facts | None: ...

    def descendants(self, pid: int) -> list[int]: ...


class ProcessTree:
    """Reads one process and, unless told not to, its descendants.

    Parameters
    ----------
    pid : int
        The process at the root of the tree.
    follow_children : bool
        Count descendants too. Default True.
    """

    def __init__(self, pid: int, *, follow_children: bool = True) -> None:
        self._pid = pid
        self._follow = follow_children
        self._source: _Source = _ProcFiles() if sys.platform == "linux" else _Psutil()
        self._started: float | None = None
        self._root_began_s = 0.0
        self._tree_cpu_s = 0.0
        self._seen: dict[int, float] = {}
        self._descendants: list[int] = []
        self._next_scan_s = 0.0

    def read(self) -> Usage | None:
        """Read the tree now; None when the process at its root is gone."""
        root = self._source.facts(self._pid)
        if root is None or root.started != (self._started or root.started):
            return None
        facts = {self._pid: root}
        for pid in self._find_descendants():
            child = self._source.facts(pid)
            if child is not None:
                facts[pid] = child
        self._count_cpu(facts)
        return Usage(
            pids=frozenset(facts),
            root_cpu_s=root.own_cpu_s - self._root_began_s,
            tree_cpu_s=self._tree_cpu_s,
            threads=sum(fact.threads for fact in facts.values()),
            rss_bytes=sum(fact.rss_bytes for fact in facts.values()),
        )

    def _find_descendants(self) -> list[int]:
        if self._follow and time.monotonic() >= self._next_scan_s:
            began_s = time.thread_time()
            self._descendants = self._source.descendants(self._pid)
            cost_s = time.thread_time() - began_s
            self._next_scan_s = time.monotonic() + cost_s / _SCAN_SHARE
        return self._descendants

    def _count_cpu(self, facts: dict[int, _Facts]) -> None:
        reaped = int(self._follow)
        now = {pid: fact.own_cpu_s + reaped * fact.reaped_cpu_s for pid, fact in facts.items()}
        if self._started is None:
            self._started = facts[self._pid].started
            self._root_began_s = facts[self._pid].own_cpu_s
        else:
            # A process that ended is subtracted because its parent's count of reaped children
            # has just grown by all it ever used.
            used_s = sum(now.values()) - sum(self._seen.values())
            self._tree_cpu_s += max(0.0, used_s)
        self._seen = now


class _ProcFiles:
    """Linux: one small read a process, several times cheaper than a general library."""

    def __init__(self) -> None:
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        own = Path(f"/proc/self/task/{os.getpid()}/children")
        self._lists_children = own.exists()

    def facts(self, pid: int) -> _Facts | None:
        stat = _read_bytes(f"/proc/{pid}/stat")
        # The name in brackets may itself hold spaces and brackets.
        fields = stat.rpartition(b")")[2].split()
        if len(fields) < 22:
            return None
        return _Facts(
            started=float(fields[19]),
            own_cpu_s=(int(fields[11]) + int(fields[12])) / self._ticks,
            reaped_cpu_s=(int(fields[13]) + int(fields[14])) / self._ticks,
            threads=int(fields[17]),
            rss_bytes=int(fields[21]) * self._page_bytes,
        )

    def descendants(self, pid: int) -> list[int]:
        if not self._lists_children:
            return _psutil_descendants(pid)
        found: list[int] = []
        seen = {pid}
        waiting = [pid]
        while waiting:
            new = [child for child in _children(waiting.pop()) if child not in seen]
            seen.update(new)
            found.extend(new)
            waiting.extend(new)
        return found


class _Psutil:
    """Every other system."""

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}

    def facts(self, pid: int) -> _Facts | None:
        try:
            process = self._known.get(pid) or psutil.Process(pid)
            self._known[pid] = process
            with process.oneshot():
                times = process.cpu_times()
                return _Facts(
                    started=process.create_time(),
                    own_cpu_s=times.user + times.system,
                    # macOS and Windows have these fields and leave them at zero.
                    reaped_cpu_s=times.children_user + times.children_system,
                    threads=process.num_threads(),
                    rss_bytes=process.memory_info().rss,
                )
        except psutil.Error:
            self._known.pop(pid, None)
            return None

    def descendants(self, pid: int) -> list[int]:
        found = _psutil_descendants(pid)
        for gone in self._known.keys() - {pid, *found}:
            del self._known[gone]
        return found


def _psutil_descendants(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def _children(pid: int) -> list[int]:
    """Children of a process: the kernel lists them by the thread that started them."""
    tasks = f"/proc/{pid}/task"
    try:
        threads = os.listdir(tasks)  # noqa: PTH208 (a third of the cost of Path.iterdir)
    except OSError:
        return []
    listed = (_read_bytes(f"{tasks}/{thread}/children") for thread in threads)
    return [int(word) for text in listed for word in text.split()]


def _read_bytes(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (hot path)
            return file.read()
    except OSError:
        return b""
