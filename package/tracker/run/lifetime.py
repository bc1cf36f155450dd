"""How a run ends, and who is told of what happens to it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tracker.run.identity import Identity
from tracker.run.recorder import now_us
from tracker.store.journal import facts

INTERRUPTED = 255


class Lifetime(Identity):
    """A run from its beginning to its end.

    Attributes
    ----------
    is_quiet : bool
        Whether nothing is printed at its end.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.is_quiet = self.settings.silent
        self._before_end: list[Callable[[Any], None]] = []
        self._after_end: list[Callable[[Any], None]] = []
        self._ending = threading.RLock()
        self._is_ending = False
        self._is_stopped = False

    def stop(self) -> None:
        """Note that the run was told to end early: its end is then "stopped"."""
        self._is_stopped = True

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Bring everything into the store and end the run; without effect on an ended one.

        Parameters
        ----------
        exit_code : int, optional
            0, the default, for a run that finished; anything else marks it failed.
        quiet : bool, optional
            Print no summary.
        """
        code = _exit_code(exit_code)
        if self._is_stopped:
            self._end("stopped", 0, quiet=quiet)
        else:
            self._end("failed" if code else "finished", code, quiet=quiet)

    def mark_failed(self, error: BaseException) -> None:
        """End the run as failed, and store the traceback of `error`."""
        if isinstance(error, SystemExit):
            self.finish(_exit_code(error.code))
            return
        if self._state == "running" and not self._recorder.is_foreign:
            text = "".join(traceback.format_exception(error))
            message = self._recorder.coercer.plain(error, "config")
            payload = {"type": type(error).__name__, "message": message, "traceback": text}
            self._recorder.append(facts.Event("error", now_us(), payload))
        self._end("failed", INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1)

    def _end(self, state: str, exit_code: int, *, quiet: bool | None = None) -> None:
        if self._recorder.is_foreign:
            return
        with self._ending:
            if self._is_ending:
                return
            self._is_ending = True
            self.is_quiet = bool(quiet) or self.settings.silent
            # Under the filter "error" a warning raises, and the run has to end all the same.
            try:
                self._tell(self._before_end)
                self._before_last()
            finally:
                self._state = state
                try:
                    self._recorder.finish(state, exit_code)
                finally:
                    self._tell(self._after_end)

    def _tell(self, listeners: list[Callable[[Any], None]]) -> None:
        for listener in list(listeners):
            try:
                listener(self)
            except Exception as error:  # noqa: BLE001 - the others are to be told all the same
                self._recorder.warn_once(f"Something failed at the end of a run: {error!r}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()
        else:
            self.mark_failed(error)

    # ---------------------------------------------------------------- listeners

    def flush(self) -> None:
        """Bring everything logged so far into the store now.

        Raises
        ------
        StoreError
            If the store cannot be written now; nothing is lost.
        """
        self._check_alive("flush")
        self._recorder.flush()

    def subscribe(self, listener: Callable[[set[str]], None]) -> Callable[[], None]:
        """Call `listener` after each flush with the keys that have news; return how to stop."""
        return self._recorder.subscribe(listener)

    def before_flush(self, action: Callable[[], None]) -> None:
        """Call `action` before each flush, to hand over what it has gathered."""

        def quietly() -> None:
            try:
                action()
            except Exception as error:  # noqa: BLE001 - the flush must go on
                self._recorder.warn_once(f"Something failed before a flush: {error!r}.")

        self._recorder.live.before_flush.append(quietly)

    def before_end(self, listener: Callable[[Any], None]) -> None:
        """Call `listener` when the run ends, while it still takes facts."""
        self._before_end.append(listener)

    def after_end(self, listener: Callable[[Any], None]) -> None:
        """Call `listener` when the run has ended and everything is in the store."""
        self._after_end.append(listener)

    def _before_last(self) -> None:
        """Hand over what only the run itself knows, while it still takes facts."""


def _exit_code(given: object) -> int:
    """Return the code with which a process ends that exits with `given`."""
    if given is None:
        return 0
    try:
        return int(given)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        return 1
