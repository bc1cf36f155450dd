"""Times as other programs write them: numbers of several units, datetimes, text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from tracker.exchange.columns import is_number

_UNITS: Final = ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3), (0.0, 1e6))  # ns, us, ms, s to us


def as_time_us(value: Any) -> int | None:
    """Return a time as microseconds since the epoch; None if it is none."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(aware.timestamp() * 1e6)
    if isinstance(value, date):
        return as_time_us(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if is_number(value) and value >= 0:
        return int(value * next(scale for least, scale in _UNITS if value >= least))
    if isinstance(value, str):
        return _of_text(value)
    return None


def _of_text(text: str) -> int | None:
    for read in (float, datetime.fromisoformat):
        try:
            return as_time_us(read(text.strip()))
        except ValueError:
            continue
    return None
