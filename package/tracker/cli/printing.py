"""How the terminal's commands write: lines, pairs and tables of plain text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

_CONTROLS: Final = {sign: f"\\u{sign:04x}" for sign in range(0x7F, 0xA0)}


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """Write an error or a warning to stderr."""
    sys.stderr.write("".join(f"{plain(line)}\n" for line in f"tracker: {text}".splitlines()))


def say_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Write a warning, in place of ``warnings.showwarning``."""
    complain(str(message))


def say_json(content: Any) -> None:
    """Write one JSON document; NaN and infinities are words in it, as in the store."""
    from tracker.store.database.encode import dump_json

    say_document(dump_json(content))


def say_document(text: str) -> None:
    """Write JSON; the control characters that JSON lets through cannot steer a terminal."""
    say(text.translate(_CONTROLS))


def say_pairs(values: Mapping[str, Any]) -> None:
    """Write names and values, aligned."""
    width = max(len(plain(key)) for key in values)
    for key, value in values.items():
        say(f"  {plain(key):<{width}}  {plain(value)}")


def say_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows under their heads, aligned."""
    lines = [list(map(str, head)), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        say("  ".join(map(str.ljust, line, widths)).rstrip())


def plain(value: object) -> str:
    """Return a value on one line; what could steer a terminal is shown, not sent."""
    text = f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def moment(time: datetime) -> str:
    """Return a time to the minute, in the time zone of this machine."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def duration(seconds: float) -> str:
    """Return seconds as ``1h 02m``, ``2m 03s`` or ``3s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
    )


def size(size_bytes: int) -> str:
    """Return a size in bytes as ``1.5 MB``."""
    rest = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if rest < 1000:
            return f"{rest:.0f} {unit}" if unit == "B" else f"{rest:.1f} {unit}"
        rest /= 1000
    return f"{rest:.1f} TB"
