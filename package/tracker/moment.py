"""A time as W&B's API gives it, which is text, that can do what a datetime can."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any


class Moment(str):
    """A time in UTC: the text ``2026-11-26T02:50:50Z``, as in W&B, that is also a datetime.

    Text can be cut, split, parsed and printed. Compared with datetimes, subtracted, formatted and
    asked for ``year``, ``date()``, ``timestamp()`` and the like it is a datetime with microseconds.

    Parameters
    ----------
    at : datetime
        An aware one, in UTC.

    Attributes
    ----------
    as_datetime : datetime
        The same as a datetime.
    """

    __slots__ = ("as_datetime",)

    as_datetime: datetime

    def __new__(cls, at: datetime) -> Moment:
        """Make text of a datetime."""
        self = str.__new__(cls, f"{at:%Y-%m-%dT%H:%M:%SZ}")
        self.as_datetime = at
        return self

    def __reduce__(self) -> tuple[type[Moment], tuple[datetime]]:
        return Moment, (self.as_datetime,)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "as_datetime":
            raise AttributeError(name)
        return getattr(self.as_datetime, name)

    def __format__(self, spec: str) -> str:
        return format(self.as_datetime, spec) if "%" in spec else str.__format__(self, spec)

    def replace(self, *arguments: Any, **fields: Any) -> Any:
        """Replace text as text does, or fields such as ``tzinfo=None`` as a datetime does."""
        return self.as_datetime.replace(**fields) if fields else str.replace(self, *arguments)

    def __add__(self, other: Any) -> Any:
        is_span = isinstance(other, timedelta)
        return self.as_datetime + other if is_span else str.__add__(self, other)

    def __sub__(self, other: Any) -> Any:
        return self.as_datetime - _datetime(other)

    def __rsub__(self, other: Any) -> Any:
        return other - self.as_datetime

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Moment | datetime):
            return self.as_datetime == _datetime(other)
        return str.__eq__(self, other)

    __hash__ = str.__hash__

    def __lt__(self, other: Any) -> bool:
        if isinstance(other, Moment | datetime):
            return self.as_datetime < _datetime(other)
        return str.__lt__(self, other)

    def __le__(self, other: Any) -> bool:
        return bool(self < other or self == other)

    def __gt__(self, other: Any) -> bool:
        if isinstance(other, Moment | datetime):
            return self.as_datetime > _datetime(other)
        return str.__gt__(self, other)

    def __ge__(self, other: Any) -> bool:
        return bool(self > other or self == other)


def _datetime(value: Moment | datetime) -> datetime:
    return value.as_datetime if isinstance(value, Moment) else value
