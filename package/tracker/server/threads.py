"""Work beside the event loop: reading a store may wait for its lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_Result = TypeVar("_Result")
_THREADS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="tracker-server")


async def in_thread(work: Callable[[], _Result]) -> _Result:
    """Return what `work` returns, called in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
