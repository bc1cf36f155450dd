"""What the readings of CPU, memory, disk and network cost: one sample, and the thread that asks."""

from __future__ import annotations

import os
import statistics
import threading
import time

from tracker.system import Sampler
from tracker.system.host import HostReader

# So often is sampled here; a run does it every two seconds.
INTERVAL_S = 0.05
DEFAULT_INTERVAL_S = 2.0


def sample_ms() -> float:
    """Return the CPU time of one sample."""
    host = HostReader(os.getpid())
    taken = []
    for _ in range(100):
        began = time.thread_time()
        host.read()
        taken.append(time.thread_time() - began)
    return statistics.median(taken) * 1e3


def thread_share(samples: int = 100) -> float:
    """Return the share of a core that the sampler's thread takes at the default interval."""
    arrived = threading.Semaphore(0)
    sampler = Sampler(lambda _readings, _time_s: arrived.release(), interval_s=INTERVAL_S)
    sampler.start()
    (thread,) = (each for each in threading.enumerate() if each.name == "tracker-system")
    assert thread.ident is not None
    clock = time.pthread_getcpuclockid(thread.ident)
    arrived.acquire()
    began = time.clock_gettime(clock)
    for _ in range(samples):
        arrived.acquire()
    used_s = time.clock_gettime(clock) - began
    sampler.stop()
    return used_s / samples / DEFAULT_INTERVAL_S


def main() -> None:
    """Print the figures."""
    print(f"one sample          {sample_ms():7.2f} ms   (bar 3)")
    print(f"the thread's share  {thread_share():7.2%} of a core   (bar 0.5 %)")


if __name__ == "__main__":
    main()
