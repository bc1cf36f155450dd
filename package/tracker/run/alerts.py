"""The alerts of a run: what is kept of each, and which are repeated too soon."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final

from tracker.errors import UsageError

TITLE_LIMIT: Final = 64
WAIT_S: Final = 60.0
LEVELS: Final = ("INFO", "WARN", "ERROR")


class Alerts:
    """Remembers when each alert was sent last."""

    def __init__(self) -> None:
        self._sent_at: dict[str, float] = {}

    def take(
        self, title: str, text: str, level: Any, wait_duration: float | timedelta | None
    ) -> dict[str, str] | None:
        """Return the alert as it is kept; None where one of its title was a moment ago.

        Raises
        ------
        UsageError
            If the level is no level, or the duration no number.
        """
        word = str(getattr(level, "value", level) or "INFO").upper()
        if word not in LEVELS:
            raise UsageError(
                f"level must be one of 'INFO', 'WARN', or 'ERROR', and it is {level!r}."
            )
        title, wait_s, now = str(title)[:TITLE_LIMIT], _wait_s(wait_duration), time.monotonic()
        if now - self._sent_at.get(title, float("-inf")) < wait_s:
            return None
        self._sent_at[title] = now
        return {"title": title, "text": str(text), "level": word}


def _wait_s(duration: float | timedelta | None) -> float:
    if duration is None:
        return WAIT_S
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    try:
        return float(duration)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"wait_duration is {duration!r}: expected a number of seconds or a timedelta."
        ) from error
