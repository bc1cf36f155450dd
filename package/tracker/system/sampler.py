"""The thread that takes a sample every few seconds."""

from __future__ import annotations

import math
import os
import threading
import time
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tracker.errors import TrackerWarning, UsageError

OnSample = Callable[[dict[str, float], float], None]

# A file system or a driver that hangs must not hold up the end of a training.
_STOP_PATIENCE_S = 2.0


class _Host(Protocol):
    @property
    def pids(self) -> frozenset[int]: ...

    def read(self) -> dict[str, float]: ...


class _Gpus(Protocol):
    def open(self) -> bool: ...

    def read(self, pids: Collection[int]) -> dict[str, float]: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Loop:
    """What one start made; a forked child tells by ``pid`` that it is not its own."""

    pid: int = field(default_factory=os.getpid)
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    is_abandoned: bool = False
    has_warned: bool = False


class Sampler:
    """Samples readings on a daemon thread and hands them to a callback.

    Readings are finite floats under W&B's names without the prefix ``system/``. CPU
    percentages need two samples, so the first has none; the first GPU readings follow in a
    sample of their own as soon as the driver answers. What the machine does not have is left
    out. Several samplers may run in one process.

    Parameters
    ----------
    on_sample : callable
        Called on the sampler's thread with the readings and their time in seconds since the
        epoch. What it raises becomes one warning; sampling goes on.
    interval_s : float
        Seconds between two samples. Default 2.
    pid : int or None
        The process whose use is read; None means this one.
    disk_paths : sequence of str
        Paths whose file systems are watched. Default ``("/",)``.
    gpu_ids : sequence of int or None
        NVML's numbers of the GPUs to read; None reads all.
    track_process_tree : bool
        Count the process's descendants too. Default True.
    per_core : bool or None
        Readings of every core; None means where there are at most 64. Default None.

    Raises
    ------
    UsageError
        If the interval is not a positive number or ``disk_paths`` is one string.
    """

    def __init__(
        self,
        on_sample: OnSample,
        *,
        interval_s: float = 2.0,
        pid: int | None = None,
        disk_paths: Sequence[str] = ("/",),
        gpu_ids: Sequence[int] | None = None,
        track_process_tree: bool = True,
        per_core: bool | None = None,
    ) -> None:
        if not (math.isfinite(interval_s) and interval_s > 0):
            message = (
                f"interval_s={interval_s!r} is not a time between samples: give a number of "
                "seconds greater than 0, such as 2."
            )
            raise UsageError(message)
        if isinstance(disk_paths, str):
            message = f"disk_paths={disk_paths!r} is one path: give a list, as [{disk_paths!r}]."
            raise UsageError(message)
        self._on_sample = on_sample
        self._interval_s = interval_s
        self._pid = pid
        self._disk_paths = tuple(disk_paths)
        self._gpu_ids = None if gpu_ids is None else tuple(gpu_ids)
        self._track_process_tree = track_process_tree
        self._per_core = per_core
        self._loop: _Loop | None = None

    def start(self) -> None:
        """Take the first sample at once, then one every ``interval_s``.

        Does nothing while the sampler runs. May be called again after :meth:`stop`, and in a
        forked child, where the parent's sampler does not run.
        """
        if self._loop is not None and self._loop.pid == os.getpid():
            return
        loop = _Loop()
        try:
            host, gpus = self._make_readers()
        except Exception as error:  # noqa: BLE001 (a tracker's fault must not end a training)
            self._warn(loop, f"There are no system readings: {error!r}.")
            return
        loop.thread = threading.Thread(
            target=self._run, args=(loop, host, gpus), name="tracker-system", daemon=True
        )
        self._loop = loop
        loop.thread.start()

    def _make_readers(self) -> tuple[_Host, _Gpus]:
        # Imported here and not on the thread: a fork while a thread imports would leave the
        # child with an import lock that nobody releases.
        from tracker.system.host import HostReader
        from tracker.system.nvidia import GpuReader, load_nvml

        load_nvml()
        host = HostReader(
            os.getpid() if self._pid is None else self._pid,
            self._disk_paths,
            follow_children=self._track_process_tree,
            per_core=self._per_core,
        )
        return host, GpuReader(self._gpu_ids)

    def stop(self) -> None:
        """Take one last sample and end the thread. Calling it again does nothing.

        Returns when the last sample was handed over, or after 2 seconds if the system hangs;
        the callback is not called afterwards.
        """
        loop, self._loop = self._loop, None
        if loop is None or loop.pid != os.getpid() or loop.thread is None:
            return
        loop.stop.set()
        if loop.thread is not threading.current_thread():
            loop.thread.join(_STOP_PATIENCE_S)
            loop.is_abandoned = loop.thread.is_alive()

    def _run(self, loop: _Loop, host: _Host, gpus: _Gpus) -> None:
        try:
            self._sample_until_stopped(loop, host, gpus)
        except Exception as error:  # noqa: BLE001 (a tracker's fault must not end a training)
            self._warn(loop, f"System readings stopped: {error!r}.")
        finally:
            gpus.close()

    def _sample_until_stopped(self, loop: _Loop, host: _Host, gpus: _Gpus) -> None:
        due_s = time.monotonic() + self._interval_s
        self._hand_over(loop, time.time(), host.read())
        # A sleeping driver takes seconds to open, so the host's sample does not wait for it.
        if gpus.open():
            self._hand_over(loop, time.time(), gpus.read(host.pids))
        while not loop.stop.wait(max(0.0, due_s - time.monotonic())):
            self._hand_over(loop, time.time(), host.read() | gpus.read(host.pids))
            due_s = max(due_s + self._interval_s, time.monotonic())
        self._hand_over(loop, time.time(), host.read() | gpus.read(host.pids))

    def _hand_over(self, loop: _Loop, time_s: float, readings: dict[str, float]) -> None:
        finite = {name: value for name, value in readings.items() if math.isfinite(value)}
        if not finite or loop.is_abandoned:
            return
        try:
            self._on_sample(finite, time_s)
        except Exception as error:  # noqa: BLE001 (the callback's fault must not end sampling)
            self._warn(loop, f"A sample of system readings was not taken: {error!r}.")

    def _warn(self, loop: _Loop, message: str) -> None:
        if not loop.has_warned:
            loop.has_warned = True
            warnings.warn(message, TrackerWarning, stacklevel=2)
