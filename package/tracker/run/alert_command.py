"""The user's own program that sends alerts on: to a desktop, a webhook, a chat."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tracker.store.database.encode import dump_json

LONGEST_S: Final = 30.0
MOST_WAITING: Final = 20
_TOLD: Final = 300


class AlertCommand:
    """Runs a program for each alert, one after the other, in a thread of its own.

    No shell reads its arguments, and no alert is among them: an alert is JSON on its stdin. What
    goes wrong is a sentence to `complain`, and never an error.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    complain : callable
        Is given sentences, in any thread.
    """

    def __init__(self, command: Sequence[str], complain: Callable[[str], None]) -> None:
        self._command = tuple(command)
        self._complain = complain
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], Mapping[str, Any]]] = deque()
        self._is_working = False
        self._has_hung = False

    def send(self, describe: Callable[[], Mapping[str, Any]]) -> None:
        """Have an alert sent soon; `describe` returns it, and is called in the other thread."""
        with self._changed:
            if self._has_hung or len(self._waiting) >= MOST_WAITING:
                if not self._has_hung:
                    self._complain(f"{self._name} is slower than the alerts: some were not sent.")
                return
            self._waiting.append(describe)
            if self._is_working:
                return
            self._is_working = True
        try:
            # No daemon: a program that ends right after its alert waits until that is sent.
            threading.Thread(target=self._work, name="tracker-alert").start()
        except RuntimeError as error:
            with self._changed:
                self._is_working = False
            self._complain(f"{self._name} could not be started: {error}.")

    def settle(self, timeout_s: float) -> bool:
        """Wait until all alerts have been sent, but no longer than that; say whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_working, timeout_s)

    @property
    def _name(self) -> str:
        return f"The alert_command {self._command[0]!r}"

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._is_working = False
                    self._changed.notify_all()
                    return
                describe = self._waiting.popleft()
            try:
                self._run(dump_json(describe()))
            except Exception as error:  # noqa: BLE001 - an alert must not end a training
                self._complain(f"{self._name} could not be run: {error}.")

    def _run(self, alert: str) -> None:
        # A file, not a pipe: what the program leaves running may hold that open for ever.
        with tempfile.TemporaryFile() as said:
            try:
                done = subprocess.run(
                    self._command, input=alert.encode(), stdout=said, stderr=said,
                    timeout=LONGEST_S, check=False, start_new_session=True,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                with self._changed:
                    self._has_hung = True
                    self._waiting.clear()
                self._complain(
                    f"{self._name} did not end within {LONGEST_S:.0f} s, and was killed: this run "
                    "sends no more alerts."
                )
                return
            if done.returncode:
                said.seek(0)
                lines = said.read().decode(errors="replace").strip().splitlines()
                reason = f": {lines[-1][:_TOLD]}" if lines else ""
                self._complain(f"{self._name} ended with {done.returncode}{reason}.")
