"""Axes of still pictures: where a value is, and where the ticks are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker.figures.formats import format_number

_TIME_STEPS_S = (1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 86_400, 604_800, 2_592_000)


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis between two pixels.

    Attributes
    ----------
    kind : {"linear", "log", "date", "category"}
    low, high : float
        Of the data; logarithms on a logarithmic axis, milliseconds on one of dates, numbers
        of categories.
    start, end : float
        Pixels.
    words : sequence of str
        Categories.
    suffix : str
        Behind the numbers of ticks.
    named : tuple of (number, str)
        Ticks that the layout names.
    """

    kind: str
    low: float
    high: float
    start: float
    end: float
    words: tuple[str, ...] = ()
    suffix: str = ""
    named: tuple[tuple[float, str], ...] = ()

    def place(self, value: Any) -> float | None:
        """Return the pixel of a value, None where it has none."""
        number = self.number(value)
        if number is None:
            return None
        span = self.high - self.low or 1.0
        return self.start + (number - self.low) / span * (self.end - self.start)

    def number(self, value: Any) -> float | None:
        """Return where a value stands between `low` and `high`."""
        if self.kind == "category":
            return float(self.words.index(str(value))) if str(value) in self.words else None
        number = as_number(value)
        if number is None or not math.isfinite(number):
            return None
        if self.kind == "log":
            return math.log10(number) if number > 0 else None
        return number

    def ticks(self, count: int = 5) -> list[tuple[float, str]]:
        """Return pixel and text of each tick."""
        if self.named:
            return [(self._pixel(at), text) for at, text in self.named]
        if self.kind == "category":
            step = max(1, math.ceil(len(self.words) / 12))
            return [(self._pixel(n), self.words[n]) for n in range(0, len(self.words), step)]
        if self.kind == "date":
            return [(self._pixel(at), text) for at, text in _dates(self.low, self.high, count)]
        if self.kind == "log":
            found = [at for at in _logs(self.low, self.high) if -300 <= at <= 308]
            return [(self._pixel(at), format_number(10.0**at)) for at in found]
        return [
            (self._pixel(at), format_number(at) + self.suffix)
            for at in _nice(self.low, self.high, count)
        ]

    def _pixel(self, number: float) -> float:
        span = self.high - self.low or 1.0
        return self.start + (number - self.low) / span * (self.end - self.start)


def as_number(value: Any) -> float | None:
    """Return a value as a number; a time as milliseconds."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, datetime):
        return value.timestamp() * 1000
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def make_scale(
    axis: dict[str, Any], values: Sequence[Any], start: float, end: float, *, from_zero: bool
) -> Scale | None:
    """Return the scale of an axis of a layout for the values on it; None if there are none."""
    kind = str(axis.get("type") or "")
    texts = [value for value in values if isinstance(value, str)]
    if kind == "category" or (texts and kind != "date"):
        words = tuple(dict.fromkeys(str(value) for value in values))
        return _categories(axis, words, start, end) if words else None
    kind = kind if kind in ("log", "date") else "linear"
    plain = Scale(kind, 0.0, 1.0, start, end)
    numbers = [n for n in map(plain.number, values) if n is not None]
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    if from_zero and kind == "linear":
        low, high = min(low, 0.0), max(high, 0.0)
    given = axis.get("range") or (None, None)
    margin = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    low = low - margin if given[0] is None else float(given[0])
    high = high + margin if given[1] is None else float(given[1])
    if not math.isfinite((high - low) * 2):
        return None  # beyond what floats can be scaled by
    if axis.get("autorange") == "reversed":
        start, end = end, start
    named = _named(axis)
    return Scale(kind, low, high, start, end, (), str(axis.get("ticksuffix") or ""), named)


def _categories(axis: dict[str, Any], words: tuple[str, ...], start: float, end: float) -> Scale:
    given = axis.get("range") or (-0.5, len(words) - 0.5)
    low, high = (float(bound) for bound in given)
    if low > high or axis.get("autorange") == "reversed":
        low, high, start, end = min(low, high), max(low, high), end, start
    alias = axis.get("labelalias") or {}
    named = tuple((float(n), str(alias.get(word, word))) for n, word in enumerate(words))
    every = max(1, math.ceil(len(words) / 40))
    return Scale("category", low, high, start, end, words, "", named[::every])


def _named(axis: dict[str, Any]) -> tuple[tuple[float, str], ...]:
    places, texts = axis.get("tickvals"), axis.get("ticktext")
    if places is None or texts is None:
        return ()
    found = ((as_number(at), str(text)) for at, text in zip(places, texts, strict=False))
    return tuple((at, text) for at, text in found if at is not None)


def _nice(low: float, high: float, count: int) -> list[float]:
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    rough = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.9)
    first = math.ceil(low / step - 1e-9)
    ticks = [round(n * step, 12) for n in range(first, first + 2 * count + 3)]
    return [0.0 if each == 0 else each for each in ticks if each <= high + step * 1e-9]


def _logs(low: float, high: float) -> list[float]:
    step = max(1, math.ceil((high - low) / 6))
    tens = [float(n) for n in range(math.ceil(low), math.floor(high) + 1, step)]
    if len(tens) > 1:
        return tens
    between = [
        math.floor(low) + ten + math.log10(digit)
        for ten in range(math.ceil(high - low) + 1)
        for digit in (1, 2, 5)
    ]
    return [each for each in between if low <= each <= high]


def _dates(low: float, high: float, count: int) -> list[tuple[float, str]]:
    rough_s = (high - low) / 1000 / max(count, 1)
    step_s = next((each for each in _TIME_STEPS_S if each >= rough_s), _TIME_STEPS_S[-1])
    form = "%m-%d" if step_s >= 86_400 else "%H:%M" if step_s >= 60 else "%H:%M:%S"
    first = math.ceil(low / 1000 / step_s)
    found = []
    for number in range(first, first + 2 * count + 3):
        at = number * step_s * 1000.0
        if at > high:
            break
        found.append((at, f"{datetime.fromtimestamp(at / 1000, UTC):{form}}"))
    return found
