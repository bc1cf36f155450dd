"""Numbers, durations and times as a person reads them, and text made safe to show."""

from __future__ import annotations

import html
import math
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86_400


def format_number(value: Any) -> str:
    """Write a number in at most about eight characters; anything else as text.

    >>> [format_number(v) for v in (0.97345, 1204, 0.0000123, 1.5e9, float("nan"), True)]
    ['0.9735', '1,204', '1.23e-05', '1.5e+09', 'NaN', 'true']
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) < 10**9:
            return f"{value:,}"
        # Python's integers have no end, floats do.
        return f"{value:.4g}" if abs(value) < 10**300 else f"{Decimal(value):.4g}"
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == int(value) and abs(value) < 10**9:
        return f"{int(value):,}"
    if 1e4 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def format_duration(seconds: float) -> str:
    """Write a duration with its two largest units.

    >>> [format_duration(s) for s in (0.42, 8, 75, 3725, 200_000)]
    ['0.4s', '8s', '1m 15s', '1h 02m', '2d 7h']
    """
    if not math.isfinite(seconds) or seconds < 0:
        return "–"
    if seconds < 1:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < MINUTE_S:
        return f"{whole}s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S}m {whole % MINUTE_S:02d}s"
    if whole < DAY_S:
        return f"{whole // HOUR_S}h {whole % HOUR_S // MINUTE_S:02d}m"
    return f"{whole // DAY_S}d {whole % DAY_S // HOUR_S}h"


def format_time(moment: datetime) -> str:
    """Write a moment in UTC, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def escape(text: Any) -> str:
    """Return text for HTML and for Plotly, whose labels understand some HTML too.

    Control characters, which show nothing and may fool a reader, become a replacement sign.
    """
    shown = "".join(
        c if c.isprintable() or c in "\t\n" else "\N{REPLACEMENT CHARACTER}" for c in str(text)
    )
    return html.escape(shown, quote=True)


def shorten(text: Any, length: int) -> str:
    """Cut text to `length` characters, the last of them an ellipsis where it was cut."""
    whole = str(text)
    return whole if len(whole) <= length else whole[: length - 1] + "…"
