"""Several agents at once: in processes of this machine, or on any executor."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

from tracker.errors import TrackerError, UsageError, warn
from tracker.sweep.agent import Listener, describe
from tracker.sweep.controller import Controller
from tracker.sweep.worker import ORPHANED, PATIENCE_S, UNREADABLE, pack, work

POLL_S = 0.1
# Processes that die without having begun a trial: after so many there is no hope.
FALSE_STARTS = 3
LOG_TAIL = 2000


class Workers:
    """Agents in processes of their own; one that dies is replaced.

    Parameters
    ----------
    controller : Controller
        The sweep.
    function : callable or None
        What each trial runs, sent to the processes with everything that it uses; None for the
        sweep's program.
    parallel : int
        How many processes.
    count : int, optional
        How many trials at most, of all agents together.
    gpus : sequence of str, optional
        Processes see one each, in turn, by ``CUDA_VISIBLE_DEVICES``. Default: those that this
        process sees.
    say : callable, optional
        Is given a line of text for each trial that ends.
    """

    def __init__(
        self,
        controller: Controller,
        function: Callable[[], Any] | None,
        parallel: int,
        count: int | None = None,
        gpus: Sequence[str] | None = None,
        say: Listener | None = None,
    ) -> None:
        self.controller = controller
        self.batch = secrets.token_hex(6)
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self._packed = pack(controller, function, count, self.batch)
        self._parallel = parallel
        self._gpus = visible_gpus() if gpus is None else list(map(str, gpus))
        self._say = say or (lambda text: None)
        self._said: set[tuple[int, int]] = set()
        self._false_starts, self._version = 0, -1

    def run(self) -> None:
        """Run until the sweep, or the count, is done; an interrupt gives all trials back.

        Raises
        ------
        TrackerError
            If no process comes to work.
        """
        self._announce(is_silent=True)
        try:
            for place in range(self._parallel):
                self._start(place)
            while self.processes:
                time.sleep(POLL_S)
                for place, process in list(self.processes.items()):
                    if process.poll() is not None:
                        self._on_exit(place, process)
                self._announce()
                self.controller.publish_if_due()
        finally:
            self._end_all()
            with suppress(TrackerError):
                self.controller.publish()

    def _start(self, place: int) -> None:
        environment = dict(os.environ)
        if self._gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[place % len(self._gpus)]
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(Path(__file__).parents[2]), *filter(None, [environment.get("PYTHONPATH")])]
        )
        with self._log(place).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tracker.sweep.worker"],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment,
                # Ctrl-C is for this process, which tells the others.
                start_new_session=True,
            )  # fmt: skip
        self.processes[place] = process
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(len(self._packed).to_bytes(8, "big") + self._packed)
            process.stdin.flush()

    def _log(self, place: int) -> Path:
        """Return where a process writes what no run has taken: the trials' own text is theirs."""
        folder = self.controller.ledger.folder / "logs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder / f"{self.batch}-{place}.log"

    def _on_exit(self, place: int, process: subprocess.Popen[bytes]) -> None:
        del self.processes[place]
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        if process.returncode == 0:
            return
        version = self.controller.ledger.read().version
        self._false_starts = self._false_starts + 1 if version == self._version else 0
        self._version = version
        if process.returncode == UNREADABLE or self._false_starts >= FALSE_STARTS:
            raise TrackerError(
                "The processes of the sweep die before they begin a trial: "
                f"{self._last_words(place)}"
            )
        self._say(
            f"The process of an agent died (exit code {process.returncode}): another one takes its "
            "place and its trial."
        )
        self._start(place)

    def _last_words(self, place: int) -> str:
        text = self._log(place).read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:].strip()
        return text or "they said nothing."

    def _announce(self, *, is_silent: bool = False) -> None:
        """Say which trials have ended since the last time."""
        for trial in list(self.controller.ledger.read().trials.values()):
            key = (trial.number, trial.attempt)
            if trial.is_over and key not in self._said:
                self._said.add(key)
                if not is_silent:
                    self._say(describe(self.controller, trial))

    def _end_all(self) -> None:
        for process in self.processes.values():
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()
        give_up_at = time.monotonic() + PATIENCE_S
        for process in self.processes.values():
            try:
                process.wait(max(0.1, give_up_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.returncode not in (0, ORPHANED):
                self._say(f"The process of an agent ended with exit code {process.returncode}.")


def run_on_executor(
    controller: Controller,
    function: Callable[[], Any],
    executor: Executor,
    parallel: int | None = None,
    count: int | None = None,
) -> None:
    """Run agents as tasks of an executor; its processes must have the store's directory.

    Parameters
    ----------
    controller : Controller
        The sweep.
    function : callable
        What each trial runs.
    executor : concurrent.futures.Executor
        Also that of Dask (``client.get_executor()``), or one around Ray (package/docs/sweeps.md).
    parallel : int, optional
        How many agents. Default: as many as the executor has workers, else processors.
    count : int, optional
        How many trials at most, of all agents together.

    Raises
    ------
    UsageError
        If it is no executor.
    TrackerError
        If no agent came to its end.
    """
    if not hasattr(executor, "submit"):
        raise UsageError(f"executor is {executor!r}: expected a concurrent.futures.Executor.")
    number = parallel or getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    packed = pack(controller, function, count, secrets.token_hex(6))
    futures: list[Future[int]] = [executor.submit(work, packed) for _ in range(number)]
    lost: list[BaseException] = []
    try:
        for future in as_completed(futures):
            error = future.exception()
            if error is not None:
                lost.append(error)
    except KeyboardInterrupt:
        for future in futures:
            future.cancel()
        # What runs elsewhere cannot be interrupted from here.
        controller.turn("stopped")
        raise
    finally:
        with suppress(TrackerError):
            controller.publish()
    if len(lost) == number:
        raise TrackerError(f"All {number} agents of the executor failed: {lost[0]!r}") from lost[0]
    if lost:
        warn(
            f"{len(lost)} of {number} agents of the executor were lost: {lost[0]!r}. Their trials "
            "are run again by the next agents of this sweep."
        )


def visible_gpus() -> list[str]:
    """Return the GPUs that this process sees, as ``CUDA_VISIBLE_DEVICES`` names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip()]
    try:
        import pynvml

        pynvml.nvmlInit()
        try:
            return [str(number) for number in range(pynvml.nvmlDeviceGetCount())]
        finally:
            pynvml.nvmlShutdown()
    except Exception:  # noqa: BLE001 - no driver, no GPUs
        return []
