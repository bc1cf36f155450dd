"""The process of an agent: ``python -m tracker.sweep.worker``, told by its parent what to run."""

from __future__ import annotations

import _thread
import json
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tracker.store.store import open_store
from tracker.sweep.agent import Agent
from tracker.sweep.controller import Controller
from tracker.sweep.program import ProgramAgent

# Exit codes: the function could not be read; the parent is gone.
UNREADABLE, ORPHANED = 3, 4
PATIENCE_S = 10.0
STDIN = 0


def pack(controller: Controller, function: Any, count: int | None, batch: str) -> bytes:
    """Return everything that an agent elsewhere needs, functions of a notebook included.

    Without a function it runs the sweep's program.
    """
    import cloudpickle

    order = {
        "root": str(controller.store.root),
        "project": controller.project,
        "sweep_id": controller.sweep_id,
        "count": count,
        "batch": batch,
        "path": sys.path,
        "folder": str(Path.cwd()),
    }
    head = json.dumps(order).encode()
    return len(head).to_bytes(4, "big") + head + bytes(cloudpickle.dumps(function))


def work(packed: bytes) -> int:
    """Run an agent as `packed` says; return how many trials it ran."""
    size = int.from_bytes(packed[:4], "big")
    order = json.loads(packed[4 : 4 + size])
    sys.path.extend(place for place in order["path"] if place not in sys.path)
    # From our own parent, through a pipe: it is code that is to be run.
    function = pickle.loads(packed[4 + size :])
    controller = Controller(open_store(order["root"]), order["sweep_id"], order["project"])
    count, batch = order["count"], order["batch"]
    if function is None:
        return ProgramAgent(controller, count, _say_nothing, batch, is_worker=True).run()
    return Agent(controller, function, count, batch, say=_say_nothing).run()


def _say_nothing(text: str) -> None:
    """Be silent: the parent says how trials end."""


def main() -> int:
    """Read an order from the standard input and carry it out, while the parent lives."""
    packed = _read(int.from_bytes(_read(8), "big"))
    head = int.from_bytes(packed[:4], "big")
    os.chdir(json.loads(packed[4 : 4 + head])["folder"])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(packed)
    except KeyboardInterrupt:
        return ORPHANED
    except (pickle.UnpicklingError, ImportError, AttributeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return UNREADABLE
    return 0


def _read(size: int) -> bytes:
    """Read from the pipe itself: a thread that waits in ``sys.stdin`` aborts the interpreter."""
    parts: list[bytes] = []
    while size > 0:
        part = os.read(STDIN, size)
        if not part:
            sys.exit(ORPHANED)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _end_with_parent() -> None:
    os.read(STDIN, 1)  # returns when the parent closes the pipe, or dies
    _interrupt_main()  # gives the trial back
    time.sleep(PATIENCE_S)
    os._exit(ORPHANED)


def _interrupt_main() -> None:
    """Interrupt the main thread, also where it waits for a program or sleeps."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())
