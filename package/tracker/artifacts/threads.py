"""Does the same with many things, by several threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = min(8, (os.cpu_count() or 1) + 4)
WAITING_THREADS = 32  # for what mostly waits for an answer

Job = TypeVar("Job")
Result = TypeVar("Result")


def for_each(
    action: Callable[[Job], Result], jobs: Sequence[Job], threads: int = THREADS
) -> list[Result]:
    """Return what an action gives for each job, in order.

    After an error, or an interrupt, no further job is begun.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="tracker-artifacts")
    try:
        return list(pool.map(action, jobs))
    finally:
        pool.shutdown(cancel_futures=True)
